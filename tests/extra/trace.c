/*
 * bide/trace.h: whose span is current: in plain functions, over awaits, in branches, futures, sets
 * and tasks, on the blocking pool, and when a task is cancelled.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/set.h>
#include <bide/testing.h>

#include <errno.h>

#include "trace_log.h"

static void plain(void)
{
    bide_span("plain");
    bide_info("in plain");
}

static async int sleeps(int ms)
{
    bide_info("sleeps", BIDE_F("ms", ms));
    await bide_sleep(BIDE_MS(ms));
    bide_info("slept", BIDE_F("ms", ms));
    return ms;
}

static async int one(int ms)
{
    bide_span("one", BIDE_F("ms", ms));
    await bide_sleep(BIDE_MS(ms));
    bide_info("after");
    return ms;
}

static void begin(void)
{
    bide_test_time_virtual();
    log_begin("trace");
}

TEST(plain_functions_nest)
{
    begin();
    bide_info("outside");
    plain();
    {
        bide_span("outer", BIDE_F("n", 1));
        plain();
        bide_debug("in outer", BIDE_F("text", "x"));
    }
    bide_info("outside again");
    log_is("outside\n> plain\nplain: in plain\n< plain\n"
           "> outer n=1\n> outer.plain\nouter.plain: in plain\n< outer.plain\n"
           "outer: in outer text=x\n< outer\noutside again\n");
    log_end();
    bide_info("nobody hears this");
    log_is("");
}

static async int nested(void)
{
    bide_span("a");
    {
        bide_span("b");
        await sleeps(1);
        plain();
    }
    await sleeps(2);
    return 0;
}

TEST(a_span_stays_over_awaits)
{
    begin();
    CHECK_EQ(bide_block_on(nested()), 0);
    log_is("> a\n> a.b\na.b: sleeps ms=1\na.b: slept ms=1\n> a.b.plain\na.b.plain: in plain\n"
           "< a.b.plain\n< a.b\na: sleeps ms=2\na: slept ms=2\n< a\n");
    log_end();
}

/* While one waits, the other runs, on the same thread. */
static async int other(void)
{
    bide_info("other begins");
    await bide_sleep(BIDE_MS(1));
    bide_info("other ends");
    return 0;
}

static async int with_other(void)
{
    bide_task(int) t = bide_spawn(other());
    bide_span("mine");
    await bide_sleep(BIDE_MS(2));
    bide_info("mine");
    return await bide_task_wait(t);
}

TEST(another_task_does_not_see_it)
{
    begin();
    CHECK_EQ(bide_block_on(with_other()), 0);
    log_is("> mine\nother begins\nother ends\nmine: mine\n< mine\n");
    log_end();
}

static async int joins(void)
{
    int a, b;
    bide_span("top");
    await bide_join(a = one(2), b = one(1), ({
                        bide_info("no span yet");
                        await bide_sleep(BIDE_US(1500));
                        bide_span("block");
                        await bide_sleep(BIDE_MS(2));
                        bide_info("in block");
                    }));
    bide_info("joined", BIDE_F("sum", a + b));
    return 0;
}

TEST(branches_of_a_join_do_not_see_each_other)
{
    begin();
    CHECK_EQ(bide_block_on(joins()), 0);
    log_is("> top\n> top.one ms=2\n> top.one ms=1\ntop: no span yet\ntop.one: after\n< top.one\n"
           "> top.block\ntop.one: after\n< top.one\ntop.block: in block\n< top.block\n"
           "top: joined sum=3\n< top\n");
    log_end();
}

/* The branch that suspends first has begun on the function's own chain, with spans of its own
 * and of a function that it awaits. */
static async int deep(int ms)
{
    bide_span("d1");
    bide_span("d2");
    bide_instrument(one(ms), "call");
    bide_info("deep");
    return 0;
}

static async int adopts(void)
{
    bide_span("top");
    await bide_join((void)deep(2), ({
                        bide_span("second");
                        await bide_join((void)deep(1), (void)one(3));
                        bide_info("inner joined");
                    }));
    bide_info("joined");
    return 0;
}

