/* flags: -Wno-bide-use-after-move */
/* Variables that own tasks: released at the end of their scope, by assignment, by detach; moved
 * into arrays, members, arguments and results; also released when the function unwinds.
 * flags: -Wno-bide-use-after-move */
#include "../step.h"
#include <errno.h>
#include <stdatomic.h>

static atomic_int running, ended;

static async int work(int turns)
{
    running++;
    defer { running--; ended++; }
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return turns;
}

/* Until this many tasks have ended; the longest of them takes less than a second. */
static async void settle(int all)
{
    for (int ms = 0; ms < 10000 && (running > 0 || ended < all); ms++)
        await bide_sleep(BIDE_MS(1));
}

struct holder {
    bide_task(int) task;
};

static bide_task(int) begin(int turns)
{
    bide_task(int) h = bide_spawn(work(turns));
    if (turns > 100)
        bide_task_abort(h);
    return h;
}

static bide_task(int) begin_and_move(int turns)
{
    bide_task(int) first = begin(turns), second;
    second = bide_move(first);
    return bide_move(second);
}

static async int take(bide_task(int) h, int other)
{
    int out = -1;
    int err = await bide_task_join(h, &out);
    return err < 0 ? err : out + other;
}

static async int drop(bide_task(int) h)
{
    (void)bide_task_finished(h);
    await step(0);
    return 1;
}

static async int arrays(void)
{
    bide_task(int) h[3], grid[2][2];
    bide_task(int) list[] = {begin(1), begin(2)};
    int sum = 0, out = 0, n = 0;
    for (int i = 0; i < 3; i++)
        h[i] = bide_spawn(work(i));
    grid[1][0] = bide_move(h[2]);
    h[n++] = begin(5);
    h[n++] = bide_spawn(work(6));
    for (int i = 0; i < 3; i++)
        if (await bide_task_join(h[i], &out) == 0)
            sum += out;
    int err = await bide_task_join(grid[1][0], &out);
    printf("%d %d %d %d ", sum, out, err, n);
    err = await bide_task_join(list[1], &out);
    return out + err;
}

static async int waits_for_ever(void)
{
    bide_task(int) h = bide_spawn(work(1000000000));
    bide_task(int) more[2] = {bide_spawn(work(3))};
    defer { bide_task_abort(h); }
    int err = await bide_task_wait(h);
    bide_task_detach(more[0]);
    return err;
}

static async int in_loops(void)
{
    int finished = 0;
    for (int i = 0; i < 4; i++) {
        bide_task(int) h = begin(i);
        if (i == 1)
            continue;
        if (i == 3)
            break;
        await step(i);
        finished += bide_task_finished(h);
    }
    for (bide_task(int) h = begin(1); finished < 10; finished += 10)
        await bide_task_wait(h);
    return finished;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        struct holder holder = {0};
        int out = -1;
        bide_task(int) h = bide_spawn(work(3));
        printf("%d ", await bide_task_join(h, &out));
        printf("%d %d ", out, await bide_task_join(h, &out) == -EINVAL);
        h = begin(1);
        h = begin_and_move(2);
        printf("%d ", await take(bide_move(h), 10));
        printf("%d ", await take(begin(4), await step(20)));
        printf("%d\n", await drop(begin_and_move(3)));
        holder.task = begin(1);
        h = bide_move(holder.task);
        bide_task_detach(h);
        printf("%d ", bide_task_finished(h));
        printf("%d\n", await arrays());
        bide_task(int) parent = bide_spawn(waits_for_ever());
        await bide_yield();
        bide_task_abort(parent);
        printf("%d ", await bide_task_wait(parent) == -ECANCELED);
        printf("%d\n", await in_loops() > 9);
        bide_spawn(work(2));
        (void)bide_spawn(work(2));
        await settle(22);
        printf("%d %d\n", running, ended);
        ended = 0;
    }
    return 0;
}
