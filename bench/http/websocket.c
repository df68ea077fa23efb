/* bench/http/websocket.c: BENCH_WEBSOCKET is defined if libbide-websocket is built. */
#include "http.h"

#ifdef BENCH_WEBSOCKET

#include <bide/bide.h>
#include <bide/websocket.h>

const bool has_websocket = true;

async int websocket(struct bide_http_exchange *x)
{
    bide_websocket *ws;
    bide_websocket_message message;
    int rc = await bide_websocket_accept(x, NULL, &ws);
    if (rc < 0)
        return rc;
    defer {
        bide_websocket_free(ws);
    }
    while ((rc = await bide_websocket_recv(ws, &message)) > 0)
        if ((rc = await bide_websocket_send(ws, message.kind, message.data, message.size)) < 0)
            break;
    return rc;
}

#else

#include <errno.h>

const bool has_websocket = false;

async int websocket(struct bide_http_exchange *x)
{
    (void)x;
    return -ENOSYS;
}

#endif
