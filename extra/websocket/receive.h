/*
 * receive.h: what close.c uses of message.c.
 */
#ifndef BIDE_EXTRA_WEBSOCKET_RECEIVE_H
#define BIDE_EXTRA_WEBSOCKET_RECEIVE_H

#include "extra/websocket/internal.h"

/* Becomes the call that receives. 0; 1: a bide_websocket_close does it, -EBUSY: another call does;
 * or an error. And its end. */
int bide__ws_receive_begin(bide_websocket *ws, bool drains);
void bide__ws_receive_end(bide_websocket *ws);

/* Waits until nobody receives. 0, or an error. */
bide_async int bide__ws_receive_wait(bide_websocket *ws);

/* For the call that receives: as bide_websocket_recv, or _part. */
bide_async int bide__ws_receive(bide_websocket *ws, bool in_parts, bide_websocket_message *m);

#endif
