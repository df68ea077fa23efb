/*
 * What a request costs, counted at the door: system calls, allocations, locks that threads sleep
 * on. The client is a plain socket, used without the door.
 */
#include <bide/http_layer.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#include "extra/http/server/inside.h"

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;

static async int hello(bide_http_exchange *x)
{
    int rc = bide_http_header_set(x, "X-Some", "thing");
    if (bide_http_path(x)[1] == 'w')
        await bide_yield();
    return rc < 0 ? rc : bide_http_reply_text(x, 200, "hello");
}

static int connect_to(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static async void ask_once(int fd, const char *request)
{
    char answer[1000];
    CHECK_EQ(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) < 0)
        await bide_yield();
}

enum { REQUESTS = 1000, BUSY = 8 };

static async int count(const char *request, int64_t receives_most)
{
    int fd = connect_to(bide_http_server_port(server));
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    for (int i = 0; i < 10; i++)
        await ask_once(fd, request);
    bide_test_watch();
    for (int i = 0; i < REQUESTS; i++)
        await ask_once(fd, request);
    int64_t allocations = bide_test_calls("alloc"), sends = bide_test_calls("send"),
            receives = bide_test_calls("recv"), vectored = bide_test_calls("sendmsg"),
            changes = bide_test_calls("epoll_ctl"), dates = bide_test_calls("date");
    CHECK_EQ(allocations, 0);
    CHECK_EQ(sends, REQUESTS);
    CHECK_EQ(vectored, 0);
    CHECK_EQ(changes, 0);
    CHECK_EQ(dates, REQUESTS);
    CHECK(receives <= receives_most); /* io_uring makes none */
    bide_shutdown_begin(&stop);
    close(fd);
    int rc = -1;
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    return rc;
}

