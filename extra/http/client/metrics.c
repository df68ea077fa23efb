/*
 * metrics.c: what a client does, for a registry. See bide/http_metrics.h.
 */
#include "internal.h"

#include <bide/http_metrics.h>

#include <stdio.h>

void bide__http_client_meter_init(struct bide__http_client_meter *meter)
{
    *meter = (struct bide__http_client_meter){
        .times = BIDE_METRICS_HISTOGRAM(NULL, NULL, BIDE_METRICS_SECONDS)};
}

void bide__http_client_count(const struct bide__http_transfer *t)
{
    struct bide__http_client_meter *meter = &t->owner->meter;
    unsigned class = t->response != NULL ? (unsigned)t->response->status / 100 : 0;
    int error = -t->result;
    long connects = 0;

    if (t->result == 0)
        bide__metrics_add(&meter->answers[class < 6 ? class : 0], 1);
    else
        bide__metrics_add(&meter->failures[error < BIDE__HTTP_ERRORS ? error : 0], 1);
    if (t->client != NULL) /* curl has had it */
        curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    bide__metrics_add(&meter->opened, (uint64_t)connects);
    bide__metrics_add(&meter->reused, connects == 0 && t->result == 0);
    bide_metrics_histogram_add_time(&meter->times, (bide_duration){bide__clock_ns() - t->begun_ns});
}

static void put(bide_metrics_out *out, const char *client, bide_metrics_kind kind, const char *name,
                const char *help, uint64_t value)
{
    const char *labels[] = {"client", client, NULL};
    bide_metrics_out_begin(out, kind, name, help);
    bide_metrics_out_u64(out, labels, value);
}

static void put_answers(bide_metrics_out *out, const char *client,
                        const struct bide__http_client_meter *meter)
{
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "bide_http_client_requests_total",
                           "Requests with an answer.");
    for (unsigned i = 0; i < 6; i++) {
        const char *labels[] = {"client", client, "status", classes[i], NULL};
        uint64_t n = bide__metrics_read(&meter->answers[i]);
        if (n > 0)
            bide_metrics_out_u64(out, labels, n);
    }
}

static void put_failures(bide_metrics_out *out, const char *client,
                         const struct bide__http_client_meter *meter)
{
    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "bide_http_client_failures_total",
                           "Requests without an answer.");
    for (int i = 0; i < BIDE__HTTP_ERRORS; i++) {
        const char *name = i > 0 ? strerrorname_np(i) : NULL;
        const char *labels[] = {"client", client, "error", name != NULL ? name : "other", NULL};
        uint64_t n = bide__metrics_read(&meter->failures[i]);
        if (n > 0)
            bide_metrics_out_u64(out, labels, n);
    }
}

static void put_client(bide_metrics_out *out, const void *what, const char *client)
{
    const struct bide__http_client_meter *meter = &((const bide_http_client *)what)->meter;
    const char *labels[] = {"client", client, NULL};
    uint64_t gone = bide__metrics_read(&meter->gone), begun = bide__metrics_read(&meter->begun);

    put_answers(out, client, meter);
    put_failures(out, client, meter);
    put(out, client, BIDE_METRICS_IS_GAUGE, "bide_http_client_requests_in_flight",
        "Requests that have begun, and whose result nobody has taken.",
        begun > gone ? begun - gone : 0);
    put(out, client, BIDE_METRICS_IS_COUNTER, "bide_http_client_connections_opened_total",
        "Connections that were opened.", bide__metrics_read(&meter->opened));
    put(out, client, BIDE_METRICS_IS_COUNTER, "bide_http_client_connections_reused_total",
        "Requests that needed no new connection.", bide__metrics_read(&meter->reused));
    bide_metrics_out_begin(out, BIDE_METRICS_IS_HISTOGRAM, "bide_http_client_request_seconds",
                           "From the beginning of a request to its answer or failure.");
    bide__metrics_out_histogram(out, labels, &meter->times);
}

int bide_metrics_add_http_client(bide_metrics *metrics, bide_http_client *client, const char *name)
{
    return bide__metrics_add_object(metrics, put_client, client, name);
}
