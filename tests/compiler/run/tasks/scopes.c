/* flags: -Wno-shadow */
/* Scopes in all kinds of statements: children that borrow, ways out, names, errors.
 * one thread: children change variables of their parent, and print in their order. */
#include <errno.h>
#include <string.h>

#include "../step.h"

static int alive;

static async int add(int *to, int n)
{
    alive++;
    defer { alive--; }
    for (int i = 0; i < 3; i++)
        await bide_yield();
    *to += n;
    return n;
}

static async int fails(int n)
{
    defer { await step(0); }
    await step(n);
    return -n;
}

static async void for_ever(void)
{
    alive++;
    defer { await bide_yield(); alive--; }
    for (;;)
        await bide_yield();
}

/* Scopes in and round loops, a switch, an if and a label. */
static async int statements(int n)
{
    int sum = 0, i = 0;
    for (i = 0; i < n; i++)
        bide_scope(s)
            bide_scope_spawn(s, add(&sum, i));
    do
        bide_scope(s) {
            bide_scope_spawn(s, add(&sum, 100));
            if (i-- > n - 1)
                continue;
            bide_scope_spawn(s, for_ever());
            break;
        }
    while (i > 0);
    while (1) {
        bide_scope(s) {
            bide_scope_spawn(s, for_ever());
            await step(1);
            switch (i) {
            case 0:
            case 2: goto again;
            default: break;
            }
            bide_scope_cancel(s);
        }
        break;
    }
    if (sum > 0)
again:
        bide_scope(s) { bide_scope_spawn(s, add(&sum, 1000)); if (alive > 1) goto again; }
    else
        sum = -1;
    if (sum < 3000)
        goto again;
    return sum + alive;
}

/* The variable's name may mean something else outside and inside. */
static async int names(int s)
{
    int sum = s, frame = 3, cx = 4;
    bide_scope(s) {
        bide_scope_spawn(s, add(&sum, frame));
        bide_scope(s) {
            bide_scope_spawn(s, add(&sum, cx));
        }
        {
            int s = 5;
            sum += await step(s);
        }
    }
    bide_scope(next_1) {
        bide_scope_spawn(next_1, add(&sum, s));
        if (sum < 0)
            return 0;
    }
    return sum;
}

/* Variables that the block declares live until the wait at its end is over. */
static async int own_locals(int n)
{
    int sum = 0;
    bide_scope(s) {
        struct pair { int a, b; } pair = {1, 2};
        int array[3] = {0};
        bide_scope_spawn(s, add(&array[1], n));
        bide_scope_spawn(s, add(&pair.b, n));
        bide_task(int) total = bide_scope_spawn(s, async ({
            int *const borrowed = &(int){0};
            await add(borrowed, n);
            *borrowed + pair.a;
        }));
        int out = 0, error = await bide_task_join(total, &out);
        if (error < 0)
            return error;
        sum = out * 100 + array[1] * 10 + pair.b;
    }
    return sum;
}

struct report {
    int errors[2];
    long error;
};

/* Places to which the error is assigned. */
static async int errors(struct report *report)
{
    static int calls;
    int error = 5, n = 0;
    long wide;
    bide_try_scope(s, error) {
        bide_scope_spawn(s, fails(3));
        bide_scope_spawn(s, for_ever());
    }
    bide_try_scope(s, report->errors[calls++]) {
        bide_scope_spawn(s, fails(4));
        n++;
        for (;;)
            await bide_yield();
    } /* never: the loop is not cancelled by the failure */
    bide_try_scope(s, wide) {
    }
    return error + n + (int)wide;
}

static async int errors_on_the_way(struct report *report)
{
    int calls = 0;
    for (int i = 0; i < 3; i++) {
        bide_try_scope(s, report->error) {
            bide_task(int) h = bide_scope_spawn(s, fails(i));
            (void)await bide_task_wait(h);
            bide_try_scope(t, report->errors[calls++ & 1]) {
                bide_scope_spawn(t, fails(10 + i));
                if (i == 1)
                    continue;
            }
            if (i == 2)
                return (int)report->error * 1000 + report->errors[0] * 10 + report->errors[1] + calls;
        }
        if (report->error != 0)
            break;
    }
    return calls * 10 + (int)report->error;
}

static async int in_expressions(int n)
{
    int sum = 0;
    int value = ({
        bide_scope(s) {
            bide_scope_spawn(s, add(&sum, n));
            bide_scope_spawn(s, add(&sum, await step(n)));
        }
        sum;
    });
    int k = n > 1 ? ({ int in = 1; bide_scope(s) bide_scope_spawn(s, add(&in, 1)); in; }) : 0;
    return value * 10 + k;
}

static async int children(bide_scope_handle s, int *to, int n)
{
    for (int i = 0; i < n; i++) {
        await step(i);
        bide_scope_spawn(s, children(s, to, n - 1));
        ++*to;
    }
    return 0;
}

/* A block captures the variable, too. */
static async int by_children(int n)
{
    int count = 0;
    bide_scope(s) {
        int *to = &count;
        bide_scope_spawn(s, children(s, &count, n));
        bide_scope_spawn(s, async ({
            await bide_yield();
            bide_scope_spawn(s, children(s, to, n - 1));
            0;
        }));
    }
    return count;
}

static async int cancelled(int *trace)
{
    int error = 1;
    defer { *trace = *trace * 10 + alive; *trace = *trace * 10 + error; }
    bide_try_scope(s, error) {
        bide_scope_spawn(s, for_ever());
        bide_scope_spawn(s, for_ever());
    }
    return error;
}

static async int cancels(void)
{
    int trace = 1, out;
    bide_scope(s) {
        bide_task(int) h = bide_scope_spawn(s, cancelled(&trace));
        for (int i = 0; i < 5; i++)
            await bide_yield();
        bide_task_abort(h);
        if (await bide_task_join(h, &out) != -ECANCELED)
            return -1;
        trace = trace * 10 + 7;
    }
    return trace;
}

static async int before_the_loop(void)
{
    struct report report = {{0}, 0};
    int result = 0;
    int lost = await bide_timeout(BIDE_MS(50), result = errors(&report));
    return lost == -ETIMEDOUT && result == 0 && alive == 0 ? report.errors[0] : 1;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        struct report report = {{0}, 0};
        printf("%d\n", await statements(4));
        printf("%d\n", await names(10));
        printf("%d\n", await own_locals(7));
        printf("%d\n", await errors_on_the_way(&report));
        printf("%ld %d %d\n", report.error, report.errors[0], report.errors[1]);
        printf("%d\n", await in_expressions(2));
        printf("%d\n", await by_children(3));
        printf("%d\n", await cancels());
        printf("%d\n", await before_the_loop());
        printf("%d\n", alive);
    }
    return 0;
}
