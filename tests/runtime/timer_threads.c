/*
 * Wheels of several workers: leaves move between threads while their timers fire.
 *
 * Each thread has a wheel, as a worker does, and takes leaves from a common pool: one thread at a
 * time has a leaf, as one thread polls a task. It arms the leaf's timer on its own wheel, polls it,
 * or cancels it on whatever wheel the timer is. A leaf whose timer is gone is freed at once. So a
 * wake of a leaf that is gone is a use of freed memory.
 */
#include "runtime/time/time.h"

#include "check.h"

#include <stdlib.h>

enum { THREADS = 4, LEAVES = 64, STEPS = 20000 };

struct leaf {
    struct bide_wakeable wake;
    struct bide__timer timer;
    struct bide__wheel *wheel;
    _Atomic unsigned woken;
};

static struct {
    _Atomic bool taken;
    struct leaf *leaf; /* NULL: its timer is not armed */
} pool[LEAVES];

static struct bide__wheel wheels[THREADS];
static _Atomic unsigned armed, fired, cancelled;

static void ignore(struct bide_wakeable *w)
{
    (void)w;
}

static void on_wake(struct bide_wakeable *w, unsigned branch)
{
    struct leaf *leaf = (struct leaf *)(void *)w;
    (void)branch;
    atomic_fetch_add_explicit(&leaf->woken, 1, memory_order_relaxed);
}

static const struct bide_waker_vtable vtable = {ignore, on_wake, on_wake, ignore};

static uint64_t any(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct leaf *leaf_new(struct bide__wheel *wheel, int64_t deadline_ns)
{
    struct leaf *leaf = aligned_alloc(_Alignof(struct leaf), sizeof(*leaf));
    memset(leaf, 0, sizeof(*leaf));
    leaf->wake.vtable = &vtable;
    leaf->wheel = wheel;
    armed++;
    bide__timer_arm(wheel, &leaf->timer, deadline_ns, bide_waker_make(&leaf->wake, 0));
    return leaf;
}

/* The leaf has ended. */
static void leaf_free(struct leaf *leaf, unsigned wakes)
{
    CHECK_EQ(leaf->woken, wakes);
    *(wakes > 0 ? &fired : &cancelled) += 1;
    free(leaf);
}

static struct leaf *poll_leaf(struct leaf *leaf, uint64_t n)
{
    unsigned branch = (unsigned)(n / 2 % BIDE_BRANCHES); /* the waker may be another one */
    if (n % 2 == 0) {
        leaf_free(leaf, bide__timer_disarm(leaf->wheel, &leaf->timer) ? 0 : 1);
        return NULL;
    }
    if (bide__timer_waits(leaf->wheel, &leaf->timer, bide_waker_make(&leaf->wake, branch)))
        return leaf;
    leaf_free(leaf, 1);
    return NULL;
}

static void *work(void *argument)
{
    struct bide__wheel *own = argument;
    uint64_t seed = 88172645463325252u + own->number;

    for (int i = 0; i < STEPS; i++) {
        uint64_t n = any(&seed), at = n % LEAVES;
        if (!atomic_exchange(&pool[at].taken, true)) {
            int64_t span_ns = (int64_t)(any(&seed) % (UINT64_C(1) << n / LEAVES % 24));
            pool[at].leaf = pool[at].leaf != NULL ? poll_leaf(pool[at].leaf, any(&seed))
                                                  : leaf_new(own, bide__clock_ns() + span_ns);
            atomic_store(&pool[at].taken, false);
        }
        if (i % 4 == 0)
            bide__wheel_advance(own, bide__clock_ns(), SIZE_MAX);
        if (i % 32 == 0)
            bide__wheel_help(&wheels[any(&seed) % THREADS], bide__clock_ns());
        if (i % 64 == 0)
            CHECK(bide__wheel_next(own, false) > 0);
    }
    return NULL;
}

TEST(a_timer_never_wakes_a_leaf_that_is_gone)
{
    pthread_t threads[THREADS];

    for (uint32_t i = 0; i < THREADS; i++)
        bide__wheel_init(&wheels[i], bide__clock_ns(), true, i);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work, &wheels[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    size_t left = 0;
    for (int i = 0; i < THREADS; i++) {
        left += wheels[i].count;
        left -= bide__wheel_advance(&wheels[i], INT64_MAX - 1, SIZE_MAX);
        CHECK_EQ(wheels[i].count, 0);
        CHECK_EQ(wheels[i].next_ns, INT64_MAX);
        bide__wheel_end(&wheels[i]);
    }
    CHECK_EQ(left, 0);
    for (int i = 0; i < LEAVES; i++)
        if (pool[i].leaf != NULL)
            leaf_free(pool[i].leaf, 1);
    CHECK_EQ(armed, fired + cancelled);
    CHECK(fired > 0 && cancelled > 0);
}
