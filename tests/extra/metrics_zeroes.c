/* Memory of zeroes is a metric without a name: it counts, and no registry takes it. */
#include <bide/metrics.h>

#include <errno.h>
#include <string.h>

#include "check.h"

TEST(metrics_of_zeroes)
{
    bide_metrics_counter counter;
    bide_metrics_gauge gauge;
    bide_metrics_histogram histogram;
    bide_metrics_counters counters;
    bide_metrics_gauges gauges;
    bide_metrics_histograms histograms;
    bide_metrics *m;

    memset(&counter, 0, sizeof(counter));
    memset(&gauge, 0, sizeof(gauge));
    memset(&histogram, 0, sizeof(histogram));
    memset(&counters, 0, sizeof(counters));
    memset(&gauges, 0, sizeof(gauges));
    memset(&histograms, 0, sizeof(histograms));
    bide_metrics_counter_add(&counter, 2);
    bide_metrics_gauge_add(&gauge, 2);
    bide_metrics_histogram_add(&histogram, 2);
    CHECK_EQ(bide_metrics_counter_read(&counter), 2);
    CHECK(bide_metrics_gauge_read(&gauge) == 2);
    CHECK_EQ(bide_metrics_histogram_read(&histogram), 1);
    CHECK_EQ(bide_metrics_new(&m), 0);
    CHECK_EQ(bide_metrics_add_counter(m, &counter), -EINVAL);
    CHECK_EQ(bide_metrics_add_gauge(m, &gauge), -EINVAL);
    CHECK_EQ(bide_metrics_add_histogram(m, &histogram), -EINVAL);
    CHECK_EQ(bide_metrics_add_counters(m, &counters), -EINVAL);
    CHECK_EQ(bide_metrics_add_gauges(m, &gauges), -EINVAL);
    CHECK_EQ(bide_metrics_add_histograms(m, &histograms), -EINVAL);
    bide_metrics_free(m);
}
