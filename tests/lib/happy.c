/*
 * Happy eyeballs: how bide_tcp_connect tries the addresses of a name (RFC 8305).
 *
 * The resolver and connect(2) are scripted: each address says when its attempt ends and how. An
 * attempt that succeeds is made with a listener of this test, and one that fails with a port on
 * which nobody listens, at the moment that the script says: so what ends it is a real event. All
 * sockets are of IPv4, whatever is asked for, since not every machine has IPv6. Time is virtual.
 */
#include "lib/net/address.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

enum { NEVER = -1, MAX = 6 };

/* An address, when its attempt ends after it began, and with what. */
struct row {
    const char *address;
    int after_ms; /* NEVER: it does not */
    int result;
};

struct step {
    const char *address; /* attempts, in the order in which they begin, */
    int at_ms;           /* and when, from the beginning */
};

struct scenario {
    const char *name;
    struct row rows[MAX];
    struct step steps[MAX];
    int end_ms, result;
    const char *winner;
};

static struct {
    const struct scenario *of;
    bide_instant begin;
    struct {
        int fd;
        size_t row;
        int at_ms;
        bool done;
    } attempt[MAX];
    _Atomic size_t attempts;
    uint16_t port, closed_port;
    bide_tcp_listener *listener;
} world;

/* ---- the resolver ---- */

static int fake_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                            struct addrinfo **list)
{
    struct addrinfo **end = list;
    (void)service;
    CHECK_STR(host, "happy.test");
    for (size_t i = 0; i < MAX && world.of->rows[i].address != NULL; i++) {
        char text[80];
        bide_address *a = calloc(1, sizeof *a);
        bool six = strchr(world.of->rows[i].address, ':') != NULL;
        if (hints->ai_family != AF_UNSPEC && hints->ai_family != (six ? AF_INET6 : AF_INET)) {
            free(a);
            continue;
        }
        snprintf(text, sizeof text, six ? "[%s]:0" : "%s:0", world.of->rows[i].address);
        CHECK_EQ(bide_address_parse(text, a), 0);
        struct addrinfo *info = calloc(1, sizeof *info);
        *info = (struct addrinfo){.ai_family = bide__to_of(a)->any.sa_family,
                                  .ai_addr = &bide__to_of(a)->any,
                                  .ai_addrlen = a->size,
                                  .ai_canonname = (char *)a};
        *end = info;
        end = &info->ai_next;
    }
    *end = NULL;
    return 0;
}

static void fake_freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_canonname);
        free(list);
        list = next;
    }
}

/* ---- the network ---- */

static int fake_socket(int domain, int type, int protocol)
{
    (void)domain;
    int fd = socket(AF_INET, type, protocol);
    return fd < 0 ? -errno : fd;
}

static size_t row_of(const struct sockaddr *address, socklen_t size)
{
    char text[BIDE_ADDRESS_MAX], host[BIDE_ADDRESS_MAX];
    bide_address a = {.size = size};
    uint16_t port;
    memcpy(a.bytes, address, size);
    CHECK_EQ(bide_address_text(&a, text, sizeof text), 0);
    CHECK_EQ(bide_address_split(text, host, sizeof host, &port), 0);
    CHECK_EQ(port, 80);
    for (size_t i = 0; i < MAX && world.of->rows[i].address != NULL; i++)
        if (strcmp(world.of->rows[i].address, host) == 0)
            return i;
    check_fail(__FILE__, __LINE__, "no such address");
}

static int really_connect(int fd, int result)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(result == 0 ? world.port : world.closed_port)};
    return connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
}

static int now_ms(void)
{
    return (int)(bide_elapsed(world.begin).ns / 1000000);
}

static int fake_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    for (size_t i = world.attempts; i-- > 0;) {
        if (world.attempt[i].fd != fd)
            continue;
        const struct row *row = &world.of->rows[world.attempt[i].row];
        if (!world.attempt[i].done)
            return -EALREADY;
        int r = really_connect(fd, row->result);
        return row->result < 0 && r != -EALREADY && r != -EINPROGRESS ? row->result : r;
    }
    size_t n = world.attempts, row = row_of(address, size);
    CHECK(n < MAX);
    world.attempt[n].fd = fd;
    world.attempt[n].row = row;
    world.attempt[n].at_ms = now_ms();
    world.attempt[n].done = false;
    world.attempts = n + 1;
    if (world.of->rows[row].after_ms != 0)
        return -EINPROGRESS;
    world.attempt[n].fd = -1;
    return world.of->rows[row].result < 0 ? world.of->rows[row].result : really_connect(fd, 0);
}

