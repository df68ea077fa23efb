/*
 * HTTP/2 with clients of others: curl by prior knowledge, over TLS by ALPN, and one that knows
 * HTTP/1 only; nghttp and h2load in the long tier. Over TCP, with the whole server.
 */
#include <bide/bide.h>
#include <bide/http_server.h>
#include <bide/process.h>
#include <bide/tls.h>

#include <unistd.h>

#include "../extra/tls_certs.h"
#include "full.h"

static bide_http_server *server;
static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
static bide_tls_context *tls;
static char big[300 * 1000];

static async int answer(bide_http_exchange *x)
{
    char *data;
    size_t size;
    int rc = await bide_http_body_all(x, &data, &size);
    if (rc < 0)
        return rc;
    if (strcmp(bide_http_path(x), "/big") == 0)
        return bide_http_reply_borrowed(x, 200, "text/plain", big, sizeof big);
    return bide_http_reply_format(x, 200, "%s %d %zu", bide_http_scheme(x),
                                  (int)bide_http_version_of(x), size);
}

static void begin(bool is_secure)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    memset(big, 'x', sizeof big);
    if (is_secure) {
        struct cert cert =
            cert_new("localhost", NULL, &(struct cert_kind){.names = "DNS:localhost"});
        bide_tls_identity identity = {.certificate = cert.certificate, .key = cert.key};
        CHECK_EQ(bide_tls_server_new(&(bide_tls_options){.identities = &identity,
                                                         .identity_count = 1,
                                                         .alpn = protocols,
                                                         .alpn_count = 2},
                                     &tls),
                 0);
        cert_free(&cert);
    }
    CHECK_EQ(
        bide_http_server_new(bide_ref(answer), &(bide_http_server_options){.tls = tls}, &server),
        0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
}

static const char *url(const char *path)
{
    static char text[100];
    snprintf(text, sizeof text, "%s://127.0.0.1:%d%s", tls != NULL ? "https" : "http",
             bide_http_server_port(server), path);
    return text;
}

static bide_output *output;

static async int run(const char *const *argv)
{
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    int rc = await bide_process_output(argv, NULL, NULL, &output), ran = -1;
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &ran), 0);
    CHECK_ERR(ran, 0);
    return rc;
}

static void end(void)
{
    bide_output_free(output);
    bide_http_server_free(server);
    bide_tls_context_drop(tls);
}

static void check_output(const char *const *argv, const char *expected)
{
    int rc = bide_block_on(run(argv));
    if (rc == -ENOENT)
        SKIP("the program is not there");
    CHECK_ERR(rc, 0);
    if (strcmp(output->out, expected) != 0)
        printf("%s\n", output->err);
    CHECK_STR(output->out, expected);
    end();
}

#define CURL "curl", "-sS", "-k", "--max-time", "20", "--noproxy", "*"

TEST_LIMIT(curl_by_prior_knowledge, 30)
{
    begin(false);
    check_output(
        (const char *const[]){CURL, "--http2-prior-knowledge", "-d", "hello", url("/"), NULL},
        "http 20 5");
}

TEST_LIMIT(curl_by_alpn, 30)
{
    begin(true);
    check_output((const char *const[]){CURL, "--http2", url("/"), NULL}, "https 20 0");
}

TEST_LIMIT(curl_without_http2, 30)
{
    begin(true);
    check_output((const char *const[]){CURL, "--http1.1", url("/"), NULL}, "https 11 0");
}

TEST_LIMIT(curl_gets_much_on_one_connection, 30)
{
    char text[120];
    begin(true);
    snprintf(text, sizeof text, "%s?[1-20]", url("/big"));
    check_output((const char *const[]){CURL, "--http2", "-Z", "--parallel-max", "20", "-o",
                                       "/dev/null", "-w",
                                       "%{http_code}%{http_version} %{size_download};", text, NULL},
                 "2002 300000;2002 300000;2002 300000;2002 300000;2002 300000;2002 300000;"
                 "2002 300000;2002 300000;2002 300000;2002 300000;2002 300000;2002 300000;"
                 "2002 300000;2002 300000;2002 300000;2002 300000;2002 300000;2002 300000;"
                 "2002 300000;2002 300000;");
}

TEST_LIMIT(nghttp_gets, 60)
{
    if (!is_full())
        SKIP("only in the long tier");
    begin(true);
    check_output((const char *const[]){"nghttp", "-t", "20", url("/"), NULL}, "https 20 0");
}

TEST_LIMIT(h2load_loses_nothing, 120)
{
    if (!is_full())
        SKIP("only in the long tier");
    begin(true);
    int rc = bide_block_on(run(
        (const char *const[]){"h2load", "-n", "20000", "-c", "10", "-m", "50", url("/"), NULL}));
    if (rc == -ENOENT)
        SKIP("h2load is not there");
    CHECK_ERR(rc, 0);
    CHECK(strstr(output->out, "20000 succeeded, 0 failed, 0 errored, 0 timeout") != NULL);
    end();
}
