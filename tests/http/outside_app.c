/*
 * Every async function of bide/http_route.h and bide/http_layer.h, on another runtime than that on
 * which the router and what its layers have were made, and at home. They are awaited in the task of
 * a connection, so it is served there: over a pair in memory, which belongs to no runtime. Outside
 * a runtime there are no segments, which a select over a stream needs.
 */
#include "outside.h"

#include <bide/http_layer.h>

#include "peer.h"

#include "extra/http/server/inside.h"

static bide_http_router *router;
static bide_http_gate *gate;
static bide_http_rate *rate;
static bide_http_folder *folder;
static bide_stream *here, *there;
static char root[64], path[128];
static unsigned line_count;

/* ---- handlers ---- */

static async int form(bide_http_exchange *x)
{
    const char *a = "";
    CHECK_EQ(await bide_http_form_read(x), 0);
    CHECK_EQ(bide_http_form_text(x, "a", &a), 0);
    return bide_http_reply_text(x, 200, a);
}

static async int json(bide_http_exchange *x)
{
    const bide_json *j;
    CHECK_EQ(await bide_http_body_json(x, &j), 0);
    return bide_http_reply_tree(x, 200, j);
}

static async int parts(bide_http_exchange *x)
{
    bide_http_multipart *m;
    bide_http_part part;
    char first, *rest;
    CHECK_EQ(bide_http_multipart_begin(x, NULL, &m), 0);
    CHECK_EQ(await bide_http_multipart_next(m, &part), 1);
    CHECK_EQ(await bide_http_multipart_read(m, &first, 1), 1);
    CHECK_EQ(await bide_http_multipart_all(m, 100, &rest, NULL), 0);
    CHECK_EQ(await bide_http_multipart_next(m, &part), 0);
    return bide_http_reply_format(x, 200, "%c %s", first, rest);
}

static async int file(bide_http_exchange *x)
{
    return await bide_http_reply_file(x, path, NULL);
}

/* The server drains. */
static async int events(bide_http_exchange *x)
{
    bide_http_events *e;
    CHECK_EQ(await bide_http_events_begin(x, NULL, &e), 0);
    CHECK_EQ(await bide_http_events_send(e, &(bide_http_event){.data = "news"}), 0);
    CHECK_ERR(await bide_http_events_idle(e), -ESHUTDOWN);
    return 0;
}

/* ---- what is asked, and answered ---- */

#define POST(path, type, size, body)                                                \
    "POST " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: " type \
    "\r\nContent-Length: " #size "\r\n\r\n" body
#define CLOSED(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static const struct dialogue {
    const char *request, *answer;
} dialogues[] = {
    {POST("/form", "application/x-www-form-urlencoded", 3, "a=b"), "\r\n\r\nb"},
    {POST("/json", "application/json", 3, "[1]"), "\r\n\r\n[1]"},
    {POST("/parts", "multipart/form-data; boundary=x", 65,
          "--x\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nabcdefg\r\n--x--\r\n"),
     "\r\n\r\na bcdefg"},
    {CLOSED("/file"), "\r\n\r\nfile"},
    {CLOSED("/folder/f.txt"), "\r\n\r\nfile"},
    {CLOSED("/events"), "data: news\n"},
};

enum { DIALOGUES = sizeof dialogues / sizeof *dialogues };

static const struct dialogue *dialogue;

/* ---- around them ---- */

static async int check(bide_http_exchange *x, const bide_http_credentials *c, const void *data)
{
    (void)x, (void)c, (void)data;
    return 0;
}

static void count_line(const char *text, size_t size, void *argument)
{
    (void)text, (void)size, (void)argument;
    line_count++;
}

