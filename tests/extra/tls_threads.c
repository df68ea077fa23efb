/*
 * bide/tls.h on two workers: many connections of one context at once, each read and written by two
 * tasks on either side; closed while others wait; contexts made and dropped meanwhile.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>
#include <bide/tls.h>

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tls_peers.h"

enum { CONNECTIONS = 8, BYTES = 60000 };

static int on_workers(const char *what, bide_async_fn(int, void) run)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 2, .name = what};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    int r = bide_block_on((*run)());
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    return r;
}

static async int says(bide_stream *to)
{
    char data[4000];
    memset(data, 'x', sizeof data);
    int r = 0;
    for (int i = 0; r == 0 && i < BYTES / 4000; i++) {
        r = await bide_stream_write_all(to, data, sizeof data, NULL);
        CHECK_QUEUE();
    }
    return r == 0 ? await bide_tls_shutdown(to) : r;
}

static async int hears(bide_stream *from)
{
    char data[3000];
    int total = 0;
    ssize_t n;
    while ((n = await bide_stream_read(from, data, sizeof data)) > 0) {
        CHECK_QUEUE();
        for (ssize_t i = 0; i < n; i++)
            CHECK(data[i] == 'x');
        total += (int)n;
    }
    return n < 0 ? (int)n : total;
}

static async int side(bool is_server, bide_stream *stream)
{
    bide_stream *tls;
    int r, error = 0;
    if (is_server)
        r = await bide_tls_accept(peers.of_server, stream, &tls);
    else
        r = await bide_tls_connect(peers.of_client, stream, "localhost", &tls);
    CHECK_ERR(r, 0);
    defer {
        bide_stream_close(tls);
    }
    bide_task(int) writer = bide_spawn(says(tls));
    r = await hears(tls);
    CHECK_EQ(r, BYTES);
    CHECK_EQ(await bide_task_join(writer, &error), 0);
    CHECK_EQ(error, 0);
    return 0;
}

static async int many(bool tcp)
{
    int error = 0;
    bide_try_scope(s, error) {
        for (int i = 0; i < CONNECTIONS; i++) {
            bide_stream *near, *far;
            if (tcp)
                await peers_tcp(&near, &far);
            else
                CHECK_EQ(bide_stream_pair(900, &near, &far), 0);
            bide_scope_spawn(s, side(false, near));
            bide_scope_spawn(s, side(true, far));
        }
    }
    return error;
}

static async int many_both(void)
{
    for (int i = 0; i < 2; i++)
        CHECK_EQ(await many(i == 0), 0);
    return 0;
}

TEST_LIMIT(many_connections, 30)
{
    peers_begin();
    CHECK_EQ(on_workers("many", bide_ref(many_both)), 0);
    peers_end();
}

static async int reads_until_it_ends(bide_stream *from)
{
    char data[100];
    ssize_t n;
    while ((n = await bide_stream_read(from, data, sizeof data)) > 0) {}
    return (int)n;
}

/* One read that waits when the stream is closed. */
static async int reads_once(bide_stream *from)
{
    char data[100];
    return (int)await bide_stream_read(from, data, sizeof data);
}

static async int closes(void)
{
    for (int i = 0; i < 30; i++) {
        bide_stream *near, *far;
        if (i % 2)
            await peers_tcp(&near, &far);
        else
            CHECK_EQ(bide_stream_pair(900, &near, &far), 0);
        await peers_meet(near, far);
        bide_task(int) waits = bide_spawn(reads_once(peers.client));
        bide_task(int) other = bide_spawn(reads_until_it_ends(peers.server));
        await bide_sleep(BIDE_MS(1)); /* the read has begun */
        bide_stream_close(peers.client);
        int r;
        CHECK_EQ(await bide_task_join(waits, &r), 0);
        CHECK_ERR(r, -EBADF);
        CHECK_EQ(await bide_task_join(other, &r), 0);
        CHECK(r == 0 || r == -ECONNRESET);
        bide_stream_close(peers.server);
        peers.client = peers.server = NULL;
    }
    return 0;
}

TEST_LIMIT(a_close_meets_a_read, 30)
{
    peers_begin();
    CHECK_EQ(on_workers("closes", bide_ref(closes)), 0);
    peers_end();
}

/* ---- over pipes ---- */

static ssize_t read_little(int fd, void *buffer, size_t size)
{
    ssize_t n = read(fd, buffer, size < 16 ? size : 16);
    return n < 0 ? -errno : n;
}

static async int writes_records(bide_stream *to)
{
    static const char data[16000];
    int r;
    while ((r = await bide_stream_write_all(to, data, sizeof data, NULL)) == 0) {}
    return r;
}

/* One read, of a record that comes in many pieces: it begins to read the pipe again and again. */
static _Atomic bool begun;

static async int reads_record(bide_stream *from)
{
    char data[100];
    atomic_store(&begun, true);
    return (int)await bide_stream_read(from, data, sizeof data);
}

static async int closes_pipes(void)
{
    for (int i = 0; i < 12; i++) {
        bide_stream *near, *far, *in[2], *out[2];
        int r;
        CHECK_EQ(bide_pipe_new(&in[0], &in[1]), 0);
        CHECK_EQ(bide_pipe_new(&out[0], &out[1]), 0);
        CHECK_EQ(bide_stream_join(in[0], out[1], &near), 0);
        CHECK_EQ(bide_stream_join(out[0], in[1], &far), 0);
        await peers_meet(near, far);
        bide_task(int) writer = bide_spawn(writes_records(peers.server));
        bide_task(int) reader = bide_spawn(reads_record(peers.client));
        while (!atomic_exchange(&begun, false))
            await bide_yield();
        bide_instant until = bide_instant_add(bide_now(), BIDE_US(50 * i));
        while (bide_instant_sub(until, bide_now()).ns > 0) {}
        bide_stream_close(peers.client);
        CHECK_EQ(await bide_task_join(reader, &r), 0);
        CHECK(r == -EBADF || r == 100);
        CHECK_EQ(await bide_task_join(writer, &r), 0);
        CHECK_ERR(r, -EPIPE);
        bide_stream_close(peers.server);
        peers.client = peers.server = NULL;
    }
    return 0;
}

TEST_LIMIT(a_close_meets_a_read_of_a_pipe, 60)
{
    peers_begin();
    CHECK(bide_test_replace("read", (void (*)(void))read_little) != NULL);
    CHECK_EQ(on_workers("pipes", bide_ref(closes_pipes)), 0);
    peers_end();
}
