/*
 * bide/tls.h when something breaks: a relay between the two sides cuts, damages or resets the
 * connection at each byte of the handshake and of what follows, calls transfer one byte at a time,
 * and each allocation fails.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/tls.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "counted.h"
#include "full.h"
#include "tls_peers.h"

/* ---- a relay ---- */

enum fault { NOTHING, CUT, FLIP };
enum direction { TO_SERVER, TO_CLIENT };

static struct {
    enum fault fault;
    enum direction direction;
    size_t at;        /* at this byte of the direction */
    size_t passed[2]; /* bytes, by direction */
    bool is_cut;
} relay;

/* True: the relay ends. */
static bool disturb(enum direction direction, unsigned char *data, ssize_t *n)
{
    size_t from = relay.passed[direction], size = (size_t)*n;
    bool hit = relay.fault != NOTHING && relay.direction == direction && relay.at >= from &&
               relay.at < from + size;
    if (hit && relay.fault == FLIP)
        data[relay.at - from] ^= 0x41;
    if (hit && relay.fault == CUT)
        *n = (ssize_t)(relay.at - from);
    relay.passed[direction] += (size_t)*n;
    return hit && relay.fault == CUT;
}

static async int passes_on(bide_stream *from, bide_stream *to, enum direction direction)
{
    unsigned char data[1000];
    ssize_t n;
    while (!relay.is_cut && (n = await bide_stream_read(from, data, sizeof data)) > 0) {
        bool ends = disturb(direction, data, &n);
        if (n > 0 && await bide_stream_write_all(to, data, (size_t)n, NULL) < 0)
            break;
        relay.is_cut |= ends;
    }
    (void)bide_stream_shutdown(to);
    if (relay.is_cut) {
        (void)bide_stream_shutdown_read(to);
        (void)bide_stream_shutdown(from);
        (void)bide_stream_shutdown_read(from);
    }
    return 0;
}

/* ---- the conversation ---- */

static const char question[] = "how are you, and what do you do?", answer[] = "I relay.";

/* 1: all has come, and a clean end; 0: something failed. */
static async int client_side(bide_stream *stream)
{
    char text[100];
    size_t done = 0;
    bide_stream *tls = NULL;
    defer {
        bide_stream_close(tls != NULL ? tls : stream);
    }
    int r = await bide_tls_connect(peers.of_client, stream, "localhost", &tls);
    CHECK_QUEUE();
    if (r < 0)
        return 0;
    r = await bide_stream_write_all(tls, question, sizeof question, NULL);
    if (r == 0)
        r = await bide_tls_shutdown(tls);
    ssize_t n = 0;
    while (r == 0 && (n = await bide_stream_read(tls, text + done, sizeof text - done)) > 0)
        done += (size_t)n;
    CHECK_QUEUE();
    CHECK(memcmp(text, answer, done < sizeof answer ? done : sizeof answer) == 0);
    if (r == 0 && n == 0) /* a clean end comes after everything */
        CHECK_EQ(done, sizeof answer);
    return r == 0 && n == 0;
}

static async int server_side(bide_stream *stream)
{
    char text[100];
    size_t done = 0;
    bide_stream *tls = NULL;
    defer {
        bide_stream_close(tls != NULL ? tls : stream);
    }
    int r = await bide_tls_accept(peers.of_server, stream, &tls);
    CHECK_QUEUE();
    if (r < 0)
        return 0;
    ssize_t n;
    while ((n = await bide_stream_read(tls, text + done, sizeof text - done)) > 0)
        done += (size_t)n;
    CHECK_QUEUE();
    CHECK(memcmp(text, question, done < sizeof question ? done : sizeof question) == 0);
    if (n < 0)
        return 0;
    CHECK_EQ(done, sizeof question);
    r = await bide_stream_write_all(tls, answer, sizeof answer, NULL);
    return r == 0 && await bide_tls_shutdown(tls) == 0;
}

static async int converse(int *client, int *server)
{
    bide_stream *a, *b, *c, *d;
    CHECK_EQ(bide_stream_pair(2000, &a, &b), 0);
    CHECK_EQ(bide_stream_pair(2000, &c, &d), 0);
    /* A damaged length makes one side wait for what never comes. */
    int r = await bide_timeout(
        BIDE_S(60), ({
            await bide_join(*client = client_side(a), *server = server_side(d),
                            (void)passes_on(b, c, TO_SERVER), (void)passes_on(c, b, TO_CLIENT));
        }));
    bide_stream_close(b);
    bide_stream_close(c);
    return r;
}

