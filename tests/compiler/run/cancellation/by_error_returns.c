/*
 * bide_cancel_returns: code written for error returns is cancelled by an error from its await and
 * takes its own error path; then its caller is unwound. Tried at every suspension.
 * one thread: the aborts come after a number of turns.
 */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[400];

static void say(const char *word)
{
    strcat(text, " ");
    strcat(text, word);
}

static async int wait(int n)
{
    while (n--)
        await bide_yield();
    return 7;
}

/* It is unwound, although its caller is a marked function. */
static async int guarded(int n)
{
    defer {
        await bide_yield();
        say("guarded-left");
    }
    return await wait(n);
}

static async bide_cancel_returns int copy(int n)
{
    char *p = malloc(10);
    int r = -1;
    bide_task(int) owned = bide_spawn(wait(1));
    (void)owned;
    defer {
        await bide_yield();
        say("copy-left");
    }
    r = await wait(1);
    if (r < 0) {
        say("first");
        goto out;
    }
    r = await guarded(n);
    if (r < 0) {
        say("second");
        goto out;
    }
    r = 100;
out:
    if (await wait(1) < 0) /* runs nothing when it is cancelled */
        say("refused");
    free(p);
    say("freed");
    return r;
}

static async int outer(int n)
{
    int r = 0;
    defer { say("outer-left"); }
    r = await copy(n);
    say("came-back");
    await bide_yield();
    return r;
}

/* Marked functions pass on the results of the functions that they call. */
static async bide_cancel_returns char *make(void)
{
    char *p = malloc(10);
    strcpy(p, "made");
    if (await wait(2) < 0)
        strcpy(p, "half");
    return p;
}

static bide_cancel_returns async long use(void)
{
    char *p = await make();
    say(p);
    free(p);
    long r = await wait(1);
    say(r < 0 ? "failed" : "went-on");
    return 5;
}

static void report(int k, int error, long result)
{
    printf("%d: %d %ld:%s\n", k, error == -ECANCELED ? -1 : error, result, text);
    text[0] = 0;
}

static async void at_every_suspension(void)
{
    for (int k = 0; k < 12; k++) {
        int r = 0;
        bide_task(int) h = bide_spawn(outer(2));
        for (int i = 0; i < k; i++)
            await bide_yield();
        bide_task_abort(h);
        int error = await bide_task_join(h, &r);
        report(k, error, r);
    }
    for (int k = 0; k < 6; k++) {
        long r = 0;
        bide_task(long) h = bide_spawn(use());
        for (int i = 0; i < k; i++)
            await bide_yield();
        bide_task_abort(h);
        int error = await bide_task_join(h, &r);
        report(k, error, r);
    }
}

static int plain(int n)
{
    return n;
}

/* Every kind of await, refused: nothing runs, and the results are errors. */
static async bide_cancel_returns int all_kinds(int *how_far)
{
    int a = 1, b = 1, c = 1;
    bide_async_fn(int, int) h = bide_ref(wait);
    bide_task(int) task = bide_spawn(wait(0));
    await bide_yield();
    if (await wait(1000) > 0)
        return 1;
    a = await (*h)(1);
    printf("%d", a < 0);
    a = await bide_blocking(plain(3));
    printf(" %d", a == -ECANCELED);
    await bide_join(a = wait(0), b = guarded(0), c = bide_blocking(plain(2)));
    printf(" %d %d %d", a < 0, b < 0, c < 0);
    a = b = 1;
    printf(" %d", await bide_try_join(a = wait(0), b = wait(0)) == -ECANCELED);
    printf(" %d", await bide_select(a = wait(0), b = wait(0)) < 0);
    printf(" %d", await bide_select_biased(a = wait(0), b = wait(0)) < 0);
    printf(" %d %d %d", await bide_timeout(BIDE_MS(1), a = wait(0)) == -ECANCELED, a, b);
    a = b = 1;
    await bide_join(a = bide_timeout(BIDE_MS(1), wait(0)), b = wait(0));
    printf(" %d %d", a == -ECANCELED, b == -ECANCELED);
    printf(" %d", await bide_task_join(task, &a) == -ECANCELED);
    printf(" %d\n", (await bide_yield(), 4));
    *how_far = 1;
    return 2;
}

/* Cancelled while it waits in a group or a blocking call. */
static async bide_cancel_returns int in_a_join(void)
{
    int a = 1, b = 1;
    await bide_join(a = wait(1), b = guarded(1000));
    printf("%d %d\n", a, b == -ECANCELED);
    return b;
}

static async bide_cancel_returns int in_a_select(void)
{
    int a = 1, b = 1;
    int winner = await bide_select(a = wait(1000), b = guarded(1000));
    printf("%d %d %d\n", winner < 0, a, b);
    return winner;
}

static async bide_cancel_returns int in_a_timeout(void)
{
    int n = await bide_timeout(BIDE_S(100), wait(1000));
    printf("%d\n", n == -ECANCELED);
    return n;
}

/* A loser of a race, and a branch that ends with its result. */
static async void raced(void)
{
    int a = 1, b = 1;
    int winner = await bide_select_biased(a = copy(1000), b = wait(3));
    printf("%d %d %d:%s\n", winner, a, b, text);
    text[0] = 0;
    a = await bide_timeout(BIDE_MS(0), b = in_a_select());
    printf("%d %d\n", a == -ETIMEDOUT, b);
    struct {
        bide_task(int) h;
    } tasks[] = {{bide_spawn(in_a_join())}, {bide_spawn(in_a_select())}, {bide_spawn(in_a_timeout())}};
    for (int i = 0; i < 3; i++) {
        await bide_yield();
        await bide_yield();
        await bide_yield();
        bide_task_abort(tasks[i].h);
        int r = 1, error = await bide_task_join(tasks[i].h, &r);
        report(i, error, r);
    }
}

/* A function that a deferred block calls is shielded, like everything there. */
static async int in_defer(void)
{
    defer {
        int r = await copy(1);
        printf("%d\n", r);
    }
    return await wait(1000);
}

async int main(void)
{
    static int how_far;
    int r = 0;
    await at_every_suspension();
    bide_task(int) h = bide_spawn(all_kinds(&how_far));
    await bide_yield();
    await bide_yield();
    bide_task_abort(h);
    int error = await bide_task_join(h, &r);
    printf("%d %d %d\n", error == -ECANCELED, r, how_far);
    await raced();
    h = bide_spawn(in_defer());
    await bide_yield();
    bide_task_abort(h);
    error = await bide_task_join(h, &r);
    report(0, error, r);
    return 0;
}
