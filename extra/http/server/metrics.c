/*
 * server/metrics.c: what a server does, for a registry. See bide/http_metrics.h.
 */
#include "extra/http/server/inside.h"

#include <bide/http_metrics.h>

static const char *const methods[BIDE__HTTP_METHODS] = {
    [BIDE__METHOD_EXTENSION] = "other", [BIDE__METHOD_GET] = "GET",
    [BIDE__METHOD_HEAD] = "HEAD",       [BIDE__METHOD_POST] = "POST",
    [BIDE__METHOD_PUT] = "PUT",         [BIDE__METHOD_DELETE] = "DELETE",
    [BIDE__METHOD_CONNECT] = "CONNECT", [BIDE__METHOD_OPTIONS] = "OPTIONS",
    [BIDE__METHOD_TRACE] = "TRACE",     [BIDE__METHOD_PATCH] = "PATCH",
};

static const char *const classes[BIDE__HTTP_CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

static const char *const limits[BIDE__HTTP_REFUSALS] = {
    [BIDE__HTTP_REFUSED_OTHER] = "other",
    [BIDE__HTTP_REFUSED_MALFORMED] = "malformed",
    [BIDE__HTTP_REFUSED_HEAD_BYTES] = "head_bytes",
    [BIDE__HTTP_REFUSED_TARGET_BYTES] = "target_bytes",
    [BIDE__HTTP_REFUSED_HEAD_TIMEOUT] = "head_timeout",
    [BIDE__HTTP_REFUSED_BODY_BYTES] = "body_bytes",
    [BIDE__HTTP_REFUSED_BODY_TIMEOUT] = "body_timeout",
    [BIDE__HTTP_REFUSED_WRITE_TIMEOUT] = "write_timeout",
    [BIDE__HTTP_REFUSED_CONNECTIONS] = "connections",
    [BIDE__HTTP_REFUSED_HANDSHAKE] = "handshake",
    [BIDE__HTTP_REFUSED_H2_STREAMS] = "h2_streams",
    [BIDE__HTTP_REFUSED_H2_FRAMES] = "h2_frames",
    [BIDE__HTTP_REFUSED_H2_RESETS] = "h2_resets",
};

static void put(bide_metrics_out *out, const char *server, bide_metrics_kind kind, const char *name,
                const char *help, uint64_t value)
{
    const char *labels[] = {"server", server, NULL};
    bide_metrics_out_begin(out, kind, name, help);
    bide_metrics_out_u64(out, labels, value);
}

/* A series for each method and class that has come, so that there are no rows of zeroes. */
static uint64_t put_requests(bide_metrics_out *out, const char *server,
                             const struct bide__http_counts *sum)
{
    uint64_t all = 0;

    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "bide_http_server_requests_total",
                           "Requests that have ended.");
    for (unsigned m = 0; m < BIDE__HTTP_METHODS; m++)
        for (unsigned c = 0; c < BIDE__HTTP_CLASSES; c++) {
            const char *labels[] = {"server", server,     "method", methods[m],
                                    "status", classes[c], NULL};
            all += sum->ended[m][c];
            if (sum->ended[m][c] > 0)
                bide_metrics_out_u64(out, labels, sum->ended[m][c]);
        }
    return all;
}

static void put_refused(bide_metrics_out *out, const char *server,
                        const struct bide__http_counts *sum)
{
    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "bide_http_server_refused_total",
                           "What was refused, and why.");
    for (unsigned i = 0; i < BIDE__HTTP_REFUSALS; i++) {
        const char *labels[] = {"server", server, "limit", limits[i], NULL};
        bide_metrics_out_u64(out, labels, sum->refused[i]);
    }
}

static void put_times(bide_metrics_out *out, const char *server,
                      const struct bide__http_meter *meter)
{
    bide_metrics_out_begin(out, BIDE_METRICS_IS_HISTOGRAM, "bide_http_server_request_seconds",
                           "From the end of a request's head to the end of the response.");
    for (unsigned c = 0; c < BIDE__HTTP_CLASSES; c++) {
        const char *labels[] = {"server", server, "status", classes[c], NULL};
        if (bide_metrics_histogram_read(&meter->times[c]) > 0)
            bide__metrics_out_histogram(out, labels, &meter->times[c]);
    }
}

static void put_server(bide_metrics_out *out, const void *what, const char *server)
{
    const bide_http_server *s = what;
    const struct bide__http_meter *meter =
        atomic_load_explicit(&s->homes[0].meter, memory_order_acquire);
    bide_http_server_metrics m;
    struct bide__http_counts sum;

    bide_http_server_metrics_read(s, &m);
    put(out, server, BIDE_METRICS_IS_GAUGE, "bide_http_server_connections",
        "Connections that are open.", m.connections);
    put(out, server, BIDE_METRICS_IS_COUNTER, "bide_http_server_connections_total",
        "Connections that were accepted.", m.accepted);
    put(out, server, BIDE_METRICS_IS_COUNTER, "bide_http_server_received_total",
        "Requests that have begun.", m.requests);
    bide__http_meter_sum(meter, &sum);
    uint64_t ended = put_requests(out, server, &sum);
    put(out, server, BIDE_METRICS_IS_GAUGE, "bide_http_server_requests_in_flight",
        "Requests that have begun and not ended.", sum.begun > ended ? sum.begun - ended : 0);
    put(out, server, BIDE_METRICS_IS_COUNTER, "bide_http_server_request_bytes_total",
        "Bytes of bodies that handlers have read.", sum.in_bytes);
    put(out, server, BIDE_METRICS_IS_COUNTER, "bide_http_server_response_bytes_total",
        "Bytes of bodies, as handlers have made them.", sum.out_bytes);
    put_refused(out, server, &sum);
    put_times(out, server, meter);
}

/* The meter stays for good: an exchange may have it. */
static int have_meter(bide_http_server *s)
{
    struct bide__http_meter *none = NULL, *meter;

    if (atomic_load_explicit(&s->homes[0].meter, memory_order_acquire) != NULL)
        return 0;
    meter = bide__door.alloc(sizeof *meter, _Alignof(struct bide__http_meter));
    if (meter == NULL)
        return -ENOMEM;
    bide__http_meter_init(meter);
    if (!atomic_compare_exchange_strong(&s->homes[0].meter, &none, meter)) {
        bide__free(meter, sizeof *meter);
        return 0;
    }
    for (uint32_t i = 1; i < s->core_count; i++)
        atomic_store_explicit(&s->homes[i].meter, meter, memory_order_release);
    return 0;
}

int bide_metrics_add_http_server(bide_metrics *metrics, bide_http_server *server, const char *name)
{
    int rc = server == NULL ? -EINVAL : have_meter(server);
    return rc < 0 ? rc : bide__metrics_add_object(metrics, put_server, server, name);
}
