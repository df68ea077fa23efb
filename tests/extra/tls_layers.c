/*
 * bide/tls.h over streams that are no sockets: TLS in TLS, pipes that are joined, and a stream made
 * of another. And a call on another runtime, which must change nothing.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/tls.h>

#include <string.h>

#include "tls_peers.h"

/* TLS over the streams that peers has. */
static async void one_more_layer(void)
{
    bide_stream *near = peers.client, *far = peers.server;
    peers.client = peers.server = NULL;
    await peers_meet(near, far);
}

static async int reads_once(bide_stream *from, char *data, size_t size)
{
    return (int)await bide_stream_read(from, data, size);
}

/* What a write that was cut off has left, in whatever layer, goes out with a flush: the reader has
 * waited for it since before. */
static async int flushes_all_layers(void)
{
    static char data[3000], got[3000];
    size_t taken = 0, count = 0;
    await peers_meet_in_memory(700);
    await one_more_layer();
    while (taken < sizeof data) {
        ssize_t n = 0;
        (void)await bide_timeout(
            BIDE_NS(0), n = bide_stream_write(peers.client, data + taken, sizeof data - taken));
        CHECK(n >= 0);
        taken += (size_t)n;
        if (n > 0 || count == taken)
            continue;
        int r = await reads_once(peers.server, got, 1);
        CHECK_EQ(r, 1);
        count++;
    }
    bide_task(int) flush = bide_spawn(bide_tls_flush(peers.client));
    int read = -1, flushed = -1;
    CHECK_EQ(await bide_timeout(BIDE_S(20), read = bide_stream_read_exactly(peers.server, got,
                                                                            sizeof data, &count)),
             0);
    CHECK_EQ(read, 0);
    CHECK_EQ(await bide_task_join(flush, &flushed), 0);
    CHECK_EQ(flushed, 0);
    peers_part();
    return 0;
}

TEST_LIMIT(a_flush_is_one_of_all_layers, 30)
{
    peers_begin();
    CHECK_EQ(bide_block_on(flushes_all_layers()), 0);
    peers_end();
}

/* ---- the end ---- */

static async int closes(void)
{
    char data[10];
    bide_stream_close(peers.client);
    peers.client = NULL;
    CHECK_ERR((int)await bide_stream_read(peers.server, data, sizeof data), 0);
    peers_part();
    return 0;
}

static async int closes_each_kind(void)
{
    bide_stream *near, *far, *limited, *in[2], *out[2];

    await peers_meet_in_memory(10000);
    await one_more_layer();
    CHECK_EQ(await closes(), 0);

    CHECK_EQ(bide_pipe_new(&in[0], &in[1]), 0);
    CHECK_EQ(bide_pipe_new(&out[0], &out[1]), 0);
    CHECK_EQ(bide_stream_join(in[0], out[1], &near), 0);
    CHECK_EQ(bide_stream_join(out[0], in[1], &far), 0);
    await peers_meet(near, far);
    CHECK_EQ(await closes(), 0);

    CHECK_EQ(bide_stream_pair(10000, &near, &far), 0);
    CHECK_EQ(bide_stream_limit(near, UINT64_MAX, &limited), 0);
    await peers_meet(limited, far);
    CHECK_EQ(await closes(), 0);
    bide_stream_close(near);
    return 0;
}

TEST(a_close_tells_the_peer_over_streams_of_each_kind)
{
    peers_begin();
    CHECK_EQ(bide_block_on(closes_each_kind()), 0);
    peers_end();
}

/* ---- a close while calls wait ---- */

static async int fills(bide_stream *to)
{
    static const char data[60000];
    ssize_t n;
    while ((n = await bide_stream_write(to, data, sizeof data)) > 0) {}
    return (int)n;
}

