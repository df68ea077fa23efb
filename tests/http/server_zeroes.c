/*
 * Options of zeroes, and none, are the defaults; what cannot be is refused.
 */
#include "peer.h"

static async int hello(bide_http_exchange *x)
{
    return bide_http_reply_text(x, 200, "hello");
}

TEST(options_of_zeroes)
{
    bide_http_server_options options = {0};
    serve_with(bide_ref(hello), &options);
    ask(GET("/"));
    CHECK_EQ(answered("hello"), 1);
    serve_end();
    serve_with(bide_ref(hello), NULL);
    ask(GET("/"));
    CHECK_EQ(answered("hello"), 1);
    serve_end();
}

TEST(options_that_cannot_be)
{
    bide_http_server_options options = {.server_header = "a\r\nb: c"};
    CHECK_ERR(bide_http_server_new(bide_ref(hello), &options, &server), -EINVAL);
    CHECK(server == NULL);
    options = (bide_http_server_options){.head_bytes_max = 1};
    CHECK_ERR(bide_http_server_new(bide_ref(hello), &options, &server), -EINVAL);
    CHECK_ERR(bide_http_server_new(NULL, NULL, &server), -EINVAL);
    bide_http_server_free(NULL);
}

TEST(a_server_may_have_another_name_or_none)
{
    bide_http_server_options options = {.server_header = "mine/1"};
    serve_with(bide_ref(hello), &options);
    ask(GET("/"));
    CHECK_EQ(answered("Server: mine/1\r\n"), 1);
    serve_end();
    options.server_header = "";
    serve_with(bide_ref(hello), &options);
    ask(GET("/"));
    CHECK_EQ(answered("Server:"), 0);
    serve_end();
}

static int make(void)
{
    return bide_http_server_new(bide_ref(hello), NULL, &server);
}

TEST(a_server_is_made_or_not)
{
    for (unsigned nth = 1, more = 1; more; nth++) {
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int rc = make();
        more = bide_test_failed("alloc") > 0;
        CHECK_ERR(rc, more ? -ENOMEM : 0);
        CHECK((server == NULL) == (rc < 0));
    }
    serve_end();
}
