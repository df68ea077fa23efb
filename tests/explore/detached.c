/*
 * The detached pool (blocking/detached.h): a job runs once and its task is woken; one that was
 * given up runs or does not, and its thread outlives the runtime. That a job is released once is
 * left to the explorer, which finds what is lost and what is freed twice.
 */
#include "runtime.h"

#include "runtime/blocking/detached.h"

async int bide__detached_run(struct bide__detached_job *job);

struct job {
    struct bide__detached_job job;
    int answer;
};

static void run(struct bide__detached_job *j)
{
    struct job *job = (struct job *)(void *)j;
    job->answer++;
}

static void release(struct bide__detached_job *j)
{
    bide__free(j, sizeof(struct job));
}

static async int look_up(void)
{
    struct job *job = bide__alloc(sizeof *job);
    explore_check(job != NULL);
    defer {
        bide__detached_job_drop(&job->job);
    }
    bide__detached_job_begin(&job->job, run, release);
    job->answer = 41;
    int r = await bide__detached_run(&job->job);
    explore_check(r == 0);
    return job->answer;
}

/* The second one may find the thread of the first idle. */
static void owner(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(look_up()) == 42);
    explore_check(bide_block_on(look_up()) == 42);
    bide_runtime_enter(NULL);
}

/* ---- given up ---- */

static async int given_up(void)
{
    int n = 42;
    bide_task(int) task = bide_spawn(look_up());
    await bide_yield();
    bide_task_abort(task);
    int r = await bide_task_join(task, &n);
    explore_check(n == 42 && (r == 0 || r == -ECANCELED));
    return 0;
}

/* The end of the runtime is part of it: the thread may be anywhere. */
static void gives_up(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(given_up()) == 0);
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
    bide_runtime_enter(NULL);
    explore_check(bide_runtime_free(rt) == 0);
}

/* The thread of the pool ends. */
static void settle(void)
{
    explore_focus(false);
    explore_settle();
}

const struct explore_model explore_models[] = {
    {.name = "detached: given up",
     .begin = begin_one_thread,
     .threads = {gives_up},
     .end = settle,
     .stale = 1,
     .timeouts = -1},
    {.name = "detached",
     .begin = begin_one_thread,
     .threads = {owner},
     .end = runtime_end,
     .stale = 1,
     .timeouts = -1},
    {0},
};
