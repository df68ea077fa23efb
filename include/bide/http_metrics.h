/*
 * bide/http_metrics.h: the metrics of HTTP servers and clients, and a route that tells them. For
 * servers link with -lbide-http-server, for clients with -lbide-http.
 *
 *     bide_metrics *m;
 *     int rc = bide_metrics_new(&m);
 *     if (rc == 0)
 *         rc = bide_metrics_add_http_server(m, server, "public");
 *     return rc;
 *
 * and a route, in the table of a router:
 *
 *     route = (bide_http_route){.method = "GET", .path = "/metrics",
 *                               .handler = bide_ref(bide_http_serve_metrics), .data = metrics};
 *
 * Whoever can reach that route sees the numbers. A server for it of its own, on a port of the local
 * network, keeps them from the world.
 */
#ifndef BIDE_HTTP_METRICS_H
#define BIDE_HTTP_METRICS_H

#include <bide/http.h>
#include <bide/http_route.h>
#include <bide/lang.h>
#include <bide/metrics.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Puts what a server does into a registry; `name` is the value of the label `server`, and is
 * copied. From now on the server counts its requests; those that have begun before are left out,
 * but for bide_http_server_requests_total and the numbers of connections. A server that was never
 * added pays nothing for this. Remove the server (bide_metrics_remove) before you free it. Any
 * thread may call it, also while the server runs.
 *
 * Returns 0; -EINVAL: an argument is NULL, or the name is longer than BIDE_METRICS_VALUE_MAX or no
 * UTF-8; -EEXIST: the server is in the registry, or another one with this name; -ENOMEM.
 *
 * All have the label `server`:
 *
 *   bide_http_server_connections            connections that are open
 *   bide_http_server_connections_total      that were accepted
 *   bide_http_server_received_total         requests that have begun, also before it was added
 *   bide_http_server_requests_total         requests that have ended, by `method` ("other" if it is
 *                                           none of RFC 9110 and PATCH) and `status`: "2xx" and so
 *                                           on; "none" if no whole response was sent
 *   bide_http_server_requests_in_flight     requests that have begun and not ended
 *   bide_http_server_request_seconds        a histogram, by `status`: from the end of the head to
 *                                           the end of the response
 *   bide_http_server_request_bytes_total    of bodies that handlers have read
 *   bide_http_server_response_bytes_total   of bodies, as handlers have made them
 *   bide_http_server_refused_total          what was refused, by `limit`: "malformed",
 *                                           "head_bytes", "target_bytes", "head_timeout",
 *                                           "body_bytes", "body_timeout", "write_timeout" (the
 *                                           client did not take what was sent), "connections" (how
 *                                           often the next connection had to wait for its turn),
 *                                           "handshake", "h2_streams", "h2_frames", "h2_resets",
 *                                           "other"
 */
bide_must_use int bide_metrics_add_http_server(bide_metrics *metrics, bide_http_server *server,
                                               const char *name);

/*
 * The same for a client, with the label `client`. It counts from its beginning on.
 *
 *   bide_http_client_requests_total         requests with an answer, by `status`: "2xx" and so on
 *   bide_http_client_failures_total         those without, by `error`: "ETIMEDOUT" and so on
 *   bide_http_client_requests_in_flight     requests that have begun, and whose result nobody has
 *                                           taken
 *   bide_http_client_request_seconds        a histogram: from the beginning to the answer or the
 *                                           failure
 *   bide_http_client_connections_opened_total
 *   bide_http_client_connections_reused_total   requests that needed no new one
 */
bide_must_use int bide_metrics_add_http_client(bide_metrics *metrics, bide_http_client *client,
                                               const char *name);

/*
 * A handler that answers with the text of a registry, which is `data` of its route. Making the text
 * takes about a millisecond, and no worker waits for it. Returns 0, -ENOMEM, or -ENXIO: there is no
 * data; the answer is 500, and `complain` of the server's options is told.
 * Cancelled: nothing has happened.
 */
bide_async int bide_http_serve_metrics(bide_http_exchange *x);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
