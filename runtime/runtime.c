/*
 * runtime.c: runtimes are made, entered and freed; the runtime that a thread has of its own.
 *
 * One block holds a runtime: what is shared, its one worker, and the state of each room, to which
 * those two point.
 */
#include "runtime/runtime.h"

#include "runtime/blocking/blocking.h"
#include "runtime/console/console.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/list.h"
#include "runtime/memory/memory.h"
#include "runtime/options.h"
#include "runtime/schedule/schedule.h"
#include "runtime/task/meter.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"
#include "runtime/trace/census.h"

#include <bide/runtime.h>
#include <bide/testing.h>

struct whole {
    struct bide_runtime shared; /* the first member: a pointer to it is one to the whole */
    struct bide__worker worker;
    struct bide__fds fds;
    struct bide__pool pool;
    struct bide__wheel wheel;
    struct bide__segments segments;
    struct bide__options options;
};

/* ---- made and freed ---- */

/* The rest, when the driver and the hub are there. */
static void furnish(struct whole *all)
{
    const struct bide__options *o = &all->options;
    struct bide_runtime *rt = &all->shared;
    struct bide__worker *worker = &all->worker;

    rt->forks = bide__forks;
    rt->worker = worker;
    rt->fds = &all->fds;
    rt->pool = &all->pool;
    rt->options = o;
    worker->runtime = rt;
    worker->hub = rt->hub;
    worker->slab = &rt->hub->tasks;
    rt->hub->runtime = rt;
    worker->wheel = &all->wheel;
    rt->wheels = &worker->wheel;
    worker->segments = &all->segments;
    all->segments.slab.spares_all = &rt->hub->spares_all;
    worker->turn.memory = &bide__memory;
    worker->turn.seed = bide__options_seed(o, 0);
    worker->watched = o->task_hooks;
    bide__turns_begin(worker);
    bide__fds_begin(&all->fds, worker->driver, o->flavour == BIDE_MULTI_THREAD);
    all->fds.close_elsewhere = bide__close_elsewhere;
    bide__wheel_init(&all->wheel, bide__clock_ns(), false, 0);
    bide__pool_init(&all->pool, rt->hub, o);
}

static int make_runtime(const struct bide_runtime_options *options, enum bide__owner owner,
                        struct bide_runtime **out);

static void free_cores(struct bide_runtime *rt)
{
    for (uint32_t i = bide_runtime_cores(rt); i-- > 1;)
        bide_runtime_free(bide__cores_detach(rt, i));
    bide__cores_free(rt);
}

/* The runtime becomes the first of several cores. */
static int make_cores(struct whole *all, const struct bide_runtime_options *given)
{
    struct bide_runtime_options each = *given;
    struct bide_runtime *rt = &all->shared;
    int r = bide__cores_new(rt, &all->options.workers);

    if (r < 0)
        return r;
    each.flavour = BIDE_CURRENT_THREAD;
    each.workers = 1;
    each.io = bide_runtime_io(rt);
    for (uint32_t i = 1; i < all->options.workers && r == 0; i++) {
        struct bide_runtime *made;
        r = make_runtime(&each, BIDE__OWNER_FIXED, &made);
        if (r < 0)
            break;
        made->worker->turn.seed = bide__options_seed(&all->options, i);
        bide__cores_add(rt, i, made);
    }
    if (r == 0)
        r = bide__cores_start(rt);
    if (r < 0)
        free_cores(rt);
    return r;
}

/* The worker measures, if that is asked for. */
static int measure(struct bide__worker *worker)
{
    int r = bide__meter_new(worker, worker->runtime->options);

    if (worker->meter == NULL)
        return r;
    worker->schedule = bide__schedule_measured;
    bide__turns_begin(worker); /* it is watched now */
    return 0;
}

