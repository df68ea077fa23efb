/*
 * bide/http.h and host names (extra/http/client/names.c): which of them the library's resolver
 * looks up, how often, and what becomes of requests that wait for one. This program's getaddrinfo
 * replaces libc's, for libcurl too; a function of the door counts the look-ups that are ours. Time
 * is real, since the virtual clock stands still during a look-up.
 */
#define _GNU_SOURCE
#include <bide/http.h>
#include <bide/http_stream.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "http_server.h"

#include "runtime/leaf.h"

/* A slow look-up of a name waits for `may_answer`. */
static sem_t is_asked, may_answer;
static atomic_int all, ours, lists;

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int found(look_up *next, const char *const *hosts, const char *service,
                 const struct addrinfo *hints, struct addrinfo **list)
{
    struct addrinfo **at = list;
    int code = 0;
    for (*list = NULL; *hosts != NULL && code == 0; hosts++) {
        struct addrinfo numeric = *hints;
        numeric.ai_flags |= AI_NUMERICHOST;
        code = next(*hosts, service, &numeric, at);
        while (code == 0 && *at != NULL)
            at = &(*at)->ai_next;
    }
    return code;
}

int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    static const char *const here[] = {"127.0.0.1", NULL};
    static const char *const second[] = {"127.0.0.9", "127.0.0.1", NULL};
    static const char *const both[] = {"::1", "127.0.0.1", NULL};
    static const char *const link[] = {"fe80::1%lo", NULL};
    look_up *next;
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host == NULL || strstr(host, ".test") == NULL)
        return next(host, service, hints, list);
    all++;
    if (strcmp(host, "slow.test") == 0) {
        sem_post(&is_asked);
        sem_wait(&may_answer);
    }
    if (strcmp(host, "unknown.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "silent.test") == 0)
        return EAI_AGAIN;
    if (strcmp(host, "broken.test") == 0)
        return EAI_FAIL;
    const char *const *hosts = host[0] == '2'   ? second
                               : host[0] == '6' ? both
                               : host[0] == 'l' ? link
                                                : here;
    return found(next, hosts, service, hints, list);
}

static int count_ours(const char *host, const char *service, const struct addrinfo *hints,
                      struct addrinfo **list)
{
    ours++;
    int code = bide__door_real.getaddrinfo(host, service, hints, list);
    lists += code == 0;
    return code;
}

static void count_freed(struct addrinfo *list)
{
    freeaddrinfo(list);
    lists--;
}

static bide_http_client *client;

static async int get_by(bide_http_client *by, const char *host, const char *path)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_get(by, url_at(host, path), &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), "hello");
    else if (n == -ENOENT || n == -EAGAIN)
        CHECK(strstr(bide_http_error(r), host) != NULL);
    return n;
}

static async int get(const char *host)
{
    return await get_by(client, host, "/hello");
}

static void with_server(int (*run)(void))
{
    sem_init(&is_asked, 0, 0);
    sem_init(&may_answer, 0, 0);
    bide_test_replace("getaddrinfo", (void (*)(void))count_ours);
    bide_test_replace("freeaddrinfo", (void (*)(void))count_freed);
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    CHECK_EQ(run(), 0);
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(server_stop()), 0);
    while (lists > 0) /* of look-ups that were given up */
        usleep(100);
}

