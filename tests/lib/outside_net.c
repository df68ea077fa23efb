/*
 * Every async function of the sockets: outside any runtime, on another runtime than that of the
 * object, and at home. The others are in lib/outside.
 */
#include "outside.h"

#include <errno.h>
#include <unistd.h>

static bide_tcp_listener *listener;
static bide_unix_listener *local_listener;
static bide_stream *client, *local_client, *one, *two;
static bide_udp *udp;
static bide_unix_datagram *left, *right;
static bide_address at, to;
static char name[64], buffer[16];

static async int connects(void)
{
    int r = await bide_tcp_connect_to(&at, NULL, &client);
    return r < 0 ? r : await bide_unix_connect(name, &local_client);
}

/* Everything that is received is there already, and each listener has a connection. */
static void prepare(void)
{
    snprintf(name, sizeof name, "@bide-outside-%d", (int)getpid());
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(bide_tcp_listener_address(listener, &at), 0);
    CHECK_EQ(bide_unix_listen(name, NULL, &local_listener), 0);
    CHECK_EQ(bide_block_on(connects()), 0);
    CHECK_EQ(bide_unix_pair(&one, &two), 0);
    CHECK_EQ(bide_unix_datagram_pair(&left, &right), 0);
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &udp), 0);
    CHECK_EQ(bide_udp_local_address(udp, &to), 0);
    CHECK_EQ(bide_udp_connect(udp, &to), 0);
    CHECK_EQ(bide_udp_try_send(udp, "data", 4, NULL), 4);
    CHECK_EQ(write(bide_stream_fd(two), "data", 4), 4);
    CHECK_EQ(write(bide_unix_datagram_fd(right), "data", 4), 4);
}

static void clean(void)
{
    bide_stream_close(client);
    bide_stream_close(local_client);
    bide_stream_close(one);
    bide_stream_close(two);
    bide_udp_close(udp);
    bide_unix_datagram_close(left);
    bide_unix_datagram_close(right);
    bide_unix_listener_close(local_listener);
    bide_tcp_listener_close(listener);
}

/* ---- names and TCP ---- */

static async int resolves(void)
{
    bide_address_list *list;
    int r = await bide_resolve("127.0.0.1", 80, NULL, &list);
    bide_address_list_free(list);
    return r;
}

static async int connects_by_name(void)
{
    bide_stream *s;
    int r = await bide_tcp_connect("127.0.0.1", (uint16_t)bide_address_port(&at), &s);
    bide_stream_close(s);
    return r;
}

static async int connects_with(void)
{
    bide_stream *s;
    uint16_t port = (uint16_t)bide_address_port(&at);
    int r = await bide_tcp_connect_with("127.0.0.1", port, NULL, &s);
    bide_stream_close(s);
    return r;
}

static async int connects_to(void)
{
    bide_stream *s;
    int r = await bide_tcp_connect_to(&at, NULL, &s);
    bide_stream_close(s);
    return r;
}

static async int accepts(void)
{
    bide_stream *s;
    int r = await bide_tcp_accept(listener, &s);
    bide_stream_close(s);
    return r;
}

static async int accepts_from(void)
{
    bide_stream *s;
    bide_address peer;
    int r = await bide_tcp_accept_from(listener, &peer, &s);
    bide_stream_close(s);
    return r;
}

static async int peeks(void)
{
    return (int)await bide_tcp_peek(one, buffer, sizeof buffer);
}

/* ---- UDP ---- */

static async int sends(void)
{
    return (int)await bide_udp_send(udp, "four", 4);
}

static async int sends_to(void)
{
    return (int)await bide_udp_send_to(udp, "four", 4, &to);
}

static async int receives(void)
{
    return (int)await bide_udp_receive(udp, buffer, sizeof buffer, NULL);
}

static async int peeks_datagram(void)
{
    return (int)await bide_udp_peek(udp, buffer, sizeof buffer, NULL);
}

static async int receives_many(void)
{
    bide_udp_datagram d = {.data = buffer, .size = sizeof buffer};
    return await bide_udp_receive_many(udp, &d, 1);
}

static async int sends_many(void)
{
    bide_udp_datagram d = {.data = buffer, .size = 4};
    return await bide_udp_send_many(udp, &d, 1);
}

/* ---- Unix sockets ---- */

static async int accepts_local(void)
{
    bide_stream *s;
    int r = await bide_unix_accept(local_listener, &s);
    bide_stream_close(s);
    return r;
}

