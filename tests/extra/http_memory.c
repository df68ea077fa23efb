/*
 * bide/http.h without memory: each allocation of a request fails in turn. The server is a thread
 * that does not use bide, so only the client is affected.
 */
#include <bide/bide.h>
#include <bide/http.h>
#include <bide/testing.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int listener;
static char url[64];

/* Answers every read alike: requests are small and arrive in one piece. */
static bool answer(int fd)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello";
    char request[4096];
    return read(fd, request, sizeof request) > 0 && write(fd, text, sizeof text - 1) > 0;
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

static int make_and_request(void)
{
    bide_http_client *client = NULL;
    const bide_http_pin pin = {"localhost", 0, "127.0.0.1"};
    const bide_http_options options = {.proxy = "",
                                       .user_agent = "test",
                                       .cookies = true,
                                       .no_proxy = "nowhere.test",
                                       .connect_timeout = BIDE_S(20),
                                       .read_timeout = BIDE_S(20),
                                       .pins = &pin,
                                       .pin_count = 1};
    int n = bide_http_client_new(&options, &client);
    if (n < 0)
        return n;
    n = bide_block_on(request(client));
    if (n < 0) {
        /* The client still works for the next request. */
        bide_test_fail("alloc", 1000000, -ENOMEM, 1);
        CHECK_EQ(bide_block_on(request(client)), 0);
    }
    bide_http_client_free(client);
    return n;
}

TEST_LIMIT(each_allocation_fails_in_turn, 60)
{
    pthread_t thread = start();
    unsigned failures = 0;
    CHECK_EQ(make_and_request(), 0);
    for (unsigned nth = 1;; nth++) {
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int n = make_and_request();
        if (bide_test_failed("alloc") == 0 && n == 0)
            break;
        /* curl may have done without the memory. */
        if (n != 0) {
            CHECK_ERR(n, -ENOMEM);
            failures++;
        }
    }
    CHECK(failures > 20);
    bide_test_reset();
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}
