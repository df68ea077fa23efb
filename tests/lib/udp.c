/*
 * bide/udp.h over the loopback: datagrams of all sizes, peers, errors, options, groups.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

static bide_udp *one, *other;
static char big[70000], buffer[70000];

static bide_address address_of(const bide_udp *udp)
{
    bide_address address;
    CHECK_EQ(bide_udp_local_address(udp, &address), 0);
    return address;
}

static bide_address parsed(const char *text)
{
    bide_address address;
    CHECK_EQ(bide_address_parse(text, &address), 0);
    return address;
}

static void check_is(const bide_address *a, const bide_address *b)
{
    CHECK(bide_address_is_same(a, b));
}

static void open_both(void)
{
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &one), 0);
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &other), 0);
}

static void connect_both(void)
{
    bide_address to_one, to_other;
    open_both();
    to_one = address_of(one);
    to_other = address_of(other);
    CHECK_EQ(bide_udp_connect(one, &to_other), 0);
    CHECK_EQ(bide_udp_connect(other, &to_one), 0);
}

static void close_both(void)
{
    bide_udp_close(one);
    bide_udp_close(other);
}

/* ---- datagrams ---- */

static async int talk(void)
{
    bide_address from, to_one, to_other;
    open_both();
    to_one = address_of(one);
    to_other = address_of(other);
    CHECK(bide_udp_port(one) > 0);
    CHECK_EQ(bide_udp_port(one), bide_address_port(&to_one));
    CHECK_EQ(await bide_udp_send_to(one, "ping", 4, &to_other), 4);
    CHECK_EQ(await bide_udp_receive(other, buffer, sizeof buffer, &from), 4);
    CHECK(memcmp(buffer, "ping", 4) == 0);
    check_is(&from, &to_one);
    CHECK_EQ(await bide_udp_send_to(other, "pong!", 5, &from), 5);
    CHECK_EQ(await bide_udp_receive(one, buffer, sizeof buffer, NULL), 5);
    CHECK(memcmp(buffer, "pong!", 5) == 0);
    CHECK_ERR(await bide_udp_send(one, "x", 1), -EDESTADDRREQ);
    close_both();
    return 0;
}

TEST(two_sockets_talk)
{
    CHECK_EQ(bide_block_on(talk()), 0);
    bide_udp_close(NULL);
}

static async int of_every_size(void)
{
    static const size_t sizes[] = {0, 1, 2, 511, 1472, 1473, 8192, 65507};
    bide_address from, to_one;
    connect_both();
    to_one = address_of(one);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK_EQ(await bide_udp_send(one, big, sizes[i]), (ssize_t)sizes[i]);
        memset(buffer, 'x', sizeof buffer);
        CHECK_EQ(await bide_udp_receive(other, buffer, sizeof buffer, &from), (ssize_t)sizes[i]);
        CHECK(memcmp(buffer, big, sizes[i]) == 0);
        CHECK_EQ(buffer[sizes[i]], 'x');
        check_is(&from, &to_one);
    }
    CHECK_ERR(await bide_udp_send(one, big, 65508), -EMSGSIZE);
    CHECK_EQ(await bide_udp_send(one, "after", 5), 5);
    CHECK_EQ(await bide_udp_receive(other, buffer, 5, NULL), 5);
    close_both();
    return 0;
}

TEST(datagrams_of_every_size)
{
    CHECK_EQ(bide_block_on(of_every_size()), 0);
}

static async int too_large(void)
{
    bide_address from, to_one;
    connect_both();
    to_one = address_of(one);
    for (size_t room = 0; room < 6; room++) {
        memset(buffer, 'x', 8);
        CHECK_EQ(await bide_udp_send(one, "123456", 6), 6);
        CHECK_ERR(await bide_udp_receive(other, buffer, room, &from), -EMSGSIZE);
        CHECK(memcmp(buffer, "123456", room) == 0);
        CHECK_EQ(buffer[room], 'x');
        check_is(&from, &to_one);
    }
    /* The rest is gone, and an empty one is an empty one. */
    CHECK_EQ(await bide_udp_send(one, NULL, 0), 0);
    CHECK_EQ(await bide_udp_receive(other, buffer, 0, NULL), 0);
    CHECK_ERR(bide_udp_try_receive(other, buffer, 6, &from), -EAGAIN);
    CHECK_EQ(from.size, 0);
    close_both();
    return 0;
}

