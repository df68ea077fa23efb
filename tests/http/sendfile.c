/*
 * Files that the kernel sends: whole and in ranges, in short pieces, from a file that shrinks, that
 * is not in memory, or that cannot be sent so; to a client that leaves, and when cancelled. Over
 * sockets, on the driver that the environment names (uring.list).
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/fs.h>
#include <bide/http_layer.h>
#include <bide/testing.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "peer.h"

enum { SIZE = 700 * 1000 };

static char path[] = "/tmp/bide-sendfile-XXXXXX";
static char data[SIZE];
static bide_shutdown stop;

static async int show_file(bide_http_exchange *x)
{
    const bide_http_file_options options = {.type =
                                                bide_http_path(x)[1] == 't' ? "text/plain" : "x/y"};
    return await bide_http_reply_file(x, path, &options);
}

typedef ssize_t read_at(int fd, const struct iovec *pieces, int count, off_t offset, int flags);

static read_at *ask_less;

static ssize_t read_told(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    return (*ask_less)(fd, pieces, count, offset, flags & ~RWF_NOWAIT);
}

/* The tmpfs of older kernels does not tell what is in memory. There it is said that all is. */
static void make_file(void)
{
    char c;
    const struct iovec piece = {&c, 1};
    int fd = mkstemp(path);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)('a' + i * 7 % 26);
    CHECK(fd >= 0 && write(fd, data, SIZE) == SIZE);
    if (preadv2(fd, &piece, 1, 0, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP)
        ask_less = (read_at *)bide_test_replace("preadv2", (void (*)(void))read_told);
    CHECK_EQ(close(fd), 0);
}

/* ---- a client ---- */

static async int get(const char *request, size_t slow)
{
    bide_stream *stream;
    ssize_t n;
    int rc = await bide_tcp_connect("127.0.0.1", (uint16_t)bide_http_server_port(server), &stream);
    if (rc < 0)
        return rc;
    defer {
        bide_stream_close(stream);
    }
    peer_size = 0;
    rc = await bide_stream_write_all(stream, request, strlen(request), NULL);
    while (rc == 0 && (n = await bide_stream_read(stream, peer_answer + peer_size,
                                                  PEER_ANSWER - peer_size)) > 0) {
        peer_size += (size_t)n;
        if (slow > 0 && peer_size > slow)
            return 1; /* it leaves */
    }
    peer_answer[peer_size] = 0;
    return rc;
}

static async int ask_it(const char *request, size_t slow)
{
    int rc = -1, served = -1;
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    rc = await get(request, slow);
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &served), 0);
    CHECK_ERR(served, 0);
    return rc;
}