TEST(a_branch_takes_its_spans_along)
{
    begin();
    CHECK_EQ(bide_block_on(adopts()), 0);
    log_is("> top\n> top.d1\n> top.d1.d2\n> top.d1.d2.call\n> top.d1.d2.call.one ms=2\n"
           "> top.second\n> top.second.d1\n> top.second.d1.d2\n> top.second.d1.d2.call\n"
           "> top.second.d1.d2.call.one ms=1\n> top.second.one ms=3\n"
           "top.second.d1.d2.call.one: after\n< top.second.d1.d2.call.one\n"
           "< top.second.d1.d2.call\ntop.second.d1.d2: deep\n< top.second.d1.d2\n"
           "< top.second.d1\n"
           "top.d1.d2.call.one: after\n< top.d1.d2.call.one\n< top.d1.d2.call\n"
           "top.d1.d2: deep\n< top.d1.d2\n< top.d1\n"
           "top.second.one: after\n< top.second.one\ntop.second: inner joined\n< top.second\n"
           "top: joined\n< top\n");
    log_end();
}

/* Frames that do not fit go to segments, below which there are spans, and above. */
static async int large(int depth)
{
    char room[700];
    bide_span("l", BIDE_F("depth", depth));
    memset(room, depth, sizeof room);
    if (depth > 1)
        await large(depth - 1);
    else
        await bide_sleep(BIDE_MS(1));
    CHECK_EQ(room[99], depth);
    if (depth == 3)
        bide_info("up");
    return 0;
}

static async int large_branches(void)
{
    bide_span("top");
    await bide_join((void)large(3), (void)large(2));
    bide_info("joined");
    return 0;
}

/* A frame of another alignment leaves padding before it, above which the awaiting function may open
 * a span. It is not one of the branch. */
static async long double aligned(int ms)
{
    _Alignas(64) long double x[4] = {ms};
    await bide_sleep(BIDE_MS(ms));
    return x[0];
}

static async int opens_above_padding(int shift)
{
    char room[16];
    int a, b;
    memset(room, shift, sizeof room);
    long double x = await aligned(1);
    bide_span("above");
    await bide_yield();
    await bide_join(a = one(1), b = one(2));
    bide_info("still", BIDE_F("x", (int)x + room[0]));
    return a + b;
}

static async int opens_above_more(char shift)
{
    char room[8] = {shift};
    return await opens_above_padding(room[0]) + room[7];
}

TEST(a_span_above_padding_is_no_branchs)
{
    begin();
    CHECK_EQ(bide_block_on(opens_above_padding(0)), 3);
    CHECK_EQ(bide_block_on(opens_above_more(0)), 3);
    log_end();
}

/* A long-lived span does not grow for ever. */
TEST(a_span_has_so_many_fields)
{
    begin();
    uint64_t before = bide_trace_dropped(NULL);
    {
        bide_span("long");
        for (int i = 0; i < 1000; i++)
            bide_span_record(BIDE_F("i", i));
        bide_trace_span *span = bide_trace_span_current();
        size_t at = 0, count = 0;
        while (bide_trace_span_field(span, &at) != NULL)
            count++;
        CHECK_EQ(count, 256);
        bide_trace_span_drop(span);
    }
    CHECK_EQ(bide_trace_dropped(NULL) - before, 1000 - 256);
    log_end();
}

TEST(spans_in_segments)
{
    begin();
    CHECK_EQ(bide_block_on(large(4)), 0);
    log_is("> l depth=4\n> l.l depth=3\n> l.l.l depth=2\n> l.l.l.l depth=1\n< l.l.l.l\n< l.l.l\n"
           "l.l: up\n< l.l\n< l\n");
    CHECK_EQ(bide_block_on(large_branches()), 0);
    log_is("> top\n> top.l depth=3\n> top.l.l depth=2\n> top.l.l.l depth=1\n"
           "> top.l depth=2\n> top.l.l depth=1\n"
           "< top.l.l.l\n< top.l.l\ntop.l: up\n< top.l\n< top.l.l\n< top.l\n"
           "top: joined\n< top\n");
    log_end();
}

