/*
 * bide/trace.h with several threads: tasks that move between workers keep their spans, and filters
 * and outputs change while others trace.
 */
#include <bide/bide.h>
#include <bide/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static _Atomic unsigned long events, wrong;

/* Each event has the number of its task, and so has the innermost span. */
static void told(void *argument, const bide_trace_record *r)
{
    size_t at = 0;
    (void)argument;
    if (r->what != BIDE_TRACE_EVENT || r->fields->kind == BIDE_FIELD_NONE)
        return;
    const bide_field *f = r->span != NULL ? bide_trace_span_field(r->span, &at) : NULL;
    atomic_fetch_add(&events, 1);
    if (f == NULL || f->value.i != r->fields->value.i)
        atomic_fetch_add(&wrong, 1);
}

static async int walker(int n)
{
    bide_span("walker", BIDE_F("n", n));
    for (int i = 0; i < 20; i++) {
        bide_info("step", BIDE_F("n", n));
        await bide_yield();
        await bide_join(({
                            bide_span("branch", BIDE_F("n", n + 1000));
                            await bide_yield();
                            bide_info("step", BIDE_F("n", n + 1000));
                        }),
                        ({
                            await bide_yield();
                            bide_info("step", BIDE_F("n", n));
                        }));
    }
    return 0;
}

static async int walkers(int count)
{
    bide_span("all");
    bide_try_scope(s) {
        for (int i = 0; i < count; i++)
            bide_scope_spawn(s, walker(i));
    }
    return 0;
}

static async int run_walkers(void)
{
    return await walkers(50);
}

static void on_workers(void)
{
    bide_runtime *rt;
    CHECK_EQ(
        bide_runtime_new(&(bide_runtime_options){.flavour = BIDE_MULTI_THREAD, .workers = 4}, &rt),
        0);
    CHECK(bide_runtime_enter(rt) == NULL);
    CHECK_EQ(bide_block_on(run_walkers()), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST_LIMIT(tasks_keep_their_spans_on_several_workers, 60)
{
    bide_trace_output *output;
    CHECK_EQ(bide_trace_sink_new(told, NULL, &(bide_trace_options){.filter = "info"}, &output), 0);
    on_workers();
    CHECK_EQ(atomic_load(&events), 50 * 20 * 3);
    CHECK_EQ(atomic_load(&wrong), 0);
    bide_trace_output_free(output);
}

static _Atomic bool stop;

static void *changes(void *argument)
{
    static const char *const filters[] = {"off", "trace", "warn", "[n=3]=trace", "info"};
    bide_trace_output *output;
    int fd = open("/dev/null", O_WRONLY);
    (void)argument;
    for (unsigned i = 0; !atomic_load(&stop); i++) {
        CHECK_EQ(
            bide_trace_json_new(fd, &(bide_trace_options){.filter = "debug", .spans = 3}, &output),
            0);
        for (unsigned n = 0; n < 5; n++)
            CHECK_EQ(bide_trace_filter_set(output, filters[(i + n) % 5]), 0);
        bide_trace_output_free(output);
    }
    close(fd);
    return NULL;
}

TEST_LIMIT(filters_and_outputs_change_meanwhile, 60)
{
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, changes, NULL), 0);
    on_workers();
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

/* ---- outputs that go while spans are open ---- */

struct heard {
    bool is_gone; /* not atomic: nobody may be told any more when it is written */
    _Atomic long begun, ended;
};

static void hears(void *argument, const bide_trace_record *r)
{
    struct heard *h = argument;
    if (h->is_gone)
        atomic_fetch_add(&wrong, 1);
    if (r->what == BIDE_TRACE_SPAN_BEGIN)
        atomic_fetch_add(&h->begun, 1);
    if (r->what == BIDE_TRACE_SPAN_END)
        atomic_fetch_add(&h->ended, 1);
}

static void *nests(void *argument)
{
    while (!atomic_load(&stop)) {
        bide_span("outer", BIDE_F("text", "abc"));
        bide_info("event");
        bide_span("inner");
        atomic_fetch_add(&events, 1);
    }
    return argument;
}

/* No function of an output runs after bide_trace_output_free, and an output hears of no end of a
 * span of whose begin it has not heard, though it gets the number of the one before it. */
TEST_LIMIT(outputs_go_while_spans_are_open, 60)
{
    static struct heard heard[300];
    pthread_t thread[2];
    long begun = 0;
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, nests, NULL), 0);
    for (size_t i = 0; i < sizeof heard / sizeof heard[0]; i++) {
        const bide_trace_options all = {.filter = "info"};
        bide_trace_output *output;
        unsigned long before = atomic_load(&events);
        CHECK_EQ(bide_trace_sink_new(hears, &heard[i], &all, &output), 0);
        while (atomic_load(&events) - before < 3)
            sched_yield();
        bide_trace_output_free(output);
        heard[i].is_gone = true;
        begun += heard[i].begun;
        CHECK(heard[i].ended <= heard[i].begun);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
    CHECK(begun > 0);
    CHECK_EQ(atomic_load(&wrong), 0);
}

/* ---- more threads than the lock has places ---- */

enum { MANY = 70 };

static _Atomic int inside;

/* Waits until all threads are here. */
static void gathers(void *argument, const bide_trace_record *r)
{
    (void)argument, (void)r;
    atomic_fetch_add(&inside, 1);
    while (atomic_load(&inside) < MANY)
        sched_yield();
}

static void *tells_once(void *argument)
{
    bide_info("here");
    return argument;
}

TEST_LIMIT(many_threads_are_in_an_output_at_once, 60)
{
    pthread_t thread[MANY];
    bide_trace_output *output;
    const bide_trace_options all = {.filter = "info"};
    CHECK_EQ(bide_trace_sink_new(gathers, NULL, &all, &output), 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, tells_once, NULL), 0);
    while (atomic_load(&inside) == 0)
        sched_yield();
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
    CHECK_EQ(bide_trace_filter_set(output, "warn"), 0);
    bide_info("nobody waits for this");
    CHECK_EQ(atomic_load(&inside), MANY);
    bide_trace_output_free(output);
}
