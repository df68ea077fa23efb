/*
 * The idle word (schedule/idle.c): two workers sleep, two threads bring work from outside. Whoever
 * brings work, or finds some more when it gives up, sees that somebody sleeps; nothing is left
 * behind while all sleep.
 *
 * mutant 1, within 30000: runtime/schedule/idle.c: s/if (last && bide__has_work(all))/if (0)/
 * mutant 2, within 30000: runtime/schedule/idle.c: /^void bide__notify/,/^}/s/atomic_fetch_add_explicit(&all->idle, 0, memory_order_seq_cst)/atomic_load_explicit(\&all->idle, memory_order_relaxed)/
 * mutant 3, within 30000: runtime/schedule/idle.c: s/core->is_searching = !atomic_load_explicit(&core->is_asleep, memory_order_relaxed);/core->is_searching = false; if (0)/
 */
#include "runtime.h"

static async int answer(int n)
{
    return n;
}

static void one(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(1)) == 1);
}

static void two(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(2)) == 2);
}

const struct explore_model explore_models[] = {
    {.name = "idle word",
     .begin = begin_two_workers,
     .threads = {one, two},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