static async int selects(void)
{
    int a = 0, b = 0;
    bide_span("top");
    CHECK_EQ(await bide_select_biased(a = one(50), b = one(1)), 1);
    bide_info("selected", BIDE_F("b", a + b));
    CHECK_EQ(await bide_timeout(BIDE_MS(3), a = one(9)), -ETIMEDOUT);
    bide_info("too late");
    return 0;
}

TEST(the_span_of_a_branch_that_loses_ends_first)
{
    begin();
    CHECK_EQ(bide_block_on(selects()), 0);
    log_is("> top\n> top.one ms=50\n> top.one ms=1\ntop.one: after\n< top.one\n< top.one\n"
           "top: selected b=1\n> top.one ms=9\n< top.one\ntop: too late\n< top\n");
    log_end();
}

static async int drives(void)
{
    int n = 0;
    bide_future(int) f;
    {
        bide_span("maker");
        f = bide_lazy(one(4));
    }
    {
        bide_span("first");
        CHECK_EQ(await bide_timeout(BIDE_MS(1), n = bide_get(f)), -ETIMEDOUT);
        bide_info("waits");
    }
    {
        bide_span("second");
        n = await bide_get(f);
        bide_info("has it", BIDE_F("n", n));
    }
    return 0;
}

TEST(a_future_keeps_its_span_from_get_to_get)
{
    begin();
    CHECK_EQ(bide_block_on(drives()), 0);
    log_is("> maker\n< maker\n> first\n> first.one ms=4\nfirst: waits\n< first\n> second\n"
           "first.one: after\n< first.one\nsecond: has it n=4\n< second\n");
    log_end();
}

static async int in_a_set(void)
{
    int n, rc;
    bide_future_set(int) set;
    bide_span("set");
    CHECK_EQ(bide_future_set_new(2, &set), 0);
    bide_future_set_add(set, one(2));
    bide_future_set_add(set, one(1));
    while ((rc = await bide_future_set_next(set, &n)) > 0)
        bide_info("next", BIDE_F("n", n));
    await bide_future_set_close(set);
    return rc;
}

TEST(children_of_a_future_set)
{
    begin();
    CHECK_EQ(bide_block_on(in_a_set()), 0);
    log_is("> set\n> set.one ms=2\n> set.one ms=1\nset.one: after\n< set.one\nset: next n=1\n"
           "set.one: after\n< set.one\nset: next n=2\n< set\n");
    log_end();
}

/* ---- tasks ---- */

static async int child(void)
{
    bide_info("child");
    await one(5);
    bide_info("child ends");
    return 0;
}

static async int spawns(void)
{
    bide_task(int) a, b;
    {
        bide_span("spawner");
        a = bide_spawn(child());
        bide_scope(s) {
            bide_scope_spawn(s, one(1));
        }
    }
    b = bide_spawn(child());
    bide_info("spawned");
    CHECK_EQ(await bide_task_wait(b), 0);
    return await bide_task_wait(a);
}

TEST(a_task_begins_in_the_span_that_spawned_it)
{
    begin();
    CHECK_EQ(bide_block_on(spawns()), 0);
    log_is("> spawner\nspawner: child\n> spawner.one ms=5\n> spawner.one ms=1\n"
           "spawner.one: after\n< spawner.one\n< spawner\n"
           "spawned\nchild\n> one ms=5\nspawner.one: after\n< spawner.one\n"
           "spawner: child ends\none: after\n< one\nchild ends\n");
    log_end();
}

static async int tells(void)
{
    bide_info("tells");
    return 0;
}

static async int waits_for(bide_task(int) task)
{
    return await bide_task_wait(task);
}

static async int spawns_at(unsigned core)
{
    bide_task(int) t;
    {
        bide_span("spawner");
        t = bide_spawn_at(core, tells());
    }
    return await bide_task_wait(t);
}

TEST(a_task_on_another_runtime_begins_in_the_span_that_spawned_it)
{
    bide_runtime *rt;
    bide_task(int) t;
    begin();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    {
        bide_span("spawner");
        t = bide_spawn_on(rt, tells());
    }
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(waits_for(bide_move(t))), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
    log_is("> spawner\n< spawner\nspawner: tells\n");
    log_end();
}

