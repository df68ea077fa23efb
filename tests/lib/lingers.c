/*
 * TCP connections that are not what they seem: one with a linger time, whose close would wait for
 * its peer, and one that the kernel decrypts, which gives one record to a read.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static bide_tcp_listener *listener;
static bide_stream *near, *far;

static async int connect_with(const bide_tcp_options *ours, const bide_tcp_options *theirs)
{
    CHECK_EQ(bide_tcp_listen_with("127.0.0.1", 0, theirs, &listener), 0);
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    CHECK_EQ(await bide_try_join(bide_tcp_connect_with("127.0.0.1", port, ours, &near),
                                 bide_tcp_accept(listener, &far)),
             0);
    return 0;
}

/* ---- a linger time ---- */

static atomic_size_t sent;

static async int writes_until_cancelled(bide_stream *to)
{
    static char zeroes[4 << 20];
    size_t done = 0;
    defer {
        atomic_store(&sent, done);
    }
    return await bide_stream_write_all(to, zeroes, sizeof zeroes, &done);
}

/* Writes what its peer does not read: the kernel has something to send for ever. */
static async void fill(bide_stream *to)
{
    bide_task(int) writer = bide_spawn(writes_until_cancelled(to));
    for (int i = 0; i < 3; i++)
        await bide_sleep(BIDE_MS(1));
    bide_task_abort(writer);
    CHECK_ERR(await bide_task_wait(writer), -ECANCELED);
    CHECK(atomic_load(&sent) > 0);
}

static async size_t drain(bide_stream *from)
{
    static char any[65536];
    size_t sum = 0;
    ssize_t n;
    while ((n = await bide_stream_read(from, any, sizeof any)) > 0)
        sum += (size_t)n;
    CHECK_EQ(n, 0);
    return sum;
}

enum how { OF_CONNECT, OF_LISTENER, SET, BY_NUMBER };

static async int reads_one(bide_stream *from)
{
    char c;
    return (int)await bide_stream_read(from, &c, 1);
}

/* The peer reads only after the close; until then nobody may wait for it. A read is under way, with
 * which the system has the connection too. */
static async int lingers(enum how how)
{
    const bide_tcp_options small = {.send_buffer_bytes = 262144, .receive_buffer_bytes = 4096},
                           linger = {.send_buffer_bytes = 262144,
                                     .receive_buffer_bytes = 4096,
                                     .linger = BIDE_S(20)};
    await connect_with(how == OF_CONNECT ? &linger : &small, how == OF_LISTENER ? &linger : &small);
    bide_stream *ours = how == OF_LISTENER ? far : near, *theirs = how == OF_LISTENER ? near : far;
    if (how == SET)
        CHECK_EQ(bide_tcp_set_linger(ours, BIDE_S(20)), 0);
    if (how == BY_NUMBER) {
        struct linger time = {1, 20};
        CHECK_EQ(setsockopt(bide_stream_fd(ours), SOL_SOCKET, SO_LINGER, &time, sizeof time), 0);
    }
    bide_task(int) reader = bide_spawn(reads_one(ours));
    await fill(ours);
    bide_instant start = bide_now();
    bide_stream_close(ours);
    int r = 0;
    CHECK_EQ(await bide_task_join(reader, &r), 0);
    CHECK_ERR(r, -EBADF);
    for (int i = 0; i < 3; i++)
        await bide_sleep(BIDE_MS(1));
    CHECK(bide_elapsed(start).ns < BIDE_S(5).ns);
    CHECK_EQ(await drain(theirs), atomic_load(&sent));
    bide_stream_close(theirs);
    bide_tcp_listener_close(listener);
    CHECK(bide_elapsed(start).ns < BIDE_S(10).ns);
    return 0;
}

TEST_LIMIT(a_connection_that_lingers_blocks_nobody, 60)
{
    CHECK_EQ(bide_block_on(lingers(OF_CONNECT)), 0);
}