static void each_byte(enum fault fault)
{
    size_t total[2], step = is_full() ? 1 : 19;
    int client = 0, server = 0, unnoticed = 0;
    memset(&relay, 0, sizeof relay);
    CHECK_EQ(bide_block_on(converse(&client, &server)), 0);
    CHECK(client == 1 && server == 1);
    total[0] = relay.passed[0];
    total[1] = relay.passed[1];
    CHECK(total[0] > 300 && total[1] > 600);
    for (int direction = 0; direction < 2; direction++)
        for (size_t at = 0; at < total[direction]; at += at < 12 ? 1 : step) {
            memset(&relay, 0, sizeof relay);
            relay.fault = fault;
            relay.direction = (enum direction)direction;
            relay.at = at;
            /* Signatures have not always the same length. */
            client = server = 0;
            (void)bide_block_on(converse(&client, &server));
            /* The end, which comes last, has not come. */
            if (relay.is_cut)
                CHECK_EQ(direction == TO_SERVER ? server : client, 0);
            unnoticed += fault == FLIP && client == 1 && server == 1;
            CHECK_QUEUE();
        }
    /* Only the version in a record before the handshake says anything is nobody's concern. */
    CHECK(unnoticed <= 8);
}

static void full_handshakes(void)
{
    bide_tls_context_drop(peers.of_client);
    peers.of_client = peers_client((bide_tls_options){.no_resumption = true});
}

TEST_LIMIT(it_is_cut_off_at_each_byte, 60)
{
    bide_test_time_virtual();
    peers_begin();
    full_handshakes();
    each_byte(CUT);
    peers_end();
}

TEST_LIMIT(each_byte_is_damaged, 60)
{
    bide_test_time_virtual();
    peers_begin();
    full_handshakes();
    each_byte(FLIP);
    peers_end();
}

TEST_LIMIT(resumed_ones_too, 60)
{
    bide_test_time_virtual();
    peers_begin();
    int client, server;
    memset(&relay, 0, sizeof relay);
    CHECK_EQ(bide_block_on(converse(&client, &server)), 0);
    for (size_t at = 0; at < 700; at += is_full() ? 1 : 61) {
        memset(&relay, 0, sizeof relay);
        relay.fault = at % 2 ? FLIP : CUT;
        relay.at = at;
        (void)bide_block_on(converse(&client, &server));
        CHECK_QUEUE();
    }
    peers_end();
}

/* ---- what a broken record is called ---- */

static async int damaged(void)
{
    char text[100];
    bide_stream *a, *b, *c, *d;
    CHECK_EQ(bide_stream_pair(2000, &a, &b), 0);
    CHECK_EQ(bide_stream_pair(2000, &c, &d), 0);
    bide_task(int) there = bide_spawn(passes_on(b, c, TO_SERVER));
    bide_task(int) back = bide_spawn(passes_on(c, b, TO_CLIENT));
    await peers_meet(a, d);
    /* The last byte of the first record of data is of its tag. */
    relay.fault = FLIP;
    relay.direction = TO_SERVER;
    relay.at = relay.passed[TO_SERVER] + 25;
    CHECK_EQ(await bide_stream_write(peers.client, "words", 5), 5);
    CHECK_ERR(await bide_stream_read(peers.server, text, 100), -EBADMSG);
    CHECK(strstr(bide_tls_error(peers.server), "bad record mac") != NULL);
    CHECK_ERR(await bide_stream_read(peers.server, text, 100), -EBADMSG); /* it stays so */
    CHECK_ERR(await bide_stream_write(peers.server, "x", 1), -EBADMSG);
    /* The other side is told. */
    CHECK_ERR(await bide_stream_read(peers.client, text, 100), -EBADMSG);
    CHECK(strstr(bide_tls_error(peers.client), "alert") != NULL);
    CHECK_QUEUE();
    peers_part();
    CHECK_EQ(await bide_task_wait(there), 0);
    CHECK_EQ(await bide_task_wait(back), 0);
    bide_stream_close(b);
    bide_stream_close(c);
    return 0;
}

TEST(a_damaged_record_is_an_error_of_both)
{
    peers_begin();
    CHECK_EQ(bide_block_on(damaged()), 0);
    peers_end();
}

static async int no_tls(const char *said, int error)
{
    bide_stream *near, *far, *tls;
    CHECK_EQ(bide_stream_pair(2000, &near, &far), 0);
    CHECK_EQ(await bide_stream_write_all(far, said, strlen(said), NULL), 0);
    CHECK_EQ(bide_stream_shutdown(far), 0);
    CHECK_ERR(await bide_tls_connect(peers.of_client, near, "localhost", &tls), error);
    CHECK_QUEUE();
    bide_stream_close(near);
    CHECK_EQ(bide_stream_pair(2000, &near, &tls), 0);
    CHECK_EQ(await bide_stream_write_all(tls, said, strlen(said), NULL), 0);
    CHECK_EQ(bide_stream_shutdown(tls), 0);
    bide_stream *ours;
    CHECK_ERR(await bide_tls_accept(peers.of_server, near, &ours), error);
    CHECK_QUEUE();
    bide_stream_close(near);
    bide_stream_close(tls);
    bide_stream_close(far);
    return 0;
}