TEST(a_datagram_that_is_larger_than_the_buffer)
{
    CHECK_EQ(bide_block_on(too_large()), 0);
}

static async int peeks(void)
{
    bide_address from, to_one;
    connect_both();
    to_one = address_of(one);
    CHECK_EQ(await bide_udp_send(one, "123456", 6), 6);
    CHECK_EQ(await bide_udp_peek(other, NULL, 0, &from), 6);
    check_is(&from, &to_one);
    memset(buffer, 'x', 8);
    CHECK_EQ(await bide_udp_peek(other, buffer, 3, NULL), 6);
    CHECK(memcmp(buffer, "123x", 4) == 0);
    CHECK_EQ(await bide_udp_receive(other, buffer, 6, NULL), 6);
    CHECK(memcmp(buffer, "123456", 6) == 0);
    close_both();
    return 0;
}

TEST(a_peek_takes_nothing)
{
    CHECK_EQ(bide_block_on(peeks()), 0);
}

static async int tries(void)
{
    bide_address from, to_one, to_other;
    open_both();
    to_one = address_of(one);
    to_other = address_of(other);
    CHECK_ERR(bide_udp_try_receive(other, buffer, 8, &from), -EAGAIN);
    CHECK_EQ(bide_udp_try_send(one, "now", 3, &to_other), 3);
    CHECK_EQ(bide_udp_try_receive(other, buffer, 8, &from), 3);
    check_is(&from, &to_one);
    CHECK_ERR(bide_udp_try_send(one, "now", 3, NULL), -EDESTADDRREQ);
    CHECK_EQ(bide_udp_connect(one, &to_other), 0);
    CHECK_EQ(bide_udp_try_send(one, "now", 3, NULL), 3);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 3);
    CHECK_EQ(bide_test_fail("sendto", 1, -EINTR, 1), 0);
    CHECK_EQ(bide_test_fail("recv", 1, -EINTR, 1), 0);
    CHECK_EQ(bide_udp_try_send(one, "new", 3, &to_other), 3);
    CHECK_EQ(bide_udp_try_receive(other, buffer, 8, NULL), 3);
    CHECK_ERR(bide_udp_try_receive(other, buffer, 2, NULL), -EAGAIN);
    CHECK_EQ(bide_udp_try_send(one, "new", 3, NULL), 3);
    CHECK_ERR(bide_udp_try_receive(other, buffer, 2, NULL), -EMSGSIZE);
    close_both();
    return 0;
}

TEST(without_waiting)
{
    CHECK_EQ(bide_block_on(tries()), 0);
}

/* ---- several at once ---- */

enum { MANY = 75 };

static async int many(void)
{
    static bide_udp_datagram sent[MANY], received[MANY + 10];
    static char room[MANY + 10][8];
    bide_address to_one, to_other;
    open_both();
    to_one = address_of(one);
    to_other = address_of(other);
    for (unsigned i = 0; i < MANY; i++)
        sent[i] = (bide_udp_datagram){&big[i], i % 10, 0, false, to_other};
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    CHECK_EQ(await bide_udp_send_many(one, sent, 0), 0);
    CHECK_EQ(await bide_udp_receive_many(other, received, 0), 0);
    CHECK_EQ(await bide_udp_send_many(one, sent, MANY), MANY);
    for (unsigned i = 0; i < MANY + 10; i++)
        received[i] = (bide_udp_datagram){.data = room[i], .size = 8, .length = 99};
    CHECK_EQ(await bide_udp_receive_many(other, received, 40), 40);
    CHECK_EQ(await bide_udp_receive_many(other, received + 40, MANY - 30), MANY - 40);
    for (unsigned i = 0; i < MANY; i++) {
        size_t size = i % 10;
        CHECK_EQ(received[i].length, size > 8 ? 8 : size);
        CHECK_EQ(received[i].is_truncated, size > 8);
        CHECK(memcmp(room[i], &big[i], received[i].length) == 0);
        check_is(&received[i].address, &to_one);
    }
    CHECK_EQ(received[MANY].length, 99);

    CHECK_EQ(bide_udp_connect(one, &to_other), 0);
    sent[0] = (bide_udp_datagram){.data = big, .size = 1};
    sent[1] = (bide_udp_datagram){.data = big, .size = 65508}; /* too large */
    sent[2] = (bide_udp_datagram){.data = big, .size = 2};
    CHECK_EQ(await bide_udp_send_many(one, sent, 3), 1);
    CHECK_ERR(await bide_udp_send_many(one, sent + 1, 2), -EMSGSIZE);
    CHECK_EQ(await bide_udp_send_many(one, sent + 2, 1), 1);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 1);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 2);
    close_both();
    return 0;
}

