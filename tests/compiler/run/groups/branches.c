/* Statement expressions as branches: they use the function's own variables, of every kind; each
 * has locals, loops and deferred blocks of its own. */
#include "../step.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wshadow"

static async int after(int turns, int value)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return value;
}

struct pair {
    int a, b;
};

static async struct pair make(int a, int b)
{
    await step(0);
    return (struct pair){a, b};
}

/* Two branches change one variable in turn. */
static async int interleaved(void)
{
    char trace[32] = "";
    int turn = 0, *p = &turn;
    await bide_join(({
                        while (turn < 6) {
                            strcat(trace, "a");
                            ++*p;
                            await after(1, 0);
                        }
                    }),
                    ({
                        do {
                            strcat(trace, "b");
                            turn++;
                            await after(1, 0);
                        } while (turn < 6);
                    }));
    puts(trace);
    return turn;
}

/* Values, and assignments from them; parameters, const, arrays, structs, bit-fields, shadowing. */
static async int variables(int x, const int fixed, struct pair p)
{
    static int calls;
    static const char *const names[] = {"zero", "one"};
    volatile int flag = 0;
    _Bool yes = false;
    double d = 0.5;
    struct {
        unsigned low : 3, high : 5;
    } bits = {1, 2};
    int array[4] = {1, 2, 3, 4}, i = 0;
    const struct pair frozen = {8, 9};
    enum { FIRST = 5, SECOND } e = FIRST;
    typedef struct pair couple;
    couple got = {0, 0};
    long sum = await bide_try_join(
        array[i++] = ({
            int x = 50; /* another one */
            x += await step(fixed);
            x;
        }),
        got = ({
            couple q = await make(x, p.b);
            q.a += frozen.b;
            calls++;
            q;
        }),
        ({
            bits.low = (bits.low + (unsigned)await step(2)) & 7;
            bits.high = (unsigned)(e = SECOND) & 31;
            flag += await step(1);
            yes = await step(3);
            d *= await step(4) + sizeof x;
        }),
        ({
            for (int k = 1; k < 4; k++)
                array[k] += await step(k) + __extension__({ i * 10; });
            strcmp(names[await step(1)], "one") == 0;
        }));
    printf("%ld %d %d %d %d, %d %d, %u %u, %d %d %g %d %d\n", sum, array[0], array[1], array[2],
           array[3], got.a, got.b, bits.low, bits.high, flag, yes, d, e, calls);
    return i;
}

static void freed(char **s)
{
    printf("(free %s)", *s);
    free(*s);
}

/* A loser is unwound: its deferred blocks run, before the select returns. */
static async int losers(int t)
{
    int steps = 0, n = -1;
    defer { printf("(end %d)", steps); }
    int w = await bide_select_biased(
        n = after(2, 8), ({
            defer {
                await after(1, 0);
                printf("(undone at %d)", steps);
            }
            steps++;
            await after(t, 0);
            steps++;
            {
                char *s __attribute__((cleanup(freed))) = strdup("gone");
                await after(t, 0);
                steps += (int)strlen(s);
            }
        }));
    printf("%d %d %d ", w, n, steps);
    return w;
}

/* The value of a branch decides a try_join; its type may be any. */
static async int values(int x)
{
    long long wide = 0;
    struct pair p = {0, 0};
    const char *s = "-";
    int err = await bide_try_join(wide = ({
                                      long long w = await step(2);
                                      w << 40;
                                  }),
                                  p = ({ await make(x, 2); }), s = ({
                                      await step(0);
                                      x ? "yes" : "no";
                                  }),
                                  ({
                                      await after(x, 0);
                                      x - 2;
                                  }));
    printf("%lld %d %d %s ", wide >> 40, p.a, p.b, s);
    return err;
}

/* Groups in branches, and branches in these; every level has variables that inner ones use. */
static async int nested(int x)
{
    int total = 0;
    static int count;
    int w = await bide_select_biased(
        ({
            int mine = x;
            int k = await bide_select_biased(({
                                                 int inner = mine * 10;
                                                 await bide_join(({
                                                                     await step(0);
                                                                     total += inner + mine + x;
                                                                     count++;
                                                                 }),
                                                                 ({ inner += await step(1); }));
                                                 mine = inner;
                                             }),
                                             after(100, 0));
            total = total * 100 + mine + k;
        }),
        bide_join(({ total += await after(50, 1000); }), after(60, 0)));
    printf("%d %d %d ", w, total, count);
    return total;
}

/* Tasks that a variable of the function owns; blocks that capture. */
static async int owners(int x)
{
    bide_task(int) h = NULL, k = bide_spawn(after(1, 5));
    int out = 0, got = 0;
    await bide_join(({
                        h = bide_spawn(after(2, x));
                        int err = await bide_task_join(h, &out);
                        out += err;
                    }),
                    ({
                        bide_task(int) mine = bide_move(k);
                        await bide_task_join(mine, &got);
                        bide_task(int) t = bide_spawn(async ({
                            await step(0);
                            x + 1;
                        }));
                        int more = 0;
                        await bide_task_join(t, &more);
                        got += more;
                    }));
    return out * 100 + got;
}

/* In loops, conditions, arguments, deferred blocks and async blocks. */
static async int places(void)
{
    int n = 0, rounds = 0;
    while (await bide_select_biased(({
               await step(0);
               n += rounds;
           }),
                                    after(3, 0)) == 0 &&
           rounds < 4)
        rounds++;
    int k = n;
    int r = await after(0, k) + await bide_timeout(BIDE_S(100), n = ({ await step(rounds); }));
    {
        defer {
            await bide_join(({ n += await step(10); }), ({ rounds += await step(1); }));
        }
        n += 100;
    }
    bide_task(int) h = bide_spawn(async ({
        int own = 0;
        await bide_join(({ own += await step(n); }), ({ own += await step(rounds); }));
        own;
    }));
    int out = 0;
    await bide_task_join(h, &out);
    return r * 1000 + out;
}

/* Names that generated code uses too. */
static async const char *names(int outer)
{
    const char *frame = "", *args = "", *cx = "";
    await bide_join(({
        frame = __func__;
        args = await step(outer) ? "args" : "no";
        cx = __FUNCTION__;
    }));
    printf("%s %s %s ", frame, args, cx);
    return __func__;
}

static async int labels(int x)
{
    int n = 0;
    await bide_join(({
                        int i = 0;
                    again:
                        n += await step(i);
                        if (++i < x)
                            goto again;
                        switch (i) {
                        case 3: n += 100; break;
                        default: n = -1;
                        }
                    }),
                    ({
                        for (;;) {
                            if (await step(1))
                                break;
                            continue;
                        }
                    }),
                    ({ n++; }));
    return n;
}

static async int recursive(int depth)
{
    int below = 0;
    if (depth == 0)
        return await step(1);
    await bide_join(below = ({ await recursive(depth - 1); }), ({ await step(0); }));
    return below + 1;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d\n", await interleaved());
        printf("%d\n", await variables(3, 7, (struct pair){1, 2}));
        for (int t = 0; t < 4; t++)
            printf("%d\n", await losers(t));
        for (int x = 0; x < 4; x++)
            printf("%d\n", await values(x));
        printf("%d\n", await nested(3));
        printf("%d\n", await owners(4));
        printf("%d\n", await places());
        printf("%s\n", await names(1));
        printf("%d\n", await labels(3));
        printf("%d\n", await recursive(20));
    }
    return 0;
}
