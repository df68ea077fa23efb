/*
 * Routes, layers, files and events behind a real connection: HTTP/1.1 over a pair in memory, and
 * the end of a server that has streams of events.
 */
#include <bide/http_layer.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"

#define FORM "Content-Type: application/x-www-form-urlencoded"

static bide_http_router *router;
static bide_http_folder *folder;
static char root[64];
static char text[5000];

static async int show(bide_http_exchange *x)
{
    int64_t id;
    int r = bide_http_path_i64(x, "id", &id);
    return r < 0 ? r : bide_http_reply_json(x, 200, "{s:I}", "id", id);
}

static async int long_text(bide_http_exchange *x)
{
    return bide_http_reply_text(x, 200, text);
}

static async int add(bide_http_exchange *x)
{
    const char *name;
    int r = await bide_http_form_read(x);
    if (r == 0)
        r = bide_http_form_text(x, "name", &name);
    return r < 0 ? r : bide_http_reply_redirect(x, 303, name);
}

static async int ticks(bide_http_exchange *x)
{
    bide_http_events *events;
    int r = await bide_http_events_begin(x, NULL, &events);
    for (int i = 0; r == 0; i++) {
        bool has_ticked = false;
        await bide_select_biased(({
                                     await bide_sleep(BIDE_S(40));
                                     has_ticked = true;
                                 }),
                                 r = bide_http_events_idle(events));
        if (has_ticked && r == 0)
            r = await bide_http_events_send(events, &(bide_http_event){.data = "tick"});
    }
    return r == -ESHUTDOWN ? 0 : r;
}

static void begin(void)
{
    static const bide_http_layer layers[] = {{bide_ref(bide_http_layer_compress), NULL}};
    char path[128];
    strcpy(root, "/tmp/bide-served-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    snprintf(path, sizeof path, "%s/a.bin", root);
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0 && ftruncate(fd, 100000) == 0);
    close(fd);
    CHECK_EQ(bide_http_folder_new(root, NULL, &folder), 0);
    memset(text, 'x', sizeof text - 1);
    const bide_http_route routes[] = {
        {"GET", "/items/{id}", .handler = bide_ref(show)},
        {"GET", "/text", .handler = bide_ref(long_text)},
        {"POST", "/items", .handler = bide_ref(add)},
        {"GET", "/events", .handler = bide_ref(ticks)},
        {"GET", "/files/{*path}", .handler = bide_ref(bide_http_serve_folder), .data = folder}};
    CHECK_EQ(bide_http_router_new(
                 &(bide_http_router_options){
                     .routes = routes, .route_count = 5, .layers = layers, .layer_count = 1},
                 &router),
             0);
    serve_with(bide_ref(bide_http_serve_router), &(bide_http_server_options){.state = router});
}

static void end(void)
{
    char path[128];
    serve_end();
    bide_http_router_drop(router);
    bide_http_folder_free(folder);
    snprintf(path, sizeof path, "%s/a.bin", root);
    unlink(path);
    rmdir(root);
}

TEST(requests_of_one_connection_go_their_ways)
{
    begin();
    ask(GET("/items/7") GET("/items/x")
            GET("/nothing") "PUT /items/7 HTTP/1.1\r\nHost: a\r\n\r\n"
                            "POST /items HTTP/1.1\r\nHost: a\r\n" FORM "\r\n"
                            "Content-Length: 13\r\n\r\nname=%2Fa%2Bb" GET("/items/8"));
    CHECK_EQ(answered("HTTP/1.1 "), 6);
    CHECK_EQ(answered("HTTP/1.1 200 OK\r\n"), 2);
    CHECK_EQ(answered("{\"id\":7}"), 1);
    CHECK_EQ(answered("{\"id\":8}"), 1);
    CHECK_EQ(answered("400 Bad Request: id: this is no whole number of 64 bits\n"), 1);
    CHECK_EQ(answered("HTTP/1.1 404 Not Found\r\n"), 1);
    CHECK_EQ(answered("HTTP/1.1 405 Method Not Allowed\r\n"), 1);
    CHECK_EQ(answered("Allow: GET, HEAD, OPTIONS\r\n"), 1);
    CHECK_EQ(answered("HTTP/1.1 303 See Other\r\n"), 1);
    CHECK_EQ(answered("Location: /a+b\r\n"), 1);
    end();
}

TEST(files_and_compressed_texts_are_framed_right)
{
    begin();
    ask("GET /files/a.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=1-70000\r\n\r\n"
        "HEAD /files/a.bin HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /text HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n" GET("/files/../a.bin"));
    CHECK_EQ(strncmp(peer_answer, "HTTP/1.1 206 Partial Content\r\n", 30), 0);
    CHECK(strstr(peer_answer, "Content-Range: bytes 1-70000/100000\r\n") != NULL);
    const char *second = strstr(peer_answer, "\r\n\r\n") + 4 + 70000;
    CHECK_EQ(strncmp(second, "HTTP/1.1 200 OK\r\n", 17), 0);
    CHECK(strstr(second, "Content-Length: 100000\r\n") != NULL);
    const char *third = strstr(second, "\r\n\r\n") + 4;
    CHECK_EQ(strncmp(third, "HTTP/1.1 200 OK\r\n", 17), 0);
    CHECK(strstr(third, "Content-Encoding: gzip\r\n") != NULL);
    size_t size = (size_t)atoi(strstr(third, "Content-Length: ") + 16);
    CHECK(size > 10 && size < 500);
    CHECK_EQ(strncmp(strstr(third, "\r\n\r\n") + 4 + size, "HTTP/1.1 404 Not Found\r\n", 24), 0);
    end();
}

/* ---- the end of a server with streams of events ---- */

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;

static async int end_later(void)
{
    await bide_sleep(BIDE_S(100));
    bide_shutdown_begin(&stop);
    return 0;
}

static async int listens(int port)
{
    bide_stream *stream;
    int r = await bide_tcp_connect("127.0.0.1", (uint16_t)port, &stream);
    CHECK_EQ(r, 0);
    defer {
        bide_stream_close(stream);
    }
    await peer_send(stream, GET("/events"), strlen(GET("/events")), false);
    return await peer_receive(stream);
}

static async int serve_and_end(int port)
{
    int served = -1;
    CHECK(port > 0);
    await bide_join(served = bide_http_server_run(server, &stop), (void)listens(port),
                    (void)end_later());
    return served;
}

TEST(streams_of_events_end_with_the_server)
{
    begin();
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    bide_instant begin_of_it = bide_now();
    CHECK_EQ(bide_block_on(serve_and_end(bide_http_server_port(server))), 0);
    CHECK(bide_elapsed(begin_of_it).ns >= BIDE_S(100).ns);
    CHECK(bide_elapsed(begin_of_it).ns < BIDE_S(101).ns); /* io_uring may add a millisecond */
    CHECK_EQ(answered("data: tick\n\n"), 2);
    CHECK(answered(":\n\n") >= 4);
    CHECK_EQ(strcmp(peer_answer + peer_size - 5, "0\r\n\r\n"), 0);
    end();
}
