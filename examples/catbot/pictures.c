/*
 * pictures.c: a picture service for when no other is at hand: an HTTP server of a few lines that
 * takes its time. It runs on the same thread as the bot; only its sleeps make it slow.
 */
#include "catbot.h"

#include <string.h>

/* How long the i-th answer takes. The first is for the user who is alone. */
static const int delays_ms[] = {1000, 900, 1000, 800, 1100, 1000, 1500, 900, 1000, 1100, 950};

static const char *const pictures[] = {"=^..^=", "(=^-w-^=)", "=^o.o^=", "(=^x^=)~", "=(^_^)="};

enum {
    DELAYS = sizeof delays_ms / sizeof *delays_ms,
    PICTURES = sizeof pictures / sizeof *pictures
};

static bide_tcp_listener *listener;
static unsigned request_count;

/* Reads the head of a request, up to an empty line. Returns 1, 0 at the end, or an error. */
static async int read_request(bide_reader *reader)
{
    char *line = NULL;
    size_t size = 0;
    int n;
    do
        n = await bide_reader_line(reader, &line, &size);
    while (n == 1 && size > 0);
    return n;
}

/* Answers the requests of one connection, one after another. */
static async void serve_connection(bide_stream *stream)
{
    defer {
        bide_stream_close(stream);
    }
    bide_reader *reader = NULL;
    if (bide_reader_new(stream, 8000, &reader) < 0)
        return;
    defer {
        bide_reader_free(reader);
    }

    while (await read_request(reader) == 1) {
        unsigned i = request_count++;
        const char *picture = pictures[i % PICTURES];
        char answer[200];

        await bide_sleep(BIDE_MS(delays_ms[i % DELAYS]));
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(picture), picture);
        if (await bide_stream_write_all(stream, answer, strlen(answer), NULL) < 0)
            return;
    }
}

static async void serve(void)
{
    bide_stream *stream = NULL;
    while (await bide_tcp_accept(listener, &stream) == 0)
        bide_spawn(serve_connection(stream));
}

int pictures_start(char *url, size_t size)
{
    int n = bide_tcp_listen("127.0.0.1", 0, &listener);
    if (n < 0)
        return n;
    snprintf(url, size, "http://127.0.0.1:%d/cat", bide_tcp_port(listener));
    bide_spawn(serve());
    return 0;
}

void pictures_stop(void)
{
    bide_tcp_listener_close(listener); /* this ends serve() */
    listener = NULL;
}
