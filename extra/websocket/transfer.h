/*
 * transfer.h: what message.c uses of transfer.c, which waits.
 */
#ifndef BIDE_EXTRA_WEBSOCKET_TRANSFER_H
#define BIDE_EXTRA_WEBSOCKET_TRANSFER_H

#include "extra/websocket/internal.h"

/* Sends what is to be sent, after the call that is sending now. 0, or an error. Cancelled: the rest
 * is kept. */
bide_async int bide__ws_flush(bide_websocket *ws);

/* Sends a message, or a part of one, with the turn. Cancelled: as bide_websocket_send. */
bide_async int bide__ws_write_message(bide_websocket *ws, bide_websocket_kind kind,
                                      const void *data, size_t size, bool ends);

/*
 * For the call that receives: waits for something to happen: for bytes, which it takes, or for the
 * time of a ping, or the shutdown. Meanwhile it sends what is to be sent. 0: look again; or why the
 * connection has failed. Cancelled: nothing is lost.
 */
bide_async int bide__ws_wait(bide_websocket *ws);

#endif
