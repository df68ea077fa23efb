/*
 * A client on a multi_thread runtime: many requests at once from tasks on several workers, some of
 * which are cancelled, late, or in futures that nobody drives. Of each three one is to a host that
 * has a number, one to a name that is known soon, and one to a new name. The server is on a thread
 * of its own.
 */
#include <bide/bide.h>
#include <bide/http.h>
#include <bide/io.h>
#include <bide/net.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#include "runtime/leaf.h"

/* All that is lent here is joined. */
#pragma GCC diagnostic ignored "-Wbide-borrow"
#pragma GCC diagnostic ignored "-Wbide-unused-future"

enum { WORKERS = 4, TASKS = 24, REQUESTS = 8 };

/* ---- the server ---- */

static bide_notify is_up, is_over;
static int port;

/* Answers each request with "hello", and one of /slow never. */
static async int answer_all(bide_stream *stream)
{
    static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    bide_reader *reader = NULL;
    char *line;
    size_t size;
    defer {
        bide_reader_free(reader);
        bide_stream_close(stream);
    }
    CHECK_EQ(bide_reader_new(stream, 4096, &reader), 0);
    for (bool slow = false;;) {
        int r = await bide_reader_line(reader, &line, &size);
        if (r <= 0)
            return r;
        slow = slow || strncmp(line, "GET /slow", 9) == 0;
        if (size > 0)
            continue;
        if (slow)
            await bide_sleep(BIDE_S(1000));
        r = await bide_stream_write_all(stream, hello, sizeof hello - 1, NULL);
        if (r < 0)
            return r;
    }
}

static async int accept_all(bide_tcp_listener *listener)
{
    int r = 0;
    bide_scope(s) {
        for (;;) {
            bide_stream *stream;
            r = await bide_tcp_accept(listener, &stream);
            if (r < 0)
                break;
            bide_scope_spawn(s, answer_all(stream));
        }
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
    CHECK_ERR(await bide_task_wait(server), -ECANCELED);
    bide_task_detach(server);
    bide_tcp_listener_close(listener);
    return 0;
}

static void *run_server(void *unused)
{
    CHECK_EQ(bide_block_on(serve()), 0);
    return unused;
}

/* ---- the client ---- */

static bide_http_client *client;
static atomic_int answered, given_up, looked_up;
static atomic_uint asked;

/* All names are this machine's. */
static int look_up(const char *host, const char *service, const struct addrinfo *hints,
                   struct addrinfo **list)
{
    CHECK(strstr(host, ".test") != NULL);
    looked_up++;
    return bide__door_real.getaddrinfo("127.0.0.1", service, hints, list);
}

static async int get(const char *path, int timeout_ms)
{
    char url[64], host[32] = "127.0.0.1";
    bide_http_response *response = NULL;
    defer {
        bide_http_response_free(response);
    }
    unsigned n = asked++;
    if (n % 3 > 0)
        snprintf(host, sizeof host, "n%u.test", n % 3 == 1 ? 0 : n);
    snprintf(url, sizeof url, "http://%s:%d%s", host, port, path);
    const bide_http_request request = {.url = url, .timeout = BIDE_MS(timeout_ms)};
    int r = await bide_http_send(client, &request, &response);
    if (r == 0) {
        CHECK_EQ(bide_http_status(response), 200);
        CHECK_STR(bide_http_body(response), "hello");
    }
    return r;
}

static async int one_request(unsigned kind)
{
    int r = 1;
    switch (kind % 5) {
    case 0: /* its own deadline */
        CHECK_ERR(await get("/slow", 30), -ETIMEDOUT);
        given_up++;
        return 0;
    case 1: /* cancelled */
        CHECK_ERR(await bide_timeout(BIDE_MS(kind % 20), r = get("/slow", 60000)), -ETIMEDOUT);
        given_up++;
        return 0;
    case 2: { /* goes on while nobody drives it, and is then dropped or driven to its end */
        bide_future(int) f = bide_lazy(get("/hello", 60000));
        int timed = await bide_timeout(BIDE_US(kind % 300), r = bide_get(f));
        if (timed != 0 && kind % 2 == 0)
            return 0; /* drops f */
        if (timed != 0)
            r = await bide_get(f);
        break;
    }
    default: r = await get("/hello", 60000);
    }
    CHECK_ERR(r, 0);
    answered++;
    return 0;
}

static async int many_requests(unsigned seed)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        await one_request(seed * 7 + i * 13);
        await bide_yield();
    }
    return 0;
}

static async int all_requests(void)
{
    bide_task(int) tasks[TASKS];
    for (unsigned i = 0; i < TASKS; i++)
        tasks[i] = bide_spawn(many_requests(i));
    await bide_sleep(BIDE_MS(20));
    for (unsigned i = 0; i < TASKS; i += 6)
        bide_task_abort(tasks[i]);
    for (unsigned i = 0; i < TASKS; i++) {
        int r = await bide_task_wait(tasks[i]);
        CHECK(r == 0 || (r == -ECANCELED && i % 6 == 0));
        bide_task_detach(tasks[i]);
    }
    return 0;
}

static async void tells(bide_notify *begun)
{
    bide_notify_one(begun);
}

/* The first branch has begun when the second one tells so. */
static async int begins_and_tells(bide_notify *begun)
{
    int r = 1;
    await bide_join(r = get("/slow", 60000), tells(begun));
    return r;
}

/* The client is freed while requests of other tasks wait. */
static async int freed_under_requests(void)
{
    bide_notify begun = {0};
    bide_task(int) tasks[4];
    for (int i = 0; i < 4; i++) {
        tasks[i] = bide_spawn(begins_and_tells(&begun));
        CHECK_EQ(await bide_notify_wait(&begun), 0);
    }
    bide_http_client_free(client);
    for (int i = 0; i < 4; i++) {
        int r = 0;
        CHECK_EQ(await bide_task_join(tasks[i], &r), 0);
        CHECK_ERR(r, -ECANCELED);
    }
    return 0;
}

TEST_LIMIT(requests_of_many_tasks_on_several_workers, 120)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = WORKERS};
    bide_http_options options = {.proxy = "", .connections_max = 6};
    bide_runtime *rt;
    pthread_t server;

    bide_test_replace("getaddrinfo", (void (*)(void))look_up);
    CHECK_EQ(pthread_create(&server, NULL, run_server, NULL), 0);
    CHECK_EQ(bide_block_on(bide_notify_wait(&is_up)), 0);
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    CHECK(bide_runtime_enter(rt) == NULL);
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(bide_http_client_new(&options, &client), 0);
        CHECK_EQ(bide_block_on(all_requests()), 0);
        CHECK_EQ(bide_block_on(freed_under_requests()), 0);
    }
    CHECK(answered > 0 && given_up > 0 && looked_up > 20);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    bide_notify_one(&is_over);
    pthread_join(server, NULL);
}