/* Serves one connection, and returns the body that came. */
static const char *ask_file(bide_http_handler handler, const bide_http_server_options *options,
                            const char *request, size_t slow)
{
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    CHECK_EQ(bide_http_server_new(handler, options, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK(bide_block_on(ask_it(request, slow)) >= 0);
    serve_end();
    const char *body = strstr(peer_answer, "\r\n\r\n");
    return body != NULL ? body + 4 : "";
}

static size_t body_size(const char *body)
{
    return peer_size - (size_t)(body - peer_answer);
}

#define ASK(path, more) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" more "\r\n"

static void check_whole(const char *body)
{
    CHECK(body_size(body) == SIZE && memcmp(body, data, SIZE) == 0);
    CHECK_EQ(answered("Content-Length: 700000\r\n"), 1);
}

TEST(a_file_is_sent_by_the_kernel)
{
    make_file();
    bide_test_watch();
    check_whole(ask_file(bide_ref(show_file), NULL, ASK("/", ""), 0));
    CHECK(bide_test_calls("sendfile_quiet") >= 2);
    unlink(path);
}

TEST(ranges_are_sent_by_the_kernel)
{
    make_file();
    bide_test_watch();
    const char *body =
        ask_file(bide_ref(show_file), NULL, ASK("/", "Range: bytes=100001-400000\r\n"), 0);
    CHECK(body_size(body) == 300000 && memcmp(body, data + 100001, 300000) == 0);
    CHECK(bide_test_calls("sendfile_quiet") > 0);
    body =
        ask_file(bide_ref(show_file), NULL, ASK("/", "Range: bytes=5-100004,200000-299999\r\n"), 0);
    const char *first = strstr(body, "\r\n\r\n") + 4;
    CHECK(memcmp(first, data + 5, 100000) == 0);
    const char *second = strstr(first + 100000, "\r\n\r\n") + 4;
    CHECK(memcmp(second, data + 200000, 100000) == 0);
    CHECK(strncmp(second + 100000, "\r\n--bide-", 9) == 0);
    unlink(path);
}

/* ---- what a send may do ---- */

static ssize_t (*real)(int to, int from, off_t offset, size_t size);
static unsigned sends;

static ssize_t short_send(int to, int from, off_t offset, size_t size)
{
    sends++;
    return sends % 3 == 0 ? -EINTR : (*real)(to, from, offset, size < 7001 ? size : 7001);
}

TEST(sends_may_be_short)
{
    make_file();
    real = (ssize_t(*)(int, int, off_t, size_t))bide_test_replace("sendfile_quiet",
                                                                  (void (*)(void))short_send);
    CHECK(real != NULL);
    check_whole(ask_file(bide_ref(show_file), NULL, ASK("/", ""), 0));
    CHECK(sends > SIZE / 7001);
    unlink(path);
}

static ssize_t shrinking_send(int to, int from, off_t offset, size_t size)
{
    if (sends++ == 1)
        CHECK_EQ(truncate(path, 200000), 0);
    return (*real)(to, from, offset, size < 150000 ? size : 150000);
}

static int complaints;

static void complain(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)text, (void)argument;
    CHECK_ERR(error, -EIO);
    complaints++;
}

TEST(a_file_that_shrinks_cuts_the_connection)
{
    make_file();
    real = (ssize_t(*)(int, int, off_t, size_t))bide_test_replace("sendfile_quiet",
                                                                  (void (*)(void))shrinking_send);
    const char *body = ask_file(bide_ref(show_file),
                                &(bide_http_server_options){.complain = complain}, ASK("/", ""), 0);
    CHECK(body_size(body) == 200000 && memcmp(body, data, 200000) == 0);
    CHECK_EQ(complaints, 1);
    unlink(path);
}

/* Every other look finds nothing in memory: then the file is read as others are. */
static read_at *real_read;
static unsigned looks;

static ssize_t forgetful_read(int fd, const struct iovec *pieces, int count, off_t offset,
                              int flags)
{
    if (count == 1 && pieces[0].iov_len == 1 && looks++ % 2 == 0)
        return -EAGAIN;
    return (*real_read)(fd, pieces, count, offset, flags);
}

TEST(what_is_not_in_memory_is_read)
{
    make_file();
    real_read = (read_at *)bide_test_replace("preadv2", (void (*)(void))forgetful_read);
    check_whole(ask_file(bide_ref(show_file), NULL, ASK("/", ""), 0));
    CHECK(looks > 4);
    unlink(path);
}

static ssize_t no_send(int to, int from, off_t offset, size_t size)
{
    (void)to, (void)from, (void)offset, (void)size;
    sends++;
    return -EINVAL;
}

TEST(what_cannot_be_sent_so_is_read)
{
    make_file();
    CHECK(bide_test_replace("sendfile_quiet", (void (*)(void))no_send) != NULL);
    check_whole(ask_file(bide_ref(show_file), NULL, ASK("/", ""), 0));
    CHECK_EQ(sends, 1);
    unlink(path);
}

/* ---- a layer between ---- */

TEST(a_file_that_is_compressed_is_read)
{
    static const bide_http_layer layer = {bide_ref(bide_http_layer_compress), NULL};
    const bide_http_route route = {.path = "/{x}", .handler = bide_ref(show_file)};
    bide_http_router *router;
    make_file();
    bide_test_watch();
    CHECK_EQ(bide_http_router_new(
                 &(bide_http_router_options){
                     .routes = &route, .route_count = 1, .layers = &layer, .layer_count = 1},
                 &router),
             0);
    const bide_http_server_options options = {.state = router};
    ask_file(bide_ref(bide_http_serve_router), &options, ASK("/text", "Accept-Encoding: gzip\r\n"),
             0);
    CHECK_EQ(answered("Content-Encoding: gzip\r\n"), 1);
    CHECK_EQ(bide_test_calls("sendfile_quiet"), 0);
    check_whole(ask_file(bide_ref(bide_http_serve_router), &options,
                         ASK("/other", "Accept-Encoding: gzip\r\n"), 0));
    CHECK(bide_test_calls("sendfile_quiet") > 0);
    bide_http_router_drop(router);
    unlink(path);
}

/* ---- ends ---- */

TEST(a_client_that_leaves_ends_it)
{
    make_file();
    for (size_t at = 1; at < 600000; at += 150000)
        ask_file(bide_ref(show_file), NULL, ASK("/", ""), at);
    unlink(path);
}

static async int cancelled_after(bide_duration time)
{
    bide_stream *stream;
    bide_task(int) running = bide_spawn(bide_http_server_run(server, NULL));
    int rc = await bide_tcp_connect("127.0.0.1", (uint16_t)bide_http_server_port(server), &stream);
    CHECK_ERR(rc, 0);
    defer {
        bide_stream_close(stream);
    }
    CHECK_ERR(await bide_stream_write_all(stream, ASK("/", ""), strlen(ASK("/", "")), NULL), 0);
    await bide_sleep(time); /* it reads nothing, so the server waits in the middle of the file */
    (void)await bide_task_cancel(running);
    return 0;
}

TEST(it_may_be_cancelled)
{
    make_file();
    for (int ms = 0; ms < 60; ms += 10) {
        CHECK_EQ(bide_http_server_new(bide_ref(show_file), NULL, &server), 0);
        CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
        CHECK_EQ(bide_block_on(cancelled_after(BIDE_MS(ms))), 0);
        bide_http_server_metrics m;
        bide_http_server_metrics_read(server, &m);
        CHECK_EQ(m.connections, 0);
        serve_end();
    }
    unlink(path);
}
