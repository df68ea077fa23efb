/*
 * media.h: what is known about kinds of content: which type a file has by the end of its name, and
 * whether it is worth compressing.
 */
#ifndef BIDE_HTTP_MEDIA_H
#define BIDE_HTTP_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

/* The media type for a name, by what is behind its last dot; "application/octet-stream" for others.
 * Text is UTF-8. A constant string. */
const char *bide__http_type_of(const char *name, size_t size);

/* Content of this type becomes smaller. Parameters of the type are passed over. */
bool bide__http_type_shrinks(const char *type, size_t size);

#endif
