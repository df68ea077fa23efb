/*
 * The list of woken children of a future set (lib/set/ready.h): two threads wake a child, and drop
 * it, while a third one takes it out and waits, and at last ends the list. Every wake is seen, with
 * what was written before it, and the child is freed once, by whoever lets go of it last.
 */
#include "tools/explore/explore.h"

#include "lib/set/ready.h"

#include <stdlib.h>
#include <sys/single_threaded.h>

static struct ready ready;
static struct bide_wakeable *child;
static int written[2]; /* by the threads that wake */

/* The one that waits. */
static struct {
    struct bide_wakeable wake;
    _Atomic int woken, clones;
} waiting;

static void clone(struct bide_wakeable *w)
{
    (void)w;
    atomic_fetch_add(&waiting.clones, 1);
}

static void drop(struct bide_wakeable *w)
{
    (void)w;
    atomic_fetch_sub(&waiting.clones, 1);
}

static void wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    (void)w, (void)branch;
    atomic_store(&waiting.woken, 1);
}

static void wake(struct bide_wakeable *w, unsigned branch)
{
    wake_by_ref(w, branch);
    drop(w);
}

static const struct bide_waker_vtable table = {clone, wake, wake_by_ref, drop};

static void begin(void)
{
    __libc_single_threaded = 0; /* the threads of the explorer are none to libc */
    waiting.wake.vtable = &table;
    child = aligned_alloc(_Alignof(struct bide_wakeable), sizeof *child);
    explore_check(child != NULL);
    *child = (struct bide_wakeable){0};
    atomic_init(&child->state, 3 * CHILD_REF); /* two wakers, and the set */
}

static void let_go(struct bide_wakeable *w)
{
    if (child_unref(w))
        free(w);
}

static void wakes(int i)
{
    struct bide_wakeable *w = child;
    written[i] = 1;
    ready_push(&ready, w, UINT32_C(1) << i);
    let_go(w);
}

static void wakes_0(void)
{
    wakes(0);
}

static void wakes_1(void)
{
    wakes(1);
}

static void polls(void)
{
    uint32_t seen = 0;

    while (seen != 3) {
        struct bide_wakeable *w = ready_pop(&ready);
        if (w == NULL && ready_wait(&ready, bide_waker_make(&waiting.wake, 0))) {
            while (atomic_load(&waiting.woken) == 0)
                continue;
            atomic_store(&waiting.woken, 0);
        }
        if (w == NULL)
            continue;
        uint32_t woken = atomic_exchange_explicit(&w->woken, 0, memory_order_acquire);
        for (int i = 0; i < 2; i++)
            explore_check(!(woken >> i & 1) || written[i] == 1);
        seen |= woken;
        let_go(w);
    }
    atomic_fetch_or_explicit(&child->state, CHILD_ENDED, memory_order_acq_rel);
    for (struct bide_wakeable *w = ready_end(&ready), *next; w != NULL; w = next) {
        next = w->next;
        let_go(w);
    }
    let_go(child);
}

static void end(void)
{
    explore_check(ready.first == NULL);
    explore_check(atomic_load(&waiting.clones) == 0);
}

const struct explore_model explore_models[] = {
    {.name = "ready: one wakes",
     .begin = begin,
     .threads = {wakes_0, wakes_1, polls},
     .end = end,
     .bound = 1,
     .stale = 1},
    {0},
};
