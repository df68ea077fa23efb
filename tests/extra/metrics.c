/*
 * bide/metrics.h: the text of a registry, byte by byte; families and their limits; what functions
 * that collect may put out.
 */
#include <bide/bide.h>
#include <bide/metrics.h>
#include <bide/testing.h>

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bide_metrics *registry;
static bide_metrics_text *made;

/* What a registry tells of itself, at the end or between others. */
#define FAULTS_OF(value, series, sample)                                                      \
    "# HELP bide_metrics_faults_total What was not told: values that are no numbers, series " \
    "beyond the limit of a family, samples that were not allowed.\n"                          \
    "# TYPE bide_metrics_faults_total counter\n"                                              \
    "bide_metrics_faults_total{reason=\"value\"} " value "\n"                                 \
    "bide_metrics_faults_total{reason=\"series\"} " series "\n"                               \
    "bide_metrics_faults_total{reason=\"sample\"} " sample "\n"
#define FAULTS FAULTS_OF("0", "0", "0")

static void begin(void)
{
    CHECK_EQ(bide_metrics_new(&registry), 0);
}

static const char *text(void)
{
    size_t size;
    bide_metrics_text_free(made);
    CHECK_EQ(bide_metrics_text_new(registry, &made), 0);
    const char *data = bide_metrics_text_data(made, &size);
    CHECK_EQ(strlen(data), size);
    return data;
}

static void end(void)
{
    bide_metrics_text_free(made);
    made = NULL;
    bide_metrics_free(registry);
    registry = NULL;
}

/* ---- metrics ---- */

TEST(an_empty_registry_tells_only_of_itself)
{
    begin();
    CHECK_STR(text(), FAULTS);
    end();
}

TEST(a_counter)
{
    static bide_metrics_counter orders = BIDE_METRICS_COUNTER("shop_orders_total", "All of them.");
    begin();
    bide_metrics_counter_add(&orders, 40);
    CHECK_EQ(bide_metrics_add_counter(registry, &orders), 0);
    bide_metrics_counter_add(&orders, 2);
    CHECK_EQ(bide_metrics_counter_read(&orders), 42);
    CHECK_STR(text(), FAULTS "# HELP shop_orders_total All of them.\n"
                             "# TYPE shop_orders_total counter\nshop_orders_total 42\n");
    bide_metrics_counter_add(&orders, UINT64_MAX - 42);
    CHECK(strstr(text(), "\nshop_orders_total 18446744073709551615\n") != NULL);
    CHECK_EQ(bide_metrics_remove(registry, &orders), 0);
    CHECK_EQ(bide_metrics_remove(registry, &orders), -ENOENT);
    CHECK_STR(text(), FAULTS);
    end();
}

TEST(a_gauge_is_any_number_but_none)
{
    static bide_metrics_gauge heat = BIDE_METRICS_GAUGE("heat", "");
    begin();
    CHECK_EQ(bide_metrics_add_gauge(registry, &heat), 0);
    CHECK(strstr(text(), "# HELP heat \n# TYPE heat gauge\nheat 0\n") != NULL);
    bide_metrics_gauge_set(&heat, -1.5);
    bide_metrics_gauge_add(&heat, 0.25);
    CHECK(strstr(text(), "\nheat -1.25\n") != NULL);
    bide_metrics_gauge_set(&heat, NAN);
    CHECK(strstr(text(), "\nheat -1.25\n") != NULL);
    bide_metrics_gauge_set(&heat, INFINITY);
    CHECK(strstr(text(), "\nheat +Inf\n") != NULL);
    bide_metrics_gauge_add(&heat, -INFINITY); /* would be no number */
    CHECK(strstr(text(), "\nheat +Inf\n") != NULL);
    bide_metrics_gauge_set(&heat, -INFINITY);
    CHECK(strstr(text(), "\nheat -Inf\n") != NULL);
    CHECK(strstr(text(), FAULTS_OF("2", "0", "0")) != NULL);
    CHECK(bide_metrics_gauge_read(&heat) < 0);
    end();
}

