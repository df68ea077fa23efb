/*
 * extension.c: Sec-WebSocket-Extensions (RFC 6455, 9.1), of which we know permessage-deflate
 * (RFC 7692, 7).
 *
 * A server takes the first offer whose parameters it understands and can keep. It declines one that
 * wants a window of 2^8 bytes, which zlib does not make, and one that does not let it limit the
 * client's window if its options do. A client fails the connection if the answer holds anything
 * that it has not offered.
 */
#include "extra/websocket/handshake.h"

#include "extra/http/message/fields.h"

#include <stdio.h>
#include <string.h>

enum { BITS_ABSENT = 0, BITS_PLAIN = 1, BITS_MAX = 15 };

/* The parameters of an offer or an answer. */
struct parameters {
    bool server_alone, client_alone;
    unsigned server_bits, client_bits; /* BITS_ABSENT, BITS_PLAIN (no value), or 8 to 15 */
};

static void trim(const char **s, size_t *size)
{
    while (*size > 0 && (**s == ' ' || **s == '\t'))
        ++*s, --*size;
    while (*size > 0 && ((*s)[*size - 1] == ' ' || (*s)[*size - 1] == '\t'))
        --*size;
}

/* Cuts off what stands before the next `end`; the whole if there is none. No value that we know has
 * one in quotes. */
static bool cut(const char **s, size_t *size, char end, const char **part, size_t *part_size)
{
    const char *at = memchr(*s, end, *size);

    *part = *s;
    *part_size = at != NULL ? (size_t)(at - *s) : *size;
    size_t used = *part_size + (at != NULL);
    *s += used;
    *size -= used;
    trim(part, part_size);
    return at != NULL;
}

static bool is(const char *s, size_t size, const char *word)
{
    return bide__http_same(s, size, word, strlen(word));
}