TEST(a_task_on_another_core_begins_in_the_span_that_spawned_it)
{
    bide_runtime *rt;
    bide_runtime_options o = {.flavour = BIDE_THREAD_PER_CORE, .workers = 2};
    log_begin("trace");
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(spawns_at(1)), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    log_is("> spawner\n< spawner\nspawner: tells\n");
    log_end();
}

static int job(int n)
{
    bide_span("job");
    bide_info("runs", BIDE_F("n", n));
    return n;
}

static async int on_the_pool(void)
{
    bide_span("caller");
    CHECK_EQ(await bide_blocking(job(7)), 7);
    bide_task(int) t = bide_spawn_blocking(job(8));
    CHECK_EQ(await bide_task_wait(t), 0);
    CHECK_EQ(await bide_block_in_place(job(9)), 9);
    bide_info("back");
    return 0;
}

static async int without_a_span(void)
{
    return await bide_blocking(job(1));
}

TEST(a_job_of_the_pool_runs_in_the_span_of_its_caller)
{
    log_begin("trace");
    CHECK_EQ(bide_block_on(on_the_pool()), 0);
    log_is("> caller\n> caller.job\ncaller.job: runs n=7\n< caller.job\n"
           "> caller.job\ncaller.job: runs n=8\n< caller.job\n"
           "> caller.job\ncaller.job: runs n=9\n< caller.job\ncaller: back\n< caller\n");
    CHECK_EQ(bide_block_on(without_a_span()), 1);
    log_is("> job\njob: runs n=1\n< job\n");
    log_end();
}

TEST(block_on_goes_on_in_the_span_of_the_thread)
{
    begin();
    {
        bide_span("thread");
        CHECK_EQ(bide_block_on(sleeps(1)), 1);
        CHECK_EQ(bide_block_on(with_other()), 0);
    }
    CHECK_EQ(bide_block_on(sleeps(2)), 2);
    log_is("> thread\nthread: sleeps ms=1\nthread: slept ms=1\n"
           "> thread.mine\nthread: other begins\nthread: other ends\nthread.mine: mine\n"
           "< thread.mine\n< thread\nsleeps ms=2\nslept ms=2\n");
    log_end();
}

/* ---- cancelled ---- */

static async int cleans_up(void)
{
    bide_span("outer");
    defer {
        await bide_sleep(BIDE_MS(1));
        bide_info("cleaned up");
    }
    bide_span("inner");
    await bide_sleep(BIDE_S(100));
    bide_info("never");
    return 0;
}

static async int cancels(void)
{
    bide_task(int) t = bide_spawn(cleans_up());
    await bide_sleep(BIDE_MS(1));
    bide_info("cancels");
    CHECK_EQ(await bide_task_cancel(t), -ECANCELED);
    bide_info("gone");
    return 0;
}

TEST(spans_of_a_task_that_is_cancelled_end_in_order)
{
    begin();
    CHECK_EQ(bide_block_on(cancels()), 0);
    log_is("> outer\n> outer.inner\ncancels\n< outer.inner\nouter: cleaned up\n< outer\ngone\n");
    log_end();
}

/* ---- fields, following, filters that change ---- */

static async int records(void)
{
    bide_span("r", BIDE_F("a", 1));
    bide_span_record(BIDE_F("b", 2));
    await bide_yield();
    bide_span_record(BIDE_F("c", "three"), BIDE_F("d", 4));
    size_t at = 0;
    bide_trace_span *span = bide_trace_span_current();
    CHECK_STR(bide_trace_span_field(span, &at)->name, "a");
    CHECK_STR(bide_trace_span_field(span, &at)->name, "b");
    CHECK_STR(bide_trace_span_field(span, &at)->name, "c");
    CHECK_EQ(bide_trace_span_field(span, &at)->value.i, 4);
    CHECK(bide_trace_span_field(span, &at) == NULL);
    bide_trace_span_drop(span);
    return 0;
}

TEST(fields_are_added_to_a_span)
{
    bide_span_record(BIDE_F("nowhere", 1));
    begin();
    CHECK_EQ(bide_block_on(records()), 0);
    log_is("> r a=1\n< r\n");
    log_end();
}

