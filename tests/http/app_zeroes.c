/*
 * Options of zeroes, and none, are the defaults: those of routers, layers, files and what a handler
 * passes.
 */
#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/testing.h>
#include <bide/trace_http.h>

#include <errno.h>
#include <unistd.h>

#include "fake.h"

static struct fake fake;
static bide_http_multipart_options multipart;
static bide_http_cookie_options cookie;
static bide_http_file_options file;
static bide_http_events_options events;

static async int takes_all(bide_http_exchange *x)
{
    bide_http_multipart *m;
    CHECK_ERR(bide_http_multipart_begin(x, &multipart, &m), 0);
    CHECK_ERR(bide_http_multipart_begin(x, NULL, &m), 0);
    CHECK_ERR(bide_http_cookie_set(x, "a", "b", &cookie), 0);
    CHECK_ERR(bide_http_cookie_set(x, "c", "d", NULL), 0);
    CHECK_ERR(await bide_http_reply_file(x, "/etc/passwd", NULL), 0);
    return await bide_http_reply_file(x, "/etc/passwd", &file);
}

static async int has_events(bide_http_exchange *x)
{
    bide_http_events *stream;
    return await bide_http_events_begin(x, bide_http_layer_data(x), &stream);
}

/* A request through a router that has this layer, or none. */
static int through(bide_http_handler layer, const void *data)
{
    const bide_http_layer layers[] = {{layer, data}};
    const bide_http_route routes[] = {
        {"POST", "/", .handler = bide_ref(takes_all)},
        {"GET", "/e", .handler = bide_ref(has_events), .data = &events},
        {"GET", "/n", .handler = bide_ref(has_events)}};
    bide_http_router_options options = {0};
    bide_http_router *router;
    CHECK_ERR(bide_http_router_new(&options, &router), 0);
    bide_http_router_drop(router);
    CHECK_ERR(bide_http_router_new(NULL, &router), 0);
    bide_http_router_drop(router);
    options = (bide_http_router_options){
        .routes = routes, .route_count = 3, .layers = layers, .layer_count = layer != NULL};
    CHECK_ERR(bide_http_router_new(&options, &router), 0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    fake.head = "GET /e HTTP/1.1\r\nHost: a\r\n\r\n";
    fake.body_data = NULL;
    fake_run(&fake);
    CHECK_EQ(fake.status, 200);
    fake.head = "GET /n HTTP/1.1\r\nHost: a\r\n\r\n";
    fake_run(&fake);
    CHECK_EQ(fake.status, 200);
    fake.head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\n\r\n-";
    fake.body_data = NULL;
    fake_run(&fake);
    bide_http_router_drop(router);
    return fake.status;
}

TEST(a_router_and_what_a_handler_passes)
{
    CHECK_EQ(through(NULL, NULL), 200);
    fake_free(&fake);
}

static void to_nobody(const char *line, size_t size, void *argument)
{
    (void)line, (void)size, (void)argument;
}

TEST(layers)
{
    const bide_http_log_options log = {.write = to_nobody};
    const bide_http_timing_options timing = {0};
    const bide_http_timeout_options timeout = {0};
    const bide_http_cors_options cors = {0};
    const bide_http_compress_options compress = {0};
    const bide_http_id_options id = {0};
    const bide_http_secure_options secure = {0};
    const bide_http_trace_options trace = {0};
    const bide_http_layer all[] = {{bide_ref(bide_http_layer_log), &log},
                                   {bide_ref(bide_http_layer_timing), &timing},
                                   {bide_ref(bide_http_layer_timeout), &timeout},
                                   {bide_ref(bide_http_layer_cors), &cors},
                                   {bide_ref(bide_http_layer_compress), &compress},
                                   {bide_ref(bide_http_layer_id), &id},
                                   {bide_ref(bide_http_layer_secure), &secure},
                                   {bide_ref(bide_http_layer_trace), &trace}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        CHECK_EQ(through(all[i].run, all[i].data), 200);
        if (i > 0) /* it would write to stderr */
            CHECK_EQ(through(all[i].run, NULL), 200);
    }
    fake_free(&fake);
}

static async int nobody(bide_http_exchange *x, const bide_http_credentials *c, const void *data)
{
    (void)x, (void)c, (void)data;
    return 0;
}

TEST(objects_of_layers)
{
    const bide_http_gate_options gate_options = {0};
    const bide_http_rate_options rate_options = {0};
    const bide_http_folder_options folder_options = {0};
    const bide_http_auth_options auth = {.check = bide_ref(nobody)};
    bide_http_gate *gate;
    bide_http_rate *rate;
    bide_http_folder *folder;
    for (int i = 0; i < 2; i++) {
        CHECK_ERR(bide_http_gate_new(i == 0 ? &gate_options : NULL, &gate), 0);
        CHECK_ERR(bide_http_rate_new(i == 0 ? &rate_options : NULL, &rate), 0);
        CHECK_ERR(bide_http_folder_new("/", i == 0 ? &folder_options : NULL, &folder), 0);
        CHECK_EQ(through(bide_ref(bide_http_layer_gate), gate), 200);
        CHECK_EQ(through(bide_ref(bide_http_layer_rate), rate), 200);
        CHECK_EQ(through(bide_ref(bide_http_layer_auth), &auth), 200);
        bide_http_gate_free(gate);
        bide_http_rate_free(rate);
        bide_http_folder_free(folder);
    }
    fake_free(&fake);
}