TEST(several_at_once)
{
    CHECK_EQ(bide_block_on(many()), 0);
}

/* The second batch fails: what the first one took counts. */
static async int many_in_part(void)
{
    static bide_udp_datagram datagrams[MANY];
    bide_address to_other;
    open_both();
    to_other = address_of(other);
    for (unsigned i = 0; i < MANY; i++)
        datagrams[i] = (bide_udp_datagram){buffer, 1, 0, false, to_other};
    CHECK_EQ(bide_test_fail("sendmmsg", 2, -ENOBUFS, 1), 0);
    CHECK_EQ(await bide_udp_send_many(one, datagrams, MANY), 32);
    CHECK_EQ(bide_test_fail("recvmmsg", 2, -ENOMEM, 1), 0);
    CHECK_EQ(await bide_udp_send_many(one, datagrams, MANY - 32), MANY - 32);
    CHECK_EQ(await bide_udp_receive_many(other, datagrams, MANY), 32);
    CHECK_EQ(bide_test_fail("recvmmsg", 1, -ENOMEM, 1), 0);
    CHECK_ERR(await bide_udp_receive_many(other, datagrams, MANY), -ENOMEM);
    CHECK_EQ(bide_test_fail("recvmmsg", 1, -EINTR, 1), 0);
    CHECK_EQ(await bide_udp_receive_many(other, datagrams, MANY), MANY - 32);
    close_both();
    return 0;
}

TEST(several_of_which_a_part_fails)
{
    CHECK_EQ(bide_block_on(many_in_part()), 0);
}

/* ---- waiting ---- */

static async int receive_one(size_t size)
{
    char byte[16];
    bide_address from;
    ssize_t n = await bide_udp_receive(other, byte, sizeof byte, &from);
    CHECK(n >= 0 ? (size_t)n == size : from.size == 0);
    return (int)n;
}

static async int wait_for_one(void)
{
    connect_both();
    bide_task(int) task = bide_spawn(receive_one(3));
    for (int i = 0; i < 5; i++)
        await bide_yield();
    CHECK_EQ(await bide_udp_send(one, "abc", 3), 3);
    CHECK_EQ(await bide_task_wait(task), 0);
    task = bide_spawn(receive_one(0));
    for (int i = 0; i < 5; i++)
        await bide_yield();
    CHECK_EQ(await bide_udp_send(one, NULL, 0), 0);
    CHECK_EQ(await bide_task_wait(task), 0);
    close_both();
    return 0;
}

TEST(a_receiver_waits)
{
    CHECK_EQ(bide_block_on(wait_for_one()), 0);
}

static int refuse_to_send = 1;

static ssize_t full_send(int fd, const void *data, size_t size, int flags)
{
    ssize_t n = refuse_to_send > 0 ? -EAGAIN : send(fd, data, size, flags);
    refuse_to_send--;
    return n == -1 ? -errno : n;
}

/* The loopback is never full, so a full buffer is made up. A driver that then finds room at once
 * has the call made again. */
static async int blocked_sender(void)
{
    ssize_t n = 0;
    connect_both();
    bide_test_replace("send", (void (*)(void))full_send);
    int r = await bide_timeout(BIDE_MS(1), n = bide_udp_send(one, "x", 1));
    CHECK_ERR(r, n == 1 ? 0 : -ETIMEDOUT);
    if (r < 0)
        CHECK_ERR(bide_udp_try_receive(other, buffer, 8, NULL), -EAGAIN);
    else
        CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 1);
    CHECK_EQ(bide_udp_try_send(one, "y", 1, NULL), 1);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 1);
    CHECK_EQ(buffer[0], 'y');
    close_both();
    return 0;
}

TEST(a_sender_that_waits_sends_nothing_when_cancelled)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(blocked_sender()), 0);
}

static async int send_one(void)
{
    CHECK_EQ(await bide_udp_send(other, "x", 1), 1); /* the other direction is free */
    CHECK_EQ(await bide_udp_send(one, "x", 1), 1);
    return 0;
}