TEST(numbers_are_short_and_exact)
{
    static bide_metrics_gauge g = BIDE_METRICS_GAUGE("g", "");
    static const double numbers[] = {
        0.1,    1e100, 1.0 / 3, -0.0, 5e-324,  1e15, 123456789012345, 1e16,
        1.5e-7, 9e15,  0.0005,  2.5,  -1e-300, 1e21, DBL_MAX};
    begin();
    CHECK_EQ(bide_metrics_add_gauge(registry, &g), 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        bide_metrics_gauge_set(&g, numbers[i]);
        const char *at = strstr(text(), "\ng ");
        CHECK(at != NULL && strtod(at + 3, NULL) == numbers[i]);
        CHECK(strcspn(at + 3, "\n") <= 24);
    }
    bide_metrics_gauge_set(&g, 0.1);
    CHECK(strstr(text(), "\ng 0.1\n") != NULL);
    end();
}

/* A locale with a comma; where none is installed its numbers are those of C. */
TEST(the_locale_of_the_program_counts_for_nothing)
{
    static bide_metrics_gauge g = BIDE_METRICS_GAUGE("g", "");
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "ps_AF"};
    begin();
    CHECK_EQ(bide_metrics_add_gauge(registry, &g), 0);
    bide_metrics_gauge_set(&g, 1234.5);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setlocale(LC_ALL, names[i]);
        CHECK(strstr(text(), "\ng 1234.5\n") != NULL);
    }
    setlocale(LC_ALL, "C");
    end();
}

