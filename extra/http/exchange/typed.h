/*
 * exchange/typed.h: what the files of typed access share: faults that name a field, and texts that
 * become values.
 */
#ifndef BIDE_HTTP_TYPED_H
#define BIDE_HTTP_TYPED_H

#include "extra/http/exchange/exchange.h"

#include <bide/http_route.h>

/* fail.c: notes the status and the words for `error`. */
void bide__http_note(bide_http_exchange *x, int error, int status, const char *text);

/* The same with the text "field: why"; returns the error. */
int bide__http_fail_at(bide_http_exchange *x, int error, int status, const char *field,
                       const char *why);

/*
 * The functions of one source, made of bide_http_SOURCE_text:
 *
 *     BIDE__HTTP_TYPED(path, T, i64) is bide_http_path_i64(x, name, T *value)
 *     BIDE__HTTP_TYPED_OR(query, T, i64) is bide_http_query_i64_or(x, name, otherwise, value);
 *     bide__http_query_find says 1 and the text, 0: it is not there, or an error
 */
#define BIDE__HTTP_TYPED(source, T, kind)                                              \
    int bide_http_##source##_##kind(bide_http_exchange *x, const char *name, T *value) \
    {                                                                                  \
        const char *text;                                                              \
        int r = bide_http_##source##_text(x, name, &text);                             \
        return r < 0 ? r : bide_http_as_##kind(x, name, text, value);                  \
    }

#define BIDE__HTTP_TYPED_OR(source, T, kind)                                                   \
    int bide_http_##source##_##kind##_or(bide_http_exchange *x, const char *name, T otherwise, \
                                         T *value)                                             \
    {                                                                                          \
        const char *text;                                                                      \
        int r = bide__http_##source##_find(x, name, &text);                                    \
        if (r == 0)                                                                            \
            *value = otherwise;                                                                \
        return r <= 0 ? r : bide_http_as_##kind(x, name, text, value);                         \
    }

#define BIDE__HTTP_TYPED_ALL(source)         \
    BIDE__HTTP_TYPED(source, int64_t, i64)   \
    BIDE__HTTP_TYPED(source, uint64_t, u64)  \
    BIDE__HTTP_TYPED(source, double, double) \
    BIDE__HTTP_TYPED(source, bool, bool)

#define BIDE__HTTP_TYPED_OR_ALL(source)         \
    BIDE__HTTP_TYPED_OR(source, int64_t, i64)   \
    BIDE__HTTP_TYPED_OR(source, uint64_t, u64)  \
    BIDE__HTTP_TYPED_OR(source, double, double) \
    BIDE__HTTP_TYPED_OR(source, bool, bool)

/* decode.c: percent codes become bytes, in the memory of the exchange; with `plus`, "+" becomes a
 * blank. The text is UTF-8 without zero bytes, else this is a 400 that names the field. */
int bide__http_decode(bide_http_exchange *x, const char *field, const char *text, size_t size,
                      bool plus, const char **decoded);

/* The bytes of the character of UTF-8 with which the text begins; 0: there is none. */
size_t bide__http_utf8(const char *text, size_t size);

/* The media type of a request's body is this one; its parameters are passed over. And: it is JSON,
 * or a kind of it. */
bool bide__http_has_type(const bide_http_exchange *x, const char *type);
bool bide__http_has_json_type(const bide_http_exchange *x);

/* A parameter of that type: its size, -ENOENT, -ENOSPC. */
ssize_t bide__http_type_parameter(const bide_http_exchange *x, const char *name, char *value,
                                  size_t room);

#endif
