/*
 * bide/http.h and its neighbours without memory: each allocation fails in turn of a request, a form
 * with files, a request that is tried again, one to a host with a name, and spans on their way to a
 * collector. The server is a thread that does not use bide, so only the client is affected.
 */
#include <bide/bide.h>
#include <bide/http.h>
#include <bide/http_form.h>
#include <bide/http_stream.h>
#include <bide/testing.h>
#include <bide/trace_otlp.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#include "runtime/leaf.h"

static int listener;
static char url[64], again_url[80], named_url[80], path[] = "http_memory-XXXXXX";
static atomic_uint traces; /* requests with spans */

/* Reads a request, which has a Content-Length if it has a body. */
static bool receive(int fd, char *request, size_t room)
{
    size_t size = 0, whole = 1;

    while (size < whole) {
        ssize_t n = read(fd, request + size, room - 1 - size);
        if (n <= 0)
            return false;
        size += (size_t)n;
        request[size] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *length;
        if (end == NULL) {
            whole = size + 1;
            continue;
        }
        length = strstr(request, "Content-Length: ");
        whole = (size_t)(end + 4 - request) +
                (length != NULL && length < end ? (size_t)atol(length + 16) : 0);
    }
    return true;
}

/* Refuses every second request for /again. */
static bool answer(int fd)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
                      busy[] = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
    static char request[64 * 1024];
    static unsigned count;

    if (!receive(fd, request, sizeof request))
        return false;
    traces += strstr(request, "resourceSpans") != NULL;
    const char *text = strstr(request, "/again") != NULL && count++ % 2 == 0 ? busy : good;
    return write(fd, text, strlen(text)) > 0;
}

/* Serves until the listener is shut down. */
static void *serve(void *unused)
{
    struct pollfd fds[64] = {{.fd = listener, .events = POLLIN}};
    nfds_t count = 1;
    (void)unused;
    while (poll(fds, count, -1) > 0) {
        for (nfds_t i = count; i-- > 1;) {
            if (fds[i].revents == 0 || answer(fds[i].fd))
                continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
        }
        if (fds[0].revents == 0)
            continue;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            break;
        CHECK(count < sizeof fds / sizeof *fds);
        fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    while (count-- > 1)
        close(fds[count].fd);
    return NULL;
}

static pthread_t start(void)
{
    pthread_t thread;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, size), 0);
    CHECK_EQ(listen(listener, 16), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    snprintf(again_url, sizeof again_url, "%sagain", url);
    snprintf(named_url, sizeof named_url, "http://named.test:%d/", ntohs(address.sin_port));
    CHECK_EQ(pthread_create(&thread, NULL, serve, NULL), 0);
    return thread;
}

static async int request(bide_http_client *client)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    static const bide_http_header pairs[] = {{"a b", "c"}, {"d", "e&f"}};
    const bide_http_request q = {.url = url,
                                 .query = pairs,
                                 .query_count = 2,
                                 .form = pairs,
                                 .form_count = 2,
                                 .username = "me",
                                 .password = "secret"};
    int n = await bide_http_send(client, &q, &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), "hello");
    else
        CHECK(bide_http_error(r)[0] != '\0');
    return n;
}

static async int send_form(bide_http_client *client)
{
    bide_http_parts *parts = NULL;
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
        bide_http_parts_free(parts);
    }
    const bide_http_request q = {.url = url};
    char body[16];
    int n = bide_http_parts_new(&parts);
    if (n == 0)
        n = bide_http_parts_add_text(parts, "title", "A cat");
    if (n == 0)
        n = bide_http_parts_add_bytes(parts, "bytes", "12345", 5, "b.bin", "image/png");
    if (n == 0)
        n = bide_http_parts_add_file(parts, "file", path, NULL, NULL);
    if (n == 0)
        n = await bide_http_send_parts(client, &q, parts, &r);
    ssize_t got = n;
    if (n == 0)
        got = await bide_http_response_read(r, body, sizeof body);
    CHECK(got <= 0 || (got == 5 && memcmp(body, "hello", 5) == 0));
    return got < 0 ? (int)got : 0;
}

static async int try_again(bide_http_client *client)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    const bide_http_request q = {.url = again_url};
    const bide_http_retry retry = {.first = BIDE_NS(1)};
    int n = await bide_http_send_retry(client, &q, &retry, &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), "hello");
    return n;
}

static int here(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    CHECK_STR(host, "named.test");
    return bide__door_real.getaddrinfo("127.0.0.1", service, hints, list);
}

static async int find_and_ask(bide_http_client *client)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_get(client, named_url, &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), "hello");
    return n;
}

typedef bide_async_fn(int, bide_http_client *) flow;

static async int run(flow f, bide_http_client *client)
{
    int n = await (*f)(client);
    return n;
}