TEST(a_histogram_counts_up_to_each_bound)
{
    static bide_metrics_histogram sizes =
        BIDE_METRICS_HISTOGRAM("sizes", "Sizes.", BIDE_METRICS_BOUNDS(-1, 0.5, 10));
    static const double values[] = {-2, -1, 0, 0.5, 0.50001, 10, 10.1, 1000};
    begin();
    CHECK_EQ(bide_metrics_add_histogram(registry, &sizes), 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        bide_metrics_histogram_add(&sizes, values[i]);
    bide_metrics_histogram_add(&sizes, NAN);
    bide_metrics_histogram_add(&sizes, INFINITY);
    CHECK_EQ(bide_metrics_histogram_read(&sizes), 8);
    CHECK_STR(text(), FAULTS_OF("2", "0", "0") "# HELP sizes Sizes.\n# TYPE sizes histogram\n"
                                               "sizes_bucket{le=\"-1\"} 2\n"
                                               "sizes_bucket{le=\"0.5\"} 4\n"
                                               "sizes_bucket{le=\"10\"} 6\n"
                                               "sizes_bucket{le=\"+Inf\"} 8\n"
                                               "sizes_sum 1018.10001\n"
                                               "sizes_count 8\n");
    end();
}

TEST(times_are_seconds)
{
    static bide_metrics_histogram h = BIDE_METRICS_HISTOGRAM("h", "", BIDE_METRICS_SECONDS);
    begin();
    CHECK_EQ(bide_metrics_add_histogram(registry, &h), 0);
    bide_metrics_histogram_add_time(&h, BIDE_MS(3));
    bide_metrics_histogram_add_time(&h, BIDE_S(20));
    bide_metrics_histogram_add_time(&h, (bide_duration){-5});
    const char *t = text();
    CHECK(strstr(t, "h_bucket{le=\"0.0005\"} 1\n") != NULL);
    CHECK(strstr(t, "h_bucket{le=\"0.0025\"} 1\n") != NULL);
    CHECK(strstr(t, "h_bucket{le=\"0.005\"} 2\n") != NULL);
    CHECK(strstr(t, "h_bucket{le=\"10\"} 2\n") != NULL);
    CHECK(strstr(t, "h_bucket{le=\"+Inf\"} 3\nh_sum 20.003\nh_count 3\n") != NULL);
    end();
}

/* ---- families ---- */

TEST(labels_and_help_are_escaped)
{
    static bide_metrics_counters f =
        BIDE_METRICS_COUNTERS("f", "a \"quote\", a \\ and\na line", "a", "b");
    begin();
    CHECK_EQ(bide_metrics_add_counters(registry, &f), 0);
    bide_metrics_counter_add(bide_metrics_counters_at(&f, "", "x\"y\\z\nw\t{},="), 1);
    bide_metrics_counter_add(bide_metrics_counters_at(&f, "\xc3\xa4\xf0\x9f\x90\x88", "\\n"), 2);
    CHECK_STR(text(), FAULTS "# HELP f a \"quote\", a \\\\ and\\na line\n# TYPE f counter\n"
                             "f{a=\"\",b=\"x\\\"y\\\\z\\nw\t{},=\"} 1\n"
                             "f{a=\"\xc3\xa4\xf0\x9f\x90\x88\",b=\"\\\\n\"} 2\n");
    end();
}

TEST(the_same_values_are_the_same_series)
{
    static bide_metrics_gauges g = BIDE_METRICS_GAUGES("g", "", "a", "b");
    char a[] = "one", b[] = "two";
    bide_metrics_gauge *first = bide_metrics_gauges_at(&g, a, b);
    a[0] = 'x'; /* they were copied */
    CHECK(bide_metrics_gauges_at(&g, "one", "two") == first);
    CHECK(bide_metrics_gauges_at(&g, "onet", "wo") != first);
    CHECK(bide_metrics_gauges_at(&g, "one", "Two") != first);
    bide_metrics_gauge_set(first, 3);
    begin();
    CHECK_EQ(bide_metrics_add_gauges(registry, &g), 0);
    CHECK(strstr(text(), "g{a=\"one\",b=\"two\"} 3\ng{a=\"onet\",b=\"wo\"} 0\n") != NULL);
    end();
}

TEST(a_family_of_histograms)
{
    static bide_metrics_histograms h =
        BIDE_METRICS_HISTOGRAMS("h", "", BIDE_METRICS_BOUNDS(1, 2), "a");
    begin();
    CHECK_EQ(bide_metrics_add_histograms(registry, &h), 0);
    bide_metrics_histogram_add(bide_metrics_histograms_at(&h, "x"), 1.5);
    CHECK(strstr(text(), "# TYPE h histogram\nh_bucket{a=\"x\",le=\"1\"} 0\n"
                         "h_bucket{a=\"x\",le=\"2\"} 1\nh_bucket{a=\"x\",le=\"+Inf\"} 1\n"
                         "h_sum{a=\"x\"} 1.5\nh_count{a=\"x\"} 1\n") != NULL);
    end();
}

TEST(values_that_may_not_be_are_other)
{
    static bide_metrics_counters f = BIDE_METRICS_COUNTERS("f", "", "a", "b");
    static const char *const bad[] = {
        "\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", NULL};
    static const char *const three[] = {"x", "y", "z"};
    char longest[BIDE_METRICS_VALUE_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[BIDE_METRICS_VALUE_MAX + 1] = 0;
    bide_metrics_counter *other = bide_metrics_counters_at(&f, "other", "other");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(bide_metrics_counters_at(&f, "x", bad[i]) == other);
    CHECK(bide_metrics_counters_at(&f, "x", longest) == other);
    longest[BIDE_METRICS_VALUE_MAX] = 0;
    CHECK(bide_metrics_counters_at(&f, "x", longest) != other);
    CHECK(bide_metrics_counters_at(&f, "x") == other);
    CHECK(bide_metrics_counters_find(&f, three, 3) == other);
    begin();
    CHECK(strstr(text(), FAULTS_OF("0", "10", "0")) != NULL);
    end();
}

TEST(the_number_of_series_is_bounded)
{
    static bide_metrics_counters f = BIDE_METRICS_COUNTERS("f", "", "a");
    char value[16];
    begin();
    CHECK_EQ(bide_metrics_add_counters(registry, &f), 0);
    for (int i = 0; i < BIDE_METRICS_SERIES_MAX + 500; i++) {
        snprintf(value, sizeof value, "v%d", i);
        bide_metrics_counter_add(bide_metrics_counters_at(&f, value), 1);
    }
    const char *t = text();
    CHECK(strstr(t, "f{a=\"v999\"} 1\n") != NULL);
    CHECK(strstr(t, "f{a=\"v1000\"}") == NULL);
    CHECK(strstr(t, "f{a=\"other\"} 500\n") != NULL);
    CHECK(strstr(t, FAULTS_OF("0", "500", "0")) != NULL);
    bide_metrics_counter_add(bide_metrics_counters_at(&f, "v7"), 1); /* it is there */
    CHECK(strstr(text(), "f{a=\"v7\"} 2\n") != NULL);
    end();
}

/* ---- what may be in a registry ---- */

static int add_named(const char *name)
{
    static bide_metrics_counter all[40];
    static unsigned next;
    all[next] = (bide_metrics_counter)BIDE_METRICS_COUNTER(name, "");
    return bide_metrics_add_counter(registry, &all[next++]);
}

static int add_labelled(const char *one, const char *two)
{
    static bide_metrics_histograms all[40];
    static unsigned next;
    char *name = malloc(16);
    snprintf(name, 16, "n%u", next);
    all[next] =
        (bide_metrics_histograms)BIDE_METRICS_HISTOGRAMS(name, "", BIDE_METRICS_SECONDS, one, two);
    int rc = bide_metrics_add_histograms(registry, &all[next++]);
    if (rc < 0)
        free(name);
    return rc;
}

TEST(names_and_labels_are_checked)
{
    begin();
    CHECK_EQ(add_named("aZ_09:x"), 0);
    CHECK_EQ(add_named("_:"), 0);
    CHECK_EQ(add_named("aZ_09:x"), -EEXIST);
    CHECK_EQ(add_named(""), -EINVAL);
    CHECK_EQ(add_named(NULL), -EINVAL);
    CHECK_EQ(add_named("0a"), -EINVAL);
    CHECK_EQ(add_named("a-b"), -EINVAL);
    CHECK_EQ(add_named("\xc3\xa4"), -EINVAL);
    CHECK_EQ(add_labelled("", "x"), -EINVAL);
    CHECK_EQ(add_labelled("a:", "x"), -EINVAL);
    CHECK_EQ(add_labelled("a", "a"), -EINVAL);
    CHECK_EQ(add_labelled("a", "le"), -EINVAL);
    CHECK_EQ(add_labelled("a", "__b"), -EINVAL);
    CHECK_EQ(add_labelled("a", "1"), -EINVAL);
    CHECK_EQ(add_labelled(NULL, "1"), -EINVAL);
    end();
}

TEST(bounds_are_checked)
{
    static bide_metrics_histogram none = BIDE_METRICS_HISTOGRAM("a", "", BIDE_METRICS_SECONDS),
                                  same = BIDE_METRICS_HISTOGRAM("b", "", BIDE_METRICS_BOUNDS(1, 1)),
                                  down = BIDE_METRICS_HISTOGRAM("c", "", BIDE_METRICS_BOUNDS(2, 1)),
                                  endless = BIDE_METRICS_HISTOGRAM("d", "",
                                                                   BIDE_METRICS_BOUNDS(INFINITY));
    begin();
    none.bounds_.count = 0;
    CHECK_EQ(bide_metrics_add_histogram(registry, &none), -EINVAL);
    CHECK_EQ(bide_metrics_add_histogram(registry, &same), -EINVAL);
    CHECK_EQ(bide_metrics_add_histogram(registry, &down), -EINVAL);
    CHECK_EQ(bide_metrics_add_histogram(registry, &endless), -EINVAL);
    CHECK_STR(text(), FAULTS);
    end();
}

/* ---- functions that collect ---- */

static void collect(bide_metrics_out *out, void *argument)
{
    static const char *const labels[] = {"who", "me", NULL}, *const twice[] = {"a", "1", "a", "2",
                                                                               NULL};
    static const char *const of_le[] = {"le", "1", NULL}, *const no_text[] = {"a", "\xff", NULL};
    const char *mine[] = {"who", argument, NULL};
    const double bounds[] = {1, 2};
    const uint64_t counts[] = {3, 0, 4};

    bide_metrics_out_u64(out, NULL, 1); /* of what? 1 */
    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "pool_used_total", "Used.");
    bide_metrics_out_u64(out, mine, 7);
    bide_metrics_out_u64(out, mine, 8);                            /* again: 2 */
    bide_metrics_out_u64(out, twice, 8);                           /* 3 */
    bide_metrics_out_u64(out, no_text, 8);                         /* 4 */
    bide_metrics_out_double(out, NULL, NAN);                       /* 5 */
    bide_metrics_out_histogram(out, labels, bounds, counts, 2, 1); /* no histogram: 6 */
    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "pool_used_total", "Used."); /* another */
    bide_metrics_out_u64(out, labels, 9);                                           /* 7 */
    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "static_total", "Taken.");
    bide_metrics_out_u64(out, labels, 9); /* 8 */
    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "no name", "");
    bide_metrics_out_u64(out, labels, 9); /* 9 */
    bide_metrics_out_begin(out, BIDE_METRICS_IS_HISTOGRAM, "pool_sizes", "Sizes.");
    bide_metrics_out_histogram(out, of_le, bounds, counts, 2, 1); /* 10 */
    bide_metrics_out_histogram(out, mine, bounds, counts, 2, 1.5);
    bide_metrics_out_u64(out, labels, 9); /* 11 */
    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "a_time_seconds", "");
    bide_metrics_out_time(out, mine, (bide_duration){-1500000001});
}