static async int one_waiter(void)
{
    bide_udp_datagram datagram = {.data = buffer, .size = 8};
    ssize_t first = 0, second = 0, third = 0;
    int fourth = 0;
    connect_both();
    await bide_join(first = bide_udp_receive(other, buffer, 8, NULL),
                    second = bide_udp_receive(other, big, 8, NULL),
                    third = bide_udp_peek(other, big, 8, NULL),
                    fourth = bide_udp_receive_many(other, &datagram, 1), send_one());
    CHECK_EQ(first, 1);
    CHECK_ERR(second, -EBUSY);
    CHECK_ERR(third, -EBUSY);
    CHECK_ERR(fourth, -EBUSY);
    close_both();
    return 0;
}

TEST(one_waits_in_a_direction)
{
    CHECK_EQ(bide_block_on(one_waiter()), 0);
}

static async int many_at_close(void)
{
    bide_udp_datagram datagram = {.data = buffer, .size = 8};
    return await bide_udp_receive_many(one, &datagram, 1);
}

static async int result_of(bide_task(int) task)
{
    int n = 1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

static async int closed(void)
{
    connect_both();
    bide_task(int) task = bide_spawn(receive_one(0));
    bide_task(int) many = bide_spawn(many_at_close());
    await bide_sleep(BIDE_MS(1));
    close_both();
    CHECK_ERR(await result_of(bide_move(task)), -EBADF);
    CHECK_ERR(await result_of(bide_move(many)), -EBADF);
    return 0;
}

TEST(a_close_ends_who_waits)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(closed()), 0);
}

static async int from_outside(void)
{
    CHECK_ERR(await bide_udp_receive(one, buffer, 1, NULL), -EXDEV);
    CHECK_ERR(await bide_udp_send(one, "x", 1), -EXDEV);
    return 0;
}

TEST(what_belongs_to_another_runtime_cannot_be_used)
{
    bide_runtime *rt;
    open_both();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(from_outside()), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
    close_both();
}

/* ---- peers ---- */

static async int refused(void)
{
    bide_address nobody;
    open_both();
    nobody = address_of(other);
    bide_udp_close(other);
    CHECK_EQ(bide_udp_connect(one, &nobody), 0);
    CHECK_EQ(await bide_udp_send(one, "x", 1), 1);
    bide_address from;
    CHECK_ERR(await bide_udp_receive(one, buffer, 8, &from), -ECONNREFUSED);
    CHECK_EQ(from.size, 0);
    /* The next sender is told, but once. */
    CHECK_EQ(await bide_udp_send(one, "x", 1), 1);
    CHECK_ERR(await bide_udp_send(one, "x", 1), -ECONNREFUSED);

    /* The socket goes on: somebody listens there now. */
    CHECK_EQ(bide_udp_bind("127.0.0.1", (uint16_t)bide_address_port(&nobody), &other), 0);
    CHECK_EQ(await bide_udp_send(one, "again", 5), 5);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, &from), 5);
    CHECK_EQ(await bide_udp_send_to(other, "back", 4, &from), 4);
    CHECK_EQ(await bide_udp_receive(one, buffer, 8, NULL), 4);
    close_both();
    return 0;
}

TEST(a_refused_datagram_is_an_error_of_one_call)
{
    CHECK_EQ(bide_block_on(refused()), 0);
}

static async int waits_for_refusal(void)
{
    bide_address nobody;
    open_both();
    nobody = address_of(other);
    bide_udp_close(other);
    other = one;
    CHECK_EQ(bide_udp_connect(one, &nobody), 0);
    bide_task(int) task = bide_spawn(receive_one(0));
    for (int i = 0; i < 5; i++)
        await bide_yield();
    CHECK_EQ(bide_udp_try_send(one, "x", 1, NULL), 1);
    CHECK_ERR(await result_of(bide_move(task)), -ECONNREFUSED);
    bide_udp_close(one);
    return 0;
}

TEST(a_receiver_that_waits_is_told_of_a_refusal)
{
    CHECK_EQ(bide_block_on(waits_for_refusal()), 0);
}

