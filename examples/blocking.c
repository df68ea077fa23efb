/*
 * blocking: what a call that does not come back does to the other tasks, and what to do instead.
 *
 *     bide run examples/blocking.c
 *
 * A task has the thread that runs it until its next await. While it computes, or sits in a call of
 * a library that waits by itself, that thread runs no other task. This program has a runtime with
 * one such thread, a worker, so that one call shows what as many calls as you have cores do to a
 * larger one. A second task ticks; each line says how often it did during the call.
 */
#include <bide/bide.h>
#include <bide/runtime.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_int ticks;

static async void tick(void)
{
    for (;;) {
        await bide_sleep(BIDE_MS(20));
        ticks++;
    }
}

/* Computes for a while. Returns the number of ticks meanwhile, and so does the next one. */
static int compute(int ms)
{
    int before = ticks;
    bide_instant start = bide_now();
    while (bide_elapsed(start).ns < BIDE_MS(ms).ns)
        continue;
    return ticks - before;
}

/* Stands for a library that waits: for a name server, a disk, a lock. */
static int ask_library(int ms)
{
    int before = ticks;
    usleep((useconds_t)ms * 1000);
    return ticks - before;
}

/* ---- the wrong way ---- */

/* Nothing else runs on the worker until these return. After a second, a line on stderr says so: the
 * runtime has a watchdog, which names the function of such a task. */
static async int compute_wrongly(void)
{
    return compute(1200);
}

static async int ask_wrongly(void)
{
    return ask_library(1200);
}

/* ---- the right way ---- */

/* The call runs on another thread, which belongs to a pool for calls that block. The task waits,
 * and the worker runs others. */
static async int compute_on_the_pool(void)
{
    return await bide_blocking(compute(400));
}

static async int ask_on_the_pool(void)
{
    return await bide_blocking(ask_library(400));
}

/* The call stays on this thread, as some libraries want it, and another thread takes over what the
 * worker has to do. On a runtime of the flavour current_thread it cannot. */
static async int ask_in_place(void)
{
    return await bide_block_in_place(ask_library(400));
}

/* A loop of your own can let the others run now and then. */
static async int compute_in_pieces(void)
{
    int before = ticks;
    bide_instant start = bide_now();
    while (bide_elapsed(start).ns < BIDE_MS(400).ns)
        await bide_yield();
    return ticks - before;
}

static async void show(const char *what, bide_task(int) call)
{
    int n = 0;
    if (await bide_task_join(call, &n) == 0)
        printf("%s: %d ticks\n", what, n);
    fflush(stdout);
}

static async void demo(void)
{
    bide_task(void) ticking = bide_spawn(tick());
    await show("wrong, a loop", bide_spawn(compute_wrongly()));
    await show("wrong, a library call", bide_spawn(ask_wrongly()));
    await show("right, a loop on the pool", bide_spawn(compute_on_the_pool()));
    await show("right, a loop that yields", bide_spawn(compute_in_pieces()));
    await show("right, a library call on the pool", bide_spawn(ask_on_the_pool()));
    await show("right, a library call in place", bide_spawn(ask_in_place()));
    bide_task_abort(ticking);
    await bide_task_wait(ticking);
}

int main(void)
{
    bide_runtime *rt;
    bide_runtime_options one_worker = {.flavour = BIDE_MULTI_THREAD, .workers = 1};
    int r = bide_runtime_new(&one_worker, &rt);
    if (r < 0) {
        fprintf(stderr, "no runtime: %s\n", strerror(-r));
        return 1;
    }
    bide_runtime_enter(rt);
    bide_block_on(demo());
    return bide_runtime_shutdown(rt, BIDE_S(10)) < 0 || bide_runtime_free(rt) < 0;
}