TEST(functions_that_collect_are_joined_and_their_mistakes_left_out)
{
    static bide_metrics_counter taken = BIDE_METRICS_COUNTER("static_total", "");
    static char one[] = "one", two[] = "two";
    begin();
    CHECK_EQ(bide_metrics_add_counter(registry, &taken), 0);
    CHECK_EQ(bide_metrics_add_collector(registry, collect, one), 0);
    CHECK_EQ(bide_metrics_add_collector(registry, collect, two), 0);
    CHECK_EQ(bide_metrics_add_collector(registry, collect, two), -EEXIST);
    CHECK_EQ(bide_metrics_add_collector(registry, NULL, registry), -EINVAL);
    CHECK_EQ(bide_metrics_add_collector(registry, collect, NULL), -EINVAL);
    CHECK_STR(
        text(),
        "# HELP a_time_seconds \n# TYPE a_time_seconds gauge\n"
        "a_time_seconds{who=\"one\"} -1.500000001\n"
        "a_time_seconds{who=\"two\"} -1.500000001\n" FAULTS_OF(
            "0", "0", "22") "# HELP pool_sizes Sizes.\n# TYPE pool_sizes histogram\n"
                            "pool_sizes_bucket{who=\"one\",le=\"1\"} 3\n"
                            "pool_sizes_bucket{who=\"one\",le=\"2\"} 3\n"
                            "pool_sizes_bucket{who=\"one\",le=\"+Inf\"} 7\n"
                            "pool_sizes_sum{who=\"one\"} 1.5\n"
                            "pool_sizes_count{who=\"one\"} 7\n"
                            "pool_sizes_bucket{who=\"two\",le=\"1\"} 3\n"
                            "pool_sizes_bucket{who=\"two\",le=\"2\"} 3\n"
                            "pool_sizes_bucket{who=\"two\",le=\"+Inf\"} 7\n"
                            "pool_sizes_sum{who=\"two\"} 1.5\n"
                            "pool_sizes_count{who=\"two\"} 7\n"
                            "# HELP pool_used_total Used.\n# TYPE pool_used_total counter\n"
                            "pool_used_total{who=\"one\"} 7\n"
                            "pool_used_total{who=\"two\"} 7\n"
                            "# HELP static_total \n# TYPE static_total counter\nstatic_total 0\n");
    CHECK_EQ(bide_metrics_remove(registry, one), 0);
    CHECK(strstr(text(), "who=\"one\"") == NULL);
    end();
}

