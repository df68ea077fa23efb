/*
 * bide/metrics.h without memory: each allocation of each call fails in turn, and nothing is lost.
 */
#include <bide/metrics.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static bide_metrics *registry;
static bide_metrics_counter counters[40];

static void collect(bide_metrics_out *out, void *argument)
{
    static const char *const labels[][3] = {{"a", "1", NULL}, {"a", "2", NULL}, {"a", "3", NULL}};

    (void)argument;
    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "collected", "Help that is not short.");
    for (int i = 0; i < 3; i++)
        bide_metrics_out_u64(out, labels[i], 1);
}

/* ---- each returns 0 or -ENOMEM ---- */

static int makes(void)
{
    bide_metrics *m = registry;
    int rc = bide_metrics_new(&m);
    CHECK((rc == 0) == (m != NULL));
    bide_metrics_free(m);
    return rc;
}

static int adds(void)
{
    static char names[40][16];
    bide_metrics *m;
    int rc = bide_metrics_new(&m);
    for (int i = 0; i < 40 && rc == 0; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        counters[i] = (bide_metrics_counter)BIDE_METRICS_COUNTER(names[i], "");
        rc = bide_metrics_add_counter(m, &counters[i]);
        if (rc < 0) /* it has not been added */
            CHECK_EQ(bide_metrics_remove(m, &counters[i]), -ENOENT);
    }
    bide_metrics_free(m);
    return rc;
}

static int tells(void)
{
    bide_metrics_text *text = (void *)registry;
    int rc = bide_metrics_text_new(registry, &text);
    CHECK((rc == 0) == (text != NULL));
    if (rc == 0)
        CHECK(strstr(bide_metrics_text_data(text, NULL), "collected{a=\"3\"} 1\n") != NULL);
    bide_metrics_text_free(text);
    return rc;
}

static unsigned fails_at_each(int (*call)(void))
{
    unsigned nth = 0;
    for (uint64_t failed = 1; failed > 0;) {
        CHECK_EQ(bide_test_fail("alloc", ++nth, -ENOMEM, 1), 0);
        int rc = call();
        failed = bide_test_failed("alloc");
        CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
        CHECK_ERR(rc, failed > 0 ? -ENOMEM : 0);
    }
    return nth - 1;
}

TEST(each_allocation_fails)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    CHECK_EQ(bide_metrics_new(&registry), 0);
    CHECK_EQ(bide_metrics_add_runtime(registry, rt, "main"), 0);
    CHECK_EQ(bide_metrics_add_collector(registry, collect, &registry), 0);
    CHECK_EQ(fails_at_each(makes), 1);
    CHECK(fails_at_each(adds) >= 3);
    CHECK(fails_at_each(tells) > 60);
    bide_metrics_free(registry);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(a_series_without_memory_is_other_and_the_next_one_is_itself)
{
    static bide_metrics_counters f = BIDE_METRICS_COUNTERS("f", "", "a");
    bide_metrics_counter *other = bide_metrics_counters_at(&f, "other"), *one;

    CHECK_EQ(bide_test_fail("alloc", 1, -ENOMEM, 1), 0);
    CHECK(bide_metrics_counters_at(&f, "x") == other);
    CHECK_EQ(bide_test_failed("alloc"), 1);
    CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
    one = bide_metrics_counters_at(&f, "x");
    CHECK(one != other);
    CHECK(bide_metrics_counters_at(&f, "x") == one);
}

TEST(without_any_memory_it_counts_nowhere)
{
    static bide_metrics_counters f = BIDE_METRICS_COUNTERS("f", "", "a");
    static bide_metrics_gauges g = BIDE_METRICS_GAUGES("g", "", "a");
    static bide_metrics_histograms h = BIDE_METRICS_HISTOGRAMS("h", "", BIDE_METRICS_SECONDS, "a");

    CHECK_EQ(bide_test_fail("alloc", 1, -ENOMEM, 0), 0);
    bide_metrics_counter_add(bide_metrics_counters_at(&f, "x"), 1);
    bide_metrics_gauge_set(bide_metrics_gauges_at(&g, "x"), 1);
    bide_metrics_histogram_add(bide_metrics_histograms_at(&h, "x"), 1);
    CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
    CHECK_EQ(bide_metrics_counter_read(bide_metrics_counters_at(&f, "x")), 0);
}
