/*
 * runtime.c: runtimes are made, entered and freed; the runtime that a thread has of its own.
 *
 * One block holds a runtime: what is shared, its one worker, and the state of each room, to which
 * those two point.
 */
#include "runtime/runtime.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/memory/memory.h"
#include "runtime/schedule/schedule.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"

#include <bide/runtime.h>

#include <stdlib.h>

enum { BLOCKING_THREADS_MAX = 512, WORKERS_MAX = 1024 };
static const int64_t BLOCKING_IDLE_NS = INT64_C(10000000000);

struct whole {
    struct bide_runtime shared; /* the first member: a pointer to it is one to the whole */
    struct bide__worker worker;
    struct bide__fds fds;
    struct bide__pool pool;
    struct bide__wheel wheel;
    struct bide__segments segments;
};

/* ---- made and freed ---- */

/* For debuggers, which find all tasks from here (tools/gdb/bide-gdb.py). */
extern struct bide_runtime *bide__runtimes;
struct bide_runtime *bide__runtimes;
static pthread_mutex_t runtimes_mutex = PTHREAD_MUTEX_INITIALIZER;

static void enlist(struct bide_runtime *rt)
{
    pthread_mutex_lock(&runtimes_mutex);
    rt->next = bide__runtimes;
    if (rt->next != NULL)
        rt->next->previous = rt;
    bide__runtimes = rt;
    pthread_mutex_unlock(&runtimes_mutex);
}

static void strike_off(struct bide_runtime *rt)
{
    pthread_mutex_lock(&runtimes_mutex);
    if (rt->next != NULL)
        rt->next->previous = rt->previous;
    if (rt->previous != NULL)
        rt->previous->next = rt->next;
    else
        bide__runtimes = rt->next;
    pthread_mutex_unlock(&runtimes_mutex);
}