/* The driver, the hub and the workers; the options are there. */
static int make(struct whole *all, enum bide__owner owner)
{
    struct bide_runtime *rt = &all->shared;
    bool multi = all->options.flavour == BIDE_MULTI_THREAD;
    const struct bide__driver_options options = {multi ? BIDE__OWNER_SHARED : owner,
                                                 .events_max = all->options.io_events_max};
    int r = bide__driver_begin(&all->worker.driver, all->options.io, &options);
    if (r < 0)
        return r;
    struct bide__driver *driver = all->worker.driver;
    r = bide__hub_new(&rt->hub, driver, driver->ops->wake);
    if (r < 0)
        goto no_hub;
    furnish(all);
    if (all->options.flavour == BIDE_MULTI_THREAD)
        r = bide__workers_begin(rt);
    else
        r = measure(&all->worker);
    if (r < 0)
        goto no_workers;
    if (bide__list_add(rt))
        return 0;
    r = -EBUSY; /* of this flavour there are no workers */

no_workers:
    bide__meter_free(&all->worker);
    bide__pool_free(&all->pool);
    bide__hub_close(rt->hub);
no_hub:
    driver->ops->end(driver);
    return r;
}

static int make_whole(const struct bide_runtime_options *options, enum bide__owner owner,
                      struct bide_runtime **out)
{
    int r = make_runtime(options, owner, out);
    if (r == 0) {
        bide__list_show(*out);
        bide__console_runtimes(1);
    }
    return r;
}

static int make_runtime(const struct bide_runtime_options *options, enum bide__owner owner,
                        struct bide_runtime **out)
{
    *out = NULL;
    int r = bide__fork_watch();
    if (r < 0)
        return r;
    struct whole *all = bide__alloc(sizeof(*all));
    if (all == NULL)
        return -ENOMEM;
    memset(all, 0, sizeof(*all));
    r = bide__options_read(&all->options, options);
    if (r == 0)
        r = make(all, owner);
    if (r < 0) {
        bide__free(all, sizeof(*all));
        return r;
    }
    if (all->options.flavour == BIDE_THREAD_PER_CORE) {
        r = make_cores(all, options);
        if (r < 0) {
            bide_runtime_free(&all->shared);
            return r;
        }
    }
    *out = &all->shared;
    return 0;
}

int bide_runtime_new(const struct bide_runtime_options *options, struct bide_runtime **out)
{
    return make_whole(options, BIDE__OWNER_VARIES, out);
}

int bide__runtime_new_here(const struct bide_runtime_options *options, struct bide_runtime **out)
{
    return make_whole(options, BIDE__OWNER_FIXED, out);
}

int bide_runtime_free(struct bide_runtime *rt)
{
    if (rt == NULL)
        return 0;
    struct bide__worker *worker = rt->worker;
    if (bide__thread.running == worker)
        bide__misuse_blocking("bide_runtime_free");
    if (bide__runtime_forked(rt) || bide__hub_alive(rt->hub) > 0 || worker->hub->futures > 0 ||
        rt->fds->open > 0 || bide__hub_has_spawned(rt->hub))
        return -EBUSY;
    if (worker->core != NULL && !bide__cores_have_ended(rt))
        return -EBUSY;
    bide__list_remove(rt); /* first: from now on no console looks at it */
    if (rt->is_shown)
        bide__console_runtimes(-1);
    if (worker->core != NULL)
        free_cores(rt);
    if (bide__thread.entered == rt)
        bide__thread.entered = NULL;
    for (struct bide__task *left; (left = bide__queue_pop(&worker->queue)) != NULL;)
        bide__task_run(worker, left); /* futures that ended after another thread had woken them */
    bide__pool_end(rt->pool);
    bide__pool_free(rt->pool);
    if (rt->multi)
        bide__workers_stop(rt);
    bide__meter_free(worker);
    bide__census_end(worker);
    bide__hub_close(rt->hub);
    if (rt->multi)
        bide__workers_free(rt);
    bide__fds_drain(rt->fds, worker->driver);
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

const char *bide_runtime_name(const struct bide_runtime *rt)
{
    return rt->options->name;
}

bide_io bide_runtime_io(const struct bide_runtime *rt)
{
    return rt->worker->driver->ops == &bide__driver_epoll ? BIDE_IO_EPOLL : BIDE_IO_URING;
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
        *error = bide_runtime_new(NULL, &rt);
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
