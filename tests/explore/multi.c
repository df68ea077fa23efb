/*
 * A whole multi_thread runtime of two workers.
 */
#include "tools/explore/explore.h"

#include "runtime/task/task.h"

#include <bide/abi.h>
#include <bide/runtime.h>

static struct bide_runtime *rt;
static _Atomic int ran;

struct work {
    struct bide_frame h;
    int n;
};

static enum bide_poll work_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct work *f = (struct work *)(void *)h;
    atomic_fetch_add_explicit(&ran, f->n, memory_order_relaxed);
    return bide__leaf_finish(cx, h, f->n);
}

static enum bide_answer work_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, work, struct work, BIDE__NOT_NOW, work_poll, work_cancel, (int, n));

static void begin(void)
{
    struct bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    explore_focus(false);
    explore_check(bide_runtime_new(&o, &rt) == 0);
    explore_settle();
    explore_focus(true);
}

static void block(void)
{
    int result = 0;
    struct work_args a = {1};
    bide_runtime_enter(rt);
    bide__block_on(&bide__desc_work, &a, &result);
    explore_check(result == 1);
    bide_runtime_enter(NULL);
}

static void end(void)
{
    explore_focus(false);
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
    explore_check(bide_runtime_free(rt) == 0);
}

const struct explore_model explore_models[] = {
    {.name = "multi: block on",
     .begin = begin,
     .threads = {block},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