#define WITH_SERVER(name)                    \
    static int run_##name(void)              \
    {                                        \
        return bide_block_on(name##_test()); \
    }                                        \
    TEST(name)                               \
    {                                        \
        with_server(run_##name);             \
    }

/* ---- which are looked up ---- */

static async int names_are_looked_up_test(void)
{
    bide_http_client *keeps_none;
    CHECK_EQ(await get("known.test"), 0);
    CHECK_EQ(ours, 1);
    CHECK_EQ(await get("known.test"), 0); /* on the same connection */
    CHECK_EQ(await get("127.0.0.1"), 0);
    CHECK_EQ(await get("localhost"), 0);
    CHECK_EQ(ours, 1);
    CHECK_EQ(
        bide_http_client_new(&(bide_http_options){.proxy = "", .idle_timeout = {-1}}, &keeps_none),
        0);
    for (int i = 0; i < 3; i++) /* what was found is remembered, also with other letters */
        CHECK_EQ(await get_by(keeps_none, i == 1 ? "KNOWN.test" : "known.test", "/hello"), 0);
    CHECK_EQ(ours, 2);
    CHECK_EQ(all, 2);
    bide_http_client_free(keeps_none);
    return 0;
}

WITH_SERVER(names_are_looked_up)

static async int addresses_are_tried_in_turn_test(void)
{
    CHECK_EQ(await get("2.test"), 0);
    CHECK_EQ(await get("6.test"), 0);
    CHECK_EQ(ours, 2);
    return 0;
}

WITH_SERVER(addresses_are_tried_in_turn)

/* libcurl has to look up an address of a link itself: it does not read one. */
static async int an_address_of_a_link_test(void)
{
    int n = await get("link.test");
    CHECK(n < 0 && n != -ENOENT);
    CHECK_EQ(ours, 1);
    CHECK_EQ(all, 2);
    return 0;
}

WITH_SERVER(an_address_of_a_link)

static async int names_that_are_not_found_test(void)
{
    CHECK_ERR(await get("unknown.test"), -ENOENT);
    CHECK_ERR(await get("silent.test"), -EAGAIN);
    CHECK_ERR(await get("broken.test"), -EIO);
    CHECK_EQ(ours, 3);
    CHECK_EQ(await get("known.test"), 0);
    return 0;
}

WITH_SERVER(names_that_are_not_found)

/* A proxy's name is libcurl's to look up, and so is what comes after a redirection. */
static async int names_of_libcurl_test(void)
{
    char path[80];
    bide_http_client *by_proxy;
    bide_http_options options = {.proxy = "unknown.test:1"};
    CHECK_EQ(bide_http_client_new(&options, &by_proxy), 0);
    for (int i = 0; i < 2; i++) {
        bide_http_response *r;
        CHECK_ERR(await bide_http_get(by_proxy, url_at("known.test", "/hello"), &r), -ENOENT);
        bide_http_response_free(r);
    }
    bide_http_client_free(by_proxy);
    CHECK_EQ(ours, 0);
    CHECK_EQ(all, 2);
    snprintf(path, sizeof path, "/to//other.test:%d/hello", bide_tcp_port(server.listener));
    CHECK_EQ(await get_by(client, "127.0.0.1", path), 0);
    CHECK_EQ(ours, 0);
    CHECK_EQ(all, 3);
    return 0;
}

WITH_SERVER(names_of_libcurl)

/* Takes any connection as that to the server, and answers. */
static async void serve_socks(bide_stream *s)
{
    char bytes[400];
    defer {
        bide_stream_close(s);
    }
    if (await bide_stream_read(s, bytes, sizeof bytes) < 3 ||
        await bide_stream_write_all(s, "\5\0", 2, NULL) < 0 ||
        await bide_stream_read(s, bytes, sizeof bytes) < 10 ||
        await bide_stream_write_all(s, "\5\0\0\1\0\0\0\0\0\0", 10, NULL) < 0 ||
        await bide_stream_read(s, bytes, sizeof bytes) <= 0)
        return;
    (void)await server_say(s, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
}

static async void accept_socks(bide_tcp_listener *listener)
{
    bide_stream *s;
    while (await bide_tcp_accept(listener, &s) == 0)
        bide_spawn(serve_socks(s));
}

/* When libcurl knows the proxy already, the first name that it asks for is the target's. */
static async int names_behind_socks_test(void)
{
    static const char *const hosts[] = {"127.0.0.1", "known.test", "known.test", "other.test"};
    bide_tcp_listener *listener;
    bide_http_client *by_socks;
    char proxy[64];
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_task(void) proxies = bide_spawn(accept_socks(listener));
    snprintf(proxy, sizeof proxy, "socks5://127.0.0.1:%d", bide_tcp_port(listener));
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = proxy}, &by_socks), 0);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        CHECK_EQ(await get_by(by_socks, hosts[i], "/hello"), 0);
    CHECK_EQ(ours, 0);
    bide_http_client_free(by_socks);
    bide_tcp_listener_close(listener);
    bide_task_abort(proxies);
    return 0;
}

WITH_SERVER(names_behind_socks)

/* libcurl looks its own address up, too. */
static async int with_an_address_of_its_own_test(void)
{
    bide_http_client *local;
    bide_http_pin pin = {"unknown.test", (uint16_t)bide_tcp_port(server.listener), "127.0.0.1"};
    bide_http_options options = {
        .proxy = "", .local_address = "127.0.0.1", .pins = &pin, .pin_count = 1};
    CHECK_EQ(bide_http_client_new(&options, &local), 0);
    CHECK_EQ(await get_by(local, "unknown.test", "/hello"), 0);
    CHECK_EQ(await get_by(local, "known.test", "/hello"), 0);
    bide_http_client_free(local);
    return 0;
}

WITH_SERVER(with_an_address_of_its_own)

