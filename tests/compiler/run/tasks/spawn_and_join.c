/* flags: -Wno-bide-use-after-move */
/* Tasks: spawn, join, wait, detach, abort, finished, move; async blocks and their captures. */
#include <bide/bide.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

struct wide {
    int a[10];
};

static async int work(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
    return n * 10;
}

static atomic_int printed;

static async void print_later(const char *text)
{
    await bide_yield();
    printf("%s\n", text);
    printed++;
}

static async struct wide widely(int n)
{
    await bide_yield();
    return (struct wide){{[9] = n}};
}

static atomic_bool has_begun;

static async void for_ever(int *cleaned)
{
    defer { ++*cleaned; }
    has_begun = true;
    for (;;)
        await bide_yield();
}

static async int asleep(void)
{
    await bide_sleep(BIDE_S(1000));
    return 100;
}

static bide_task(int) start(int n)
{
    bide_task(int) h = bide_spawn(work(n));
    return h;
}

static async int joins(void)
{
    int a = 0, b = 0;
    struct wide w = {{0}};
    bide_task(int) first = bide_spawn(work(3));
    bide_task(int) second = start(1);
    bide_task(struct wide) third = bide_spawn(widely(5));
    bide_task(void) fourth = bide_spawn(print_later("fourth"));
    int err = await bide_task_join(first, &a);
    err |= await bide_task_wait(second);
    err |= await bide_task_wait(fourth);
    printf("finished %d\n", bide_task_finished(second));
    err |= await bide_task_join(second, &b);
    err |= await bide_task_join(third, &w);
    printf("%d %d %d %d\n", err, a, b, w.a[9]);
    err = await bide_task_join(second, &b);
    return err == -EINVAL;
}

static async void aborts(void)
{
    static int cleaned;
    int out = 7;
    bide_task(void) h = bide_spawn(for_ever(&cleaned));
    bide_task(int) early = bide_spawn(asleep());
    while (!has_begun)
        await bide_yield();
    bide_task_abort(h);
    bide_task_abort(early);
    int err = await bide_task_wait(h);
    int err2 = await bide_task_join(early, &out);
    printf("aborted %d %d %d %d\n", err == -ECANCELED, err2 == -ECANCELED, cleaned, out);
}

static async int owners(int n)
{
    bide_task(int) h; /* begins as NULL */
    bide_task(int) several[2] = {bide_spawn(work(1))};
    several[1] = bide_spawn(work(2));
    if (n)
        h = bide_spawn(work(3));
    int a = 0;
    await bide_task_join(several[1], &a);
    bide_task(int) moved = bide_move(several[0]);
    int b = 0;
    await bide_task_join(moved, &b);
    moved = bide_spawn(work(4));
    moved = bide_spawn(work(5));
    await bide_task_wait(moved);
    bide_task_detach(moved);
    if (n)
        await bide_task_wait(h);
    return a + b + bide_task_finished(moved);
}

static async void blocks(int n)
{
    int numbers[3] = {1, 2, 3}, sum = 0;
    bide_task(int) tasks[3];
    for (int i = 0; i < 3; i++) {
        tasks[i] = bide_spawn(async ({
            await bide_yield();
            int r = 0;
            for (int k = 0; k < 3; k++)
                r += numbers[k] * (i + 1);
            r + n;
        }));
        numbers[0] += 100;
    }
    for (int i = 0; i < 3; i++) {
        int r = 0;
        await bide_task_join(tasks[i], &r);
        printf("block %d\n", r);
        sum += r;
    }
    bide_task(void) h = bide_spawn(async ({
        printf("sum %d\n", sum);
        bide_task(int) inner = bide_spawn(async ({ await work(sum > 0); }));
        int r = 0;
        await bide_task_join(inner, &r);
        printf("inner %d\n", r);
        (void)0;
    }));
    await bide_task_wait(h);
}

async int main(void)
{
    printf("%d\n", await joins());
    await aborts();
    printf("%d %d\n", await owners(0), await owners(1));
    await blocks(1);
    printed = 0;
    bide_spawn(print_later("detached"));
    while (!printed)
        await bide_yield();
    return 0;
}
