/*
 * How futures end that lie inside each other, in scopes and groups, in deferred blocks, during a
 * get of another task, at shutdown and past its deadline: each is unwound once, whoever waits for
 * that waits, and borrowed variables still exist.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The drops in these tests make sure that the tasks end first. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

static int begun, unwound;

/* Waits a long time; its deferred block waits too. */
static async int waits(int *count)
{
    begun++;
    defer {
        await bide_sleep(BIDE_MS(10));
        unwound++;
        if (count != NULL)
            ++*count;
    }
    await bide_sleep(BIDE_S(100));
    return 1;
}

static async int poll_once(bide_future(int) * f)
{
    int n = 0;
    return await bide_timeout(BIDE_NS(0), n = bide_get(*f));
}

static async int gets(bide_future(int) * f)
{
    return await bide_get(*f);
}

static bide_runtime *begin(void)
{
    bide_runtime *rt;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    return rt;
}

static void finish(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(unwound, begun);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- shutdown ---- */

/* Each future has the next one in its frame, begun but driven by nobody. */
static async int holds(int depth)
{
    begun++;
    defer {
        unwound++;
    }
    bide_future(int) f = depth > 0 ? bide_lazy(holds(depth - 1)) : bide_lazy(waits(NULL));
    await poll_once(&f);
    await bide_sleep(BIDE_S(100));
    return await bide_get(f);
}

/* The same in an array, a scope, and a group. */
static async int holds_many(void)
{
    begun++;
    defer {
        unwound++;
    }
    bide_future(int) f[3] = {bide_lazy(holds(1)), bide_lazy(waits(NULL)), bide_lazy(holds(0))};
    for (int i = 0; i < 3; i++)
        await poll_once(&f[i]);
    bide_scope(s) {
        bide_scope_spawn(s, gets(&f[1]));
        int a = 0, b = 0;
        await bide_join(a = bide_get(f[0]), b = gets(&f[2]));
        (void)a, (void)b;
    }
    return 0;
}

static bide_future(int) kept[2];

static async void keep(int depth)
{
    kept[0] = bide_lazy(holds(depth));
    kept[1] = bide_lazy(holds_many());
    await poll_once(&kept[0]);
    await poll_once(&kept[1]);
}

static void drop_kept(void)
{
    bide_drop(kept[0]);
    bide_drop(kept[1]);
}

TEST(shutdown_unwinds_futures_in_futures)
{
    for (int depth = 0; depth < 5; depth++) {
        bide_runtime *rt = begin();
        bide_block_on(keep(depth));
        CHECK(begun > depth + 5);
        finish(rt);
        drop_kept();
        begun = unwound = 0;
    }
}

static int last;

/* Its deferred block gets a future that the shutdown cancels too. */
static async int gets_in_defer(void)
{
    begun++;
    bide_future(int) f = bide_lazy(waits(NULL));
    defer {
        last = await bide_get(f);
        unwound++;
    }
    await poll_once(&f);
    await bide_sleep(BIDE_S(100));
    return 0;
}

static async void keep_that(void)
{
    kept[0] = bide_lazy(gets_in_defer());
    await poll_once(&kept[0]);
}

TEST(a_get_of_what_shutdown_cancelled_says_so)
{
    bide_runtime *rt = begin();
    bide_block_on(keep_that());
    finish(rt);
    CHECK_ERR(last, -ECANCELED);
    drop_kept();
}

/* Two futures, each of which drops, or gets, the other when it is unwound. */
static async int has_other(int other, bool drops)
{
    begun++;
    defer {
        unwound++;
        if (drops)
            bide_drop(kept[other]);
        else
            (void)await bide_get(kept[other]);
    }
    await bide_sleep(BIDE_S(100));
    return 0;
}

static async void keep_pair(bool first_drops, bool second_drops)
{
    kept[0] = bide_lazy(has_other(1, first_drops));
    kept[1] = bide_lazy(has_other(0, second_drops));
    await poll_once(&kept[0]);
    await poll_once(&kept[1]);
}

TEST(futures_that_end_each_other_do_not_wait_for_ever)
{
    for (int how = 0; how < 4; how++) {
        bide_runtime *rt = begin();
        bide_block_on(keep_pair(how & 1, how & 2));
        bide_instant start = bide_now();
        finish(rt);
        CHECK(bide_elapsed(start).ns < 1000000000);
        drop_kept();
        begun = unwound = 0;
    }
}

static async int insists(void)
{
    int r = 0;
    begun++;
    defer {
        while (r == 0)
            r = await bide_sleep(BIDE_S(1));
        unwound++;
    }
    await bide_sleep(BIDE_S(100));
    return 0;
}

static async int holds_one_that_insists(void)
{
    begun++;
    bide_future(int) f = bide_lazy(insists());
    defer {
        unwound++;
    }
    await poll_once(&f);
    await bide_sleep(BIDE_S(100));
    return await bide_get(f);
}

static async void keep_those(bool task_too, bide_task(int) * t)
{
    kept[0] = bide_lazy(holds_one_that_insists());
    kept[1] = bide_lazy(insists());
    await poll_once(&kept[0]);
    await poll_once(&kept[1]);
    if (task_too)
        *t = bide_spawn(holds_one_that_insists());
    await bide_sleep(BIDE_MS(1));
}

TEST(past_the_deadline_futures_end_too)
{
    for (int task_too = 0; task_too < 2; task_too++) {
        bide_task(int) t = NULL;
        bide_runtime *rt = begin();
        bide_block_on(keep_those(task_too, &t));
        CHECK_EQ(begun, task_too ? 5 : 3);
        finish(rt);
        drop_kept();
        bide_task_detach(t);
        begun = unwound = 0;
    }
}

static async void keep_one(void)
{
    kept[0] = bide_lazy(waits(NULL));
    await poll_once(&kept[0]);
}

static async int stays(void)
{
    defer {
        for (int i = 0; i < 3; i++)
            (void)await bide_sleep(BIDE_S(5));
    }
    await bide_sleep(BIDE_S(100));
    return 0;
}

/* A task uses up the time, but the futures have their turn all the same. */
TEST(the_deadline_passes_before_the_futures_turn)
{
    bide_runtime *rt = begin();
    bide_task(int) t = bide_spawn(stays());
    bide_block_on(keep_one());
    bide_block_on(bide_sleep(BIDE_MS(1)));
    finish(rt);
    bide_task_detach(t);
    drop_kept();
}

/* ---- a drop while another task's get drives the future ---- */

struct box {
    bide_future(int) f;
};

static async int gets_from(struct box *box)
{
    return await bide_get(box->f);
}

static async int drops_and_frees(struct box *box, int *count)
{
    box->f = bide_lazy(waits(count));
    bide_task(int) t = bide_spawn(gets_from(box));
    await bide_sleep(BIDE_MS(1));
    bide_drop(box->f);
    CHECK_EQ(*count, 1);
    memset(box, 0xff, sizeof *box);
    int n = 0;
    CHECK_EQ(await bide_task_join(t, &n), 0);
    CHECK_EQ(*count, 1);
    return n;
}

TEST(a_drop_waits_and_the_get_forgets_the_variable)
{
    bide_runtime *rt = begin();
    struct box *box = malloc(sizeof *box);
    int count = 0;
    CHECK(box != NULL);
    memset(box, 0, sizeof *box);
    CHECK_ERR(bide_block_on(drops_and_frees(box, &count)), -ECANCELED);
    free(box);
    finish(rt);
}

/* The owner's frame ends while the get drives the future. */
static async void owns(bide_task(int) * t, int *count)
{
    bide_future(int) f = bide_lazy(waits(count));
    *t = bide_spawn(gets(&f));
    await bide_sleep(BIDE_MS(1));
}

static async int owner_ends(void)
{
    bide_task(int) t = NULL;
    int count = 0, n = 0;
    await owns(&t, &count);
    CHECK_EQ(count, 1);
    CHECK_EQ(await bide_task_join(t, &n), 0);
    return n;
}

/* The same for a future that is overwritten by an assignment, and for each of an array. */
static async int assigned_over(void)
{
    int count = 0, n = 0, m = 0;
    bide_future(int) f[2] = {bide_lazy(waits(&count)), bide_lazy(waits(&count))};
    bide_task(int) t = bide_spawn(gets(&f[0])), u = bide_spawn(gets(&f[1]));
    await bide_sleep(BIDE_MS(1));
    f[0] = bide_lazy(waits(&count));
    CHECK_EQ(count, 1);
    bide_drop(f[1]);
    CHECK_EQ(count, 2);
    CHECK_EQ(await bide_task_join(t, &n), 0);
    CHECK_EQ(await bide_task_join(u, &m), 0);
    CHECK_EQ(n, m);
    return n;
}

TEST(owners_that_end_wait)
{
    bide_runtime *rt = begin();
    CHECK_ERR(bide_block_on(owner_ends()), -ECANCELED);
    CHECK_ERR(bide_block_on(assigned_over()), -ECANCELED);
    finish(rt);
}

/* The get is a branch of the dropping task, of a select, of a timeout, or inside a future. */
static async int drop_later(bide_future(int) * f)
{
    await bide_sleep(BIDE_MS(1));
    bide_drop(*f);
    return 5;
}

static async void in_one_task(void)
{
    int count = 0, n = 0, m = 0;
    bide_future(int) f = bide_lazy(waits(&count));
    await bide_join(n = bide_get(f), m = drop_later(&f));
    CHECK_ERR(n, -ECANCELED);
    CHECK_EQ(count, 1);
    f = bide_lazy(waits(&count));
    CHECK_EQ(await bide_select_biased(n = bide_get(f), m = drop_later(&f)), 1);
    CHECK_EQ(count, 2);
    f = bide_lazy(waits(&count));
    bide_future(int) around = bide_lazy(gets(&f));
    await bide_join(n = bide_get(around), m = drop_later(&f));
    CHECK_ERR(n, -ECANCELED);
    CHECK_EQ(count, 3);
    CHECK_EQ(m, 5);
}

/* The getter is aborted while the drop waits. */
static async void getter_is_aborted(void)
{
    int count = 0, n = 0;
    bide_future(int) f = bide_lazy(waits(&count));
    bide_task(int) t = bide_spawn(gets(&f)), u = bide_spawn(drop_later(&f));
    await bide_sleep(BIDE_MS(2));
    bide_task_abort(t);
    CHECK_ERR(await bide_task_wait(t), -ECANCELED);
    CHECK_EQ(count, 0);
    CHECK_EQ(await bide_task_join(u, &n), 0);
    CHECK_EQ(count, 1);
}

/* The drop is in a deferred block, and so is the get. */
static async int drops_in_defer(bide_future(int) * f, int *count)
{
    defer {
        bide_drop(*f);
        CHECK_EQ(*count, 1);
    }
    await bide_sleep(BIDE_S(100));
    return 0;
}

static async int gets_when_cancelled(bide_future(int) * f)
{
    int n = 0;
    defer {
        n = await bide_get(*f);
        CHECK_ERR(n, -ECANCELED);
    }
    await bide_sleep(BIDE_S(100));
    return n;
}

static async void in_deferred_blocks(void)
{
    int count = 0;
    bide_future(int) f = bide_lazy(waits(&count));
    bide_task(int) t = bide_spawn(gets_when_cancelled(&f));
    bide_task(int) u = bide_spawn(drops_in_defer(&f, &count));
    await bide_sleep(BIDE_MS(1));
    bide_task_abort(t);
    await bide_sleep(BIDE_MS(1));
    bide_task_abort(u);
    CHECK_ERR(await bide_task_wait(u), -ECANCELED);
    CHECK_ERR(await bide_task_wait(t), -ECANCELED);
    CHECK_EQ(count, 1);
}

TEST(wherever_the_get_and_the_drop_are)
{
    bide_runtime *rt = begin();
    bide_block_on(in_one_task());
    bide_block_on(getter_is_aborted());
    bide_block_on(in_deferred_blocks());
    finish(rt);
}

/* ---- a future that drops itself ---- */

static bide_future(int) self;

static async int drops_itself(int how)
{
    begun++;
    defer {
        await bide_sleep(BIDE_MS(10));
        unwound++;
    }
    if (how == 1)
        await bide_sleep(BIDE_MS(1));
    bide_drop(self);
    CHECK(self == 0);
    await bide_sleep(BIDE_S(100));
    return 1;
}

/* A future inside it drops it. */
static async int has_inside(int how)
{
    begun++;
    defer {
        unwound++;
    }
    bide_future(int) f = bide_lazy(drops_itself(how));
    return await bide_get(f);
}

static async int gets_self(void)
{
    return await bide_get(self);
}

static async void drop_themselves(void)
{
    for (int how = 0; how < 2; how++) {
        self = bide_lazy(drops_itself(how));
        CHECK_ERR(await gets_self(), -ECANCELED);
        self = bide_lazy(has_inside(how));
        CHECK_ERR(await gets_self(), -ECANCELED);
    }
}

TEST(a_future_may_drop_itself)
{
    bide_runtime *rt = begin();
    bide_block_on(drop_themselves());
    finish(rt);
    CHECK_EQ(begun, 6);
}

/* ---- moved while a get drives it ---- */

static async int naps(void)
{
    await bide_sleep(BIDE_MS(10));
    return 9;
}

static async bide_future(int) returns_it(bide_task(int) * t)
{
    bide_future(int) f = bide_lazy(naps());
    *t = bide_spawn(gets(&f));
    await bide_sleep(BIDE_MS(1));
    return f;
}

static async void moves(void)
{
    struct box *box = calloc(1, sizeof *box);
    defer {
        free(box);
    }
    CHECK(box != NULL);
    box->f = bide_lazy(naps());
    bide_task(int) t = bide_spawn(gets_from(box));
    await bide_sleep(BIDE_MS(1));
    bide_future(int) f = bide_move(box->f);
    free(box);
    box = NULL;
    int n = 0;
    CHECK_ERR(await gets(&f), -EBUSY);
    CHECK_EQ(await bide_task_join(t, &n), 0);
    CHECK_EQ(n, 9);
    CHECK_ERR(await bide_get(f), -EINVAL);
    bide_future(int) g = await returns_it(&t);
    CHECK_EQ(await bide_task_join(t, &n), 0);
    CHECK_EQ(n, 9);
    CHECK_ERR(await bide_get(g), -EINVAL);
}

TEST(a_get_forgets_the_variable_that_a_future_was_moved_from)
{
    bide_runtime *rt = begin();
    bide_block_on(moves());
    finish(rt);
}

/* The same with a task: a join, and a handle that is dropped. */
struct task_box {
    bide_task(int) t;
};

static async int joins_from(struct task_box *box)
{
    int n = 0, r = await bide_task_join(box->t, &n);
    return r < 0 ? r : n;
}

static async int lets_go(struct task_box *box)
{
    box->t = bide_spawn(naps());
    bide_task(int) t = bide_spawn(joins_from(box));
    await bide_sleep(BIDE_MS(1));
    bide_task_detach(box->t);
    memset(box, 0xff, sizeof *box);
    int n = 0;
    CHECK_EQ(await bide_task_join(t, &n), 0);
    return n;
}

static async int moves_on(struct task_box *box)
{
    box->t = bide_spawn(naps());
    bide_task(int) t = bide_spawn(joins_from(box)), u = bide_spawn(joins_from(box));
    await bide_sleep(BIDE_MS(1));
    bide_task(int) moved = bide_move(box->t);
    memset(box, 0xff, sizeof *box);
    int n = 0;
    CHECK_EQ(await bide_task_join(moved, &n), 0);
    CHECK_EQ(n, 9);
    CHECK_EQ(await bide_task_join(u, &n), 0);
    CHECK_ERR(n, -EINVAL);
    CHECK_EQ(await bide_task_join(t, &n), 0);
    return n;
}

TEST(a_join_forgets_the_variable_of_a_task_that_was_let_go_of)
{
    bide_runtime *rt = begin();
    struct task_box *box = calloc(1, sizeof *box);
    CHECK(box != NULL);
    CHECK_ERR(bide_block_on(lets_go(box)), -EINVAL);
    CHECK_ERR(bide_block_on(moves_on(box)), -EINVAL);
    free(box);
    finish(rt);
}

/* ---- groups in groups ---- */

static async int groups(int depth)
{
    int a = 0, b = 0;
    begun++;
    defer {
        unwound++;
    }
    if (depth == 0)
        return (int)await bide_sleep(BIDE_MS(1)) + 1;
    await bide_join(a = groups(depth - 1), b = bide_sleep(BIDE_MS(1)));
    return a + b;
}

/* A future and a group at each level. */
static async int both(int depth)
{
    int a = 0;
    begun++;
    defer {
        unwound++;
    }
    if (depth == 0)
        return (int)await bide_sleep(BIDE_MS(1)) + 1;
    bide_future(int) f = bide_lazy(both(depth - 1));
    await bide_select_biased(a = bide_get(f), bide_sleep(BIDE_S(1)));
    return a;
}

static async int joined(bide_task(int) t)
{
    int n = 0, r = await bide_task_join(t, &n);
    return r < 0 ? r : n;
}

TEST(the_limit_of_what_is_inside_each_other)
{
    bide_runtime *rt = begin();
    CHECK_EQ(bide_block_on(joined(bide_spawn(groups(900)))), 1);
    CHECK_ERR(bide_block_on(joined(bide_spawn(groups(1000)))), -ENOMEM);
    CHECK_ERR(bide_block_on(joined(bide_spawn(groups(20000)))), -ENOMEM);
    CHECK_EQ(bide_block_on(joined(bide_spawn(both(450)))), 1);
    CHECK_ERR(bide_block_on(joined(bide_spawn(both(20000)))), -ENOMEM);
    finish(rt);
}

/* A future in hand, whose deferred block begins another one and leaves it, so many times. */
static struct left {
    bide_future(int) f;
} left[8];

static async int leaves(int more)
{
    begun++;
    defer {
        unwound++;
        if (more > 0) {
            left[more].f = bide_lazy(leaves(more - 1));
            await poll_once(&left[more].f);
        }
    }
    await bide_sleep(BIDE_S(100));
    return 1;
}

static async void begins_leaves(void)
{
    await leaves(7);
}

TEST(deferred_blocks_begin_futures_past_the_deadline)
{
    bide_runtime *rt = begin();
    bide_task(void) t = bide_spawn(begins_leaves());
    bide_block_on(bide_yield());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_NS(0)), 0);
    CHECK_EQ(begun, 8);
    bide_task_detach(t);
    for (int i = 0; i < 8; i++)
        bide_drop(left[i].f);
    finish(rt);
}
