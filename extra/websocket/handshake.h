/*
 * handshake.h: what the two sides of the opening handshake check and write (RFC 6455, 4). Plain
 * functions, without a connection.
 */
#ifndef BIDE_EXTRA_WEBSOCKET_HANDSHAKE_H
#define BIDE_EXTRA_WEBSOCKET_HANDSHAKE_H

#include "extra/websocket/internal.h"

enum {
    BIDE__WS_KEY = 24,            /* characters of Sec-WebSocket-Key */
    BIDE__WS_ACCEPT = 28,         /* of Sec-WebSocket-Accept */
    BIDE__WS_EXTENSION_MAX = 192, /* of our Sec-WebSocket-Extensions */
    BIDE__WS_URL_MAX = 8000,
};

/* ---- sha1.c ---- */

void bide__sha1(const void *data, size_t size, unsigned char digest[20]);

/* Writes 4 characters for each 3 bytes, and a zero byte. */
void bide__base64(const unsigned char *data, size_t size, char *text);

/* ---- extension.c ---- */

/* A server: takes an offer, and writes the answer. False: there is none that it takes. */
bool bide__ws_answer(const bide_websocket_deflate_options *o, const char *offers, size_t size,
                     struct bide__ws_agreed *agreed, char text[BIDE__WS_EXTENSION_MAX]);

/* A client: writes its offer. And reads the answer, which may be in several fields: *agreed is zero
 * at first. False: the answer is no good. */
size_t bide__ws_offer(const bide_websocket_deflate_options *o, char text[BIDE__WS_EXTENSION_MAX]);
bool bide__ws_answered(const bide_websocket_deflate_options *o, const char *answer, size_t size,
                       struct bide__ws_agreed *agreed);

/* ---- handshake.c ---- */

struct bide__http_fields;
struct bide__http_head;

/* The text for Sec-WebSocket-Accept, for a key of BIDE__WS_KEY characters. */
void bide__ws_accept_of(const char *key, char accept[BIDE__WS_ACCEPT + 1]);

/* True for the Base64 of 16 bytes. */
bool bide__ws_key_is_good(const char *key, size_t size);

/* What a server has found in a request. */
struct bide__ws_greeting {
    unsigned status; /* 101, or what is due: 400, 403, 426 */
    char accept[BIDE__WS_ACCEPT + 1];
    char extension[BIDE__WS_EXTENSION_MAX]; /* "": none */
    struct bide__ws_agreed agreed;
    const char *subprotocol; /* one of the options; NULL: none */
};

/* Checks the fields of a GET of HTTP/1.1 (RFC 6455, 4.2.1). */
void bide__ws_greet(const struct bide__http_fields *fields, const bide_websocket_options *options,
                    struct bide__ws_greeting *g);

/* The parts of a URL; the spans lie in it. */
struct bide__ws_url {
    bool is_secure;
    const char *host; /* without the brackets of an address */
    size_t host_size;
    const char *authority; /* with them, and with the port */
    size_t authority_size;
    const char *path; /* with the query; "" for "/" */
    size_t path_size;
    uint16_t port;
};

/* 0 or -EINVAL. */
int bide__ws_url_read(const char *text, struct bide__ws_url *url);

/* Writes a client's request. Its size, which may be more than `room`; 0: a field is no good. */
size_t bide__ws_request(char *to, size_t room, const struct bide__ws_url *url, const char *key,
                        const bide_websocket_options *options);

/* Checks the answer (4.1, at its end). NULL: it is good; else what is wrong. */
const char *bide__ws_check_answer(const struct bide__http_head *head, const char *key,
                                  const bide_websocket_options *options,
                                  struct bide__ws_agreed *agreed, const char **subprotocol);

#endif