/* ---- the text goes to a stream ---- */

static async int write_and_read(void)
{
    bide_stream *here, *there;
    static char got[65536];
    ssize_t n;
    size_t size = 0;
    CHECK_EQ(bide_stream_pair(64, &here, &there), 0);
    await bide_join(({
                        CHECK_EQ(await bide_metrics_write(registry, there), 0);
                        bide_stream_close(there);
                    }),
                    ({
                        while ((n = await bide_stream_read(here, got + size, sizeof got - size)) >
                               0)
                            size += (size_t)n;
                    }));
    bide_stream_close(here);
    got[size] = 0;
    CHECK_STR(got, text());
    return 0;
}

TEST(a_text_is_written)
{
    static bide_metrics_counter c = BIDE_METRICS_COUNTER("c", "");
    begin();
    CHECK_EQ(bide_metrics_add_counter(registry, &c), 0);
    CHECK_EQ(bide_block_on(write_and_read()), 0);
    end();
}

static async int write_until_late(void)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(64, &here, &there), 0);
    defer {
        bide_stream_close(here);
        bide_stream_close(there);
    }
    return await bide_timeout(BIDE_MS(1), (void)bide_metrics_write(registry, there));
}

TEST(a_write_that_is_cancelled_loses_nothing)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(write_until_late()), -ETIMEDOUT);
    end();
}