static int fake_close(int fd)
{
    for (size_t i = 0; i < world.attempts; i++)
        if (world.attempt[i].fd == fd)
            world.attempt[i].fd = -1;
    int r = close(fd);
    return r < 0 ? -errno : r;
}

/* Ends the attempts when their time has come. */
static async void plays(void)
{
    for (;;) {
        for (size_t i = 0; i < world.attempts; i++) {
            const struct row *row = &world.of->rows[world.attempt[i].row];
            bool is_due =
                row->after_ms != NEVER && now_ms() >= world.attempt[i].at_ms + row->after_ms;
            if (world.attempt[i].fd < 0 || world.attempt[i].done || !is_due)
                continue;
            world.attempt[i].done = true;
            really_connect(world.attempt[i].fd, row->result);
        }
        await bide_sleep(BIDE_MS(1));
    }
}

static int prepare(void)
{
    bide_tcp_listener *closed;
    bide_test_time_virtual();
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &closed), 0);
    world.closed_port = (uint16_t)bide_tcp_port(closed);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &world.listener), 0);
    world.port = (uint16_t)bide_tcp_port(world.listener);
    bide_tcp_listener_close(closed);
    bide_test_replace("getaddrinfo", (void (*)(void))fake_getaddrinfo);
    bide_test_replace("freeaddrinfo", (void (*)(void))fake_freeaddrinfo);
    bide_test_replace("socket", (void (*)(void))fake_socket);
    bide_test_replace("connect", (void (*)(void))fake_connect);
    bide_test_replace("close", (void (*)(void))fake_close);
    return 0;
}

/* ---- scenarios ---- */

static const struct scenario scenarios[] = {
    {"the first one answers",
     {{"2001:db8::1", 30, 0}, {"192.0.2.1", 10, 0}},
     {{"2001:db8::1", 0}},
     30,
     0,
     "2001:db8::1"},
    {"the first one answers at once",
     {{"192.0.2.1", 0, 0}, {"2001:db8::1", 0, 0}},
     {{"192.0.2.1", 0}},
     0,
     0,
     "192.0.2.1"},
    {"the first one is silent",
     {{"2001:db8::1", NEVER, 0}, {"192.0.2.1", 20, 0}},
     {{"2001:db8::1", 0}, {"192.0.2.1", 250}},
     270,
     0,
     "192.0.2.1"},
    {"the first one is slower than the delay, but the first to answer",
     {{"2001:db8::1", 300, 0}, {"192.0.2.1", 100, 0}},
     {{"2001:db8::1", 0}, {"192.0.2.1", 250}},
     300,
     0,
     "2001:db8::1"},
    {"a failure begins the next one at once",
     {{"2001:db8::1", 40, -ECONNREFUSED}, {"192.0.2.1", 5, 0}},
     {{"2001:db8::1", 0}, {"192.0.2.1", 40}},
     45,
     0,
     "192.0.2.1"},
    {"no way by IPv6",
     {{"2001:db8::1", 0, -ENETUNREACH}, {"2001:db8::2", 0, -ENETUNREACH}, {"192.0.2.1", 7, 0}},
     {{"2001:db8::1", 0}, {"192.0.2.1", 0}},
     7,
     0,
     "192.0.2.1"},
    {"the families take turns",
     {{"2001:db8::1", NEVER, 0},
      {"2001:db8::2", NEVER, 0},
      {"2001:db8::3", 10, 0},
      {"192.0.2.1", NEVER, 0},
      {"192.0.2.2", NEVER, 0}},
     {{"2001:db8::1", 0},
      {"192.0.2.1", 250},
      {"2001:db8::2", 500},
      {"192.0.2.2", 750},
      {"2001:db8::3", 1000}},
     1010,
     0,
     "2001:db8::3"},
    {"one family",
     {{"192.0.2.1", NEVER, 0}, {"192.0.2.2", 100, -ECONNREFUSED}, {"192.0.2.3", 1, 0}},
     {{"192.0.2.1", 0}, {"192.0.2.2", 250}, {"192.0.2.3", 350}},
     351,
     0,
     "192.0.2.3"},
    {"the delay begins anew with each attempt",
     {{"192.0.2.1", 100, -ECONNREFUSED}, {"192.0.2.2", NEVER, 0}, {"192.0.2.3", 1, 0}},
     {{"192.0.2.1", 0}, {"192.0.2.2", 100}, {"192.0.2.3", 350}},
     351,
     0,
     "192.0.2.3"},
    {"after the last one those before may still answer",
     {{"192.0.2.1", 900, 0}, {"192.0.2.2", NEVER, 0}, {"192.0.2.3", 10, -ECONNREFUSED}},
     {{"192.0.2.1", 0}, {"192.0.2.2", 250}, {"192.0.2.3", 500}},
     900,
     0,
     "192.0.2.1"},
    {"all fail: the last one is told",
     {{"192.0.2.1", 10, -ECONNREFUSED}, {"192.0.2.2", 10, -ETIMEDOUT}},
     {{"192.0.2.1", 0}, {"192.0.2.2", 10}},
     20,
     -ETIMEDOUT,
     NULL},
    {"all fail: no way there tells less",
     {{"192.0.2.1", 10, -ECONNREFUSED}, {"2001:db8::1", 0, -ENETUNREACH}},
     {{"192.0.2.1", 0}, {"2001:db8::1", 10}},
     10,
     -ECONNREFUSED,
     NULL},
    {"all fail: no way there is told if there is nothing else",
     {{"2001:db8::1", 0, -ENETUNREACH}, {"2001:db8::2", 0, -EHOSTUNREACH}},
     {{"2001:db8::1", 0}, {"2001:db8::2", 0}},
     0,
     -EHOSTUNREACH,
     NULL},
    {"a single address", {{"192.0.2.1", 1000, 0}}, {{"192.0.2.1", 0}}, 1000, 0, "192.0.2.1"},
    {"a single address that refuses",
     {{"192.0.2.1", 10, -ECONNREFUSED}},
     {{"192.0.2.1", 0}},
     10,
     -ECONNREFUSED,
     NULL},
};

