/* Branches together with scopes, references, blocking calls and bide_cancel_returns.
 * one thread: the turns of children are counted, and they share variables. */
#include "../step.h"
#include <errno.h>

static async int after(int turns, int value)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return value;
}

static async int add(int *to, int n)
{
    *to += await step(n);
    return 0;
}

/* A branch spawns children of the function's scope; another has a scope of its own. */
static async int scopes(void)
{
    int sum = 0, own = 0;
    bide_scope(s) {
        await bide_join(({
                            bide_task_detach(bide_scope_spawn(s, add(&sum, await step(1))));
                            await bide_join(({
                                bide_task(int) h = bide_scope_spawn(s, add(&sum, 10));
                                await bide_task_wait(h);
                            }));
                        }),
                        ({
                            int mine = 0;
                            bide_scope(t) {
                                for (int i = 0; i < 3; i++)
                                    bide_scope_spawn(t, add(&mine, i));
                                if (mine > 100)
                                    bide_scope_cancel(s);
                            }
                            own = mine;
                        }));
    }
    return sum * 10 + own;
}

/* A loser's scope waits for its children. */
static async int losers(int t)
{
    int ended = 0, w;
    w = await bide_select_biased(after(t, 0), ({
                                     bide_scope(s) {
                                         bide_scope_spawn(s, async ({
                                             int n = 0;
                                             defer {
                                                 await bide_yield();
                                                 printf("(child %d)", n);
                                             }
                                             n = await after(3, 1);
                                         }));
                                         await after(2, 0);
                                     }
                                     ended++;
                                 }));
    return w * 10 + ended;
}

static int plain(int x)
{
    return x * 2;
}

static async int references(int x)
{
    bide_async_fn(int, int, int) f = bide_ref(after);
    static const struct {
        bide_async_fn(int, int) fn;
    } table[] = {{bide_ref(step)}};
    int a = 0, b = 0, c = 0, d = 0;
    await bide_join(({ a = await (*f)(1, x); }), b = ({ await (*table[0].fn)(x + 1); }),
                    bide_join(c = (*f)(2, x + 2), ({
                                  bide_async_fn(int, int) g = bide_ref(step);
                                  d = await (*g)(x + 3);
                              })));
    return a * 1000 + b * 100 + c * 10 + d;
}

static async int blocking(int x)
{
    int a = 0, b = 0, out = 0;
    await bide_join(({ a = await bide_blocking(plain(x)); }), bide_if(x, b = bide_blocking(plain(a + 1))),
                    ({
                        bide_task(int) h = bide_spawn_blocking(plain(x + 1));
                        await bide_task_join(h, &out);
                    }));
    return a * 100 + b * 10 + out;
}

static int closed;

/* The function is not unwound: the group returns when its branches have ended, and it goes on. */
static bide_cancel_returns async int returns(int t)
{
    int n = 0, a = -1, b = -1, c = -1;
    await bide_join(a = after(t, 5), ({
                        defer {
                            n += 100;
                        }
                        await after(t, 0);
                        n++;
                    }),
                    bide_if(t > 90, b = ({ await after(t, 6); })), c = ({ await after(1, 7); }));
    int w = await bide_select(after(3, 0), ({ await after(3, 0); }));
    closed++;
    printf("%d %d %d %d %d ", n, a, b, c, w < 0 ? w : 0);
    return n;
}

static async int cancelled(int t)
{
    bide_task(int) h = bide_spawn(returns(t));
    await after(2, 0);
    bide_task_abort(h);
    return await bide_task_wait(h);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d\n", await scopes());
        for (int t = 0; t < 6; t++)
            printf("%d\n", await losers(t));
        printf("%d\n", await references(3));
        printf("%d\n", await blocking(2));
        printf("%d\n", await cancelled(99) == -ECANCELED);
        printf("%d\n", await cancelled(50) == -ECANCELED);
        printf("%d %d\n", await returns(1), closed);
    }
    return 0;
}
