/*
 * h2.h: the server's side of an HTTP/2 connection (RFC 9113), on nghttp2.
 *
 * One task owns the connection: it reads, writes, watches the time, and runs the handlers, which
 * are children of one future set. So a connection needs no lock, and its handlers run on one thread
 * at a time, each in turn where it waits. nghttp2 knows frames, HPACK and windows; what RFC 9113
 * demands beyond it, and what a client may do how often, is ours.
 *
 * Requires a stream on which the client's preface comes next. Establishes: each request runs the
 * server's handler through an exchange (extra/http/exchange); what a client sends has limits.
 */
#ifndef BIDE_EXTRA_HTTP_H2_H
#define BIDE_EXTRA_HTTP_H2_H

#include "extra/http/exchange/exchange.h"

/* What a client sends first, which no request of HTTP/1 begins with (RFC 9113, 3.4). */
#define BIDE__H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
enum { BIDE__H2_PREFACE_SIZE = 24 };

/*
 * Serves a connection to its end. The handlers that outlive their client have ended, too. The
 * stream stays the caller's, who closes it. What c->ahead has comes first. Returns 0 or -ENOMEM.
 * Cancelled: the handlers are cancelled; the client sees a connection that was cut.
 */
bide_async int bide__h2_serve(struct bide__http_connection *c);

#endif