static async int of_peers(void)
{
    bide_address to_one, to_other, peer, from;
    bide_udp *third;
    open_both();
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &third), 0);
    to_one = address_of(one);
    to_other = address_of(other);
    CHECK_ERR(bide_udp_peer_address(one, &peer), -ENOTCONN);
    CHECK_EQ(peer.size, 0);
    CHECK_EQ(bide_udp_connect(one, &to_other), 0);
    CHECK_EQ(bide_udp_peer_address(one, &peer), 0);
    check_is(&peer, &to_other);

    /* Strangers are not heard. */
    CHECK_EQ(await bide_udp_send_to(third, "stranger", 8, &to_one), 8);
    CHECK_EQ(await bide_udp_send_to(other, "friend", 6, &to_one), 6);
    CHECK_EQ(await bide_udp_receive(one, buffer, 8, NULL), 6);
    CHECK_ERR(bide_udp_try_receive(one, buffer, 8, NULL), -EAGAIN);

    /* Another peer, and none. */
    peer = address_of(third);
    CHECK_EQ(bide_udp_connect(one, &peer), 0);
    CHECK_EQ(await bide_udp_send(one, "x", 1), 1);
    CHECK_EQ(await bide_udp_send_to(one, "yy", 2, &to_other), 2);
    CHECK_EQ(await bide_udp_receive(third, buffer, 8, &from), 1);
    check_is(&from, &to_one);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 2);
    CHECK_EQ(bide_udp_connect(one, NULL), 0);
    CHECK_ERR(bide_udp_peer_address(one, &peer), -ENOTCONN);
    CHECK_ERR(await bide_udp_send(one, "x", 1), -EDESTADDRREQ);
    CHECK_EQ(await bide_udp_send_to(one, "x", 1, &to_other), 1);
    bide_udp_close(third);
    close_both();
    return 0;
}

TEST(peers_come_and_go)
{
    CHECK_EQ(bide_block_on(of_peers()), 0);
}

/* ---- IPv6 and IPv4 ---- */

static async int everywhere(void)
{
    bide_address from, to, four;
    if (bide_udp_bind("::1", 0, &one) < 0)
        SKIP("no IPv6 here");
    CHECK_EQ(bide_udp_bind(NULL, 0, &other), 0);
    to = parsed("[::1]:0");
    CHECK_EQ(bide_address_set_port(&to, (uint16_t)bide_udp_port(other)), 0);
    CHECK_EQ(await bide_udp_send_to(one, "six", 3, &to), 3);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, &from), 3);
    to = address_of(one);
    check_is(&from, &to);
    bide_udp_close(one);

    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &one), 0);
    four = address_of(one);
    to = parsed("127.0.0.1:0");
    CHECK_EQ(bide_address_set_port(&to, (uint16_t)bide_udp_port(other)), 0);
    CHECK_EQ(await bide_udp_send_to(one, "four", 4, &to), 4);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, &from), 4);
    to = parsed("[::ffff:127.0.0.1]:0");
    CHECK_EQ(bide_address_set_port(&to, (uint16_t)bide_udp_port(one)), 0);
    check_is(&from, &to);
    CHECK_EQ(await bide_udp_send_to(other, "back", 4, &from), 4);
    CHECK_EQ(await bide_udp_send_to(other, "plain", 5, &four), 5);
    CHECK_EQ(await bide_udp_receive(one, buffer, 8, NULL), 4);
    CHECK_EQ(await bide_udp_receive(one, buffer, 8, NULL), 5);
    close_both();
    return 0;
}

TEST(a_socket_without_an_address_takes_all)
{
    CHECK_EQ(bide_block_on(everywhere()), 0);
}

static async int client(void)
{
    bide_address to, from;
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &other), 0);
    CHECK_EQ(bide_udp_open(NULL, NULL, &one), 0);
    CHECK_EQ(bide_udp_port(one), 0);
    to = address_of(other);
    CHECK_EQ(await bide_udp_send_to(one, "first", 5, &to), 5);
    CHECK(bide_udp_port(one) > 0);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, &from), 5);
    CHECK_EQ(bide_address_port(&from), bide_udp_port(one));
    CHECK_EQ(bide_udp_connect(one, &to), 0);
    CHECK_EQ(await bide_udp_send(one, "second", 6), 6);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 6);
    close_both();
    return 0;
}

TEST(a_client_needs_no_address)
{
    CHECK_EQ(bide_block_on(client()), 0);
}

/* Without IPv6, "all" means IPv4. */
static bool lacks_v6;

