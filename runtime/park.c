/*
 * park.c: a plain thread waits for a leaf that needs no runtime; see entry.h.
 *
 * The leaf runs on a chain on the C stack, and its waker is that of a *parked thread*: a wake sets
 * a bit and ends the thread's sleep on a futex. The parked thread lies on the stack too, so it goes
 * when the call returns. Another thread may still hold a clone of the waker then, which it took
 * from the object that it is about to wake: the call waits until that clone is spent.
 *
 * `word` has the bits WOKEN and LEAVING, and above them the number of clones. A wake drops its
 * clone in the same step in which it sets WOKEN, since the thread may return as soon as it sees
 * that.
 */
#include "runtime/entry.h"

#include "core/assert.h"
#include "runtime/thread.h"

#include <bide/abi.h>

#include <stdatomic.h>

enum { WOKEN = 1, LEAVING = 2, CLONE = 4, ROOM = 512, BUDGET = 128 };

struct parked {
    struct bide_wakeable wake; /* the first member */
    _Atomic uint32_t word;
};

static struct parked *parked_of(struct bide_wakeable *w)
{
    return (struct parked *)(void *)w;
}

static void add_clone(struct bide_wakeable *w)
{
    atomic_fetch_add_explicit(&parked_of(w)->word, CLONE, memory_order_relaxed);
}

static void wake(struct bide_wakeable *w, unsigned branch)
{
    _Atomic uint32_t *word = &parked_of(w)->word;
    uint32_t before = atomic_load_explicit(word, memory_order_relaxed);

    (void)branch;
    while (!atomic_compare_exchange_weak_explicit(word, &before, (before - CLONE) | WOKEN,
                                                  memory_order_release, memory_order_relaxed))
        ;
    bide__door.futex_wake(word, 1);
}

static void wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    _Atomic uint32_t *word = &parked_of(w)->word;

    (void)branch;
    atomic_fetch_or_explicit(word, WOKEN, memory_order_release);
    bide__door.futex_wake(word, 1);
}

static void drop(struct bide_wakeable *w)
{
    _Atomic uint32_t *word = &parked_of(w)->word;

    if (atomic_fetch_sub_explicit(word, CLONE, memory_order_release) & LEAVING)
        bide__door.futex_wake(word, 1);
}

static const struct bide_waker_vtable parked_vtable = {add_clone, wake, wake_by_ref, drop};

/* Sleeps until the word has one of these bits, or until it is below `below`. Returns the word. */
static uint32_t sleep_until(_Atomic uint32_t *word, uint32_t bits, uint32_t below)
{
    uint32_t seen;
    while (!((seen = atomic_load_explicit(word, memory_order_acquire)) & bits) && seen >= below)
        bide__door.futex_wait(word, seen, -1);
    return seen;
}

static void park(const struct bide_fn *fn, const void *args, void *result)
{
    _Alignas(16) char room[ROOM];
    struct parked parked = {.wake.vtable = &parked_vtable};
    struct bide_turn turn = {.woken = 0};
    struct bide_chain chain;
    struct bide_cx cx = {.chain = &chain, .waker = bide_waker_make(&parked.wake, 0), .turn = &turn};

    bide_chain_init(&chain, room, sizeof room, result);
    void *to = bide_chain_begin(&chain, fn);
    BIDE__ASSERT(to != NULL, "park: the leaf is too large");
    if (fn->args_size > 0)
        memcpy(to, args, fn->args_size);
    for (;;) {
        turn.woken = UINT32_MAX;
        turn.budget = BUDGET;
        if (bide_chain_poll(&cx) == BIDE_READY)
            break;
        sleep_until(&parked.word, WOKEN, 0);
        atomic_fetch_and_explicit(&parked.word, ~(uint32_t)WOKEN, memory_order_acquire);
    }
    bide_turn_end(&turn);
    if (atomic_fetch_or_explicit(&parked.word, LEAVING, memory_order_acquire) >= CLONE)
        sleep_until(&parked.word, 0, CLONE);
    if (bide_chain_error(&chain) != 0 && result != NULL)
        bide_fn_fail(fn, bide_chain_error(&chain), result);
}

void bide__park_on(const struct bide_fn *fn, const void *args, void *result)
{
    const struct bide_runtime *rt = bide__runtime_here();

    if (bide__thread.running != NULL || (rt != NULL && !rt->multi))
        bide__block_on(fn, args, result);
    else
        park(fn, args, result);
}
