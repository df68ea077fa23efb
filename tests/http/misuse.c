/*
 * Faults of the program: what a handler gets wrong is answered with 500, whatever the client has
 * sent, and told once, with the route.
 */
#include <bide/bide.h>
#include <bide/http_route.h>
#include <bide/testing.h>

#include <errno.h>

#include "fake.h"

static char told[1000];
static int told_count, told_error;

static void tell(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)argument;
    CHECK(x != NULL);
    snprintf(told, sizeof told, "%s", text);
    told_error = error;
    told_count++;
}

/* ---- what handlers do ---- */

static async int bad_status(bide_http_exchange *x)
{
    return bide_http_reply_text(x, 2000, "text");
}

static async int bad_status_of_pieces(bide_http_exchange *x)
{
    return await bide_http_send_begin(x, 99);
}

static async int bad_status_that_informs(bide_http_exchange *x)
{
    return await bide_http_send_informational(x, 200);
}

static async int bad_redirect(bide_http_exchange *x)
{
    return bide_http_reply_redirect(x, 200, "/");
}

static async int bad_name(bide_http_exchange *x)
{
    return bide_http_header_set(x, "X:\nY", "z");
}

static async int bad_name_removed(bide_http_exchange *x)
{
    return bide_http_header_remove(x, "");
}

static async int own_header(bide_http_exchange *x)
{
    return bide_http_header_add(x, "Transfer-Encoding", "chunked");
}

static async int bad_length(bide_http_exchange *x)
{
    return bide_http_header_set(x, "Content-Length", "many");
}

static async int bad_trailer(bide_http_exchange *x)
{
    return bide_http_trailer_add(x, "Content-Length", "1");
}

static async int bad_cookie(bide_http_exchange *x)
{
    return bide_http_cookie_set(x, "a b", "c", NULL);
}

static async int next_in_a_handler(bide_http_exchange *x)
{
    return await bide_http_next(x);
}

static async int data_before_the_head(bide_http_exchange *x)
{
    return await bide_http_send_data(x, "x", 1);
}

static async int end_before_the_head(bide_http_exchange *x)
{
    return await bide_http_send_end(x);
}

static async int a_positive_result(bide_http_exchange *x)
{
    int rc = bide_http_reply_text(x, 200, "text");
    return rc < 0 ? rc : 7;
}

static async int passed_over(bide_http_exchange *x)
{
    (void)bide_http_reply_text(x, 2000, "text");
    return 0;
}