static int fake_socket(int domain, int type, int protocol)
{
    int r = domain == AF_INET6 && lacks_v6 ? -EAFNOSUPPORT : socket(domain, type, protocol);
    return r == -1 ? -errno : r;
}

TEST(without_version_6)
{
    bide_address address;
    bide_udp_options six = {.ipv6_only = true};
    bide_test_replace("socket", (void (*)(void))fake_socket);
    lacks_v6 = true;
    CHECK_EQ(bide_udp_bind(NULL, 0, &one), 0);
    address = address_of(one);
    CHECK_EQ(((struct sockaddr *)address.bytes)->sa_family, AF_INET);
    CHECK_EQ(bide_udp_set_hops(one, 3), 0);
    CHECK_EQ(bide_udp_open(NULL, NULL, &other), 0);
    address = address_of(other);
    CHECK_EQ(((struct sockaddr *)address.bytes)->sa_family, AF_INET);
    close_both();
    CHECK_ERR(bide_udp_open(&six, NULL, &one), -EAFNOSUPPORT);
    CHECK(one == NULL);
    CHECK_ERR(bide_udp_bind("::1", 0, &one), -EAFNOSUPPORT);
}

/* ---- making sockets ---- */

TEST(a_socket_says_why_not)
{
    bide_address address = BIDE_ADDRESS_INIT;
    CHECK_ERR(bide_udp_bind("localhost", 0, &one), -EINVAL);
    CHECK(one == NULL);
    CHECK_ERR(bide_udp_bind("192.0.2.1", 0, &one), -EADDRNOTAVAIL);
    CHECK_ERR(bide_udp_open(NULL, &address, &one), -EAFNOSUPPORT);
    CHECK_EQ(bide_address_of_path("/x", &address), 0);
    CHECK_ERR(bide_udp_open(NULL, &address, &one), -EAFNOSUPPORT);
    CHECK(one == NULL);
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &one), 0);
    CHECK_ERR(bide_udp_bind("127.0.0.1", (uint16_t)bide_udp_port(one), &other), -EADDRINUSE);
    CHECK(other == NULL);
    bide_udp_close(one);
    bide_udp_options options = {.interface = "none0"};
    CHECK_ERR(bide_udp_open(&options, NULL, &one), -ENODEV);
}

static int make(void)
{
    bide_udp_options options = {true, true, true, NULL};
    bide_address local = parsed("[::1]:0");
    one = (bide_udp *)(void *)big;
    int r = bide_udp_open(&options, &local, &one);
    CHECK((r == 0) == (one != NULL));
    return r;
}

static void unmake(void)
{
    bide_udp_close(one);
}

TEST(a_socket_whose_making_fails)
{
    if (make() < 0)
        SKIP("no IPv6 here");
    unmake();
    CHECK(fails_everywhere(make, unmake) >= 5);
}

TEST(ports_are_shared_if_all_want_it)
{
    static const bide_udp_options shared[] = {{.reuse_address = true}, {.reuse_port = true}};
    for (int i = 0; i < 2; i++) {
        bide_address local = parsed("127.0.0.1:0");
        CHECK_EQ(bide_udp_open(&shared[i], &local, &one), 0);
        local = address_of(one);
        CHECK_ERR(bide_udp_open(NULL, &local, &other), -EADDRINUSE);
        CHECK_EQ(bide_udp_open(&shared[i], &local, &other), 0);
        close_both();
    }
}

static async int only_six(void)
{
    bide_udp_options options = {.ipv6_only = true};
    bide_address local = parsed("[::]:0"), four = parsed("127.0.0.1:0");
    if (bide_udp_open(&options, &local, &one) < 0)
        SKIP("no IPv6 here");
    CHECK_EQ(bide_address_set_port(&four, (uint16_t)bide_udp_port(one)), 0);
    CHECK_ERR(await bide_udp_send_to(one, "x", 1, &four), -ENETUNREACH);
    CHECK_EQ(bide_udp_open(NULL, &four, &other), 0); /* the port is free there */
    close_both();
    return 0;
}

TEST(version_6_only)
{
    CHECK_EQ(bide_block_on(only_six()), 0);
}