static int make_and_run(flow f)
{
    bide_http_client *client = NULL;
    const bide_http_pin pin = {"localhost", 0, "127.0.0.1"};
    const bide_http_options options = {.proxy = "",
                                       .user_agent = "test",
                                       .cookies = true,
                                       .no_proxy = "nowhere.test",
                                       .connect_timeout = BIDE_S(20),
                                       .read_timeout = BIDE_S(20),
                                       .retry_percent = -1,
                                       .tls = {.ca_dir = "/nowhere",
                                               .cert_file = "no.pem",
                                               .key_file = "no.key",
                                               .key_password = "secret",
                                               .version_min = 2,
                                               .version_max = 3},
                                       .pins = &pin,
                                       .pin_count = 1};
    int n = bide_http_client_new(&options, &client);
    if (n < 0)
        return n;
    n = bide_block_on(run(f, client));
    if (n < 0) {
        /* The client still works for the next request. */
        bide_test_fail("alloc", 1000000, -ENOMEM, 1);
        CHECK_EQ(bide_block_on(run(f, client)), 0);
    }
    bide_http_client_free(client);
    return n;
}

/* Returns how many of the failures the program was told. */
static unsigned fail_each(flow f)
{
    unsigned failures = 0;

    CHECK_EQ(make_and_run(f), 0);
    for (unsigned nth = 1;; nth++) {
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int n = make_and_run(f);
        if (bide_test_failed("alloc") == 0 && n == 0)
            break;
        /* curl may have done without the memory. */
        if (n != 0) {
            CHECK_ERR(n, -ENOMEM);
            failures++;
        }
    }
    bide_test_reset();
    return failures;
}

static void finish(pthread_t thread)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}

TEST_LIMIT(each_allocation_of_a_request_fails_in_turn, 60)
{
    pthread_t thread = start();
    CHECK(fail_each(bide_ref(request)) > 20);
    finish(thread);
}

/* With the handle of an earlier one. Returns how many allocations a request makes that is the
 * first of its client, or the second. */
static unsigned fail_each_of(int which)
{
    for (unsigned nth = 1;; nth++) {
        bide_http_client *client = NULL;
        CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
        if (which == 2)
            CHECK_EQ(bide_block_on(run(bide_ref(request), client)), 0);
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int n = bide_block_on(run(bide_ref(request), client));
        bool failed = bide_test_failed("alloc") > 0;
        bide_test_reset();
        CHECK(n == 0 || (n == -ENOMEM && failed));
        CHECK_EQ(bide_block_on(run(bide_ref(request), client)), 0);
        bide_http_client_free(client);
        if (!failed)
            return nth - 1;
    }
}

TEST_LIMIT(each_allocation_of_a_second_request_fails_in_turn, 60)
{
    pthread_t thread = start();
    unsigned first = fail_each_of(1), second = fail_each_of(2);
    CHECK(second > 10);
    CHECK(second < first); /* its handle is that of the first */
    finish(thread);
}

TEST_LIMIT(each_allocation_of_a_form_fails_in_turn, 60)
{
    pthread_t thread = start();
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, "miaow", 5) == 5);
    CHECK(fail_each(bide_ref(send_form)) > 20);
    CHECK_EQ(unlink(path), 0);
    close(fd);
    finish(thread);
}

TEST_LIMIT(each_allocation_of_a_second_try_fails_in_turn, 60)
{
    pthread_t thread = start();
    CHECK(fail_each(bide_ref(try_again)) > 20);
    finish(thread);
}

TEST_LIMIT(each_allocation_of_a_look_up_fails_in_turn, 60)
{
    pthread_t thread = start();
    bide_test_replace("getaddrinfo", (void (*)(void))here);
    CHECK(fail_each(bide_ref(find_and_ask)) > 20);
    finish(thread);
}

/* A span is told, or counted as lost; the program does not notice. */
static int trace_once(void)
{
    const bide_trace_otlp_options options = {
        .filter = "info", .url = url, .service = "shop", .authorization = "Bearer x"};
    bide_trace_otlp *otlp;
    int n = bide_trace_otlp_new(&options, &otlp);
    if (n < 0)
        return n;
    {
        bide_span("outer", BIDE_F("n", 1), BIDE_F("text", "abc"));
        bide_info("event", BIDE_F("half", 0.5));
    }
    bide_trace_otlp_free(otlp);
    return 0;
}

TEST_LIMIT(each_allocation_of_an_exporter_fails_in_turn, 60)
{
    pthread_t thread = start();
    unsigned refused = 0, lost = 0;

    for (unsigned nth = 1;; nth++) {
        unsigned before = traces;
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int n = trace_once();
        bool failed = bide_test_failed("alloc") > 0;
        CHECK(n == 0 || (n == -ENOMEM && failed));
        CHECK(failed || traces == before + 1);
        if (!failed)
            break;
        refused += n < 0;
        lost += n == 0 && traces == before;
    }
    CHECK(refused > 2);
    CHECK(lost > 2);
    bide_test_reset();
    finish(thread);
}