static void count_for(const char *request, int64_t receives_most)
{
    CHECK_EQ(bide_http_server_new(bide_ref(hello), NULL, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(count(request, receives_most)), 0);
    serve_end();
}

TEST(a_small_request_costs_one_recv_and_one_send_and_no_allocation)
{
    count_for(GET("/"), REQUESTS);
}

/* While a handler waits, one more recv looks for a client that goes away. */
TEST(a_handler_that_waits_allocates_nothing)
{
    count_for(GET("/waits"), 2 * REQUESTS);
}

/* ---- compression ---- */

static char words[3000];

static async int tell_words(bide_http_exchange *x)
{
    if (bide_http_path(x)[1] == 'w')
        return bide_http_reply_borrowed(x, 200, "text/plain", words, sizeof words);
    int rc = bide_http_header_set(x, "Content-Type", "text/plain");
    if (rc == 0)
        rc = await bide_http_send_begin(x, 200);
    for (int i = 0; rc == 0 && i < 3; i++)
        rc = await bide_http_send_data(x, words, sizeof words / 3);
    return rc;
}

#define ACCEPTS(path, coding) \
    "GET " path " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " coding "\r\n\r\n"

/* Whole ones and ones in pieces, with each coding; several of them lie in the memory that is kept,
 * one after another. */
static async int count_compressed(void)
{
    static const char *const requests[] = {ACCEPTS("/whole", "gzip"), ACCEPTS("/pieces", "gzip"),
                                           ACCEPTS("/whole", "br"), ACCEPTS("/pieces", "br")};
    int fd = connect_to(bide_http_server_port(server)), rc = -1;
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    for (int i = 0; i < 20; i++)
        await ask_once(fd, requests[i % 4]);
    bide_test_watch();
    for (int i = 0; i < REQUESTS; i++)
        await ask_once(fd, requests[i % 4]);
    CHECK_EQ(bide_test_calls("alloc"), 0);
    CHECK_EQ(server->homes[0].squeeze_count, 1);
    bide_shutdown_begin(&stop);
    close(fd);
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    return rc;
}

TEST(a_compressed_response_allocates_nothing)
{
    static const bide_http_layer layer = {bide_ref(bide_http_layer_compress), NULL};
    const bide_http_route route = {.path = "/{x}", .handler = bide_ref(tell_words)};
    bide_http_router *router;
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = (char)('a' + i * i % 7);
    CHECK_EQ(bide_http_router_new(
                 &(bide_http_router_options){
                     .routes = &route, .route_count = 1, .layers = &layer, .layer_count = 1},
                 &router),
             0);
    CHECK_EQ(bide_http_server_new(bide_ref(bide_http_serve_router),
                                  &(bide_http_server_options){.state = router}, &server),
             0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(count_compressed()), 0);
    serve_end();
    bide_http_router_drop(router);
}

/* ---- idle connections ---- */

enum { IDLE = 50 };

static async int be_idle(void)
{
    int fds[IDLE], rc = -1;
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    for (int i = 0; i < IDLE; i++) {
        fds[i] = connect_to(bide_http_server_port(server));
        await ask_once(fds[i], GET("/"));
        await bide_yield();
    }
    CHECK_EQ(server->homes[0].kit_count, 1); /* all have used the same one, and none has it */
    for (int i = 0; i < IDLE; i++)
        close(fds[i]);
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    return rc;
}

TEST(an_idle_connection_has_no_buffer)
{
    CHECK_EQ(bide_http_server_new(bide_ref(hello), NULL, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(be_idle()), 0);
    serve_end();
}

/* ---- several threads ---- */

static atomic_bool done;

static void *client(void *argument)
{
    char answer[1000];
    int fd = *(int *)argument;
    for (int i = 0; i < REQUESTS; i++) {
        CHECK_EQ(send(fd, GET("/"), strlen(GET("/")), MSG_NOSIGNAL), (ssize_t)strlen(GET("/")));
        CHECK(recv(fd, answer, sizeof answer, 0) > 0);
    }
    atomic_store(&done, true);
    return NULL;
}

static async void stay_awake(void)
{
    while (!atomic_load(&done))
        await bide_yield();
}

/* A worker that has nothing to do sleeps, and is woken. Here none is without work, so whoever
 * sleeps waits for a lock. */
static async int count_on_workers(bool shared)
{
    pthread_t thread;
    bide_task(void) busy[BUSY];
    int fd = connect_to(bide_http_server_port(server));
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    atomic_store(&done, false);
    for (unsigned i = 0; i < BUSY; i++)
        busy[i] = shared ? bide_spawn(stay_awake()) : bide_spawn_at(i % 2, stay_awake());
    await bide_sleep(BIDE_MS(50));
    bide_test_watch();
    bide_instant begin = bide_now();
    CHECK_EQ(pthread_create(&thread, NULL, client, &fd), 0);
    while (!atomic_load(&done))
        await bide_sleep(BIDE_MS(10));
    int64_t waits = bide_test_calls("futex_wait"), wakes = bide_test_calls("futex_wake"),
            conditions = bide_test_calls("cond_wait"), allocations = bide_test_calls("alloc");
    CHECK_EQ(await bide_blocking(pthread_join(thread, NULL)), 0);
    for (unsigned i = 0; i < BUSY; i++)
        (void)await bide_task_wait(busy[i]);
    CHECK(waits + wakes <= 5);                                  /* of the end of the thread */
    CHECK(conditions <= 20 + bide_elapsed(begin).ns / 1000000); /* of the watchdog */
    CHECK(allocations <= 20);
    bide_shutdown_begin(&stop);
    close(fd);
    int rc = -1;
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    return rc;
}

static void count_on(bide_flavour flavour)
{
    bide_runtime *rt;
    bide_test_watch();
    CHECK_EQ(bide_runtime_new(&(bide_runtime_options){.flavour = flavour, .workers = 2}, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_http_server_new(bide_ref(hello), NULL, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(count_on_workers(flavour == BIDE_MULTI_THREAD)), 0);
    serve_end();
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_free(rt);
}

TEST(no_thread_sleeps_on_a_lock_for_a_request_on_several_workers)
{
    count_on(BIDE_MULTI_THREAD);
}

TEST(no_thread_sleeps_on_a_lock_for_a_request_on_several_cores)
{
    count_on(BIDE_THREAD_PER_CORE);
}