static async int inherited(void)
{
    bide_address to;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    CHECK_EQ(bide_udp_from_fd(fd, &one), 0);
    CHECK_EQ(bide_udp_fd(one), fd);
    CHECK_ERR(bide_udp_from_fd(fd, &other), -EEXIST);
    CHECK(other == NULL);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    to = address_of(one);
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &other), 0);
    ssize_t n = 0;
    CHECK_ERR(await bide_timeout(BIDE_MS(1), n = bide_udp_receive(one, buffer, 8, NULL)),
              -ETIMEDOUT);
    CHECK_EQ(n, 0);
    CHECK_EQ(await bide_udp_send_to(other, "x", 1, &to), 1);
    CHECK_EQ(await bide_udp_receive(one, buffer, 8, NULL), 1);
    close_both();
    CHECK_ERR(fcntl(fd, F_GETFD) < 0 ? -errno : 0, -EBADF);
    return 0;
}

TEST(a_descriptor_from_outside)
{
    CHECK_EQ(bide_block_on(inherited()), 0);
}

TEST(a_descriptor_that_is_no_udp_socket)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERR(bide_udp_from_fd(-1, &one), -EBADF);
    CHECK_ERR(bide_udp_from_fd(0, &one), -ENOTSOCK);
    CHECK_ERR(bide_udp_from_fd(tcp, &one), -EPROTOTYPE);
    CHECK_ERR(bide_udp_from_fd(datagrams, &one), -EPROTOTYPE);
    CHECK(one == NULL);
    CHECK_EQ(close(tcp), 0); /* it stays the caller's */
    CHECK_EQ(close(datagrams), 0);
}

/* ---- options ---- */

static int option(const bide_udp *udp, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    CHECK_EQ(getsockopt(bide_udp_fd(udp), level, name, &value, &size), 0);
    return value;
}

