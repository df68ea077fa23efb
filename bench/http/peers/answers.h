/* bench/http/peers/answers.h: what the loops in C answer. */
#ifndef BENCH_HTTP_ANSWERS_H
#define BENCH_HTTP_ANSWERS_H

#include <openssl/ssl.h>
#include <string.h>
#include <sys/types.h>

enum { ANSWERS_MAX = 16 };

#define HEAD "HTTP/1.1 200 OK\r\nDate: Mon, 30 Nov 2026 03:40:00 GMT\r\nServer: loop\r\n"
#define ANSWER(type, size, body) \
    HEAD "Content-Type: " type "\r\nContent-Length: " size "\r\n\r\n" body
#define TWICE(text)      text text
#define FOUR_TIMES(text) TWICE(text) TWICE(text)
#define ALL_TIMES(text)  FOUR_TIMES(text) FOUR_TIMES(text) FOUR_TIMES(text) FOUR_TIMES(text)

static const char answer_upgrade[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/* Sets *data to the answers to all the requests in `in`, and returns their size; -1: the path is
 * not known. */
static ssize_t answers_to(const char *in, size_t size, const char **data)
{
#define PLAIN  ANSWER("text/plain", "13", "Hello, World!")
#define JSON   ANSWER("application/json", "27", "{\"message\":\"Hello, World!\"}")
#define PARAMS ANSWER("text/plain", "6", "12 345")
    static const struct {
        char letter;
        const char *data;
        size_t size; /* of one */
    } known[] = {
        {'p', ALL_TIMES(PLAIN), sizeof PLAIN - 1},
        {'j', ALL_TIMES(JSON), sizeof JSON - 1},
        {'u', ALL_TIMES(PARAMS), sizeof PARAMS - 1},
    };
    size_t count = 0, which = 0;
    for (const char *at = in; at < in + size && count < ANSWERS_MAX; count++) {
        at = memmem(at, (size_t)(in + size - at), "\r\n\r\n", 4);
        if (at == NULL)
            return -1;
        at += 4;
    }
    while (which < sizeof known / sizeof *known && known[which].letter != in[5])
        which++;
    if (which == sizeof known / sizeof *known)
        return -1;
    *data = known[which].data;
    return (ssize_t)(known[which].size * count);
}

__attribute__((unused)) static int choose_http1(SSL *ssl, const unsigned char **chosen,
                                                unsigned char *size, const unsigned char *offered,
                                                unsigned offered_size, void *data)
{
    (void)ssl, (void)data;
    return SSL_select_next_proto((unsigned char **)chosen, size,
                                 (const unsigned char *)"\10http/1.1", 9, offered,
                                 offered_size) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

#endif
