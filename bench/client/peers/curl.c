/*
 * bench/client/peers/curl.c: the floor: a client on libcurl's multi interface, in plain C. It has
 * one easy handle for each connection, which is set up once and then added and removed again and
 * again. Each body has memory of its own, since programs keep what they have asked for; it is
 * taken when the answer comes. As the others do, it offers to decode a compressed body, and has a
 * time limit.
 *
 *   curl poll|epoll URL CONNECTIONS SIZE
 *
 * `poll` is curl's own loop, with curl_multi_poll and curl_multi_perform; `epoll` tells curl by
 * curl_multi_socket_action which sockets are ready.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { EVENTS_MAX = 64, LIMIT_MS = 30000 };

struct transfer {
    CURL *easy;
    char *body;
    size_t size, room;
};

static CURLM *multi;
static int ep = -1;
static long timeout_ms = -1; /* until curl wants to be called; negative: it does not */

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "curl: %s\n", what);
    exit(1);
}

static size_t take_body(char *data, size_t unit, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t size = unit * count;
    if (t->size == 0)
        t->body = malloc(t->room);
    if (size > t->room - t->size || t->body == NULL)
        return 0;
    memcpy(t->body + t->size, data, size);
    t->size += size;
    return size;
}

static void begin(struct transfer *t)
{
    t->size = 0;
    check(curl_multi_add_handle(multi, t->easy) == CURLM_OK, "curl_multi_add_handle");
}

static void transfer_init(struct transfer *t, const char *url, size_t size)
{
    t->room = size;
    t->easy = curl_easy_init();
    check(t->easy != NULL && curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_PRIVATE, (char *)t) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_PROXY, "") == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)LIMIT_MS) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t) == CURLE_OK,
          "curl_easy_setopt");
    begin(t);
}

/* Checks the answers that are there, and asks again. Returns true if there were any. */
static bool collect(void)
{
    CURLMsg *message;
    int left;
    bool any = false;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        struct transfer *t = NULL;
        long status = 0;
        check(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&t);
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        check(status == 200 && t->size == t->room, "the answer");
        free(t->body);
        check(curl_multi_remove_handle(multi, t->easy) == CURLM_OK, "curl_multi_remove_handle");
        begin(t);
        any = true;
    }
    return any;
}

/* ---- poll ---- */

static _Noreturn void run_poll(void)
{
    int running;
    for (;;) {
        do
            check(curl_multi_perform(multi, &running) == CURLM_OK, "curl_multi_perform");
        while (collect());
        check(curl_multi_poll(multi, NULL, 0, LIMIT_MS, NULL) == CURLM_OK, "curl_multi_poll");
    }
}

/* ---- epoll ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *unused, void *known)
{
    static char is_known;
    uint32_t in = what & CURL_POLL_IN ? EPOLLIN : 0, out = what & CURL_POLL_OUT ? EPOLLOUT : 0;
    struct epoll_event event = {.events = in | out, .data.fd = fd};
    int how = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL
              : known == NULL          ? EPOLL_CTL_ADD
                                       : EPOLL_CTL_MOD;
    (void)easy, (void)unused;
    check(epoll_ctl(ep, how, fd, &event) == 0 || what == CURL_POLL_REMOVE, "epoll_ctl");
    curl_multi_assign(multi, fd, what == CURL_POLL_REMOVE ? NULL : &is_known);
    return 0;
}

static int on_timer(CURLM *of, long ms, void *unused)
{
    (void)of, (void)unused;
    timeout_ms = ms;
    return 0;
}

static void tell(curl_socket_t fd, int what)
{
    int running;
    check(curl_multi_socket_action(multi, fd, what, &running) == CURLM_OK,
          "curl_multi_socket_action");
}

/* If curl wants to be called at once, nothing waits. Otherwise a timeout is that of the transfers,
 * and it may be late. */
static _Noreturn void run_epoll(void)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        while (timeout_ms == 0) {
            timeout_ms = -1;
            tell(CURL_SOCKET_TIMEOUT, 0);
            collect();
        }
        int count = epoll_wait(ep, events, EVENTS_MAX, (int)timeout_ms);
        check(count >= 0, "epoll_wait");
        if (count == 0)
            timeout_ms = 0;
        for (int i = 0; i < count; i++)
            tell(events[i].data.fd, (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                        (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                        (events[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0));
        collect();
    }
}

int main(int argc, char **argv)
{
    bool by_epoll = argc == 5 && strcmp(argv[1], "epoll") == 0;
    long conns = argc == 5 ? atol(argv[3]) : 0;
    check(conns > 0, "poll|epoll URL CONNECTIONS SIZE");
    check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "curl_global_init");
    multi = curl_multi_init();
    check(multi != NULL, "curl_multi_init");
    if (by_epoll) {
        ep = epoll_create1(EPOLL_CLOEXEC);
        check(ep >= 0, "epoll_create1");
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    }
    struct transfer *transfers = calloc((size_t)conns, sizeof *transfers);
    check(transfers != NULL, "calloc");
    for (long i = 0; i < conns; i++)
        transfer_init(&transfers[i], argv[2], (size_t)atol(argv[4]));
    if (by_epoll)
        run_epoll();
    run_poll();
}
