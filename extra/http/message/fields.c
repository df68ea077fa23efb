/*
 * fields.c: lists of fields, and the table of the usual names. bytes.c has what bytes may be in
 * them.
 *
 * The number of a name is found by a perfect hash of its size and three of its bytes; one
 * comparison follows. tests/http/fields.c looks for a collision when a name is added.
 */
#include "extra/http/message/fields.h"

#include "extra/http/message/bytes.h"

#include <errno.h>
#include <string.h>

static const char texts[BIDE__FIELD_COUNT][32] = {
#define X(id, text) [BIDE__FIELD_##id] = text,
    BIDE__HTTP_NAMES(X)
#undef X
};

static const uint8_t sizes[BIDE__FIELD_COUNT] = {
#define X(id, text) [BIDE__FIELD_##id] = sizeof text - 1,
    BIDE__HTTP_NAMES(X)
#undef X
};

static const uint8_t slots[256] = {
    [2] = BIDE__FIELD_PROXY_CONNECTION,
    [4] = BIDE__FIELD_ACCEPT_LANGUAGE,
    [7] = BIDE__FIELD_ETAG,
    [10] = BIDE__FIELD_SERVER,
    [12] = BIDE__FIELD_SEC_WEBSOCKET_KEY,
    [19] = BIDE__FIELD_PROXY_AUTHENTICATE,
    [21] = BIDE__FIELD_REFERER,
    [24] = BIDE__FIELD_RANGE,
    [37] = BIDE__FIELD_VARY,
    [39] = BIDE__FIELD_IF_NONE_MATCH,
    [40] = BIDE__FIELD_EXPIRES,
    [42] = BIDE__FIELD_AGE,
    [43] = BIDE__FIELD_HTTP2_SETTINGS,
    [45] = BIDE__FIELD_WWW_AUTHENTICATE,
    [50] = BIDE__FIELD_ACCEPT_RANGES,
    [56] = BIDE__FIELD_IF_MODIFIED_SINCE,
    [59] = BIDE__FIELD_CONTENT_DISPOSITION,
    [60] = BIDE__FIELD_ORIGIN,
    [62] = BIDE__FIELD_USER_AGENT,
    [75] = BIDE__FIELD_CONTENT_TYPE,
    [83] = BIDE__FIELD_PROXY_AUTHORIZATION,
    [85] = BIDE__FIELD_FORWARDED,
    [87] = BIDE__FIELD_CONTENT_ENCODING,
    [88] = BIDE__FIELD_VIA,
    [105] = BIDE__FIELD_LAST_MODIFIED,
    [108] = BIDE__FIELD_X_FORWARDED_HOST,
    [109] = BIDE__FIELD_PRAGMA,
    [113] = BIDE__FIELD_TE,
    [116] = BIDE__FIELD_SEC_WEBSOCKET_ACCEPT,
    [117] = BIDE__FIELD_AUTHORIZATION,
    [119] = BIDE__FIELD_SET_COOKIE,
    [120] = BIDE__FIELD_UPGRADE,
    [124] = BIDE__FIELD_IF_UNMODIFIED_SINCE,
    [130] = BIDE__FIELD_CONTENT_RANGE,
    [131] = BIDE__FIELD_COOKIE,
    [134] = BIDE__FIELD_SEC_WEBSOCKET_PROTOCOL,
    [141] = BIDE__FIELD_PRIORITY,
    [142] = BIDE__FIELD_X_REQUEST_ID,
    [155] = BIDE__FIELD_CACHE_CONTROL,
    [156] = BIDE__FIELD_TRANSFER_ENCODING,
    [158] = BIDE__FIELD_X_FORWARDED_PROTO,
    [164] = BIDE__FIELD_ACCEPT_ENCODING,
    [165] = BIDE__FIELD_SEC_WEBSOCKET_VERSION,
    [166] = BIDE__FIELD_LOCATION,
    [169] = BIDE__FIELD_MAX_FORWARDS,
    [183] = BIDE__FIELD_CONTENT_LANGUAGE,
    [186] = BIDE__FIELD_EXPECT,
    [192] = BIDE__FIELD_CONTENT_LOCATION,
    [194] = BIDE__FIELD_ACCEPT,
    [195] = BIDE__FIELD_KEEP_ALIVE,
    [201] = BIDE__FIELD_TRAILER,
    [202] = BIDE__FIELD_HOST,
    [203] = BIDE__FIELD_LAST_EVENT_ID,
    [205] = BIDE__FIELD_SEC_WEBSOCKET_EXTENSIONS,
    [209] = BIDE__FIELD_DATE,
    [217] = BIDE__FIELD_IF_RANGE,
    [218] = BIDE__FIELD_CONTENT_LENGTH,
    [220] = BIDE__FIELD_IF_MATCH,
    [225] = BIDE__FIELD_RETRY_AFTER,
    [240] = BIDE__FIELD_ALLOW,
    [247] = BIDE__FIELD_X_FORWARDED_FOR,
    [248] = BIDE__FIELD_CONNECTION,
};

