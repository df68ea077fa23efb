/*
 * A scope whose children end on other workers than its own (task/scope.c): what they write to its
 * frame is there when it ends, and no child touches the frame after that.
 */
#include "runtime.h"

static async int child(int *out)
{
    *out = 1;
    return 0;
}

static async int parent(void)
{
    int a = 0, b = 0;
    bide_scope(s) {
        bide_scope_spawn(s, child(&a));
        bide_scope_spawn(s, child(&b));
    }
    return a + b;
}

static void blocks(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(parent()) == 2);
}

const struct explore_model explore_models[] = {
    {.name = "scope",
     .begin = begin_two_workers,
     .threads = {blocks},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
