/* Guards of branches are evaluated once, from left to right among the arguments. A branch whose
 * guard does not hold is not started, and no part of it is evaluated. */
#include "../step.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static async int after(int turns, int value)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return value;
}

static async void note(const char *text)
{
    printf("[%s]", text);
}

static int say(int x)
{
    printf("%d ", x);
    return x;
}

static async int order(int which)
{
    int a = -1, b = -1, c = -1, array[3] = {0};
    int w = await bide_select_biased(bide_if(say(which & 1), a = after(say(10), say(11))),
                                     b = after(say(20), 21),
                                     bide_if(say(which & 2), array[say(2)] = after(say(5), 31)),
                                     bide_if(which & 4, c = after(0, await step(3))));
    printf("| %d: %d %d %d %d\n", w, a, b, c, array[2]);
    return w;
}

/* No branch takes part: a select ends at once. */
static async int none(void)
{
    int n = 7;
    int a = await bide_select(bide_if(n == 0, n = after(0, 1)), bide_if(false, bide_sleep(BIDE_S(9))));
    int b = await bide_select_biased(bide_if(0, n = after(0, 2)));
    int c = await bide_try_join(bide_if(0, n = after(0, -3)));
    await bide_join(bide_if(0, n = after(0, 4)), bide_if(0, after(0, 5)));
    return a == -ENOENT && b == -ENOENT && c == 0 ? n : -1;
}

static async int joins(bool x, bool y)
{
    int a = 0, b = 0, c = 0;
    char *text = NULL;
    await bide_join(bide_if(x, a = after(2, 1)), b = after(1, 2),
                    bide_if(text, note(text)), bide_if(!text && y, note("no text")));
    int err = await bide_try_join(bide_if(x, after(0, 0)), bide_if(y, c = after(1, -4)), after(9, 0));
    return a * 1000 + b * 100 - c * 10 - err;
}

/* Groups and statement expressions with guards, guards in groups. */
static async int inside(bool x, bool y)
{
    int a = -1, b = -1, c = -1, r = -9, total = 0;
    await bide_join(
        bide_if(x, r = bide_select_biased(bide_if(y, a = after(say(1), 1)), b = after(say(2), 2))),
        bide_if(y, c = ({
                       for (int i = 0; i < 3; i++)
                           total += await after(1, i);
                       total;
                   })),
        bide_if(!x, ({
                    await after(2, 0);
                    total += 100;
                })));
    printf("%d %d %d %d %d\n", r, a, b, c, total);
    return 0;
}

/* A pump: each direction runs only while it has room. */
static async int pump(int room)
{
    char trace[64] = "";
    int in = 0, out = 0, n;
    while (out < 4) {
        switch (await bide_select_biased(bide_if(in < 4 && in - out < room, n = after(1, 1)),
                                         bide_if(in > out, n = after(2, 2)))) {
        case 0:
            in += n;
            strcat(trace, "+");
            break;
        case 1:
            out += n / 2;
            strcat(trace, "-");
            break;
        }
    }
    puts(trace);
    return n;
}

static int slow(int x)
{
    return x + 1;
}

static async int others(bool x)
{
    int a = 0, err = 9, out = 0;
    bide_task(int) h = bide_spawn(after(2, 6));
    await bide_join(bide_if(x, a = bide_blocking(slow(say(1)))),
                    bide_if(!x, err = bide_task_join(h, &out)),
                    bide_if(x, err = bide_timeout(BIDE_S(100), after(1, 0))));
    printf("%d %d %d\n", a, err, out);
    return 0;
}

/* Every branch that takes part is sometimes the first. */
static async int starts(void)
{
    int seen[6] = {0};
    for (int i = 0; i < 400; i++)
        seen[await bide_select(bide_if(0, after(0, 0)), after(0, 0), bide_if(i < 0, after(0, 0)),
                               bide_if(i >= 0, after(0, 0)), after(0, 0), bide_if(0, after(0, 0)))]++;
    return seen[1] > 80 && seen[3] > 80 && seen[4] > 80 && seen[0] + seen[2] + seen[5] == 0;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        for (int which = 0; which < 8; which++)
            await order(which);
        printf("%d\n", await none());
        for (int i = 0; i < 4; i++)
            printf("%d\n", await joins(i & 1, i & 2));
        for (int i = 0; i < 4; i++)
            await inside(i & 1, i & 2);
        await pump(1);
        await pump(3);
        await others(true);
        await others(false);
        printf("%d\n", await starts());
    }
    return 0;
}
