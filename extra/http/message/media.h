/*
 * media.h: values with parameters: media types (RFC 9110, 8.3), Content-Disposition, and lists with
 * weights (12.4.2).
 *
 * Requires C. Any thread; nothing here has a state or allocates.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_MEDIA_H
#define BIDE_EXTRA_HTTP_MESSAGE_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bide__http_text {
    const char *at;
    size_t size;
};

/* A parameter. A quoted value is between its quotes and still has its backslashes. */
struct bide__http_param {
    struct bide__http_text name, value;
    bool is_quoted;
};

/*
 * Takes the next parameter, "; name=value", from *s, which begins behind what it belongs to, or
 * behind the parameter before. Returns 1, 0 at the end (blanks and empty parameters are skipped),
 * or -EINVAL.
 */
int bide__http_param_next(struct bide__http_text *s, struct bide__http_param *param);

/* Writes a value without the backslashes of a quoted one; `to` has room for value.size bytes.
 * Returns the size. */
size_t bide__http_param_value(char *to, const struct bide__http_param *param);

/*
 * Writes a value as it can be sent: as it is if it is a token, otherwise in quotes, with
 * backslashes where they must be. `to` has room for 2 * size + 2 bytes. Returns the size, or
 * -EINVAL if it has control bytes other than tabs.
 */
ssize_t bide__http_quote(char *to, const char *s, size_t size);

struct bide__http_media {
    struct bide__http_text type, subtype;
    struct bide__http_text params; /* for bide__http_param_next */
};

/* Reads a media type, such as "text/html; charset=utf-8". All its parameters are checked. 0, or
 * -EINVAL. */
int bide__http_media_parse(const char *s, size_t size, struct bide__http_media *media);

/* True if the type is this one, such as "application/json", in any case, whatever its
 * parameters. */
bool bide__http_media_is(const struct bide__http_media *media, const char *type);

/* The first parameter with this name, in any case. False: there is none. */
bool bide__http_media_param(const struct bide__http_media *media, const char *name,
                            struct bide__http_param *param);

/*
 * Takes the next member of a list such as Accept from *s: its value, up to the weight, and the
 * weight in thousandths, 1000 if it has none. Members whose weight is malformed are skipped. False:
 * there is none.
 */
bool bide__http_weighted_next(struct bide__http_text *s, struct bide__http_text *value,
                              unsigned *weight);

/*
 * The weight of a media type such as "text/html" in the value of Accept, by the most special member
 * that fits it: the type itself, then its group with a star, then any. 0: it is not wanted; an
 * empty value wants all. Parameters of members other than the weight make them fit nothing.
 */
unsigned bide__http_accept_weight(const char *accept, size_t size, const char *type);

#endif
