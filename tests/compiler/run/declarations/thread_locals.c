/* Variables of a thread: at file scope, static in functions, in every spelling. They are not in a
 * frame: all calls on the thread share them.
 * one thread: on workers, a task goes on on another one. */
#include "../step.h"
#include <threads.h>

static _Thread_local int count = 1;
static __thread char name[8] = "main";
extern _Thread_local int visible;
thread_local int visible = 3;

static async int next(void)
{
    static _Thread_local int calls = 10;
    static thread_local struct {
        int sum, *last;
    } kept;
    int *mine = &calls;
    kept.last = mine;
    kept.sum += calls + await step(1);
    calls++;
    return *mine + kept.sum * 100 + (kept.last == &calls);
}

static async int updates(int n)
{
    extern _Thread_local int visible;
    count += await step(n);
    visible = count++ + await step(visible);
    name[0] += (char)await step(1);
    return count;
}

static int elsewhere(int n)
{
    count += n;
    name[1] = '?';
    return count + visible;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int a = 0, b = 0;
        printf("%d %d\n", await next(), await next());
        await bide_join(a = updates(2), b = updates(3));
        printf("%d %d %d %s\n", a, b, visible, name);
        printf("%d %s\n", await bide_blocking(elsewhere(await step(5))), name);
    }
    return 0;
}
