/*
 * fields.h: lists of header fields, and which names and values there may be.
 *
 * A list is an array of the owner's with offsets from one base, so that the bytes may lie in a
 * connection's buffer, which moves when it grows; then the owner sets the base anew. The HTTP/1
 * parser fills lists (parse.h); others add to them field by field. The usual names have numbers:
 * to look for one costs one bit if it is not there, and compares bytes instead of strings if it is.
 * Names are compared without regard to case, as RFC 9110, 5.1, says; a field that occurs several
 * times is several members, in their order.
 *
 * Requires C. Any thread; nothing here has a state.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_FIELDS_H
#define BIDE_EXTRA_HTTP_MESSAGE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The usual names; at most 63. */
#define BIDE__HTTP_NAMES(X)                                 \
    X(HOST, "host")                                         \
    X(CONNECTION, "connection")                             \
    X(CONTENT_LENGTH, "content-length")                     \
    X(TRANSFER_ENCODING, "transfer-encoding")               \
    X(EXPECT, "expect")                                     \
    X(UPGRADE, "upgrade")                                   \
    X(TE, "te")                                             \
    X(TRAILER, "trailer")                                   \
    X(KEEP_ALIVE, "keep-alive")                             \
    X(PROXY_CONNECTION, "proxy-connection")                 \
    X(HTTP2_SETTINGS, "http2-settings")                     \
    X(ACCEPT, "accept")                                     \
    X(ACCEPT_ENCODING, "accept-encoding")                   \
    X(ACCEPT_LANGUAGE, "accept-language")                   \
    X(ACCEPT_RANGES, "accept-ranges")                       \
    X(AGE, "age")                                           \
    X(ALLOW, "allow")                                       \
    X(AUTHORIZATION, "authorization")                       \
    X(CACHE_CONTROL, "cache-control")                       \
    X(CONTENT_DISPOSITION, "content-disposition")           \
    X(CONTENT_ENCODING, "content-encoding")                 \
    X(CONTENT_LANGUAGE, "content-language")                 \
    X(CONTENT_LOCATION, "content-location")                 \
    X(CONTENT_RANGE, "content-range")                       \
    X(CONTENT_TYPE, "content-type")                         \
    X(COOKIE, "cookie")                                     \
    X(DATE, "date")                                         \
    X(ETAG, "etag")                                         \
    X(EXPIRES, "expires")                                   \
    X(FORWARDED, "forwarded")                               \
    X(IF_MATCH, "if-match")                                 \
    X(IF_MODIFIED_SINCE, "if-modified-since")               \
    X(IF_NONE_MATCH, "if-none-match")                       \
    X(IF_RANGE, "if-range")                                 \
    X(IF_UNMODIFIED_SINCE, "if-unmodified-since")           \
    X(LAST_EVENT_ID, "last-event-id")                       \
    X(LAST_MODIFIED, "last-modified")                       \
    X(LOCATION, "location")                                 \
    X(MAX_FORWARDS, "max-forwards")                         \
    X(ORIGIN, "origin")                                     \
    X(PRAGMA, "pragma")                                     \
    X(PRIORITY, "priority")                                 \
    X(PROXY_AUTHENTICATE, "proxy-authenticate")             \
    X(PROXY_AUTHORIZATION, "proxy-authorization")           \
    X(RANGE, "range")                                       \
    X(REFERER, "referer")                                   \
    X(RETRY_AFTER, "retry-after")                           \
    X(SEC_WEBSOCKET_ACCEPT, "sec-websocket-accept")         \
    X(SEC_WEBSOCKET_EXTENSIONS, "sec-websocket-extensions") \
    X(SEC_WEBSOCKET_KEY, "sec-websocket-key")               \
    X(SEC_WEBSOCKET_PROTOCOL, "sec-websocket-protocol")     \
    X(SEC_WEBSOCKET_VERSION, "sec-websocket-version")       \
    X(SERVER, "server")                                     \
    X(SET_COOKIE, "set-cookie")                             \
    X(USER_AGENT, "user-agent")                             \
    X(VARY, "vary")                                         \
    X(VIA, "via")                                           \
    X(WWW_AUTHENTICATE, "www-authenticate")                 \
    X(X_FORWARDED_FOR, "x-forwarded-for")                   \
    X(X_FORWARDED_HOST, "x-forwarded-host")                 \
    X(X_FORWARDED_PROTO, "x-forwarded-proto")               \
    X(X_REQUEST_ID, "x-request-id")