/* The row of the connection that was made, by its local port: the listener has it as the peer. */
static async int accepts_winner(bide_stream *near)
{
    bide_address mine, peer;
    bide_stream *far;
    int others = 0;
    CHECK_EQ(bide_tcp_local_address(near, &mine), 0);
    for (;;) {
        CHECK_EQ(await bide_tcp_accept_from(world.listener, &peer, &far), 0);
        bide_stream_close(far);
        if (bide_address_is_same(&mine, &peer))
            return others;
        others++;
    }
}

static int open_attempts(void)
{
    int open = 0;
    for (size_t i = 0; i < world.attempts; i++)
        open += world.attempt[i].fd >= 0;
    return open;
}

static async int run(const struct scenario *s)
{
    bide_stream *near = (bide_stream *)1;
    int r = 1;
    world.of = s;
    world.begin = bide_now();
    world.attempts = 0;
    CHECK(await bide_select(r = bide_tcp_connect("happy.test", 80, &near), plays()) == 0);
    int end_ms = now_ms();
    CHECK_ERR(r, s->result);
    CHECK((r == 0) == (near != NULL));
    CHECK_EQ(end_ms, s->end_ms);
    for (size_t i = 0; i < MAX && s->steps[i].address != NULL; i++) {
        CHECK(i < world.attempts);
        CHECK_STR(s->rows[world.attempt[i].row].address, s->steps[i].address);
        CHECK_EQ(world.attempt[i].at_ms, s->steps[i].at_ms);
    }
    CHECK(world.attempts == MAX || s->steps[world.attempts].address == NULL);
    if (r < 0)
        return 0;
    /* Of the attempts only the winner has a descriptor (or had its result at once). The driver may
     * let go of the others a moment later. */
    for (int i = 0; i < 1000 && open_attempts() > 1; i++)
        await bide_sleep(BIDE_MS(1));
    for (size_t i = 0; i < world.attempts; i++)
        if (world.attempt[i].fd >= 0)
            CHECK_STR(s->rows[world.attempt[i].row].address, s->winner);
    CHECK(open_attempts() == 1 || s->end_ms == 0);
    CHECK_EQ(await accepts_winner(near), 0);
    bide_stream_close(near);
    return 0;
}

TEST(addresses_are_tried_as_the_rfc_says)
{
    prepare();
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        int before = open_descriptors();
        fprintf(stderr, "%s\n", scenarios[i].name);
        CHECK_EQ(bide_block_on(run(&scenarios[i])), 0);
        if (i > 0) /* the first one makes what is kept */
            CHECK(descriptors_become(before));
    }
    bide_tcp_listener_close(world.listener);
}

/* ---- options ---- */