TEST_LIMIT(a_connection_that_was_accepted_and_lingers_blocks_nobody, 60)
{
    CHECK_EQ(bide_block_on(lingers(OF_LISTENER)), 0);
}

TEST_LIMIT(a_linger_time_that_is_set_later_blocks_nobody, 60)
{
    CHECK_EQ(bide_block_on(lingers(SET)), 0);
}

TEST_LIMIT(a_linger_time_that_is_set_past_bide_blocks_nobody, 60)
{
    CHECK_EQ(bide_block_on(lingers(BY_NUMBER)), 0);
}

TEST_LIMIT(without_memory_for_the_close_it_does_not_linger, 60)
{
    bide_test_watch();
    bide_test_fail("thread_create", 1, -EAGAIN, 0);
    CHECK_EQ(bide_block_on(lingers(SET)), 0);
    bide_test_reset();
}

/* What nobody asked to linger is not asked about it. */
static async int closes_as_ever(void)
{
    await connect_with(NULL, NULL);
    bide_test_watch();
    bide_stream_close(near);
    bide_stream_close(far);
    CHECK_EQ(bide_test_calls("getsockopt"), 0);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_close_without_a_linger_time_asks_for_none)
{
    CHECK_EQ(bide_block_on(closes_as_ever()), 0);
}

/* ---- records ---- */

static async int reads_short(bool shows)
{
    char text[16];
    ssize_t n = 0;
    await connect_with(NULL, NULL);
    if (shows)
        CHECK(bide_stream_fd(far) >= 0);
    CHECK_EQ(await bide_stream_write(near, "a", 1), 1);
    CHECK_EQ(await bide_stream_read(far, text, sizeof text), 1);
    bide_test_watch();
    /* From a connection of bytes nothing is left. */
    CHECK_ERR(await bide_timeout(BIDE_MS(1), n = bide_stream_read(far, text, sizeof text)),
              -ETIMEDOUT);
    bool receives = bide_runtime_io(bide_runtime_current()) == BIDE_IO_URING;
    CHECK_EQ(bide_test_calls("recv"), shows && !receives);
    bide_stream_close(near);
    bide_stream_close(far);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_short_read_leaves_nothing)
{
    CHECK_EQ(bide_block_on(reads_short(false)), 0);
}

/* It may have become one of records (the test below, where the kernel has them). */
TEST(a_short_read_may_leave_something_once_the_number_is_known)
{
    CHECK_EQ(bide_block_on(reads_short(true)), 0);
}

static int decrypt(int fd, int direction)
{
    struct tls12_crypto_info_aes_gcm_128 keys = {
        .info = {.version = TLS_1_2_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128}};
    if (direction == TLS_TX && setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") < 0)
        return -errno;
    if (direction == TLS_RX && setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") < 0)
        return -errno;
    return setsockopt(fd, 282 /* SOL_TLS */, direction, &keys, sizeof keys) < 0 ? -errno : 0;
}

static int no_tls;

static async int reads_records(void)
{
    enum { RECORDS = 5 };
    char text[16];
    await connect_with(NULL, NULL);
    no_tls = decrypt(bide_stream_fd(near), TLS_TX);
    if (no_tls == 0)
        no_tls = decrypt(bide_stream_fd(far), TLS_RX);
    for (char c = 0; c < RECORDS && no_tls == 0; c++)
        CHECK_EQ(await bide_stream_write(near, (char[]){c, c, c}, 3), 3);
    for (char c = 0; c < RECORDS && no_tls == 0; c++) {
        ssize_t n = 0;
        CHECK_EQ(await bide_timeout(BIDE_S(5), n = bide_stream_read(far, text, sizeof text)), 0);
        CHECK_EQ(n, 3);
        CHECK_EQ(text[0], c);
    }
    bide_stream_close(near);
    bide_stream_close(far);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST_LIMIT(a_short_read_of_records_leaves_none_behind, 30)
{
    CHECK_EQ(bide_block_on(reads_records()), 0);
    if (no_tls != 0)
        check_skip("this kernel does not decrypt (TCP_ULP)");
}