enum bide__http_name {
    BIDE__FIELD_OTHER = 0,
#define X(id, text) BIDE__FIELD_##id,
    BIDE__HTTP_NAMES(X)
#undef X
        BIDE__FIELD_COUNT
};

enum { BIDE__HTTP_NAME_MAX = 256 }; /* the longest name that is accepted, in bytes */

/* Bytes by their place after a base. */
struct bide__http_span {
    uint32_t at, size;
};

struct bide__http_field {
    uint32_t name, value, value_size; /* the places are offsets from the base of the list */
    uint16_t name_size;
    uint8_t known; /* enum bide__http_name */
};

struct bide__http_fields {
    const char *base;
    struct bide__http_field *list;
    uint32_t count, room;
    uint64_t has;   /* bit 1 << name, for each usual name in the list */
    uint64_t twice; /* the same for those that are there more than once */
};

/* ---- reading ---- */

static inline const char *bide__http_field_name(const struct bide__http_fields *f,
                                                const struct bide__http_field *field)
{
    return f->base + field->name;
}

static inline const char *bide__http_field_value(const struct bide__http_fields *f,
                                                 const struct bide__http_field *field)
{
    return f->base + field->value;
}

/* The first field with a usual name; NULL: there is none. */
const struct bide__http_field *bide__http_fields_known(const struct bide__http_fields *f,
                                                       enum bide__http_name name);

/* The first field with this name behind `after`; NULL stands for the beginning. NULL: no more. */
const struct bide__http_field *bide__http_fields_find(const struct bide__http_fields *f,
                                                      const struct bide__http_field *after,
                                                      const char *name, size_t name_size);

/* True if there is a field with this usual name. */
static inline bool bide__http_fields_has(const struct bide__http_fields *f,
                                         enum bide__http_name name)
{
    return (f->has >> name & 1) != 0;
}

/* ---- adding ---- */

/*
 * Adds a field whose bytes lie `name` and `value` bytes after the base. Nothing is checked. Returns
 * 0, or -E2BIG if the array is full.
 */
int bide__http_fields_add(struct bide__http_fields *f, uint32_t name, size_t name_size,
                          uint32_t value, size_t value_size);

/* ---- names and values ---- */

/* The number of a name, of any case; BIDE__FIELD_OTHER for one that is not in the table. */
enum bide__http_name bide__http_name_of(const char *name, size_t size);

/* A usual name in lower case, with a zero byte after it. */
const char *bide__http_name_text(enum bide__http_name name);

/* True for names that are the same but for case. */
bool bide__http_same(const char *a, size_t a_size, const char *b, size_t b_size);

/* A token of RFC 9110, 5.6.2, of at least one byte: a method, the name of a field. */
bool bide__http_is_token(const char *s, size_t size);

/*
 * What may be the value of a field that is sent: no control bytes but tabs, so nothing that could
 * end the line and begin another field or message; and no blank at either end, which a receiver
 * would take off. Empty is allowed (RFC 9110, 5.5).
 */
bool bide__http_is_value(const char *s, size_t size);

/*
 * A host with or without a port, as in the field Host: a name of letters, digits, "-", ".", "_" and
 * "~", or an IPv6 address in brackets, and 1 to 5 digits, up to 65535, after a colon. The
 * other bytes of a name in RFC 3986 are refused, since no name in DNS has them, while programs
 * behind this one may take a comma or a percent sign for more than that.
 */
bool bide__http_is_host(const char *s, size_t size);

/*
 * Takes the next member of a list with commas (RFC 9110, 5.6.1) from *s and *size; commas in quoted
 * strings do not end it, and empty members are skipped. True: it is *member, without blanks at its
 * ends. False: there is none.
 */
bool bide__http_member(const char **s, size_t *size, const char **member, size_t *member_size);

/* True if one of the lists under this name has the token, in any case. */
bool bide__http_fields_has_token(const struct bide__http_fields *f, enum bide__http_name name,
                                 const char *token);

#endif
