/*
 * Streams on a runtime with several workers: tasks on all of them read, write and leave responses
 * of one client at once. A server with a thread of its own echoes what it gets.
 */
#include <bide/bide.h>
#include <bide/http_stream.h>
#include <bide/net.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* All that is lent here is joined. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

enum { WORKERS = 4, TASKS = 12, ROUNDS = 4, SIZE = 200000 };

static bide_notify is_up, is_over;
static int port;

/* Reads a head and its body, and sends the body back as it comes. */
static async int echo_one(bide_stream *stream, bide_reader *reader)
{
    char *line, piece[3000], text[100];
    size_t left = 0, size;
    int r;
    while ((r = await bide_reader_line(reader, &line, &size)) == 1 && size > 0)
        if (strncmp(line, "Content-Length: ", 16) == 0)
            left = strtoul(line + 16, NULL, 10);
    if (r != 1)
        return -EPIPE;
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", left);
    r = await bide_stream_write_all(stream, text, strlen(text), NULL);
    while (r == 0 && left > 0) {
        ssize_t n = await bide_reader_read(reader, piece, left < 3000 ? left : 3000);
        if (n <= 0)
            return -EPIPE;
        r = await bide_stream_write_all(stream, piece, (size_t)n, NULL);
        left -= (size_t)n;
    }
    return r;
}

static async int echo_all(bide_stream *stream)
{
    bide_reader *reader = NULL;
    defer {
        bide_reader_free(reader);
        bide_stream_close(stream);
    }
    CHECK_EQ(bide_reader_new(stream, 4096, &reader), 0);
    while (await echo_one(stream, reader) == 0)
        ;
    return 0;
}

static async int accept_all(bide_tcp_listener *listener)
{
    int r = 0;
    bide_scope(s) {
        bide_stream *stream;
        while ((r = await bide_tcp_accept(listener, &stream)) == 0)
            bide_scope_spawn(s, echo_all(stream));
    }
    return r;
}

static async int serve(void)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    port = bide_tcp_port(listener);
    bide_task(int) server = bide_spawn(accept_all(listener));
    bide_notify_one(&is_up);
    CHECK_EQ(await bide_notify_wait(&is_over), 0);
    bide_task_abort(server);
    (void)await bide_task_wait(server);
    bide_tcp_listener_close(listener);
    return 0;
}

static void *serve_on_thread(void *unused)
{
    (void)unused;
    CHECK_EQ(bide_block_on(serve()), 0);
    return NULL;
}

static async int give(bide_http_response *r)
{
    char piece[5000];
    for (size_t i = 0; i < SIZE; i += sizeof piece) {
        for (size_t j = 0; j < sizeof piece; j++)
            piece[j] = (char)((i + j) % 251);
        int n = await bide_http_upload_all(r, piece, sizeof piece, NULL);
        if (n < 0)
            return n;
    }
    return bide_http_upload_end(r);
}

static async int take(bide_http_response *r, size_t most)
{
    char piece[4000];
    size_t size = 0;
    ssize_t n = 0;
    int e = await bide_http_answer(r);
    while (e == 0 && size < most && (n = await bide_http_response_read(r, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < n; i++, size++)
            CHECK_EQ(piece[i], (char)(size % 251));
    if (e == 0 && n >= 0 && most == SIZE)
        CHECK_EQ(size, SIZE);
    return e < 0 ? e : (int)(n < 0 ? n : 0);
}

static async int exchange(bide_http_client *client, size_t most)
{
    char url[64];
    bide_http_response *r = NULL;
    int given = 0, taken = 0;
    defer {
        bide_http_response_free(r);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    bide_http_request q = {.url = url, .body_streamed = true, .body_size = SIZE};
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    if (most < SIZE) /* whoever leaves first */
        (void)await bide_select(given = give(r), taken = take(r, most));
    else
        await bide_join(given = give(r), taken = take(r, most));
    CHECK_EQ(given, 0);
    CHECK_EQ(taken, 0);
    return 0;
}

static async int work(bide_http_client *client, int number)
{
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQ(await exchange(client, (number + i) % 3 == 0 ? 70000 : SIZE), 0);
    return 0;
}

static async int work_on_all(void)
{
    bide_http_client *client;
    CHECK_EQ(
        bide_http_client_new(&(bide_http_options){.proxy = "", .timeout = BIDE_S(-1)}, &client), 0);
    bide_scope(s) {
        for (int i = 0; i < TASKS; i++)
            bide_scope_spawn(s, work(client, i));
    }
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(streams_on_several_workers, 100)
{
    pthread_t thread;
    bide_runtime *rt = NULL;
    CHECK_EQ(pthread_create(&thread, NULL, serve_on_thread, NULL), 0);
    CHECK_EQ(bide_block_on(bide_notify_wait(&is_up)), 0);
    CHECK_EQ(bide_runtime_new(
                 &(bide_runtime_options){.flavour = BIDE_MULTI_THREAD, .workers = WORKERS}, &rt),
             0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(work_on_all()), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    bide_notify_one(&is_over);
    pthread_join(thread, NULL);
}
