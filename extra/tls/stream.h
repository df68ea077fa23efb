/*
 * stream.h: the operations of a TLS stream that wait, by their descriptors.
 */
#ifndef BIDE_EXTRA_TLS_STREAM_H
#define BIDE_EXTRA_TLS_STREAM_H

#include <bide/core.h>

extern const struct bide_fn bide__desc_bide__tls_read;  /* transfer.c */
extern const struct bide_fn bide__desc_bide__tls_write; /* write.c */

/* async int f(struct bide__tls *), transfer.c */
extern const struct bide_fn bide__desc_bide__tls_fill, bide__desc_bide__tls_send;

#endif