/* The slot of a name of at least one byte; all bytes are of tokens, so bit 5 is only their case. */
static inline uint8_t slot_of(const char *s, size_t size)
{
    unsigned first = (unsigned char)s[0] | 0x20u, last = (unsigned char)s[size - 1] | 0x20u,
             middle = (unsigned char)s[size / 2] | 0x20u;
    return (uint8_t)(first * 62 + last + middle * 14 + (unsigned)size * 55);
}

static inline uint64_t eight(const char *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
    return word | 0x2020202020202020u;
}

static inline uint32_t four(const char *s)
{
    uint32_t word;
    memcpy(&word, s, sizeof word);
    return word | 0x20202020u;
}

/*
 * True if the name is this usual one. A usual name has letters, digits and "-"; with bit 5 set no
 * other byte of a token is the same as one of them, so whole words can be compared like that.
 */
static inline bool is_usual(const char *s, size_t size, const char *usual)
{
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8)
            if (eight(s + i) != eight(usual + i))
                return false;
        return eight(s + size - 8) == eight(usual + size - 8);
    }
    if (size >= 4)
        return four(s) == four(usual) && four(s + size - 4) == four(usual + size - 4);
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)s[i] | 0x20) != (unsigned char)usual[i])
            return false;
    return true;
}

enum bide__http_name bide__http_name_of(const char *name, size_t size)
{
    if (size == 0)
        return BIDE__FIELD_OTHER;
    unsigned known = slots[slot_of(name, size)];
    if (sizes[known] != size || !is_usual(name, size, texts[known]))
        return BIDE__FIELD_OTHER;
    return (enum bide__http_name)known;
}

const char *bide__http_name_text(enum bide__http_name name)
{
    return texts[name];
}

bool bide__http_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
    if (a_size != b_size)
        return false;
    for (size_t i = 0; i < a_size; i++)
        if (bide__http_lower(a[i]) != bide__http_lower(b[i]))
            return false;
    return true;
}

const struct bide__http_field *bide__http_fields_known(const struct bide__http_fields *f,
                                                       enum bide__http_name name)
{
    if (!bide__http_fields_has(f, name))
        return NULL;
    const struct bide__http_field *field = f->list;
    while (field->known != name)
        field++;
    return field;
}

const struct bide__http_field *bide__http_fields_find(const struct bide__http_fields *f,
                                                      const struct bide__http_field *after,
                                                      const char *name, size_t name_size)
{
    if (f->count == 0)
        return NULL;
    const struct bide__http_field *end = f->list + f->count, *at = after ? after + 1 : f->list;
    enum bide__http_name known = bide__http_name_of(name, name_size);
    if (known != BIDE__FIELD_OTHER && !bide__http_fields_has(f, known))
        return NULL;
    for (; at < end; at++)
        if (at->known == known &&
            (known != BIDE__FIELD_OTHER ||
             bide__http_same(bide__http_field_name(f, at), at->name_size, name, name_size)))
            return at;
    return NULL;
}

int bide__http_fields_add(struct bide__http_fields *f, uint32_t name, size_t name_size,
                          uint32_t value, size_t value_size)
{
    if (f->count >= f->room)
        return -E2BIG;
    enum bide__http_name known = bide__http_name_of(f->base + name, name_size);
    bide__http_fields_put(f, (struct bide__http_field){name, value, (uint32_t)value_size,
                                                       (uint16_t)name_size, (uint8_t)known});
    return 0;
}

bool bide__http_fields_has_token(const struct bide__http_fields *f, enum bide__http_name name,
                                 const char *token)
{
    size_t token_size = strlen(token);
    if (!bide__http_fields_has(f, name))
        return false;
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->list[i].known != name)
            continue;
        const char *s = bide__http_field_value(f, &f->list[i]), *member;
        size_t size = f->list[i].value_size, member_size;
        while (bide__http_member(&s, &size, &member, &member_size))
            if (bide__http_same(member, member_size, token, token_size))
                return true;
    }
    return false;
}