static uint32_t random_seed(void)
{
    uint32_t seed;
    if (bide__door.getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
        return seed;
    return (uint32_t)bide__clock_ns();
}

/* The rest, when the driver and the hub are there. */
static void furnish(struct whole *all, const struct bide_runtime_options *o)
{
    struct bide_runtime *rt = &all->shared;
    struct bide__worker *worker = &all->worker;

    rt->forks = bide__forks;
    rt->worker = worker;
    rt->fds = &all->fds;
    rt->pool = &all->pool;
    worker->runtime = rt;
    worker->hub = rt->hub;
    worker->slab = &rt->hub->tasks;
    rt->hub->runtime = rt;
    rt->wheels = worker->wheel = &all->wheel;
    worker->segments = &all->segments;
    worker->turn.memory = &bide__memory;
    worker->turn.seed = random_seed();
    bide__fds_begin(&all->fds, worker->driver, o->flavour == BIDE_MULTI_THREAD);
    bide__wheel_init(&all->wheel, bide__clock_ns(), false, 0);
    bide__pool_init(&all->pool, rt->hub,
                    o->blocking_threads_max ? o->blocking_threads_max : BLOCKING_THREADS_MAX,
                    o->blocking_idle.ns > 0 ? o->blocking_idle.ns : BLOCKING_IDLE_NS);
}

/* The cores that the process may use, unless the options or the environment say otherwise. */
static unsigned worker_count(const struct bide_runtime_options *options)
{
    const char *text = getenv("BIDE_WORKERS");
    unsigned long n = options->workers;
    cpu_set_t cores;

    if (n == 0 && text != NULL)
        n = strtoul(text, NULL, 10);
    if (n == 0 && bide__door.sched_getaffinity(0, sizeof(cores), &cores) >= 0)
        n = (unsigned long)CPU_COUNT(&cores);
    return n == 0 ? 1 : n < WORKERS_MAX ? (unsigned)n : WORKERS_MAX;
}

static void free_cores(struct bide_runtime *rt)
{
    for (uint32_t i = bide_runtime_cores(rt); i-- > 1;)
        bide_runtime_free(bide__cores_detach(rt, i));
    bide__cores_free(rt);
}

/* rt becomes the first of several cores. */
static int make_cores(struct bide_runtime *rt, const struct bide_runtime_options *options)
{
    struct bide_runtime_options each = *options;
    unsigned count = worker_count(options);
    int r = bide__cores_new(rt, &count);

    if (r < 0)
        return r;
    each.flavour = BIDE_CURRENT_THREAD;
    for (unsigned i = 1; i < count && r == 0; i++) {
        struct bide_runtime *made;
        r = bide_runtime_new(&made, &each);
        if (r == 0)
            bide__cores_add(rt, i, made);
    }
    if (r == 0)
        r = bide__cores_start(rt);
    if (r < 0)
        free_cores(rt);
    return r;
}

int bide_runtime_new(struct bide_runtime **out, const struct bide_runtime_options *options)
{
    static const struct bide_runtime_options defaults;

    *out = NULL;
    if (options == NULL)
        options = &defaults;
    if (options->flavour > BIDE_THREAD_PER_CORE)
        return -EINVAL;
    int r = bide__fork_watch();
    if (r < 0)
        return r;
    struct whole *all = bide__alloc(sizeof(*all));
    if (all == NULL)
        return -ENOMEM;
    memset(all, 0, sizeof(*all));
    r = bide__driver_epoll.begin(&all->worker.driver);
    if (r < 0)
        goto no_driver;
    struct bide__driver *driver = all->worker.driver;
    r = bide__hub_new(&all->shared.hub, driver, driver->ops->wake);
    if (r < 0)
        goto no_hub;
    furnish(all, options);
    if (options->flavour == BIDE_MULTI_THREAD)
        r = bide__workers_begin(&all->shared, worker_count(options), 0);
    if (r < 0)
        goto no_workers;
    enlist(&all->shared);
    if (options->flavour == BIDE_THREAD_PER_CORE) {
        r = make_cores(&all->shared, options);
        if (r < 0) {
            bide_runtime_free(&all->shared);
            return r;
        }
    }
    *out = &all->shared;
    return 0;

no_workers:
    bide__pool_free(&all->pool);
    bide__hub_close(all->shared.hub);
no_hub:
    driver->ops->end(driver);
no_driver:
    bide__free(all, sizeof(*all));
    return r;
}

int bide_runtime_free(struct bide_runtime *rt)
{
    if (rt == NULL)
        return 0;
    struct bide__worker *worker = rt->worker;
    if (bide__thread.running == worker)
        bide__misuse_blocking("bide_runtime_free");
    if (bide__runtime_forked(rt) || worker->hub->alive > 0 || worker->hub->futures > 0 ||
        rt->fds->open > 0 || bide__hub_has_spawned(rt->hub))
        return -EBUSY;
    if (worker->core != NULL && !bide__cores_have_ended(rt))
        return -EBUSY;
    if (worker->core != NULL)
        free_cores(rt);
    if (bide__thread.entered == rt)
        bide__thread.entered = NULL;
    strike_off(rt);
    for (struct bide__task *left; (left = bide__queue_pop(&worker->queue)) != NULL;)
        bide__task_run(worker, left); /* futures that ended after another thread had woken them */
    bide__pool_end(rt->pool);
    bide__pool_free(rt->pool);
    if (rt->multi)
        bide__workers_stop(rt);
    bide__hub_close(rt->hub);
    if (rt->multi)
        bide__workers_free(rt);
    bide__fds_end(rt->fds);
    worker->driver->ops->end(worker->driver);
    bide__segments_end(worker->segments);
    bide__wheel_end(worker->wheel);
    bide__free(rt, sizeof(struct whole));
    return 0;
}

struct bide_runtime *bide_runtime_enter(struct bide_runtime *rt)
{
    struct bide_runtime *before = bide__thread.entered;
    bide__thread.entered = rt;
    return before;
}

struct bide_runtime *bide_runtime_current(void)
{
    return bide__runtime_here();
}

size_t bide_runtime_tasks(const struct bide_runtime *rt)
{
    return rt->hub->alive;
}

/* ---- a thread's own ---- */

static pthread_key_t own_key;
static int own_key_error;

static void own_end(void *argument)
{
    struct bide_runtime *rt = argument;
    if (bide__runtime_forked(rt))
        return;
    /* A runtime that does not end is left to the process. */
    if (bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0 && bide_runtime_free(rt) == 0)
        bide__thread.own = NULL;
}

static void own_key_new(void)
{
    own_key_error = -pthread_key_create(&own_key, own_end);
}

struct bide_runtime *bide__runtime_need(int *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct bide_runtime *rt = bide__runtime_here();

    if (__builtin_expect(rt != NULL && !(rt == bide__thread.own && bide__runtime_forked(rt)), 1))
        return rt;
    pthread_once(&once, own_key_new);
    *error = own_key_error;
    if (*error == 0)
        *error = bide_runtime_new(&rt, NULL);
    if (*error != 0)
        return NULL;
    *error = -pthread_setspecific(own_key, rt);
    if (*error != 0) {
        bide_runtime_free(rt);
        return NULL;
    }
    bide__thread.own = rt;
    return rt;
}
