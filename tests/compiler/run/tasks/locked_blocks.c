/* Blocks with a lock in all kinds of statements: every way out gives it back, once.
 *
 * one thread: who comes first is the first in the order of the queue. */
#include <errno.h>

#include "../step.h"

static bide_mutex mutex = BIDE_MUTEX_INIT, other = BIDE_MUTEX_INIT;
static bide_rwlock rwlock = BIDE_RWLOCK_INIT;

static const char *state(void)
{
    int free = bide_mutex_try_lock(&mutex) == 0;
    if (free)
        bide_mutex_unlock(&mutex);
    return free ? "free" : "locked";
}

/* In loops: break and continue are those of the loop round the block. */
static async int loops(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        bide_locked(&mutex) {
            sum += await step(1);
            if (i == 1)
                continue;
            if (i == 3)
                break;
            sum += 10;
        }
    printf("loops: %d, %s\n", sum, state());
    int left = 3;
    while (left > 0)
        bide_locked(&mutex)
            left -= await step(1);
    do
        bide_locked(&mutex) {
            bide_locked(&other) {
                if (left++ < 2)
                    continue;
            }
            await step(1);
            left = -1;
        }
    while (left >= 0);
    printf("loops: %d, %s\n", left, state());
    return sum;
}

static async int returns(int how)
{
    bide_locked(&mutex) {
        if (how == 0)
            return await step(7);
        bide_read_locked(&rwlock) {
            if (how == 1)
                return 8;
            if (how == 2)
                goto out;
        }
        defer { printf("deferred, %s\n", state()); }
        if (how == 3)
            return await step(9);
    }
    return 10;
out:
    return 11;
}

static async int jumps(int n)
{
    int rounds = 0;
again:
    bide_locked(&mutex) {
        if (rounds++ < n) {
            await step(0);
            goto again;
        }
    }
    switch (rounds) {
    case 4:
        bide_write_locked(&rwlock) {
            await step(0);
            if (rounds == 4)
                break;
            rounds = 100;
        }
        rounds = 200;
    default: break;
    }
    return rounds;
}

/* As the body of an if with an else, and in expressions. */
static async int places(int n)
{
    int value = 0;
    if (n > 0)
        bide_locked(&mutex)
            value = await step(1);
    if (n > 1) {
        bide_locked(&mutex) {
        }
    } else {
        bide_locked(&other)
            value = -1;
    }
    value += ({
        int inner = 0;
        bide_locked(&other) {
            inner = await step(n);
        }
        inner;
    });
    bide_mutex *const table[] = {&mutex, &other};
    int i = 0;
    bide_locked(table[i++]) /* once */
        await step(0);
    int a = 0, b = 0;
    await bide_join(({ bide_locked(&mutex) { a = await step(1); } }),
                    ({ bide_locked(&mutex) { b = a + await step(1); } }));
    printf("places: %d %d %d\n", i, a, b);
    return value;
}

/* What is declared inside lives across the wait, and so in the frame; -g without optimization has
 * copies of it for the debugger. They end with the inner block, before the lock is given back. */
static async int names(int n)
{
    int sum = n, last = 0;
    bide_locked(&mutex) {
        int inner = await step(1), *at = &inner;
        sum += await step(*at);
    }
    bide_locked(&mutex)
        bide_locked(&other) {
            int middle = await step(5), deep = 2;
            last = await step(middle) + deep;
        }
    bide_locked(&mutex)
        while (n-- > 0) {
            int round = await step(n);
            sum += round + await step(1);
        }
    bide_locked(&mutex)
        for (int i = await step(0); i < 2; i++) {
            int twice = 2 * i;
            sum += twice + await step(0);
        }
    bide_locked(&mutex)
        switch (sum) {
        case 8: {
            int chosen = 1;
            last += await step(chosen) + chosen;
        }
        }
    if (last > 0)
        bide_locked(&mutex) {
            int then = 3;
            await step(0);
            last += then;
        }
    printf("names: %d %d, %s\n", sum, last, state());
    return sum;
}

static int order[8], used;

static async void in_turn(int n)
{
    bide_locked(&mutex) {
        int kept = n;
        await bide_yield();
        order[used++] = kept;
        await bide_yield();
    }
}

static async void waits_in_a_block(void)
{
    bide_locked(&mutex) {
        defer { printf("unwound, %s\n", state()); }
        for (;;)
            await bide_yield();
    }
}

static async void cancelled(void)
{
    bide_task(void) holds = bide_spawn(waits_in_a_block());
    await bide_yield();
    bide_task(void) waits = bide_spawn(in_turn(1));
    await bide_yield();
    printf("both: %s\n", state());
    bide_task_abort(waits);
    printf("%d\n", await bide_task_join(waits, NULL) == -ECANCELED);
    bide_task_abort(holds);
    printf("%d\n", await bide_task_join(holds, NULL) == -ECANCELED);
    printf("neither: %s\n", state());
}

bide_cancel_returns static async int returns_when_cancelled(void)
{
    int r = -1;
    bide_locked(&mutex) {
        r = await bide_sleep(BIDE_S(100));
        bide_locked(&other)
            puts("not reached");
    }
    return r;
}

static async int in_a_task(void)
{
    int r = await returns_when_cancelled();
    return r;
}

static async void all(void)
{
    await loops(6);
    for (int how = 0; how <= 4; how++) {
        int r = await returns(how);
        printf("returns: %d, %s\n", r, state());
    }
    int r = await jumps(3);
    printf("jumps: %d, %s\n", r, state());
    r = await places(2);
    printf("places: %d, %s\n", r, state());
    (void)await names(2);
}

static async void tasks(void)
{
    bide_task(void) task[4];
    for (int i = 0; i < 4; i++)
        task[i] = bide_spawn(in_turn(i));
    for (int i = 0; i < 4; i++)
        (void)await bide_task_join(task[i], NULL);
    printf("in turn: %d %d %d %d\n", order[0], order[1], order[2], order[3]);
    await cancelled();

    bide_task(int) ends = bide_spawn(in_a_task());
    await bide_yield();
    bide_task_abort(ends);
    int r = 0;
    printf("%d, %s\n", await bide_task_join(ends, &r) == -ECANCELED, state());
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        await all();
    await tasks();
    return bide_rwlock_try_write(&rwlock) != 0;
}