static void make_files(void)
{
    strcpy(root, "/tmp/bide-outside-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    snprintf(path, sizeof path, "%s/f.txt", root);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fputs("file", f) >= 0 && fclose(f) == 0);
    CHECK_EQ(bide_http_folder_new(root, NULL, &folder), 0);
}

static void make_router(void)
{
    static const bide_http_auth_options auth = {.check = bide_ref(check)};
    static const bide_http_log_options log = {.write = count_line};
    static const uint64_t body_most = 1000;
    const bide_http_route routes[] = {
        {.path = "/form", .handler = bide_ref(form)},
        {.path = "/json", .handler = bide_ref(json)},
        {.path = "/parts", .handler = bide_ref(parts)},
        {.path = "/file", .handler = bide_ref(file)},
        {.path = "/folder/{*p}", .handler = bide_ref(bide_http_serve_folder), .data = folder},
        {.path = "/events", .handler = bide_ref(events)},
    };
    const bide_http_layer layers[] = {
        {bide_ref(bide_http_layer_log), &log},
        {bide_ref(bide_http_layer_id), NULL},
        {bide_ref(bide_http_layer_timing), NULL},
        {bide_ref(bide_http_layer_secure), NULL},
        {bide_ref(bide_http_layer_cors), NULL},
        {bide_ref(bide_http_layer_gate), gate},
        {bide_ref(bide_http_layer_rate), rate},
        {bide_ref(bide_http_layer_body_limit), &body_most},
        {bide_ref(bide_http_layer_timeout), NULL},
        {bide_ref(bide_http_layer_auth), &auth},
        {bide_ref(bide_http_layer_compress), NULL},
    };
    const bide_http_router_options options = {
        .routes = routes, .route_count = 6, .layers = layers, .layer_count = 11};
    CHECK_EQ(bide_http_router_new(&options, &router), 0);
}

static void prepare(void)
{
    make_files();
    CHECK_EQ(bide_http_gate_new(&(bide_http_gate_options){0}, &gate), 0);
    CHECK_EQ(bide_http_rate_new(&(bide_http_rate_options){0}, &rate), 0);
    make_router();
    CHECK_EQ(bide_http_server_new(bide_ref(bide_http_serve_router),
                                  &(bide_http_server_options){.state = router}, &server),
             0);
    bide__http_drain(server);
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    CHECK_EQ(bide_block_on(peer_send(here, dialogue->request, strlen(dialogue->request), false)),
             0);
    line_count = 0;
}

static void clean(void)
{
    CHECK_EQ(bide_block_on(peer_receive(here)), 0);
    CHECK_EQ(answered("HTTP/1.1 200 OK"), 1);
    CHECK_EQ(answered(dialogue->answer), 1);
    CHECK_EQ(answered("X-Request-Id: "), 1);
    CHECK_EQ(line_count, 1);
    bide_stream_close(here);
    serve_end();
    bide_http_router_drop(router);
    bide_http_folder_free(folder);
    bide_http_rate_free(rate);
    bide_http_gate_free(gate);
    CHECK(remove(path) == 0 && remove(root) == 0);
}

static async int serves(void)
{
    return await bide_http_server_serve_stream(server, there);
}

#define ROW(name)                             \
    {                                         \
        name, CALL_OF(serves), ROW_SKIP, 0, 0 \
    }

static const struct row of_routes[] = {
    ROW("bide_http_serve_router"),   ROW("bide_http_next"),
    ROW("bide_http_form_read"),      ROW("bide_http_body_json"),
    ROW("bide_http_multipart_all"),  ROW("bide_http_multipart_next"),
    ROW("bide_http_multipart_read"),
};

static const struct row of_layers[] = {
    ROW("bide_http_layer_log"),      ROW("bide_http_layer_id"),
    ROW("bide_http_layer_timing"),   ROW("bide_http_layer_secure"),
    ROW("bide_http_layer_cors"),     ROW("bide_http_layer_gate"),
    ROW("bide_http_layer_rate"),     ROW("bide_http_layer_auth"),
    ROW("bide_http_layer_timeout"),  ROW("bide_http_layer_body_limit"),
    ROW("bide_http_layer_compress"), ROW("bide_http_reply_file"),
    ROW("bide_http_serve_folder"),   ROW("bide_http_events_begin"),
    ROW("bide_http_events_send"),    ROW("bide_http_events_idle"),
};

TEST(what_a_router_serves_is_served_elsewhere_and_at_home)
{
    for (size_t i = 0; i < DIALOGUES; i++) {
        dialogue = &dialogues[i];
        check_rows(of_routes, 1, prepare, clean);
    }
}

TEST(every_async_function_of_http_route_and_http_layer_has_a_row)
{
    CHECK_EQ(check_covers("http_route", of_routes, sizeof of_routes / sizeof *of_routes), 7);
    CHECK_EQ(check_covers("http_layer", of_layers, sizeof of_layers / sizeof *of_layers), 16);
}
