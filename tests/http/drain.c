/*
 * The graceful end of an HTTP server: 100 idle connections, 10 with a handler at work, and one
 * client that never reads. The clients are plain sockets, so that the tasks are the server's.
 */
#include <bide/http_server.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;

static int connect_to(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    CHECK_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes up to the end. */
static const char *hear(int fd)
{
    ssize_t n;
    peer_size = 0;
    while ((n = recv(fd, peer_answer + peer_size, PEER_ANSWER - peer_size, 0)) > 0)
        peer_size += (size_t)n;
    peer_answer[peer_size] = 0;
    close(fd);
    return peer_answer;
}

static async int works(bide_http_exchange *x)
{
    char some[1000] = "";
    int rc = 0;
    switch (bide_http_path(x)[1]) {
    case 'w':
        await bide_sleep(BIDE_S(1));
        return bide_http_reply_text(x, 200, bide_http_drains(x) ? "drains" : "runs");
    case 'e':
        rc = await bide_http_send_begin(x, 200);
        while (rc == 0)
            rc = await bide_http_send_data(x, some, sizeof some);
        return rc;
    case 'd': /* as a stream of events does */
        await bide_http_drain_wait(x);
        return bide_http_reply_text(x, 200, "told");
    default: return bide_http_reply_text(x, 200, "hello");
    }
}

static async void become(unsigned connections, unsigned requests)
{
    bide_http_server_metrics m;
    do {
        await bide_yield();
        bide_http_server_metrics_read(server, &m);
    } while (m.connections < connections || m.requests < requests);
}

static char report[100000];

static void add_report(void *argument, const char *text, size_t size)
{
    (void)argument;
    strncat(report, text, size);
}

enum { IDLE = 100, WORKING = 10 };

static async int end_many(bide_shutdown_result *result)
{
    int idle[IDLE], working[WORKING], port = bide_http_server_port(server);
    bide_task_detach(bide_spawn(bide_http_server_run(server, &stop)));
    for (int i = 0; i < IDLE; i++) {
        idle[i] = connect_to(port);
        if (i % 2 == 0)
            say(idle[i], GET("/"));
    }
    for (int i = 0; i < WORKING; i++)
        say(working[i] = connect_to(port), GET("/works"));
    int told = connect_to(port), endless = connect_to(port);
    say(told, GET("/drain"));
    say(endless, GET("/endless"));
    await become(IDLE + WORKING + 2, IDLE / 2 + WORKING + 2);
    bide_shutdown_options options = {.drain = BIDE_S(3), .report = add_report};
    int rc = await bide_shutdown_run(&stop, &options, result);
    for (int i = 0; i < IDLE; i++)
        CHECK_EQ(strstr(hear(idle[i]), "hello") != NULL, i % 2 == 0);
    for (int i = 0; i < WORKING; i++) {
        hear(working[i]);
        CHECK_EQ(answered("drains"), 1);
        CHECK_EQ(answered("Connection: close"), 1);
    }
    hear(told);
    CHECK_EQ(answered("told"), 1);
    close(endless);
    return rc;
}

TEST_LIMIT(idle_connections_are_closed_others_finish_and_the_rest_is_cancelled_and_named, 30)
{
    bide_shutdown_result result;
    serve_with(bide_ref(works), NULL);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(end_many(&result)), 0);
    CHECK(result.took.ns >= BIDE_S(3).ns && result.took.ns <= BIDE_MS(3100).ns);
    CHECK_EQ(result.drained, IDLE + WORKING + 1);
    CHECK_EQ(result.cancelled, 3); /* the endless one, the loop that accepts, and the run */
    CHECK(strstr(report, "bide__http_connection_serve") != NULL);
    CHECK(strstr(report, "works") != NULL);
    serve_end();
}

/* ---- the server's own limit ---- */

static async int end_alone(void)
{
    int rc = -1, port = bide_http_server_port(server);
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    int endless = connect_to(port);
    say(endless, GET("/endless"));
    await become(1, 1);
    bide_instant begin = bide_now();
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(2).ns);
    close(endless);
    return rc;
}

TEST(the_drain_may_have_a_limit_of_its_own)
{
    serve_with(bide_ref(works), &(bide_http_server_options){.drain = BIDE_S(2)});
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_ERR(bide_block_on(end_alone()), -ETIMEDOUT);
    serve_end();
}

static async int end_at_once(void)
{
    int rc = -1, port = bide_http_server_port(server);
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    int idle = connect_to(port), working = connect_to(port);
    say(working, GET("/works"));
    await become(2, 1);
    CHECK_ERR(await bide_http_server_run(server, NULL), -EBUSY);
    CHECK_ERR(bide_http_server_listen(server, "127.0.0.1", 0), -EBUSY);
    CHECK_ERR(await bide_task_cancel(running), -ECANCELED);
    CHECK_ERR(await bide_task_join(running, &rc), -ECANCELED);
    bide_http_server_metrics m;
    bide_http_server_metrics_read(server, &m);
    CHECK_EQ(m.connections, 0);
    CHECK_STR(hear(idle), "");
    CHECK_STR(hear(working), "");
    return 0;
}

TEST(a_run_that_is_cancelled_leaves_no_connection)
{
    serve_with(bide_ref(works), NULL);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(end_at_once()), 0);
    serve_end();
}

/* ---- Unix, and other flavours ---- */

static async int over_unix(const char *path)
{
    int rc = -1;
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    bide_stream *s;
    CHECK_EQ(await bide_unix_connect(path, &s), 0);
    CHECK_EQ(await peer_send(s, GET("/"), strlen(GET("/")), false), 0);
    await become(1, 1);
    bide_shutdown_begin(&stop);
    CHECK_EQ(await peer_receive(s), 0);
    bide_stream_close(s);
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    return rc;
}

TEST(a_server_listens_on_a_unix_socket)
{
    serve_with(bide_ref(works), NULL);
    CHECK_ERR(bide_block_on(bide_http_server_run(server, NULL)), -ENOENT);
    CHECK_ERR(bide_http_server_port(server), -ENOENT);
    char path[64];
    snprintf(path, sizeof path, "@bide-http-%d", (int)getpid());
    CHECK_EQ(bide_http_server_listen_unix(server, path), 0);
    CHECK_EQ(bide_block_on(over_unix(path)), 0);
    CHECK_EQ(answered("hello"), 1);
    serve_end();
}

static async int on_cores(void)
{
    int rc = -1;
    CHECK_EQ(bide_http_server_new(bide_ref(works), NULL, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    await bide_sleep(BIDE_MS(50));
    int fds[20], port = bide_http_server_port(server);
    for (int i = 0; i < 20; i++)
        say(fds[i] = connect_to(port), GET("/"));
    await become(20, 20);
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    for (int i = 0; i < 20; i++) {
        hear(fds[i]);
        CHECK_EQ(answered("hello"), 1);
    }
    serve_end();
    return rc;
}

static void on_flavour(bide_flavour flavour)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&(bide_runtime_options){.flavour = flavour, .workers = 2}, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(on_cores()), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_free(rt);
}

TEST(a_server_runs_on_several_workers)
{
    on_flavour(BIDE_MULTI_THREAD);
}

TEST(a_server_runs_on_several_cores)
{
    on_flavour(BIDE_THREAD_PER_CORE);
}
