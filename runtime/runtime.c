/*
 * runtime.c: runtimes are made, entered and freed; the one that a thread has of its own; memory for
 * chains that outgrow their task.
 */
#include "runtime/worker.h"

_Thread_local struct bide__thread bide__thread __attribute__((tls_model("initial-exec")));

enum { BLOCKING_THREADS_MAX = 512 };
static const int64_t BLOCKING_IDLE_NS = INT64_C(10000000000);

/* ---- segments of chains ---- */

/* The smallest of the kept ones that is large enough. */
static void *big_segment(struct bide_runtime *rt, size_t *size)
{
    uint32_t best = rt->big_count;
    for (uint32_t i = 0; i < rt->big_count; i++)
        if (rt->big[i].size >= *size &&
            (best == rt->big_count || rt->big[i].size < rt->big[best].size))
            best = i;
    if (best == rt->big_count)
        return bide__alloc(*size);
    void *p = rt->big[best].p;
    *size = rt->big[best].size;
    rt->big[best] = rt->big[--rt->big_count];
    return p;
}

static void *segment_new(size_t *size)
{
    struct bide_runtime *rt = bide__thread.running;

    if (*size <= BIDE__SLAB_MAX)
        return bide__slab_new(&rt->segments, size, 0, 0);
    return big_segment(rt, size);
}

static void segment_free(void *segment, size_t size)
{
    struct bide_runtime *rt = bide__thread.running;

    if (size <= BIDE__SLAB_MAX) {
        bide__slab_free(&rt->segments, segment);
    } else if (rt->big_count < BIDE__BIG_SEGMENTS) {
        rt->big[rt->big_count].p = segment;
        rt->big[rt->big_count++].size = size;
    } else {
        bide__free(segment, size);
    }
}

const struct bide_memory bide__memory = {segment_new, segment_free};

/* One that is no block of a slab, so it may come and go with any runtime. */
struct bide_segment *bide__reserve_new(size_t frame_size)
{
    size_t size = sizeof(struct bide_segment) + frame_size + BIDE_FRAME_UNIT;
    if (size <= BIDE__SLAB_MAX)
        size = BIDE__SLAB_MAX + 1;
    size = (size + BIDE_FRAME_UNIT - 1) & ~(size_t)(BIDE_FRAME_UNIT - 1);
    struct bide_segment *s = bide__alloc(size);
    if (s != NULL)
        s->size = size;
    return s;
}

void bide__reserve_lend(struct bide_cx *cx, struct bide_segment **reserve)
{
    struct bide_turn *turn = cx->turn;
    struct bide_segment *spare = turn->spare, *s = *reserve;
    if (s == NULL || turn->memory != &bide__memory || (spare != NULL && spare->size >= s->size))
        return;
    turn->spare = s;
    *reserve = NULL;
    if (spare != NULL)
        turn->memory->segment_free(spare, spare->size);
}

void bide__reserve_free(struct bide_segment *reserve)
{
    if (reserve != NULL)
        bide__free(reserve, reserve->size);
}

static void segments_end(struct bide_runtime *rt)
{
    for (uint32_t i = 0; i < rt->big_count; i++)
        bide__free(rt->big[i].p, rt->big[i].size);
    bide__slab_end(&rt->segments);
}

/* ---- made and freed ---- */

/* For debuggers, which find all tasks from here (tools/gdb/bide-gdb.py). */
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

int bide_runtime_new(struct bide_runtime **out, const struct bide_runtime_options *options)
{
    static const struct bide_runtime_options defaults;
    const struct bide_runtime_options *o = options != NULL ? options : &defaults;

    *out = NULL;
    int r = bide__fork_watch();
    if (r < 0)
        return r;
    struct bide_runtime *rt = bide__alloc(sizeof(*rt));
    if (rt == NULL)
        return -ENOMEM;
    memset(rt, 0, sizeof(*rt));
    rt->forks = bide__forks;
    r = bide__driver_epoll.begin(&rt->driver);
    if (r < 0)
        goto no_driver;
    r = bide__hub_new(&rt->hub, rt->driver);
    if (r < 0)
        goto no_hub;
    rt->turn.memory = &bide__memory;
    rt->turn.seed = random_seed();
    bide__wheel_init(&rt->wheel, bide__clock_ns());
    bide__pool_init(&rt->pool, rt->hub,
                    o->blocking_threads_max ? o->blocking_threads_max : BLOCKING_THREADS_MAX,
                    o->blocking_idle.ns > 0 ? o->blocking_idle.ns : BLOCKING_IDLE_NS);
    enlist(rt);
    *out = rt;
    return 0;

no_hub:
    rt->driver->ops->end(rt->driver);
no_driver:
    bide__free(rt, sizeof(*rt));
    return r;
}

int bide_runtime_free(struct bide_runtime *rt)
{
    if (rt == NULL)
        return 0;
    if (bide__thread.running == rt)
        bide__misuse_blocking("bide_runtime_free");
    if (bide__runtime_forked(rt) || rt->alive > 0 || rt->futures > 0 || rt->fds.open > 0)
        return -EBUSY;
    if (bide__thread.entered == rt)
        bide__thread.entered = NULL;
    strike_off(rt);
    for (struct bide__task *left; (left = bide__queue_pop(&rt->queue)) != NULL;)
        bide__task_run(rt, left); /* futures that ended after another thread had woken them */
    bide__pool_end(&rt->pool);
    bide__pool_free(&rt->pool);
    bide__hub_close(rt->hub);
    bide__fds_end(rt);
    rt->driver->ops->end(rt->driver);
    segments_end(rt);
    bide__free(rt, sizeof(*rt));
    return 0;
}

struct bide_runtime *bide_runtime_enter(struct bide_runtime *rt)
{
    struct bide_runtime *before = bide__thread.entered;
    bide__thread.entered = rt;
    return before;
}

size_t bide_runtime_tasks(const struct bide_runtime *rt)
{
    return rt->alive;
}

/* ---- a thread's own ---- */

static pthread_key_t own_key;
static int own_key_error;

static void own_end(void *argument)
{
    struct bide_runtime *rt = argument;
    if (bide__runtime_forked(rt))
        return;
    /* One that does not end is left to the process. */
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