static async int connects_local(void)
{
    bide_stream *s;
    int r = await bide_unix_connect(name, &s);
    bide_stream_close(s);
    return r;
}

static async int sends_fds(void)
{
    bide_unix_fds none = {0};
    return (int)await bide_unix_send_fds(one, "four", 4, &none);
}

static async int receives_fds(void)
{
    bide_unix_fds none = {0};
    return (int)await bide_unix_receive_fds(one, buffer, sizeof buffer, &none);
}

static async int sends_datagram(void)
{
    return (int)await bide_unix_datagram_send(left, "four", 4);
}

static async int sends_datagram_to(void)
{
    bide_address nobody;
    CHECK_EQ(bide_address_of_path("@bide-outside-nobody", &nobody), 0);
    return (int)await bide_unix_datagram_send_to(left, "four", 4, &nobody);
}

static async int receives_datagram(void)
{
    return (int)await bide_unix_datagram_receive(left, buffer, sizeof buffer, NULL);
}

static async int sends_datagram_fds(void)
{
    bide_unix_fds none = {0};
    return (int)await bide_unix_datagram_send_fds(left, "four", 4, NULL, &none);
}

static async int receives_datagram_fds(void)
{
    bide_unix_fds none = {0};
    return (int)await bide_unix_datagram_receive_fds(left, buffer, sizeof buffer, NULL, &none);
}

/* ---- the rows ---- */

static const struct row rows[] = {
    {"bide_resolve", CALL_OF(resolves), -ENXIO, 0, 0},
    {"bide_tcp_connect", CALL_OF(connects_by_name), -ENXIO, 0, 0},
    {"bide_tcp_connect_with", CALL_OF(connects_with), -ENXIO, 0, 0},
    {"bide_tcp_connect_to", CALL_OF(connects_to), -ENXIO, 0, 0},
    {"bide_tcp_accept", CALL_OF(accepts), -ENXIO, -EXDEV, 0},
    {"bide_tcp_accept_from", CALL_OF(accepts_from), -ENXIO, -EXDEV, 0},
    {"bide_tcp_peek", CALL_OF(peeks), -ENXIO, -EXDEV, 4},
    {"bide_udp_send", CALL_OF(sends), -ENXIO, -EXDEV, 4},
    {"bide_udp_send_to", CALL_OF(sends_to), -ENXIO, -EXDEV, 4},
    {"bide_udp_receive", CALL_OF(receives), -ENXIO, -EXDEV, 4},
    {"bide_udp_peek", CALL_OF(peeks_datagram), -ENXIO, -EXDEV, 4},
    {"bide_udp_receive_many", CALL_OF(receives_many), -ENXIO, -EXDEV, 1},
    {"bide_udp_send_many", CALL_OF(sends_many), -ENXIO, -EXDEV, 1},
    {"bide_unix_accept", CALL_OF(accepts_local), -ENXIO, -EXDEV, 0},
    {"bide_unix_connect", CALL_OF(connects_local), -ENXIO, 0, 0},
    {"bide_unix_send_fds", CALL_OF(sends_fds), -ENXIO, -EXDEV, 4},
    {"bide_unix_receive_fds", CALL_OF(receives_fds), -ENXIO, -EXDEV, 4},
    {"bide_unix_datagram_send", CALL_OF(sends_datagram), -ENXIO, -EXDEV, 4},
    {"bide_unix_datagram_send_to", CALL_OF(sends_datagram_to), -ENXIO, -EXDEV, -ECONNREFUSED},
    {"bide_unix_datagram_receive", CALL_OF(receives_datagram), -ENXIO, -EXDEV, 4},
    {"bide_unix_datagram_send_fds", CALL_OF(sends_datagram_fds), -ENXIO, -EXDEV, 4},
    {"bide_unix_datagram_receive_fds", CALL_OF(receives_datagram_fds), -ENXIO, -EXDEV, 4},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

TEST_LIMIT(sockets_outside_elsewhere_and_at_home, 60)
{
    check_rows(rows, ROWS, prepare, clean);
}

TEST(every_async_function_of_the_sockets_has_a_row)
{
    CHECK_EQ(check_covers("net", rows, ROWS), 7);
    CHECK_EQ(check_covers("udp", rows, ROWS), 6);
    CHECK_EQ(check_covers("unix", rows, ROWS), 9);
}
