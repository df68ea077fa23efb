/*
 * bide/http_metrics.h: what an HTTP client counts.
 */
#include <bide/bide.h>
#include <bide/http_metrics.h>
#include <bide/testing.h>

#include "http_server.h"

static bide_metrics *registry;
static bide_http_client *client;

static double value(const char *name, const char *labels)
{
    char line[200];
    bide_metrics_text *text;
    snprintf(line, sizeof line, "\n%s{client=\"c\"%s} ", name, labels);
    CHECK_EQ(bide_metrics_text_new(registry, &text), 0);
    const char *at = strstr(bide_metrics_text_data(text, NULL), line);
    double v = at != NULL ? strtod(at + strlen(line), NULL) : -1;
    bide_metrics_text_free(text);
    return v;
}

static async int ask(const char *path, bide_duration timeout)
{
    bide_http_response *response;
    bide_http_request request = {.url = url(path), .timeout = timeout};
    int n = await bide_http_send(client, &request, &response);
    if (strcmp(path, "/hello") == 0)
        CHECK(value("bide_http_client_requests_in_flight", "") == 1);
    bide_http_response_free(response);
    return n;
}

static void begin(void)
{
    server_start();
    CHECK_EQ(bide_metrics_new(&registry), 0);
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    CHECK_EQ(bide_metrics_add_http_client(registry, client, "c"), 0);
    CHECK_EQ(bide_metrics_add_http_client(registry, client, "d"), -EEXIST);
    CHECK_EQ(bide_metrics_add_http_client(registry, NULL, "d"), -EINVAL);
}

static void end(void)
{
    CHECK_EQ(bide_metrics_remove(registry, client), 0);
    bide_http_client_free(client);
    bide_metrics_free(registry);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

TEST(answers_and_failures_are_counted)
{
    bide_test_time_virtual();
    begin();
    CHECK(value("bide_http_client_request_seconds_count", "") == 0);
    CHECK_EQ(bide_block_on(ask("/teapot", BIDE_S(5))), 0);
    CHECK_EQ(bide_block_on(ask("/teapot", BIDE_S(5))), 0);
    CHECK_EQ(bide_block_on(ask("/bytes/9", BIDE_S(5))), 0);
    CHECK_EQ(bide_block_on(ask("/slow/300", BIDE_MS(200))), -ETIMEDOUT);
    CHECK(bide_block_on(ask("/garbage", BIDE_S(5))) < 0);
    CHECK(value("bide_http_client_requests_total", ",status=\"4xx\"") == 2);
    CHECK(value("bide_http_client_requests_total", ",status=\"2xx\"") == 1);
    CHECK(value("bide_http_client_failures_total", ",error=\"ETIMEDOUT\"") == 1);
    CHECK(value("bide_http_client_failures_total", ",error=\"EPROTO\"") == 1);
    CHECK(value("bide_http_client_request_seconds_count", "") == 5);
    CHECK(value("bide_http_client_request_seconds_sum", "") >= 0.2);
    CHECK(value("bide_http_client_requests_in_flight", "") == 0);
    double opened = value("bide_http_client_connections_opened_total", "");
    double reused = value("bide_http_client_connections_reused_total", "");
    CHECK(opened >= 2);
    CHECK(reused >= 1);
    CHECK(opened + reused >= 4);
    end();
}

static async int late(void)
{
    return await bide_timeout(BIDE_MS(10), (void)ask("/slow/100", BIDE_S(5)));
}

TEST(a_request_that_is_cancelled_is_no_answer_and_no_failure)
{
    bide_test_time_virtual();
    begin();
    CHECK_EQ(bide_block_on(late()), -ETIMEDOUT);
    CHECK(value("bide_http_client_requests_in_flight", "") == 0);
    CHECK(value("bide_http_client_request_seconds_count", "") == 0);
    end();
}