static const struct {
    const char *path, *text;
    bide_http_handler handler;
} faults[] = {
    {"/a", "a response: 2000 is no status from 200 to 599", bide_ref(bad_status)},
    {"/b", "bide_http_send_begin: 99 is no status from 200 to 599", bide_ref(bad_status_of_pieces)},
    {"/c", "bide_http_send_informational: 200 is no status from 102 to 199",
     bide_ref(bad_status_that_informs)},
    {"/d", "bide_http_reply_redirect: 200 is no such status", bide_ref(bad_redirect)},
    {"/e", "a header of the response, 'X:?Y': this is no name of a header", bide_ref(bad_name)},
    {"/f", "a header of the response, '': this is no name of a header", bide_ref(bad_name_removed)},
    {"/g", "a header of the response, 'Transfer-Encoding': the server sets it, as it is needed",
     bide_ref(own_header)},
    {"/h", "a header of the response, 'Content-Length': this is no length", bide_ref(bad_length)},
    {"/i", "a header of the response, 'Content-Length': it may not be a trailer",
     bide_ref(bad_trailer)},
    {"/j", "bide_http_cookie_set: a name or options that no cookie may have", bide_ref(bad_cookie)},
    {"/k", "bide_http_next: it is called in a handler, not in a layer",
     bide_ref(next_in_a_handler)},
    {"/l", "bide_http_send_data: bide_http_send_begin comes first", bide_ref(data_before_the_head)},
    {"/m", "bide_http_send_end: bide_http_send_begin comes first", bide_ref(end_before_the_head)},
    {"/n", "the handler has returned 7; 0 or a negative errno is due", bide_ref(a_positive_result)},
    {"/o", "a response: 2000 is no status from 200 to 599", bide_ref(passed_over)},
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

static struct fake fake;
static bide_http_router *router;

static void begin(void)
{
    bide_http_route routes[FAULTS + 1] = {
        {.method = "GET", .path = "/users/{id}", .handler = bide_ref(bad_status)}};
    for (size_t i = 0; i < FAULTS; i++)
        routes[i + 1] = (bide_http_route){.path = faults[i].path, .handler = faults[i].handler};
    const bide_http_router_options options = {.routes = routes, .route_count = FAULTS + 1};
    CHECK_ERR(bide_http_router_new(&options, &router), 0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
}

static void end(void)
{
    bide_http_router_drop(router);
    fake_free(&fake);
}

static int ask(const char *path)
{
    static char head[200];
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    fake.head = head;
    fake.body_data = NULL;
    fake_run(&fake);
    return fake.status;
}

TEST(a_fault_of_the_program_is_a_500_and_is_told_once)
{
    begin();
    fake.options.complain = tell;
    for (size_t i = 0; i < FAULTS; i++) {
        told_count = 0;
        CHECK_EQ(ask(faults[i].path), 500);
        CHECK_STR(told, faults[i].text);
        CHECK_EQ(told_count, 1);
        CHECK_ERR(told_error, -ENXIO);
        CHECK(fake.is_finished && !fake.is_begun);
        CHECK_STR(fake.body, "500 Internal Server Error\n");
    }
    end();
}

static async int begun_and_positive(bide_http_exchange *x)
{
    int rc = await bide_http_send_begin(x, 200);
    return rc < 0 ? rc : 7;
}

TEST(it_is_told_once_also_when_the_response_was_begun)
{
    fake.handler = bide_ref(begun_and_positive);
    fake.options.complain = tell;
    CHECK_EQ(ask("/"), 200);
    CHECK_ERR(fake.result, -ENXIO); /* it is cut */
    CHECK(!fake.is_finished);
    CHECK_EQ(told_count, 1);
    fake_free(&fake);
}

/* ---- what is not its fault ---- */

static async int value_of_the_client(bide_http_exchange *x)
{
    return bide_http_header_set(x, "X-A", "a\r\nb");
}

static async int cookie_of_the_client(bide_http_exchange *x)
{
    return bide_http_cookie_set(x, "a", "b;c", NULL);
}

static async int nothing(bide_http_exchange *x)
{
    (void)x;
    return 0;
}

TEST(what_the_client_may_have_sent_is_no_fault_of_the_program)
{
    static const bide_http_handler handlers[] = {bide_ref(value_of_the_client),
                                                 bide_ref(cookie_of_the_client), bide_ref(nothing)};
    static const int statuses[] = {400, 400, 204};
    fake.options.complain = tell;
    for (size_t i = 0; i < 3; i++) {
        fake.handler = handlers[i];
        CHECK_EQ(ask("/"), statuses[i]);
    }
    CHECK_EQ(told_count, 0);
    fake_free(&fake);
}

/* ---- on stderr ---- */

static char line[1000];

static ssize_t take_line(int fd, const void *data, size_t size)
{
    if (fd != 2)
        return write(fd, data, size);
    snprintf(line, sizeof line, "%.*s", (int)size, (const char *)data);
    return (ssize_t)size;
}

TEST(the_line_on_stderr_names_the_route)
{
    begin();
    CHECK(bide_test_replace("write", (void (*)(void))take_line) != NULL);
    CHECK_EQ(ask("/users/7"), 500);
    CHECK_STR(line, "bide: http: GET /users/{id}: a response: 2000 is no status from 200 to 599: "
                    "No such device or address\n");
    fake.handler = bide_ref(bad_status); /* without a router it is the path of the request */
    CHECK_EQ(ask("/users/7?a=b"), 500);
    CHECK_STR(line, "bide: http: GET /users/7: a response: 2000 is no status from 200 to 599: "
                    "No such device or address\n");
    end();
}
