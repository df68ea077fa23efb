/*
 * bide_yield: the mark that it leaves instead of waking its task. Who is polled again, in which
 * order, and what a request does that comes before, meanwhile or from the task itself.
 */
#include <bide/bide.h>
#include <bide/sync.h>

/* The tasks are joined before their variables go. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

#include <errno.h>
#include <stdatomic.h>

#include "check.h"
#include "runtime/leaf.h"

/* ---- leaf: async void watch(atomic_int *polls), which counts its polls and never ends ---- */

struct watch {
    struct bide_frame h;
    atomic_int *polls;
};

async void watch(atomic_int *polls);

static enum bide_poll watch_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct watch *f = (struct watch *)(void *)h;
    h->state = BIDE__BEGUN;
    ++*f->polls;
    return bide_frame_suspend(cx, h);
}

static enum bide_answer watch_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF_ARGS(watch, (atomic_int *, polls))
BIDE__LEAF_MAKE(void, watch, struct watch, BIDE__NOT_NOW, NULL, watch_poll, watch_cancel,
                (atomic_int *, polls));

/* ---- the order ---- */

static char order[64];
static unsigned noted;

static void note(char c)
{
    order[noted++] = c;
    order[noted] = 0;
}

static async void notes(char c, int times)
{
    for (int i = 0; i < times; i++) {
        note(c);
        await bide_yield();
    }
}

static async void in_turn(void)
{
    noted = 0;
    bide_task(void) a = bide_spawn(notes('a', 3));
    bide_task(void) b = bide_spawn(notes('b', 3));
    for (int i = 0; i < 5; i++) {
        note('m');
        await bide_yield();
    }
    CHECK_STR(order, "mabmabmabmm");
    CHECK_EQ(await bide_task_join(a, NULL), 0);
    CHECK_EQ(await bide_task_join(b, NULL), 0);
}

TEST(it_goes_to_the_end_of_the_queue)
{
    bide_block_on(in_turn());
}

/* ---- branches ---- */

static async int yields(int times)
{
    for (int i = 0; i < times; i++)
        await bide_yield();
    return times;
}

static async void beside_another(void)
{
    atomic_int polls = 0;
    CHECK_EQ(await bide_select(yields(5), watch(&polls)), 0);
    CHECK(polls <= 1);
    polls = 0;
    CHECK_EQ(await bide_select(bide_yield(), watch(&polls)), 0);
    CHECK(polls <= 1);
    polls = 0;
    CHECK_EQ(await bide_select_biased(watch(&polls), bide_join(yields(4), yields(7))), 1);
    CHECK_EQ(polls, 1);
}

TEST(only_the_branch_that_yields_is_polled_again)
{
    bide_block_on(beside_another());
}

/* The poll in which a branch yields is the one that ends the task; and the mark is not the next
 * task's. */
static async int loses(void)
{
    return await bide_select_biased(yields(1000), ({
                                        for (int i = 0; i < 10; i++)
                                            await bide_yield();
                                        3;
                                    }));
}

static async void waits(atomic_int *polls)
{
    await watch(polls);
}

static async void after_a_loser(void)
{
    atomic_int polls = 0;
    bide_task(int) a = bide_spawn(loses());
    bide_task(void) b = bide_spawn(waits(&polls));
    int out = 0;
    CHECK_EQ(await bide_task_join(a, &out), 0);
    CHECK_EQ(out, 1);
    while (polls == 0) /* another worker may have taken it */
        await bide_yield();
    await yields(3);
    CHECK_EQ(polls, 1);
    bide_task_abort(b);
    CHECK_EQ(await bide_task_join(b, NULL), -ECANCELED);
}

TEST(a_mark_ends_with_its_poll)
{
    bide_block_on(after_a_loser());
}

/* ---- futures ---- */

static async void through_a_future(void)
{
    atomic_int polls = 0;
    bide_future(int) f = bide_lazy(yields(6));
    int n = 0;
    CHECK_EQ(await bide_select(n = bide_get(f), watch(&polls)), 0);
    CHECK_EQ(n, 6);
    CHECK(polls <= 1);
}

TEST(a_future_yields_for_its_task)
{
    bide_block_on(through_a_future());
}

/* ---- requests ---- */

static _Atomic int cleaned;

static async void for_ever(void)
{
    defer {
        await bide_yield();
        await yields(2);
        cleaned++;
    }
    for (;;)
        await bide_yield();
}

static async void aborts(void)
{
    cleaned = 0;
    bide_task(void) t = bide_spawn(for_ever());
    await yields(3);
    bide_task_abort(t);
    CHECK_EQ(await bide_task_join(t, NULL), -ECANCELED);
    CHECK_EQ(cleaned, 1);

    bide_task(void) early = bide_spawn(for_ever()); /* before it begins */
    bide_task_abort(early);
    CHECK_EQ(await bide_task_join(early, NULL), -ECANCELED);
    CHECK_EQ(cleaned, 2);
}

TEST(a_request_meets_a_yield)
{
    bide_block_on(aborts());
}

static bide_task(void) self;

static async void aborts_itself(int *got_there)
{
    defer {
        await bide_yield();
    }
    await bide_yield();
    bide_task_abort(self);
    await bide_yield(); /* a mark and a wake */
    ++*got_there;
}

static async void from_inside(void)
{
    int got_there = 0;
    self = bide_spawn(aborts_itself(&got_there));
    CHECK_EQ(await bide_task_join(self, NULL), -ECANCELED);
    CHECK_EQ(got_there, 0);
}

TEST(a_task_that_aborts_itself_and_yields)
{
    bide_block_on(from_inside());
}

/* ---- at the root, where there is no function to suspend ---- */

static async void roots(void)
{
    bide_task(void) t = bide_spawn(bide_yield());
    CHECK_EQ(await bide_task_join(t, NULL), 0);
    await bide_join(bide_yield(), bide_yield(), yields(2));
}

TEST(a_yield_without_a_caller)
{
    bide_block_on(roots());
    bide_block_on(bide_yield());
}