TEST(a_peer_that_does_not_speak_tls)
{
    peers_begin();
    CHECK_EQ(bide_block_on(no_tls("HTTP/1.1 400 Bad Request\r\n\r\n", -EPROTO)), 0);
    CHECK_EQ(bide_block_on(no_tls("GET / HTTP/1.1\r\n\r\n", -EPROTO)), 0);
    CHECK_EQ(bide_block_on(no_tls("", -ECONNABORTED)), 0);
    CHECK_EQ(bide_block_on(no_tls("\x16\x03", -ECONNABORTED)), 0);
    peers_end();
}

/* ---- over sockets ---- */

static async int fails_to_connect(bide_stream *stream)
{
    bide_stream *tls;
    int r = await bide_tls_connect(peers.of_client, stream, "localhost", &tls);
    CHECK_QUEUE();
    CHECK(tls == NULL);
    bide_stream_close(stream);
    return r;
}

/* Resets the connection after so many bytes. */
static async int resets_after(size_t bytes)
{
    bide_stream *near, *far;
    char data[3000];
    await peers_tcp(&near, &far);
    bide_stream *a, *b;
    await peers_tcp(&a, &b);
    bide_task(int) server = bide_spawn(server_side(b));
    int r = 0;
    bide_task(int) client = bide_spawn(fails_to_connect(near));
    /* far is the client's peer, a that of the server: what the client says is passed on. */
    size_t passed = 0;
    while (passed < bytes) {
        ssize_t n = 0;
        if (await bide_timeout(BIDE_MS(20), n = bide_stream_read(far, data, bytes - passed)) < 0)
            break;
        if (n <= 0)
            break;
        passed += (size_t)n;
        CHECK_EQ(await bide_stream_write_all(a, data, (size_t)n, NULL), 0);
    }
    struct linger linger = {1, 0};
    CHECK_EQ(setsockopt(bide_stream_fd(far), SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    CHECK_EQ(setsockopt(bide_stream_fd(a), SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    bide_stream_close(far);
    bide_stream_close(a);
    CHECK_EQ(await bide_task_join(client, &r), 0);
    CHECK(r == -ECONNRESET || r == -EPIPE || r == -ECONNABORTED);
    CHECK_EQ(await bide_task_join(server, &r), 0);
    CHECK_EQ(r, 0);
    return 0;
}

TEST(a_peer_that_resets)
{
    peers_begin();
    for (size_t bytes = 0; bytes < 300; bytes += is_full() ? 1 : 43)
        CHECK_EQ(bide_block_on(resets_after(bytes)), 0);
    peers_end();
}

static ssize_t recv_one(int fd, void *buffer, size_t size, int flags)
{
    ssize_t n = recv(fd, buffer, size > 0 ? 1 : 0, flags);
    return n < 0 ? -errno : n;
}

static ssize_t send_one(int fd, const void *data, size_t size, int flags)
{
    ssize_t n = send(fd, data, size > 3 ? 3 : size, flags);
    return n < 0 ? -errno : n;
}

static async int over_tcp(void)
{
    bide_stream *near, *far;
    int client = 0, server = 0;
    await peers_tcp(&near, &far);
    await bide_join(client = client_side(near), server = server_side(far));
    CHECK(client == 1 && server == 1);
    return 0;
}

TEST_LIMIT(calls_that_transfer_little, 30)
{
    CHECK(bide_test_replace("recv", (void (*)(void))recv_one) != NULL);
    CHECK(bide_test_replace("send", (void (*)(void))send_one) != NULL);
    peers_begin();
    CHECK_EQ(bide_block_on(over_tcp()), 0);
    peers_end();
    bide_test_reset();
}

static async int sends_fail(unsigned nth)
{
    bide_stream *near, *far;
    int r;
    await peers_tcp(&near, &far);
    CHECK_EQ(bide_test_fail("send", nth, -ENOBUFS, 1), 0);
    bide_task(int) server = bide_spawn(server_side(far));
    (void)await client_side(near);
    CHECK_EQ(await bide_task_join(server, &r), 0);
    CHECK_QUEUE();
    bide_test_reset();
    return 0;
}

TEST(a_send_that_fails)
{
    peers_begin();
    for (unsigned nth = 1; nth < 8; nth++)
        CHECK_EQ(bide_block_on(sends_fail(nth)), 0);
    peers_end();
}

/* ---- a ticket that comes in part ---- */

/* A server by hand, which sends what it has when it is told to, and not more of it. */
struct by_hand {
    SSL *ssl;
    BIO *in, *out;
    bide_stream *stream;
};

static int add_much(SSL *ssl, void *argument)
{
    static const char much[1500];
    (void)argument;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), much, sizeof much);
}

static SSL_TICKET_RETURN take_any(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                  size_t size, SSL_TICKET_STATUS status, void *argument)
{
    (void)ssl, (void)session, (void)name, (void)size, (void)status, (void)argument;
    return SSL_TICKET_RETURN_IGNORE_RENEW;
}

static async void receives(struct by_hand *s)
{
    char data[4096];
    ssize_t n = await bide_stream_read(s->stream, data, sizeof data);
    CHECK(n > 0 && BIO_write(s->in, data, (int)n) == n);
}

/* At most so many bytes. */
static async int sends(struct by_hand *s, int most)
{
    char data[4096];
    int n = BIO_read(s->out, data, most < (int)sizeof data ? most : (int)sizeof data);
    if (n > 0)
        CHECK_EQ(await bide_stream_write_all(s->stream, data, (size_t)n, NULL), 0);
    return n;
}

static async int shakes(struct by_hand *s)
{
    while (SSL_do_handshake(s->ssl) != 1) {
        while (await sends(s, 4096) > 0) {}
        await receives(s);
    }
    return 0;
}

/* The client's end is said when the whole ticket has come: by whoever takes it, or by the shutdown
 * itself, which waits for it. */
static async int shuts_in_a_ticket(struct by_hand *s, bool waits)
{
    bide_stream *near;
    char data[10];
    int r = 0, shaken = 1;
    ssize_t n = 0;
    CHECK_EQ(bide_stream_pair(10000, &near, &s->stream), 0);
    await bide_join(r = peers__connect(peers.of_client, near, "localhost"), shaken = shakes(s));
    CHECK(r == 0 && shaken == 0);
    CHECK(BIO_pending(s->out) > 1500);
    CHECK_EQ(await sends(s, 600), 600);
    CHECK_ERR(await bide_timeout(BIDE_MS(20), n = bide_stream_read(peers.client, data, 1)),
              -ETIMEDOUT);
    if (waits) {
        CHECK_ERR(await bide_timeout(BIDE_MS(20), r = bide_tls_shutdown(peers.client)), -ETIMEDOUT);
        bide_task(int) task = bide_spawn(bide_tls_shutdown(peers.client));
        await bide_sleep(BIDE_MS(1));
        while (await sends(s, 100) > 0) {}
        CHECK_EQ(await bide_task_join(task, &r), 0);
        CHECK_ERR(r, 0);
    } else {
        CHECK_ERR(bide_stream_shutdown(peers.client), 0);
        CHECK_ERR((int)await bide_stream_write(peers.client, "x", 1), -EPIPE);
        CHECK_EQ(SSL_write(s->ssl, "hello", 5), 5);
        while (await sends(s, 100) > 0) {}
        n = await bide_stream_read(peers.client, data, sizeof data);
        CHECK_EQ(n, 5);
    }
    await receives(s);
    CHECK_EQ(SSL_read(s->ssl, data, sizeof data), 0);
    CHECK_EQ(SSL_get_shutdown(s->ssl), SSL_RECEIVED_SHUTDOWN);
    return 0;
}

static void with_a_ticket(bool waits)
{
    SSL_CTX *context = bide_tls_context_ssl(peers.of_server);
    struct by_hand s = {SSL_new(context), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()), NULL};
    CHECK(s.ssl != NULL && s.in != NULL && s.out != NULL);
    SSL_set_bio(s.ssl, s.in, s.out);
    SSL_set_accept_state(s.ssl);
    CHECK_EQ(bide_block_on(shuts_in_a_ticket(&s, waits)), 0);
    bide_stream_close(peers.client);
    bide_stream_close(s.stream);
    peers.client = NULL;
    SSL_free(s.ssl);
}

TEST(an_end_is_said_after_a_ticket_that_has_come_in_part)
{
    peers_begin();
    SSL_CTX *context = bide_tls_context_ssl(peers.of_server);
    CHECK(SSL_CTX_set_max_send_fragment(context, 512));
    CHECK(SSL_CTX_set_session_ticket_cb(context, add_much, take_any, NULL));
    with_a_ticket(false);
    with_a_ticket(true);
    peers_end();
}
