/* Tasks that run the same function, every way to end, and events in between. */
#include <bide/bide.h>
#include <signal.h>
#include <stdlib.h>

static async int nap(int who)
{
    await bide_sleep(BIDE_MS(10 + 5 * who));
    return who;
}

static async int work(int who)
{
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        sum += await nap(who);
        sum += 1000;
    }
    return sum;
}

static async void tidy(int *flag)
{
    defer {
        await bide_yield();
        *flag = 1;
    }
    await bide_sleep(BIDE_S(60));
    *flag = 2;
}

static async void untidy(int *flag)
{
    *flag = 1;
    await bide_sleep(BIDE_S(60));
    *flag = 2;
}

static int flag;

async int main(void)
{
    signal(SIGUSR1, SIG_IGN);
    bide_task(int) t[3];
    for (int i = 0; i < 3; i++)
        t[i] = bide_spawn(work(i + 1));
    int all = 0;
    for (int i = 0; i < 3; i++) {
        int one = 0;
        await bide_task_join(t[i], &one);
        all += one;
    }
    int late = await bide_timeout(BIDE_MS(5), tidy(&flag));
    all += late;
    late = await bide_timeout(BIDE_MS(5), untidy(&flag));
    all -= late;
    bide_task(void) lost = bide_spawn(untidy(&flag));
    await bide_sleep(BIDE_MS(5));
    bide_task_abort(lost);
    await bide_task_wait(lost);
    bide_task(void) noisy = bide_spawn(async ({
        await bide_sleep(BIDE_MS(20));
        flag = 3;
        raise(SIGUSR1);
    }));
    flag = 4;
    await bide_task_wait(noisy);
    bide_task(void) forgotten = bide_spawn(untidy(&flag));
    await bide_yield();
    exit(forgotten == NULL || all != 9018);
}