static async int connects(const bide_tcp_options *options, bide_stream **stream)
{
    int r = 1;
    world.begin = bide_now();
    world.attempts = 0;
    CHECK(await bide_select(r = bide_tcp_connect_with("happy.test", 80, options, stream),
                            plays()) == 0);
    return r;
}

static async int with_options(void)
{
    static const struct scenario two_families = {
        .rows = {{"2001:db8::1", NEVER, 0}, {"192.0.2.1", 5, 0}}};
    bide_tcp_options options = {.attempt_delay = BIDE_S(2), .nodelay = true};
    bide_tcp_options got;
    bide_address local;
    bide_stream *s;
    world.of = &two_families;
    CHECK_EQ(await connects(&options, &s), 0);
    CHECK_EQ(now_ms(), 2005);
    CHECK_EQ(bide_tcp_get_options(s, &got), 0);
    CHECK(got.nodelay);
    CHECK_EQ(await accepts_winner(s), 0);
    bide_stream_close(s);

    /* With a local address only those of its family are tried. */
    CHECK_EQ(bide_address_parse("127.0.0.3:0", &local), 0);
    options.local = &local;
    CHECK_EQ(await connects(&options, &s), 0);
    CHECK_EQ(now_ms(), 5);
    CHECK_EQ(world.attempts, 1);
    CHECK_EQ(bide_tcp_local_address(s, &local), 0);
    bide_address_set_port(&local, 0);
    char text[BIDE_ADDRESS_MAX];
    CHECK_EQ(bide_address_text(&local, text, sizeof text), 0);
    CHECK_STR(text, "127.0.0.3:0");
    CHECK_EQ(await accepts_winner(s), 0);
    bide_stream_close(s);
    return 0;
}

TEST(options_change_how_addresses_are_tried)
{
    prepare();
    CHECK_EQ(bide_block_on(with_options()), 0);
    bide_tcp_listener_close(world.listener);
}

/* ---- cancellation, and calls that fail ---- */

static int descriptors;

/* It is cancelled at each millisecond, so it is short. */
enum { DELAY_MS = 10 };

async int a_race(void *state);
extern const struct bide_fn bide__desc_a_race;

async int a_race(void *state)
{
    bide_stream *s;
    (void)state;
    int r = 1;
    world.begin = bide_now();
    world.attempts = 0;
    bide_tcp_options options = {.attempt_delay = BIDE_MS(DELAY_MS)};
    await bide_select(r = bide_tcp_connect_with("happy.test", 80, &options, &s), plays());
    bide_stream_close(s);
    return r;
}

static void before_race(void *state)
{
    (void)state;
    descriptors = open_descriptors();
}

static void nothing_stays_open(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(descriptors_become(descriptors));
    if (run->error != 0)
        CHECK_ERR(run->error, run->room_size > 0 ? -ENOMEM : -ECANCELED);
    else if (!run->requested)
        CHECK_ERR(run->result, world.of->result);
}

static const struct scenario races[] = {
    {.rows = {{"2001:db8::1", 600, -ETIMEDOUT}, {"192.0.2.1", 20, 0}}},
    {.rows = {{"192.0.2.1", 3, -ECONNREFUSED}, {"192.0.2.2", 3, -ECONNREFUSED}},
     .result = -ECONNREFUSED},
    /* Both have connected when one is told. */
    {.rows = {{"192.0.2.1", DELAY_MS + 3, 0}, {"192.0.2.2", 3, 0}}},
    {.rows = {{"192.0.2.1", DELAY_MS, 0}, {"192.0.2.2", 0, 0}}},
    {.rows = {{"192.0.2.1", 4, 0}}}, /* this one needs no memory but frames of the task */
};

TEST_LIMIT(a_race_is_cancelled_anywhere, 60)
{
    prepare();
    for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
        world.of = &races[i];
        CHECK_EQ(bide_block_on(a_race(NULL)), races[i].result);
        CHECK(cancel_everywhere(&bide__desc_a_race, NULL, before_race, nothing_stays_open) >= 3);
    }
    CHECK(starve_everywhere(&bide__desc_a_race, NULL, before_race, nothing_stays_open) > 0);
    bide_tcp_listener_close(world.listener);
}

static int make_race(void)
{
    return bide_block_on(a_race(NULL));
}

static void nothing(void)
{
}

TEST_LIMIT(calls_of_a_race_fail, 60)
{
    prepare();
    for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
        if (races[i].result < 0)
            continue;
        world.of = &races[i];
        CHECK(fails_everywhere(make_race, nothing) > 3);
    }
    bide_tcp_listener_close(world.listener);
}
