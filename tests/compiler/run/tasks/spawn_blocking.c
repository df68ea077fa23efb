/*
 * bide_spawn_blocking: plain functions on the blocking pool as tasks; with every kind of argument
 * and result, through pointers, from plain functions; waited for, detached, aborted before a start.
 */
#include "../step.h"

#include <semaphore.h>
#include <string.h>

struct answer {
    const int n;
    char text[12];
};

static int calls;

static int product(int a, int b)
{
    return a * b;
}

static struct answer answer(const char *text, struct answer *from)
{
    struct answer a = {from ? from->n : 42, ""};
    strcpy(a.text, text);
    return a;
}

static double half(struct answer a)
{
    return a.n / 2.0;
}

static void count(void)
{
    __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
}

static sem_t begun, go;

static int held(int n)
{
    sem_post(&begun);
    sem_wait(&go);
    return n;
}

static async int later(int n)
{
    await bide_yield();
    return n;
}

/* In a plain function: the task begins when the runtime runs. */
static bide_task(int) start(int a)
{
    bide_spawn_blocking(product(1, 1));
    return bide_spawn_blocking(product(a, a));
}

static async void results(void)
{
    int n = 0;
    double d = 0;
    bide_task(int) h = bide_spawn_blocking(product(await later(6), 7));
    bide_task(struct answer) s = bide_spawn_blocking(answer("text", NULL));
    printf("%d %d\n", await bide_task_join(h, &n), n);
    int error = await bide_task_wait(s);
    printf("%d %d\n", error, bide_task_finished(s));
    bide_task(double) x = bide_spawn_blocking(half((struct answer){5, "half"}));
    error = await bide_task_join(x, &d);
    printf("%d %.1f\n", error, d);
    int (*f)(int, int) = product;
    h = bide_spawn_blocking((*f)(2, 3));
    error = await bide_task_join(h, &n);
    printf("%d %d\n", error, n);
    h = start(12);
    error = await bide_task_join(h, &n);
    printf("%d %d\n", error, n);
}

static async void cancelled(void)
{
    int n = -1;
    bide_task(void) none = bide_spawn_blocking(count());
    int error = await bide_task_join(none, NULL);
    int before = __atomic_load_n(&calls, __ATOMIC_RELAXED);
    printf("%d %d\n", error, before);
    /* aborted before it began: taken back; on several workers it may have begun */
    none = bide_spawn_blocking(count());
    bide_task_abort(none);
    error = await bide_task_join(none, NULL);
    int called = __atomic_load_n(&calls, __ATOMIC_RELAXED) - before;
    if (!has_one_worker() && error == 0)
        error = -(called--);
    printf("%d %d\n", error < 0, called);
    /* after it began, an abort has no effect */
    bide_task(int) running = bide_spawn_blocking(held(4));
    await bide_blocking(sem_wait(&begun));
    bide_task_abort(running);
    await bide_yield();
    printf("%d\n", bide_task_finished(running));
    sem_post(&go);
    error = await bide_task_join(running, &n);
    printf("%d %d\n", error, n);
    /* nor after it has ended */
    bide_task(int) done = bide_spawn_blocking(product(3, 3));
    error = await bide_task_wait(done);
    bide_task_abort(done);
    error = await bide_task_join(done, &n);
    printf("%d %d\n", error, n);
}

static async int ended(bide_task(int) h)
{
    int error = await bide_task_wait(h);
    return error == 0 && bide_task_finished(h);
}

int main(void)
{
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    bide_task(int) early = start(3);
    bide_block_on(results());
    bide_block_on(cancelled());
    printf("%d\n", bide_block_on(ended(bide_move(early))));
    return 0;
}