static async int pinned_names_test(void)
{
    bide_http_client *pinned;
    bide_http_pin pin = {"unknown.test", (uint16_t)bide_tcp_port(server.listener), "127.0.0.1"};
    bide_http_options options = {.proxy = "", .pins = &pin, .pin_count = 1};
    CHECK_EQ(bide_http_client_new(&options, &pinned), 0);
    CHECK_EQ(await get_by(pinned, "unknown.test", "/hello"), 0);
    CHECK_EQ(ours, 0);
    CHECK_EQ(await get_by(pinned, "known.test", "/hello"), 0);
    CHECK_EQ(await get_by(pinned, "unknown.test", "/hello"), 0);
    CHECK_EQ(ours, 1);
    bide_http_client_free(pinned);
    return 0;
}

WITH_SERVER(pinned_names)

/* The body is taken from the program once. */
static async int a_stream_to_a_name_test(void)
{
    static const char body[] = "a piece and another";
    bide_http_response *r = NULL;
    char text[80];
    defer {
        bide_http_response_free(r);
    }
    bide_http_request q = {.url = url_at("known.test", "/echo"),
                           .method = "POST",
                           .body_size = sizeof body - 1,
                           .body_streamed = true};
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_EQ(await bide_http_upload_all(r, body, sizeof body - 1, NULL), 0);
    CHECK_EQ(bide_http_upload_end(r), 0);
    CHECK_EQ(await bide_http_answer(r), 0);
    ssize_t n = await bide_http_response_read(r, text, sizeof text - 1);
    CHECK(n > 0);
    text[n] = '\0';
    CHECK_STR(text, "POST|||a piece and another");
    CHECK_EQ(ours, 1);
    return 0;
}

WITH_SERVER(a_stream_to_a_name)

/* ---- while a name is looked up ---- */

/* A look-up that does not end delays neither its own cancellation nor another request. */
static async int a_look_up_that_does_not_end_test(void)
{
    bide_task(int) task = bide_spawn(get("slow.test"));
    await bide_yield();
    await bide_blocking(sem_wait(&is_asked));
    CHECK_EQ(await get("known.test"), 0);
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    CHECK_EQ(await get("known.test"), 0);
    sem_post(&may_answer);
    return 0;
}

WITH_SERVER(a_look_up_that_does_not_end)

enum { MANY = 20 };

/* Some of those who wait for a name are cancelled. The others need no second look-up. */
static async int many_wait_for_one_look_up_test(void)
{
    bide_task(int) tasks[MANY];
    for (int i = 0; i < MANY; i++)
        tasks[i] = bide_spawn(get("slow.test"));
    await bide_yield();
    await bide_blocking(sem_wait(&is_asked));
    for (int i = 0; i < MANY; i += 2) {
        bide_task_abort(tasks[i]);
        CHECK_ERR(await bide_task_wait(tasks[i]), -ECANCELED);
    }
    sem_post(&may_answer);
    for (int i = 1; i < MANY; i += 2) {
        int n = -1;
        CHECK_EQ(await bide_task_join(tasks[i], &n), 0);
        CHECK_EQ(n, 0);
    }
    CHECK_EQ(ours, 1);
    return 0;
}

WITH_SERVER(many_wait_for_one_look_up)

/* Those that wait for the one connection ask too, when the first has found that it needs a name. */
static async int many_wait_for_one_connection_test(void)
{
    bide_http_client *narrow;
    bide_task(int) tasks[MANY];
    bide_http_options options = {.proxy = "", .connections_max = 1};
    CHECK_EQ(bide_http_client_new(&options, &narrow), 0);
    for (int i = 0; i < MANY; i++)
        tasks[i] = bide_spawn(get_by(narrow, "slow.test", "/hello"));
    await bide_yield();
    await bide_blocking(sem_wait(&is_asked));
    sem_post(&may_answer);
    for (int i = 0; i < MANY; i++) {
        int n = -1;
        CHECK_EQ(await bide_task_join(tasks[i], &n), 0);
        CHECK_EQ(n, 0);
    }
    CHECK_EQ(ours, 1);
    CHECK_EQ(server.accepted, 1);
    bide_http_client_free(narrow);
    return 0;
}

WITH_SERVER(many_wait_for_one_connection)

static async int get_slowly(bide_http_client *by)
{
    bide_http_response *r = NULL;
    int n = await bide_http_get(by, url_at("known.test", "/slow/300"), &r);
    bide_http_response_free(r);
    return n;
}