static async int follows(bide_trace_span *span)
{
    bide_span_within(span);
    await bide_yield();
    bide_info("within");
    return 0;
}

TEST(a_span_is_followed_after_its_end)
{
    begin();
    bide_trace_span *span;
    CHECK(bide_trace_span_current() == NULL);
    {
        bide_span("gone");
        span = bide_trace_span_current();
    }
    CHECK_EQ(bide_block_on(follows(span)), 0);
    CHECK_EQ(bide_block_on(follows(NULL)), 0);
    bide_trace_span_drop(span);
    bide_trace_span_drop(NULL);
    log_is("> gone\n< gone\ngone: within\nwithin\n");
    log_end();
}

static void says(void)
{
    bide_debug("debug");
    bide_warn("warn");
}

TEST(a_filter_changes_while_it_runs)
{
    begin();
    says();
    CHECK_EQ(bide_trace_filter_set(log_output, "warn"), 0);
    says();
    CHECK_EQ(bide_trace_filter_set(log_output, "off"), 0);
    says();
    CHECK_EQ(bide_trace_filter_set(log_output, "warn,[x"), -EINVAL);
    says();
    CHECK_EQ(bide_trace_filter_set(log_output, "trace_log=off,trace=debug"), 0);
    says();
    log_is("debug\nwarn\nwarn\ndebug\nwarn\n");
    log_end();
}

static void serve(int user)
{
    bide_span("request", BIDE_F("user", user));
    bide_debug("detail");
}

TEST(a_filter_looks_at_fields)
{
    log_begin("warn,trace[user=7]=debug");
    serve(6);
    serve(7);
    bide_debug("an event of", BIDE_F("user", 7));
    bide_debug("an event of", BIDE_F("user", 8));
    bide_trace("too low", BIDE_F("user", 7));
    log_is("> request user=7\nrequest: detail\n< request\nan event of user=7\n");
    log_end();
}

TEST(several_outputs_with_filters_of_their_own)
{
    bide_trace_output *first;
    begin();
    first = log_output;
    CHECK_EQ(bide_trace_filter_set(first, "error"), 0);
    CHECK_EQ(
        bide_trace_sink_new(log_told, NULL, &(bide_trace_options){.filter = "warn"}, &log_output),
        0);
    bide_info("to none");
    bide_warn("to one");
    bide_error("to two");
    log_is("to one\nto two\nto two\n");
    bide_trace_output_free(first);
    bide_error("to one");
    log_is("to one\n");
    log_end();
}

static void changes_filters(void *argument, const bide_trace_record *record)
{
    (void)record;
    CHECK_ERR(bide_trace_filter_set(*(bide_trace_output **)argument, "warn"), -EDEADLK);
}

TEST(a_sink_cannot_change_filters)
{
    static bide_trace_output *output;
    const bide_trace_options all = {.filter = "trace"};
    CHECK_EQ(bide_trace_sink_new(changes_filters, &output, &all, &output), 0);
    bide_info("something");
    bide_trace_output_free(output);
}

static void traces_itself(void *argument, const bide_trace_record *record)
{
    (*(int *)argument)++;
    bide_info("from the sink");
    bide_span("of the sink");
    (void)record;
}

TEST(what_a_sink_traces_is_dropped)
{
    bide_trace_output *output;
    int count = 0;
    CHECK_EQ(bide_trace_sink_new(traces_itself, &count, &(bide_trace_options){.filter = "info"},
                                 &output),
             0);
    bide_info("once");
    CHECK_EQ(count, 1);
    bide_trace_output_free(output);
}

TEST(there_are_fifteen_outputs_at_most)
{
    bide_trace_output *output[16];
    for (int i = 0; i < 15; i++)
        CHECK_EQ(bide_trace_text_new(2, NULL, &output[i]), 0);
    CHECK_EQ(bide_trace_text_new(2, NULL, &output[15]), -ENOSPC);
    CHECK(output[15] == NULL);
    bide_trace_output_free(output[3]);
    CHECK_EQ(bide_trace_text_new(2, NULL, &output[3]), 0);
    for (int i = 0; i < 15; i++)
        bide_trace_output_free(output[i]);
}
