/*
 * fetch_concurrent: two pages over HTTP, first one after the other, then both at once. The time of
 * the first way is the sum, that of the second one the longer of the two.
 *
 *     bide run examples/fetch_concurrent.c
 *     fetch_concurrent [URL URL]
 *
 * Without URLs the pages come from a server in this program, which takes 300 and 200 ms for them.
 * All of it runs on one thread: the requests, the server, and the waiting.
 *
 * needs: bide-http
 */
#include <bide/bide.h>
#include <bide/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a server that takes its time ---- */

static async void answer(bide_stream *stream)
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
    char *line, text[400];
    int ms = 0, size = 0;
    while (await bide_reader_line(reader, &line, NULL) == 1 && line[0] != '\0')
        if (strncmp(line, "GET ", 4) == 0)
            ms = strncmp(line, "GET /a ", 7) == 0 ? 300 : 200;
    await bide_sleep(BIDE_MS(ms));
    size = snprintf(text, sizeof text,
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%0*d", ms,
                    ms, 0);
    (void)await bide_stream_write_all(stream, text, (size_t)size, NULL);
}

static async void serve(bide_tcp_listener *listener)
{
    defer {
        bide_tcp_listener_close(listener);
    }
    bide_scope(clients) {
        bide_stream *stream;
        while (await bide_tcp_accept(listener, &stream) == 0)
            bide_scope_spawn(clients, answer(stream));
    }
}

/* ---- the client ---- */

/* Returns how long the page is, or a negative errno. */
static async long length_of(bide_http_client *client, const char *url)
{
    bide_http_response *page = NULL;
    defer {
        bide_http_response_free(page);
    }
    int rc = await bide_http_get(client, url, &page);
    if (rc < 0) {
        printf("%s: %s\n", url, bide_http_error(page));
        return rc;
    }
    return (long)bide_http_body_size(page);
}

static void print_lengths(const char *how, long a, long b, bide_instant start)
{
    printf("%s: %ld and %ld bytes, %d ms\n", how, a, b, (int)(bide_elapsed(start).ns / 1000000));
}

static async int fetch_both(bide_http_client *client, const char *one, const char *two)
{
    bide_instant start = bide_now();
    long a = await length_of(client, one);
    long b = await length_of(client, two);
    print_lengths("one after the other", a, b, start);

    start = bide_now();
    await bide_join(a = length_of(client, one), b = length_of(client, two));
    print_lengths("both at once", a, b, start);
    return a < 0 || b < 0;
}

async int main(int argc, char **argv)
{
    char one[64], two[64];
    bide_http_options options = {.timeout = BIDE_S(20)};
    if (argc != 1 && argc != 3) {
        fputs("usage: fetch_concurrent [URL URL]\n", stderr);
        return 2;
    }
    if (argc == 1) {
        bide_tcp_listener *listener;
        int rc = bide_tcp_listen("127.0.0.1", 0, &listener);
        if (rc < 0)
            return rc;
        snprintf(one, sizeof one, "http://127.0.0.1:%d/a", bide_tcp_port(listener));
        snprintf(two, sizeof two, "http://127.0.0.1:%d/b", bide_tcp_port(listener));
        options.proxy = ""; /* it is here */
        bide_task_detach(bide_spawn(serve(listener)));
    }
    bide_http_client *client = NULL;
    int rc = bide_http_client_new(&options, &client);
    if (rc < 0)
        return rc;
    defer {
        bide_http_client_free(client);
    }
    return await fetch_both(client, argc == 3 ? argv[1] : one, argc == 3 ? argv[2] : two);
}