/* A limit on connecting is none on waiting for the connection, also after a look-up. */
static async int who_waits_for_a_connection_is_not_late_test(void)
{
    bide_http_client *narrow;
    bide_task(int) tasks[5];
    bide_http_options options = {.proxy = "", .connections_max = 1, .connect_timeout = BIDE_S(1)};
    CHECK_EQ(bide_http_client_new(&options, &narrow), 0);
    for (int i = 0; i < 5; i++)
        tasks[i] = bide_spawn(get_slowly(narrow));
    for (int i = 0; i < 5; i++) {
        int n = -1;
        CHECK_EQ(await bide_task_join(tasks[i], &n), 0);
        CHECK_EQ(n, 0);
    }
    CHECK_EQ(ours, 1);
    bide_http_client_free(narrow);
    return 0;
}

WITH_SERVER(who_waits_for_a_connection_is_not_late)

/* A name that is not answered for has one thread of the resolver, however often it is asked for: so
 * others are found. */
static async int look_ups_are_given_up_test(void)
{
    for (int i = 0; i < 20; i++) {
        bide_task(int) task = bide_spawn(get("slow.test"));
        await bide_yield();
        await bide_blocking(sem_wait(&is_asked));
        bide_task_abort(task);
        CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    }
    CHECK_EQ(ours, 1);
    CHECK_EQ(all, 20);
    CHECK_EQ(await get("known.test"), 0);
    CHECK_EQ(ours, 2);
    for (int i = 0; i < 20; i++)
        sem_post(&may_answer);
    return 0;
}

WITH_SERVER(look_ups_are_given_up)

static async int limits_hold_during_a_look_up_test(void)
{
    bide_http_client *limited;
    bide_http_response *r;
    bide_http_options options = {.proxy = "", .connect_timeout = BIDE_MS(20)};
    CHECK_EQ(bide_http_client_new(&options, &limited), 0);
    CHECK_ERR(await bide_http_get(limited, url_at("slow.test", "/hello"), &r), -ETIMEDOUT);
    CHECK_STR(bide_http_error(r), "no connection in time");
    bide_http_response_free(r);
    bide_http_client_free(limited);
    bide_http_request q = {.url = url_at("slow.test", "/hello"), .timeout = BIDE_MS(20)};
    CHECK_ERR(await bide_http_send(client, &q, &r), -ETIMEDOUT);
    CHECK_STR(bide_http_error(r), "no complete answer in time");
    bide_http_response_free(r);
    sem_post(&may_answer);
    sem_post(&may_answer);
    return 0;
}

WITH_SERVER(limits_hold_during_a_look_up)

static async int a_client_is_freed_during_a_look_up_test(void)
{
    bide_http_client *own;
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &own), 0);
    bide_task(int) task = bide_spawn(get_by(own, "slow.test", "/hello"));
    await bide_yield();
    await bide_blocking(sem_wait(&is_asked));
    bide_http_client_free(own);
    int n = 0;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_ERR(n, -ECANCELED);
    sem_post(&may_answer);
    return 0;
}

WITH_SERVER(a_client_is_freed_during_a_look_up)

/* ---- a runtime that ends meanwhile ---- */

static async int gives_up(void)
{
    bide_http_client *own;
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &own), 0);
    defer {
        bide_http_client_free(own);
    }
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = 0;
    CHECK_EQ(await bide_select(n = bide_http_get(own, "http://slow.test:1/", &r),
                               bide_blocking(sem_wait(&is_asked))),
             1);
    return n;
}

TEST(a_runtime_ends_during_a_look_up)
{
    bide_runtime *rt;
    sem_init(&is_asked, 0, 0);
    sem_init(&may_answer, 0, 0);
    bide_test_replace("getaddrinfo", (void (*)(void))count_ours);
    bide_test_replace("freeaddrinfo", (void (*)(void))count_freed);
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(gives_up()), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
    sem_post(&may_answer);
    while (lists > 0 || ours == 0)
        usleep(100);
}

/* ---- faults ---- */

static async int what_a_look_up_needs_fails_test(void)
{
    static const struct {
        const char *call;
        int error;
    } faults[] = {{"thread_create", -EAGAIN}, {"eventfd", -EMFILE}, {"epoll_ctl", -ENOSPC}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        bide_http_client *own;
        CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &own), 0);
        bool is_first = strcmp(faults[i].call, "epoll_ctl") != 0;
        bide_test_fail(faults[i].call, is_first ? 1 : 2, faults[i].error, 1);
        CHECK_ERR(await get_by(own, "known.test", "/hello"), faults[i].error);
        CHECK_EQ(bide_test_failed(faults[i].call), 1);
        bide_test_fail(faults[i].call, 0, 0, 0);
        CHECK_EQ(await get_by(own, "known.test", "/hello"), 0);
        bide_http_client_free(own);
    }
    return 0;
}

WITH_SERVER(what_a_look_up_needs_fails)
