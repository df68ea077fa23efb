/*
 * The state word of a task (task/inside.h): its worker polls it while other threads wake it and
 * drop their wakers. No wake is lost, the task is in one queue at most, what was written before a
 * wake is seen, and the last one frees it. On one thread (SHARED), and on a multi_thread runtime
 * (MULTI). Also if its first poll yields; and if a console looks at its frames meanwhile.
 */
#include "tools/explore/explore.h"

#include "runtime/task/inside.h"

#include <stdlib.h>

struct block {
    bide__state state;
    int event[2];
    int frames; /* of whoever polls it, or has claimed it */
};

static struct block *block;
static _Atomic int queued;
static int seen[2];
static bool yields;

static void begin(uintptr_t flags)
{
    block = malloc(sizeof(*block));
    *block = (struct block){0};
    bide__state_init(&block->state, flags);
    bide__state_begin(&block->state);
    bide__state_clone(&block->state);
    bide__state_clone(&block->state);
    explore_check(!bide__state_suspend(&block->state));
}

static void begin_shared(void)
{
    begin(0);
}

static void begin_multi(void)
{
    begin(BIDE__MULTI);
}

static void begin_yield(void)
{
    begin(BIDE__MULTI);
    yields = true;
}

static void begin_claim(void)
{
    begin(BIDE__MULTI);
    bide__state_clone(&block->state);
}

static void put_into_queue(void)
{
    explore_check(atomic_fetch_add_explicit(&queued, 1, memory_order_release) == 0);
    explore_wake(&queued);
}

/* The worker: polls it until it has seen both events. */
static void owner(void)
{
    bool in_queue = false;
    while (!(seen[0] && seen[1])) {
        if (!in_queue) {
            explore_wait(&queued, false);
            atomic_fetch_sub_explicit(&queued, 1, memory_order_acquire);
        }
        bide__state_begin(&block->state);
        block->frames++;
        seen[0] |= __atomic_load_n(&block->event[0], __ATOMIC_RELAXED);
        seen[1] |= __atomic_load_n(&block->event[1], __ATOMIC_RELAXED);
        if (seen[0] && seen[1])
            break;
        in_queue = yields || bide__state_suspend(&block->state);
        if (yields)
            bide__state_requeue(&block->state);
        yields = false;
    }
    bide__state_change(&block->state, BIDE__RUNNING, BIDE__DONE, 0);
    bide__state_release(&block->state);
    if (bide__state_unref(&block->state))
        free(block);
}

static void wake(int i)
{
    __atomic_store_n(&block->event[i], 1, __ATOMIC_RELAXED);
    if (bide__state_wake_remote(&block->state))
        put_into_queue();
    if (bide__state_unref_remote(&block->state))
        free(block);
}

static void wake_0(void)
{
    wake(0);
}

static void wake_1(void)
{
    wake(1);
}

static void looks(void)
{
    if (bide__state_claim(&block->state)) {
        explore_check(block->frames >= 0);
        if (bide__state_suspend(&block->state))
            put_into_queue();
    }
    if (bide__state_unref_remote(&block->state))
        free(block);
}

const struct explore_model explore_models[] = {
    {.name = "state word: one thread", .begin = begin_shared, .threads = {owner, wake_0, wake_1}},
    {.name = "state word: several", .begin = begin_multi, .threads = {owner, wake_0, wake_1}},
    {.name = "state word: a yield", .begin = begin_yield, .threads = {owner, wake_0, wake_1}},
    {.name = "state word: a console looks",
     .begin = begin_claim,
     .threads = {owner, wake_0, wake_1, looks},
     .stale = 1},
    {0},
};
