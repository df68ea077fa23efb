/*
 * server.c: a server's side of the opening handshake, from an exchange (RFC 6455, 4.2).
 */
#include "lib/async.h"

#include "extra/websocket/handshake.h"

#include "extra/http/exchange/exchange.h"

static const char *reason(int status)
{
    switch (status) {
    case 403: return "pages of this origin may not connect";
    case 405: return "a WebSocket begins with GET";
    case 426: return "this is a WebSocket, of version 13";
    case 501: return "there are no WebSockets over HTTP/2 here";
    default: return "this is no handshake of a WebSocket";
    }
}

/* Fills in the reply to a request that gets no WebSocket, as it is for all errors of the server. */
static int refuse(bide_http_exchange *x, int status)
{
    int r = bide__http_reply_failure(x, status, reason(status));

    if (status == 405 && r == 0)
        r = bide_http_header_set(x, "Allow", "GET");
    if (status == 426 && r == 0)
        r = bide_http_header_set(x, "Upgrade", "websocket");
    if (status == 426 && r == 0)
        r = bide_http_header_set(x, "Sec-WebSocket-Version", "13");
    return r;
}

/* The status that is due before the fields are looked at; 101: go on. */
static int look_at_request(const bide_http_exchange *x)
{
    if (bide_http_version_of(x) == BIDE_HTTP_2)
        return 501; /* RFC 8441 is not there */
    if (x->request.method != BIDE__METHOD_GET)
        return 405;
    if (!x->body.ended)
        return 400;
    return bide_http_wants_upgrade(x, "websocket") ? 101 : 426;
}

static int set_fields(bide_http_exchange *x, const struct bide__ws_greeting *g)
{
    int r = bide_http_header_set(x, "Sec-WebSocket-Accept", g->accept);

    if (r == 0 && g->subprotocol != NULL)
        r = bide_http_header_set(x, "Sec-WebSocket-Protocol", g->subprotocol);
    if (r == 0 && g->agreed.on)
        r = bide_http_header_set(x, "Sec-WebSocket-Extensions", g->extension);
    return r;
}

bide_async int bide_websocket_accept(bide_http_exchange *x, const bide_websocket_options *options,
                                     bide_websocket **ws)
{
    struct bide__ws_greeting g;
    bide_websocket *made;
    bide_stream *stream = NULL;

    *ws = NULL;
    if (bide__ws_options_check(options) < 0)
        return bide__http_misused(x, "bide_websocket_accept: an option is out of range");
    int status = look_at_request(x);
    if (status == 101) {
        bide__ws_greet(&x->request.fields, options, &g);
        status = (int)g.status;
    }
    if (status != 101)
        return refuse(x, status);
    /* Once the connection has been taken there is nothing left that can fail. */
    int r = bide__ws_new(NULL, false, options, &g.agreed, g.subprotocol,
                         x->home != NULL ? x->home->draining : NULL, &made);
    if (r < 0)
        return r;
    bide_defer {
        if (*ws == NULL)
            bide__ws_abandon(made);
    }
    r = set_fields(x, &g);
    if (r == 0)
        r = bide_await bide_http_upgrade(x, "websocket", &stream);
    if (r < 0)
        return r;
    made->stream = stream;
    *ws = made;
    return 1;
}