/* The peer does nothing, so both wait; and end at once. */
static async int closes_with_calls(void)
{
    static char data[10];
    int read = 1, written = 1, joined = 1;
    bide_task(int) reader = bide_spawn(reads_once(peers.client, data, sizeof data));
    bide_task(int) writer = bide_spawn(fills(peers.client));
    await bide_sleep(BIDE_MS(5));
    bide_stream_close(peers.client);
    peers.client = NULL;
    CHECK_EQ(await bide_timeout(BIDE_S(5), joined = bide_task_join(reader, &read)), 0);
    CHECK_ERR(read, -EBADF);
    CHECK_EQ(await bide_timeout(BIDE_S(5), joined = bide_task_join(writer, &written)), 0);
    CHECK_ERR(written, -EBADF);
    CHECK_EQ(joined, 0);
    peers_part();
    return 0;
}

static async int closes_each_kind_with_calls(void)
{
    bide_stream *near, *far, *limited, *in[2], *out[2];

    await peers_meet_in_memory(10000);
    CHECK_EQ(await closes_with_calls(), 0);

    await peers_meet_in_memory(10000);
    await one_more_layer();
    CHECK_EQ(await closes_with_calls(), 0);

    await peers_tcp(&near, &far);
    await peers_meet(near, far);
    await one_more_layer();
    CHECK_EQ(await closes_with_calls(), 0);

    CHECK_EQ(bide_pipe_new(&in[0], &in[1]), 0);
    CHECK_EQ(bide_pipe_new(&out[0], &out[1]), 0);
    CHECK_EQ(bide_stream_join(in[0], out[1], &near), 0);
    CHECK_EQ(bide_stream_join(out[0], in[1], &far), 0);
    await peers_meet(near, far);
    await one_more_layer();
    CHECK_EQ(await closes_with_calls(), 0);

    CHECK_EQ(bide_stream_pair(10000, &near, &far), 0);
    CHECK_EQ(bide_stream_limit(near, UINT64_MAX, &limited), 0);
    await peers_meet(limited, far);
    CHECK_EQ(await closes_with_calls(), 0);
    bide_stream_close(near);
    return 0;
}

TEST(a_close_ends_calls_over_streams_of_each_kind)
{
    peers_begin();
    CHECK_EQ(bide_block_on(closes_each_kind_with_calls()), 0);
    peers_end();
}

/* ---- another runtime ---- */

static async int meets_on_tcp(bool twice)
{
    bide_stream *near, *far;
    await peers_tcp(&near, &far);
    await peers_meet(near, far);
    if (twice)
        await one_more_layer();
    return 0;
}

static async int writes(void)
{
    return (int)await bide_stream_write(peers.client, "hello", 5);
}

static async int flushes(void)
{
    return await bide_tls_flush(peers.client);
}

static async int shuts_down(void)
{
    return await bide_tls_shutdown(peers.client);
}

static async int reads(void)
{
    char data[5];
    int n = (int)await bide_stream_read(peers.server, data, sizeof data);
    CHECK(n != 5 || memcmp(data, "hello", 5) == 0);
    return n;
}

static void another_runtime(bool twice)
{
    bide_runtime *home, *other;
    CHECK_EQ(bide_runtime_new(NULL, &home), 0);
    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    bide_runtime_enter(home);
    CHECK_EQ(bide_block_on(meets_on_tcp(twice)), 0);
    bide_runtime_enter(other);
    CHECK_ERR(bide_block_on(writes()), -EXDEV);
    CHECK_ERR(bide_block_on(flushes()), -EXDEV);
    CHECK_ERR(bide_block_on(shuts_down()), -EXDEV);
    CHECK_ERR(bide_block_on(reads()), -EXDEV);
    bide_runtime_enter(home);
    CHECK_ERR(bide_block_on(writes()), 5);
    CHECK_ERR(bide_block_on(reads()), 5);
    CHECK_ERR(bide_block_on(shuts_down()), 0);
    CHECK_ERR(bide_block_on(reads()), 0);
    peers_part();
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(home, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(home), 0);
    CHECK_EQ(bide_runtime_free(other), 0);
}

TEST(a_call_on_another_runtime_changes_nothing)
{
    peers_begin();
    for (int twice = 0; twice < 2; twice++)
        another_runtime(twice);
    peers_end();
}