TEST(options_of_version_4)
{
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &one), 0);
    CHECK_EQ(bide_udp_set_broadcast(one, true), 0);
    CHECK_EQ(option(one, SOL_SOCKET, SO_BROADCAST), 1);
    CHECK_EQ(bide_udp_set_broadcast(one, false), 0);
    CHECK_EQ(option(one, SOL_SOCKET, SO_BROADCAST), 0);
    CHECK_EQ(bide_udp_set_hops(one, 7), 0);
    CHECK_EQ(option(one, IPPROTO_IP, IP_TTL), 7);
    CHECK_ERR(bide_udp_set_hops(one, 0), -EINVAL);
    CHECK_ERR(bide_udp_set_hops(one, -1), -EINVAL);
    CHECK_ERR(bide_udp_set_hops(one, 256), -EINVAL);
    CHECK_EQ(option(one, IPPROTO_IP, IP_TTL), 7);
    CHECK_EQ(bide_udp_set_traffic_class(one, 0x10), 0);
    CHECK_EQ(option(one, IPPROTO_IP, IP_TOS), 0x10);
    CHECK_ERR(bide_udp_set_traffic_class(one, 256), -EINVAL);
    CHECK_ERR(bide_udp_set_traffic_class(one, -1), -EINVAL);
    CHECK_EQ(bide_udp_set_multicast_hops(one, 0), 0);
    CHECK_EQ(option(one, IPPROTO_IP, IP_MULTICAST_TTL), 0);
    CHECK_ERR(bide_udp_set_multicast_hops(one, 256), -EINVAL);
    CHECK_ERR(bide_udp_set_multicast_hops(one, -1), -EINVAL);
    CHECK_EQ(bide_udp_set_multicast_loop(one, false), 0);
    CHECK_EQ(option(one, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
    CHECK_EQ(bide_udp_set_receive_buffer(one, 20000), 0);
    CHECK_EQ(option(one, SOL_SOCKET, SO_RCVBUF), 40000);
    CHECK_EQ(bide_udp_set_send_buffer(one, 30000), 0);
    CHECK_EQ(option(one, SOL_SOCKET, SO_SNDBUF), 60000);
    CHECK_EQ(bide_udp_set_send_buffer(one, (size_t)1 << 40), 0); /* as much as is allowed */
    CHECK(option(one, SOL_SOCKET, SO_SNDBUF) > 60000);
    bide_udp_close(one);
}

TEST(options_of_both_versions)
{
    if (bide_udp_bind("::1", 0, &one) < 0)
        SKIP("no IPv6 here");
    bide_udp_close(one);
    CHECK_EQ(bide_udp_bind(NULL, 0, &one), 0);
    CHECK_EQ(bide_udp_set_hops(one, 9), 0);
    CHECK_EQ(option(one, IPPROTO_IP, IP_TTL), 9);
    CHECK_EQ(option(one, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
    CHECK_EQ(bide_udp_set_traffic_class(one, 0x20), 0);
    CHECK_EQ(option(one, IPPROTO_IP, IP_TOS), 0x20);
    CHECK_EQ(option(one, IPPROTO_IPV6, IPV6_TCLASS), 0x20);
    CHECK_EQ(bide_udp_set_multicast_hops(one, 5), 0);
    CHECK_EQ(option(one, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 5);
    CHECK_EQ(bide_udp_set_multicast_loop(one, false), 0);
    CHECK_EQ(option(one, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
    CHECK_EQ(bide_udp_set_multicast_interface(one, "lo"), 0);
    CHECK_EQ(option(one, IPPROTO_IPV6, IPV6_MULTICAST_IF), (int)if_nametoindex("lo"));
    CHECK_EQ(bide_udp_set_multicast_interface(one, NULL), 0);
    CHECK_EQ(option(one, IPPROTO_IPV6, IPV6_MULTICAST_IF), 0);
    CHECK_ERR(bide_udp_set_multicast_interface(one, "none0"), -ENODEV);
    bide_udp_close(one);
}

static async int broadcasts(void)
{
    open_both();
    bide_address all = parsed("255.255.255.255:9");
    CHECK_ERR(await bide_udp_send_to(one, "x", 1, &all), -EACCES);
    CHECK_EQ(bide_udp_set_broadcast(one, true), 0);
    ssize_t n = await bide_udp_send_to(one, "x", 1, &all); /* as far as there is a network */
    CHECK(n == 1 || n == -ENETUNREACH || n == -EINVAL || n == -EPERM);
    close_both();
    return 0;
}

TEST(broadcasts_need_leave)
{
    CHECK_EQ(bide_block_on(broadcasts()), 0);
}

/* ---- groups ---- */

static async int in_group(const char *everywhere, const char *group)
{
    bide_address local = parsed(everywhere), to = parsed(group);
    bide_udp_options options = {.reuse_address = true};
    if (bide_udp_open(&options, &local, &other) < 0)
        SKIP("no such addresses here");
    CHECK_EQ(bide_udp_open(NULL, &local, &one), 0);
    CHECK_EQ(bide_udp_set_multicast_interface(one, "lo"), 0);
    CHECK_EQ(bide_address_set_port(&to, (uint16_t)bide_udp_port(other)), 0);
    CHECK_ERR(bide_udp_leave(other, &to, "lo"), -EADDRNOTAVAIL);
    int r = bide_udp_join(other, &to, "lo");
    if (r == -ENODEV)
        SKIP("no multicast here");
    CHECK_EQ(r, 0);
    CHECK_ERR(bide_udp_join(other, &to, "lo"), -EADDRINUSE);
    ssize_t n = await bide_udp_send_to(one, "all", 3, &to);
    if (n == -ENETUNREACH || n == -EADDRNOTAVAIL)
        SKIP("no way for multicasts here");
    CHECK_EQ(n, 3);
    CHECK_EQ(await bide_udp_receive(other, buffer, 8, NULL), 3);

    CHECK_EQ(bide_udp_leave(other, &to, "lo"), 0);
    CHECK_EQ(await bide_udp_send_to(one, "left", 4, &to), 4);
    CHECK_ERR(bide_udp_try_receive(other, buffer, 8, NULL), -EAGAIN);
    close_both();
    return 0;
}

TEST(a_group_of_version_4)
{
    CHECK_EQ(bide_block_on(in_group("0.0.0.0:0", "239.255.7.7:1")), 0);
}

TEST(a_group_of_version_6)
{
    CHECK_EQ(bide_block_on(in_group("[::]:0", "[ff02::7:7%lo]:1")), 0);
}

TEST(what_is_no_group)
{
    bide_address address = parsed("127.0.0.1:0"), path;
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &one), 0);
    CHECK_ERR(bide_udp_join(one, &address, NULL), -EINVAL);
    address = parsed("239.1.1.1:0");
    CHECK_ERR(bide_udp_join(one, &address, "none0"), -ENODEV);
    CHECK_EQ(bide_address_of_path("/x", &path), 0);
    CHECK_ERR(bide_udp_join(one, &path, NULL), -EAFNOSUPPORT);
    bide_udp_close(one);
}
