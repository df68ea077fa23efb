/*
 * Ids of bide/trace.h: random, and never the same twice: in one thread, in several, and in children
 * of fork(2), with random bytes from the system and without.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/trace.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Children fork without a runtime. */
#pragma GCC diagnostic ignored "-Wbide-fork"

enum { THREADS = 8, EACH = 500, ALL = THREADS * EACH };

struct id {
    uint8_t trace[16], span[8];
};

static struct id ids[ALL];

static void told(void *argument, const bide_trace_record *record)
{
    (void)argument, (void)record;
}

static bide_trace_output *begin(void)
{
    bide_trace_output *output;
    CHECK_EQ(bide_trace_sink_new(told, NULL, &(bide_trace_options){.filter = "info"}, &output), 0);
    return output;
}

/* From now on the system has no random bytes, and time stands still. */
static void without_random_bytes(void)
{
    bide_test_time_virtual();
    bide_test_fail("getrandom", 1, -ENOSYS, 0);
}

static void make(struct id *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bide_trace_context c;
        bide_span("a");
        CHECK_EQ(bide_trace_context_current(&c), 0);
        memcpy(to[i].trace, c.trace_id, sizeof c.trace_id);
        memcpy(to[i].span, c.span_id, sizeof c.span_id);
    }
}

static int order_trace(const void *a, const void *b)
{
    return memcmp(((const struct id *)a)->trace, ((const struct id *)b)->trace, 16);
}

static int order_span(const void *a, const void *b)
{
    return memcmp(((const struct id *)a)->span, ((const struct id *)b)->span, 8);
}

static void differ(size_t count)
{
    static const struct id zero;
    for (size_t i = 0; i < count; i++)
        CHECK(order_trace(&ids[i], &zero) != 0 && order_span(&ids[i], &zero) != 0);
    qsort(ids, count, sizeof ids[0], order_trace);
    for (size_t i = 1; i < count; i++)
        CHECK(order_trace(&ids[i - 1], &ids[i]) != 0);
    qsort(ids, count, sizeof ids[0], order_span);
    for (size_t i = 1; i < count; i++)
        CHECK(order_span(&ids[i - 1], &ids[i]) != 0);
}

/* Of so many random bits, half are set. A binomial distribution: 5 % off is 6 sigma. */
static void are_random(void)
{
    for (unsigned bit = 0; bit < 8 * sizeof ids[0]; bit++) {
        int set = 0;
        for (size_t i = 0; i < ALL; i++)
            set += ((const uint8_t *)&ids[i])[bit / 8] >> bit % 8 & 1;
        CHECK(set > ALL * 45 / 100 && set < ALL * 55 / 100);
    }
}

TEST(each_bit_is_random)
{
    bide_trace_output *output = begin();
    make(ids, ALL);
    are_random();
    differ(ALL);
    bide_trace_output_free(output);
}

TEST(each_bit_is_random_without_random_bytes)
{
    bide_trace_output *output = begin();
    without_random_bytes();
    make(ids, ALL);
    CHECK(bide_test_failed("getrandom") > 0);
    are_random();
    differ(ALL);
    bide_trace_output_free(output);
}

/* ---- threads ---- */

static void *make_some(void *argument)
{
    make(argument, EACH);
    return NULL;
}

static void make_in_threads(void)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, make_some, &ids[i * EACH]), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
    differ(ALL);
}

TEST(threads_have_ids_of_their_own)
{
    bide_trace_output *output = begin();
    make_in_threads();
    bide_trace_output_free(output);
}

TEST(threads_have_ids_of_their_own_without_random_bytes)
{
    bide_trace_output *output = begin();
    without_random_bytes();
    make_in_threads();
    bide_trace_output_free(output);
}

/* ---- fork ---- */

enum { CHILDREN = 3, SOME = 20 };

/* A child that makes ids, into `to`. */
static void make_in_child(struct id *to)
{
    int status, ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        make(to, SOME);
        CHECK_EQ(write(ends[1], to, SOME * sizeof *to), SOME * sizeof *to);
        _exit(0);
    }
    CHECK_EQ(read(ends[0], to, SOME * sizeof *to), SOME * sizeof *to);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(ends[0]);
    close(ends[1]);
}

/* The parent has made some before, or not; it makes more afterwards. */
static void fork_some(bool before)
{
    bide_trace_output *output = begin();
    struct id *to = ids;
    if (before)
        make(to, SOME), to += SOME;
    for (int i = 0; i < CHILDREN; i++, to += SOME)
        make_in_child(to);
    make(to, SOME);
    differ((size_t)(to - ids) + SOME);
    bide_trace_output_free(output);
}

TEST(a_child_of_fork_does_not_repeat_its_parent)
{
    fork_some(true);
}

TEST(a_child_of_fork_does_not_repeat_its_parent_without_random_bytes)
{
    without_random_bytes();
    fork_some(true);
}

TEST(children_of_fork_do_not_repeat_each_other_without_random_bytes)
{
    without_random_bytes();
    fork_some(false);
}
