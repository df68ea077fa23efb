/*
 * h1/async.h: the async functions of the room, for its files in async C.
 */
#ifndef BIDE_EXTRA_HTTP_H1_ASYNC_H
#define BIDE_EXTRA_HTTP_H1_ASYNC_H

#include "extra/http/h1/inside.h"

/* ---- write.c ---- */

/* Sends `out` as far as that needs no wait. 0; -EAGAIN: something is left; or an error. */
int bide__h1_flush_now(struct bide__h1 *h);

/* Sends `out`. Cancelled: what was sent is out of it. */
bide_async int bide__h1_flush(struct bide__h1 *h);

/* Sends at most `size` bytes of a file behind `out`: how many; 0: it ends there. */
bide_async ssize_t bide__h1_send_some_file(struct bide__h1 *h, int fd, uint64_t at, size_t size);

/* Sends `out` and then the pieces behind pieces[0], which is for `out`. They are changed. */
bide_async int bide__h1_send(struct bide__h1 *h, struct iovec *pieces, size_t count);

/* ---- file.c ---- */

bide_async ssize_t bide__h1_send_file(bide_http_exchange *x, int fd, uint64_t at, size_t size);

/* ---- receive.c ---- */

/* BIDE__H1_CLOSE and so on, or an error. */
bide_async int bide__h1_receive(struct bide__h1 *h);

/* ---- body.c ---- */

bide_async ssize_t bide__h1_body_read(bide_http_exchange *x, void *buffer, size_t size);

/* Reads what the handler has not read of the body, up to the limit. 1: the next request can be
 * read; 0: it cannot. */
bide_async int bide__h1_body_skip(struct bide__h1 *h, bide_http_exchange *x);

/* All of the body has come, as far as can be known without reading it. */
bool bide__h1_body_is_here(const struct bide__h1 *h, const bide_http_exchange *x);

/* ---- gone.c ---- */

bide_async int bide__h1_gone(bide_http_exchange *x);

/* Has `gone` read no more, for somebody else to read the stream. */
bide_async int bide__h1_gone_stop(struct bide__h1 *h);

/* ---- upgrade.c ---- */

bide_async int bide__h1_upgrade(bide_http_exchange *x, const char *protocol, bide_stream **stream);

#endif