/* "8" to "15", also in quotes; 0: anything else. */
static unsigned bits_of(const char *s, size_t size)
{
    if (size >= 2 && s[0] == '"' && s[size - 1] == '"')
        s++, size -= 2;
    if (size == 1 && (s[0] == '8' || s[0] == '9'))
        return (unsigned)(s[0] - '0');
    if (size == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5')
        return 10 + (unsigned)(s[1] - '0');
    return 0;
}

/* Reads one parameter. False: it is unknown, not for the first time, or has a wrong value. */
static bool read_one(const char *s, size_t size, bool is_offer, struct parameters *p)
{
    const char *name;
    size_t name_size;
    bool has_value = cut(&s, &size, '=', &name, &name_size);

    trim(&s, &size);
    if (is(name, name_size, "server_no_context_takeover")) {
        bool again = p->server_alone;
        p->server_alone = true;
        return !has_value && !again;
    }
    if (is(name, name_size, "client_no_context_takeover")) {
        bool again = p->client_alone;
        p->client_alone = true;
        return !has_value && !again;
    }
    bool of_server = is(name, name_size, "server_max_window_bits");
    if (!of_server && !is(name, name_size, "client_max_window_bits"))
        return false;
    unsigned *bits = of_server ? &p->server_bits : &p->client_bits;
    unsigned value = has_value ? bits_of(s, size) : BITS_PLAIN;
    if (*bits != BITS_ABSENT || value == 0 || (!has_value && (of_server || !is_offer)))
        return false;
    *bits = value;
    return true;
}

/* False: it is not permessage-deflate, or its parameters are no good. */
static bool read_extension(const char *s, size_t size, bool is_offer, struct parameters *p)
{
    const char *part;
    size_t part_size;
    bool more = cut(&s, &size, ';', &part, &part_size);

    *p = (struct parameters){0};
    if (!is(part, part_size, "permessage-deflate"))
        return false;
    while (more) {
        more = cut(&s, &size, ';', &part, &part_size);
        if (!read_one(part, part_size, is_offer, p))
            return false;
    }
    return true;
}

static unsigned bits_or_max(unsigned bits)
{
    return bits == 0 ? BITS_MAX : bits;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* ---- the server ---- */

static bool agree(const bide_websocket_deflate_options *o, const struct parameters *offer,
                  struct bide__ws_agreed *agreed)
{
    unsigned send = bits_or_max(o->send_bits), receive = bits_or_max(o->receive_bits);

    if (offer->server_bits == 8 || (receive < BITS_MAX && offer->client_bits == BITS_ABSENT))
        return false;
    if (offer->server_bits != BITS_ABSENT)
        send = least(send, offer->server_bits);
    if (offer->client_bits > BITS_PLAIN)
        receive = least(receive, offer->client_bits);
    *agreed = (struct bide__ws_agreed){
        .on = true,
        .server = {(unsigned char)send, o->send_alone || offer->server_alone},
        .client = {(unsigned char)receive, o->receive_alone || offer->client_alone},
    };
    return true;
}

bool bide__ws_answer(const bide_websocket_deflate_options *o, const char *offers, size_t size,
                     struct bide__ws_agreed *agreed, char text[BIDE__WS_EXTENSION_MAX])
{
    const char *member;
    size_t member_size;
    struct parameters p;

    *agreed = (struct bide__ws_agreed){0};
    text[0] = '\0';
    while (o->on && bide__http_member(&offers, &size, &member, &member_size)) {
        if (!read_extension(member, member_size, true, &p) || !agree(o, &p, agreed))
            continue;
        int n = snprintf(text, BIDE__WS_EXTENSION_MAX, "permessage-deflate%s%s",
                         agreed->server.alone ? "; server_no_context_takeover" : "",
                         agreed->client.alone ? "; client_no_context_takeover" : "");
        if (agreed->server.bits < BITS_MAX || p.server_bits != BITS_ABSENT)
            n += snprintf(text + n, BIDE__WS_EXTENSION_MAX - (size_t)n,
                          "; server_max_window_bits=%d", agreed->server.bits);
        if (agreed->client.bits < BITS_MAX)
            snprintf(text + n, BIDE__WS_EXTENSION_MAX - (size_t)n, "; client_max_window_bits=%d",
                     agreed->client.bits);
        return true;
    }
    return false;
}

/* ---- the client ---- */

size_t bide__ws_offer(const bide_websocket_deflate_options *o, char text[BIDE__WS_EXTENSION_MAX])
{
    char send[8] = "", receive[40] = "";

    if (bits_or_max(o->send_bits) < BITS_MAX)
        snprintf(send, sizeof send, "=%u", o->send_bits);
    if (bits_or_max(o->receive_bits) < BITS_MAX)
        snprintf(receive, sizeof receive, "; server_max_window_bits=%u", o->receive_bits);
    return (size_t)snprintf(text, BIDE__WS_EXTENSION_MAX,
                            "permessage-deflate; client_max_window_bits%s%s%s%s", send, receive,
                            o->receive_alone ? "; server_no_context_takeover" : "",
                            o->send_alone ? "; client_no_context_takeover" : "");
}

bool bide__ws_answered(const bide_websocket_deflate_options *o, const char *answer, size_t size,
                       struct bide__ws_agreed *agreed)
{
    const char *member;
    size_t member_size;
    struct parameters p;
    unsigned send = bits_or_max(o->send_bits), receive = bits_or_max(o->receive_bits);

    while (bide__http_member(&answer, &size, &member, &member_size)) {
        if (!o->on || agreed->on || !read_extension(member, member_size, false, &p))
            return false;
        if (p.client_bits > send ||
            (receive < BITS_MAX && (p.server_bits == BITS_ABSENT || p.server_bits > receive)) ||
            (o->receive_alone && !p.server_alone))
            return false;
        if (p.client_bits != BITS_ABSENT)
            send = p.client_bits;
        if (p.server_bits != BITS_ABSENT)
            receive = p.server_bits;
        *agreed = (struct bide__ws_agreed){
            .on = true,
            /* Nothing is compressed with a window that zlib does not make. */
            .client = {send == 8 ? 0 : (unsigned char)send, o->send_alone || p.client_alone},
            .server = {(unsigned char)receive, o->receive_alone || p.server_alone},
        };
    }
    return true;
}
