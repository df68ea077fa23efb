/*
 * Threads count while others make texts, and make the same series: no count is lost, and a
 * histogram always agrees with itself.
 */
#include <bide/metrics.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { THREADS = 12, ROUNDS = 2000, SERIES = 20 };

static bide_metrics *registry;
static bide_metrics_counter hits = BIDE_METRICS_COUNTER("hits_total", "");
static bide_metrics_gauge level = BIDE_METRICS_GAUGE("level", "");
static bide_metrics_histogram ones =
    BIDE_METRICS_HISTOGRAM("ones", "", BIDE_METRICS_BOUNDS(0.5, 2));
static bide_metrics_counters parts = BIDE_METRICS_COUNTERS("parts_total", "", "part");
static int working = THREADS;

static void *count(void *unused)
{
    char part[16];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(part, sizeof part, "p%d", i % SERIES);
        bide_metrics_counter_add(&hits, 1);
        bide_metrics_gauge_add(&level, i % 2 == 0 ? 1 : -1);
        bide_metrics_histogram_add(&ones, 1);
        bide_metrics_counter_add(bide_metrics_counters_at(&parts, part), 1);
    }
    __atomic_fetch_sub(&working, 1, __ATOMIC_RELEASE);
    return unused;
}

static double number(const char *text, const char *of)
{
    const char *at = strstr(text, of);
    CHECK(at != NULL);
    return at != NULL ? strtod(at + strlen(of), NULL) : -1;
}

static void *tell(void *unused)
{
    bide_metrics_text *text;
    while (__atomic_load_n(&working, __ATOMIC_ACQUIRE) > 0) {
        CHECK_EQ(bide_metrics_text_new(registry, &text), 0);
        const char *t = bide_metrics_text_data(text, NULL);
        double all = number(t, "\nones_count ");
        CHECK(number(t, "ones_bucket{le=\"+Inf\"} ") == all);
        CHECK(number(t, "ones_bucket{le=\"2\"} ") == all);
        CHECK(number(t, "\nones_sum ") >= all);
        bide_metrics_text_free(text);
    }
    return unused;
}

/* Adds and removes what nobody else looks at. */
static void *change(void *unused)
{
    static bide_metrics_gauge other = BIDE_METRICS_GAUGE("other", "");
    while (__atomic_load_n(&working, __ATOMIC_ACQUIRE) > 0) {
        CHECK_EQ(bide_metrics_add_gauge(registry, &other), 0);
        CHECK_EQ(bide_metrics_remove(registry, &other), 0);
    }
    return unused;
}

TEST_LIMIT(nothing_is_lost, 60)
{
    pthread_t thread[THREADS + 3];
    bide_metrics_text *text;
    char line[64];

    CHECK_EQ(bide_metrics_new(&registry), 0);
    CHECK_EQ(bide_metrics_add_counter(registry, &hits), 0);
    CHECK_EQ(bide_metrics_add_gauge(registry, &level), 0);
    CHECK_EQ(bide_metrics_add_histogram(registry, &ones), 0);
    CHECK_EQ(bide_metrics_add_counters(registry, &parts), 0);
    for (int i = 0; i < THREADS + 3; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL,
                                i < THREADS       ? count
                                : i < THREADS + 2 ? tell
                                                  : change,
                                NULL),
                 0);
    for (int i = 0; i < THREADS + 3; i++)
        pthread_join(thread[i], NULL);
    CHECK_EQ(bide_metrics_counter_read(&hits), THREADS * ROUNDS);
    CHECK_EQ(bide_metrics_histogram_read(&ones), THREADS * ROUNDS);
    CHECK(bide_metrics_gauge_read(&level) == 0);
    CHECK_EQ(bide_metrics_text_new(registry, &text), 0);
    const char *t = bide_metrics_text_data(text, NULL);
    for (int i = 0; i < SERIES; i++) {
        snprintf(line, sizeof line, "parts_total{part=\"p%d\"} ", i);
        CHECK(number(t, line) == THREADS * ROUNDS / SERIES);
    }
    CHECK(number(t, "\nones_sum ") == THREADS * ROUNDS);
    bide_metrics_text_free(text);
    bide_metrics_free(registry);
}
