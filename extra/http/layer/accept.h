/*
 * accept.h: which content coding a client takes (RFC 9110 §12.5.3).
 */
#ifndef BIDE_HTTP_ACCEPT_H
#define BIDE_HTTP_ACCEPT_H

#include <stddef.h>

enum http_coding { CODING_NONE, CODING_GZIP, CODING_BROTLI, CODINGS };

/* The name in Content-Encoding; that of CODING_NONE is "identity". */
const char *bide__http_coding_name(enum http_coding coding);

/* The weight of each coding in thousandths, 0: not acceptable. An Accept-Encoding field, or several
 * that are joined with commas; data NULL: there is none, so there is only identity. What is
 * malformed in it is passed over. */
void bide__http_accept_encoding(const char *field, size_t size, unsigned weights[CODINGS]);

/* The coding with the largest weight among those in `offered` (bits 1 << coding); of equal ones the
 * later one in the enum. CODING_NONE if nothing is acceptable. */
enum http_coding bide__http_coding_choose(const unsigned weights[CODINGS], unsigned offered);

#endif
