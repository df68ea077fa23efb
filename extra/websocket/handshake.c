/*
 * handshake.c: the opening handshake (RFC 6455, 4), what both sides check and write.
 *
 * A server answers what is no WebSocket request with 400, or with 426 if only the version or the
 * upgrade is missing, so that the other side learns what there is. Of several fields with offers
 * the first that it can take counts.
 */
#include "extra/websocket/handshake.h"

#include "extra/http/message/fields.h"
#include "extra/http/message/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

bool bide__ws_key_is_good(const char *key, size_t size)
{
    if (size != BIDE__WS_KEY || key[22] != '=' || key[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (!is_letter(key[i]))
            return false;
    return true;
}

void bide__ws_accept_of(const char *key, char accept[BIDE__WS_ACCEPT + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[BIDE__WS_KEY + sizeof guid - 1];
    unsigned char digest[20];

    memcpy(text, key, BIDE__WS_KEY);
    memcpy(text + BIDE__WS_KEY, guid, sizeof guid - 1);
    bide__sha1(text, sizeof text, digest);
    bide__base64(digest, sizeof digest, accept);
}

/* ---- the server ---- */

/* The only field with this name; NULL: there is none, or more than one. */
static const struct bide__http_field *single(const struct bide__http_fields *fields,
                                             enum bide__http_name name)
{
    const char *text = bide__http_name_text(name);
    const struct bide__http_field *field = bide__http_fields_known(fields, name);

    if (field != NULL && bide__http_fields_find(fields, field, text, strlen(text)) != NULL)
        return NULL;
    return field;
}

static bool has(const struct bide__http_fields *fields, enum bide__http_name name)
{
    return bide__http_fields_known(fields, name) != NULL;
}

/* No origin is no browser. A list of them, or two fields, is nobody. */
static bool origin_is_good(const struct bide__http_fields *fields,
                           const bide_websocket_options *options)
{
    if (options == NULL || options->origins == NULL || !has(fields, BIDE__FIELD_ORIGIN))
        return true;
    const struct bide__http_field *field = single(fields, BIDE__FIELD_ORIGIN);
    for (size_t i = 0; field != NULL && i < options->origin_count; i++)
        if (bide__http_same(bide__http_field_value(fields, field), field->value_size,
                            options->origins[i], strlen(options->origins[i])))
            return true;
    return false;
}

/* True if one of the client's subprotocols is this one, in the same case. */
static bool offers(const struct bide__http_fields *fields, const char *subprotocol)
{
    static const char name[] = "sec-websocket-protocol";
    const struct bide__http_field *field = NULL;

    while ((field = bide__http_fields_find(fields, field, name, sizeof name - 1)) != NULL) {
        const char *s = bide__http_field_value(fields, field), *member;
        size_t size = field->value_size, member_size;
        while (bide__http_member(&s, &size, &member, &member_size))
            if (member_size == strlen(subprotocol) && memcmp(member, subprotocol, member_size) == 0)
                return true;
    }
    return false;
}

static void choose(const struct bide__http_fields *fields, const bide_websocket_options *options,
                   struct bide__ws_greeting *g)
{
    static const char name[] = "sec-websocket-extensions";
    const struct bide__http_field *field = NULL;

    for (size_t i = 0; i < options->subprotocol_count && g->subprotocol == NULL; i++)
        if (offers(fields, options->subprotocols[i]))
            g->subprotocol = options->subprotocols[i];
    while (!g->agreed.on &&
           (field = bide__http_fields_find(fields, field, name, sizeof name - 1)) != NULL)
        (void)bide__ws_answer(&options->deflate, bide__http_field_value(fields, field),
                              field->value_size, &g->agreed, g->extension);
}

void bide__ws_greet(const struct bide__http_fields *fields, const bide_websocket_options *options,
                    struct bide__ws_greeting *g)
{
    *g = (struct bide__ws_greeting){.status = 101};
    if (!bide__http_fields_has_token(fields, BIDE__FIELD_UPGRADE, "websocket") ||
        !bide__http_fields_has_token(fields, BIDE__FIELD_CONNECTION, "upgrade")) {
        g->status = 426;
        return;
    }
    const struct bide__http_field *version = single(fields, BIDE__FIELD_SEC_WEBSOCKET_VERSION),
                                  *key = single(fields, BIDE__FIELD_SEC_WEBSOCKET_KEY);
    if (version == NULL || key == NULL ||
        !bide__ws_key_is_good(bide__http_field_value(fields, key), key->value_size))
        g->status = 400;
    else if (version->value_size != 2 ||
             memcmp(bide__http_field_value(fields, version), "13", 2) != 0)
        g->status = 426;
    else if (!origin_is_good(fields, options))
        g->status = 403;
    if (g->status != 101)
        return;
    bide__ws_accept_of(bide__http_field_value(fields, key), g->accept);
    if (options != NULL)
        choose(fields, options, g);
}

/* ---- the client ---- */

/* What is written; `size` goes on counting when there is no room. */
struct text {
    char *to;
    size_t room, size;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *t, const char *format, ...)
{
    va_list args;
    bool fits = t->size < t->room;

    va_start(args, format);
    int n = vsnprintf(fits ? t->to + t->size : NULL, fits ? t->room - t->size : 0, format, args);
    va_end(args);
    t->size += n > 0 ? (size_t)n : 0;
}

/* Fields that are ours to send. */
static bool is_ours(const char *name)
{
    static const enum bide__http_name ours[] = {
        BIDE__FIELD_HOST,
        BIDE__FIELD_UPGRADE,
        BIDE__FIELD_CONNECTION,
        BIDE__FIELD_ORIGIN,
        BIDE__FIELD_CONTENT_LENGTH,
        BIDE__FIELD_TRANSFER_ENCODING,
        BIDE__FIELD_SEC_WEBSOCKET_KEY,
        BIDE__FIELD_SEC_WEBSOCKET_VERSION,
        BIDE__FIELD_SEC_WEBSOCKET_PROTOCOL,
        BIDE__FIELD_SEC_WEBSOCKET_EXTENSIONS,
        BIDE__FIELD_SEC_WEBSOCKET_ACCEPT,
    };
    enum bide__http_name known = bide__http_name_of(name, strlen(name));
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (known == ours[i])
            return true;
    return false;
}

static bool put_fields(struct text *t, const bide_websocket_options *options)
{
    char extension[BIDE__WS_EXTENSION_MAX];

    for (size_t i = 0; i < options->subprotocol_count; i++) {
        const char *name = options->subprotocols[i];
        if (!bide__http_is_token(name, strlen(name)))
            return false;
        put(t, "%s%s", i == 0 ? "Sec-WebSocket-Protocol: " : ", ", name);
    }
    if (options->subprotocol_count > 0)
        put(t, "\r\n");
    if (options->deflate.on) {
        bide__ws_offer(&options->deflate, extension);
        put(t, "Sec-WebSocket-Extensions: %s\r\n", extension);
    }
    if (options->origin != NULL) {
        if (!bide__http_is_value(options->origin, strlen(options->origin)))
            return false;
        put(t, "Origin: %s\r\n", options->origin);
    }
    for (size_t i = 0; i < options->header_count; i++) {
        const bide_websocket_header *h = &options->headers[i];
        if (!bide__http_is_token(h->name, strlen(h->name)) || is_ours(h->name) ||
            !bide__http_is_value(h->value, strlen(h->value)))
            return false;
        put(t, "%s: %s\r\n", h->name, h->value);
    }
    return true;
}

size_t bide__ws_request(char *to, size_t room, const struct bide__ws_url *url, const char *key,
                        const bide_websocket_options *options)
{
    struct text t = {.to = to, .room = room};
    bool has_slash = url->path_size > 0 && url->path[0] == '/';

    put(&t, "GET %s%.*s HTTP/1.1\r\nHost: %.*s\r\n", has_slash ? "" : "/", (int)url->path_size,
        url->path, (int)url->authority_size, url->authority);
    put(&t,
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
        key);
    if (options != NULL && !put_fields(&t, options))
        return 0;
    put(&t, "\r\n");
    return t.size;
}

static const char *check_choice(const struct bide__http_fields *fields,
                                const bide_websocket_options *options,
                                struct bide__ws_agreed *agreed, const char **subprotocol)
{
    static const bide_websocket_deflate_options none = {0};
    static const char name[] = "sec-websocket-extensions";
    const struct bide__http_field *field = NULL;

    while ((field = bide__http_fields_find(fields, field, name, sizeof name - 1)) != NULL)
        if (!bide__ws_answered(options != NULL ? &options->deflate : &none,
                               bide__http_field_value(fields, field), field->value_size, agreed))
            return "the server has chosen an extension that was not offered";
    if (!has(fields, BIDE__FIELD_SEC_WEBSOCKET_PROTOCOL))
        return NULL;
    field = single(fields, BIDE__FIELD_SEC_WEBSOCKET_PROTOCOL);
    for (size_t i = 0; field != NULL && options != NULL && i < options->subprotocol_count; i++) {
        const char *mine = options->subprotocols[i];
        if (field->value_size == strlen(mine) &&
            memcmp(bide__http_field_value(fields, field), mine, field->value_size) == 0) {
            *subprotocol = mine;
            return NULL;
        }
    }
    return "the server has chosen a subprotocol that was not offered";
}

const char *bide__ws_check_answer(const struct bide__http_head *head, const char *key,
                                  const bide_websocket_options *options,
                                  struct bide__ws_agreed *agreed, const char **subprotocol)
{
    const struct bide__http_fields *fields = &head->fields;
    const struct bide__http_field *accept = single(fields, BIDE__FIELD_SEC_WEBSOCKET_ACCEPT);
    char expected[BIDE__WS_ACCEPT + 1];

    *agreed = (struct bide__ws_agreed){0};
    *subprotocol = NULL;
    if (head->status != 101)
        return "the server does not switch to WebSocket";
    if (!bide__http_fields_has_token(fields, BIDE__FIELD_UPGRADE, "websocket") ||
        !bide__http_fields_has_token(fields, BIDE__FIELD_CONNECTION, "upgrade"))
        return "the server switches to something else";
    bide__ws_accept_of(key, expected);
    if (accept == NULL || accept->value_size != BIDE__WS_ACCEPT ||
        memcmp(bide__http_field_value(fields, accept), expected, BIDE__WS_ACCEPT) != 0)
        return "the server's Sec-WebSocket-Accept does not belong to our key";
    return check_choice(fields, options, agreed, subprotocol);
}
