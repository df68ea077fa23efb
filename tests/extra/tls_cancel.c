/*
 * bide/tls.h, cancelled at each suspension and at each wake: no byte is lost, doubled or torn, and
 * nothing is left in the error queue of the thread.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/tls.h>

#include <string.h>

#include "cancel.h"
#include "tls_peers.h"

enum { TOTAL = 700, CAPACITY = 60 };

static unsigned char sent[TOTAL], heard[TOTAL + 1];
static size_t sent_count, heard_count;

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static void before(void *state)
{
    (void)state;
    sent_count = heard_count = 0;
    for (size_t i = 0; i < TOTAL; i++)
        sent[i] = (unsigned char)(i * 7 + i / 256);
    memset(heard, 0, sizeof heard);
    bide_block_on(peers_meet_in_memory(CAPACITY));
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_QUEUE();
    CHECK_EQ(sent_count, TOTAL);
    CHECK_EQ(heard_count, TOTAL);
    CHECK(memcmp(sent, heard, TOTAL) == 0);
    peers_part();
    CHECK_QUEUE();
}

static void run(const struct bide_fn *scenario, unsigned least)
{
    bide_test_time_virtual();
    peers_begin();
    CHECK(cancel_everywhere(scenario, NULL, before, after) >= cancel_least(least));
    peers_end();
}

/* In pieces that are smaller and larger than what the pair holds. */
static async int writes_on(bide_stream *to)
{
    while (sent_count < TOTAL) {
        size_t size = sent_count % 3 == 0 ? 100 : 13;
        if (size > TOTAL - sent_count)
            size = TOTAL - sent_count;
        ssize_t n = await bide_stream_write(to, sent + sent_count, size);
        CHECK_QUEUE();
        if (n < 0)
            return (int)n;
        sent_count += (size_t)n;
    }
    return await bide_tls_shutdown(to);
}

static async int reads_on(bide_stream *from)
{
    for (;;) {
        ssize_t n = await bide_stream_read(from, heard + heard_count, heard_count % 2 ? 33 : 5);
        CHECK_QUEUE();
        if (n <= 0)
            return (int)n;
        heard_count += (size_t)n;
        CHECK(heard_count <= TOTAL);
    }
}

SCENARIO(reads)
{
    (void)state;
    bide_task(int) writer = bide_spawn(writes_on(peers.server));
    defer {
        CHECK_EQ(await reads_on(peers.client), 0);
        CHECK_EQ(await bide_task_wait(writer), 0);
    }
    return await reads_on(peers.client);
}

TEST_LIMIT(a_read, 30)
{
    run(&bide__desc_reads, 5);
}

/* What a write that was cancelled has taken, it has returned, and so it is counted. */
SCENARIO(writes)
{
    (void)state;
    bide_task(int) reader = bide_spawn(reads_on(peers.server));
    defer {
        CHECK_EQ(await writes_on(peers.client), 0);
        CHECK_EQ(await bide_task_wait(reader), 0);
    }
    return await writes_on(peers.client);
}

TEST_LIMIT(a_write, 30)
{
    run(&bide__desc_writes, 5);
}

SCENARIO(writes_all)
{
    (void)state;
    bide_task(int) reader = bide_spawn(reads_on(peers.server));
    defer {
        CHECK_EQ(await bide_stream_write_all(peers.client, sent, TOTAL, &sent_count), 0);
        CHECK_EQ(sent_count, TOTAL);
        CHECK_EQ(await bide_tls_shutdown(peers.client), 0);
        CHECK_EQ(await bide_task_wait(reader), 0);
    }
    return await bide_stream_write_all(peers.client, sent, TOTAL, &sent_count);
}

TEST_LIMIT(a_write_of_all, 30)
{
    run(&bide__desc_writes_all, 3);
}

/* The rest of a write that was cancelled is sent by a read. */
static async int answers(void)
{
    CHECK_EQ(await bide_stream_read_exactly(peers.server, heard, TOTAL, &heard_count), 0);
    return await bide_stream_write_all(peers.server, "thanks", 6, NULL);
}

SCENARIO(asks)
{
    char text[10];
    (void)state;
    bide_task(int) server = bide_spawn(answers());
    defer {
        while (sent_count < TOTAL) {
            ssize_t n =
                await bide_stream_write(peers.client, sent + sent_count, TOTAL - sent_count);
            CHECK(n > 0);
            sent_count += (size_t)n;
        }
        CHECK_EQ(await bide_stream_read_exactly(peers.client, text, 6, NULL), 0);
        CHECK_EQ(await bide_task_wait(server), 0);
    }
    ssize_t n = await bide_stream_write(peers.client, sent, TOTAL);
    CHECK_EQ(n, TOTAL);
    sent_count = TOTAL;
    await bide_yield(); /* cancelled here at the latest */
    return 0;
}

TEST_LIMIT(a_read_sends_what_a_write_has_left, 30)
{
    run(&bide__desc_asks, 3);
}

/* The rest is sent by a flush, and so is the end. */
SCENARIO(flushes)
{
    (void)state;
    bide_task(int) reader = bide_spawn(reads_on(peers.server));
    defer {
        while (sent_count < TOTAL) {
            ssize_t n =
                await bide_stream_write(peers.client, sent + sent_count, TOTAL - sent_count);
            CHECK(n > 0);
            sent_count += (size_t)n;
        }
        CHECK_EQ(await bide_tls_flush(peers.client), 0);
        CHECK_EQ(await bide_tls_shutdown(peers.client), 0);
        CHECK_EQ(await bide_task_wait(reader), 0);
    }
    sent_count = (size_t)await bide_stream_write(peers.client, sent, TOTAL);
    CHECK_EQ(await bide_tls_flush(peers.client), 0);
    return await bide_tls_shutdown(peers.client);
}

TEST_LIMIT(a_flush_and_a_shutdown, 30)
{
    run(&bide__desc_flushes, 3);
}

/* Both directions, of which one is cancelled; a read that also sends meets a write that waits. */
SCENARIO(both)
{
    (void)state;
    bide_task(int) peer_reads = bide_spawn(reads_on(peers.server));
    defer {
        CHECK_EQ(await writes_on(peers.client), 0);
        CHECK_EQ(await bide_task_wait(peer_reads), 0);
    }
    char text[1];
    int r = 0;
    await bide_select((void)bide_stream_read(peers.client, text, 1), r = writes_on(peers.client));
    return r;
}

TEST_LIMIT(a_select_of_both, 30)
{
    run(&bide__desc_both, 3);
}

/* ---- handshakes ---- */

static bide_stream *near, *far;

static void before_meeting(void *state)
{
    (void)state;
    CHECK_EQ(bide_stream_pair(300, &near, &far), 0);
}

static void after_meeting(void *state, const struct cancel_run *cancelled)
{
    (void)state, (void)cancelled;
    CHECK_QUEUE();
    CHECK(peers.client == NULL && peers.server == NULL);
}

static async int accepts(void)
{
    int r = await bide_tls_accept(peers.of_server, far, &peers.server);
    CHECK_QUEUE();
    bide_stream_close(r == 0 ? peers.server : far);
    peers.server = NULL;
    return r;
}

static async int connects(void)
{
    int r = await bide_tls_connect(peers.of_client, near, "localhost", &peers.client);
    CHECK_QUEUE();
    bide_stream_close(r == 0 ? peers.client : near);
    peers.client = NULL;
    return r;
}

SCENARIO(a_client_connects)
{
    (void)state;
    bide_stream *mine = near;
    bide_task(int) server = bide_spawn(accepts());
    bool done = false;
    defer {
        if (!done) {
            CHECK(peers.client == NULL);
            bide_stream_close(mine); /* it stays the caller's */
        }
        CHECK_EQ(await bide_task_wait(server), 0);
    }
    int r = await bide_tls_connect(peers.of_client, near, "localhost", &peers.client);
    done = true;
    CHECK_ERR(r, 0);
    bide_stream_close(peers.client);
    peers.client = NULL;
    return r;
}

SCENARIO(a_server_accepts)
{
    (void)state;
    bide_stream *mine = far;
    bide_task(int) client = bide_spawn(connects());
    bool done = false;
    defer {
        if (!done) {
            CHECK(peers.server == NULL);
            bide_stream_close(mine);
        }
        CHECK_EQ(await bide_task_wait(client), 0);
    }
    int r = await bide_tls_accept(peers.of_server, far, &peers.server);
    done = true;
    CHECK_ERR(r, 0);
    bide_stream_close(peers.server);
    peers.server = NULL;
    return r;
}

TEST_LIMIT(a_handshake, 30)
{
    bide_test_time_virtual();
    peers_begin();
    CHECK(cancel_everywhere(&bide__desc_a_client_connects, NULL, before_meeting, after_meeting) >=
          cancel_least(4));
    CHECK(cancel_everywhere(&bide__desc_a_server_accepts, NULL, before_meeting, after_meeting) >=
          cancel_least(4));
    peers_end();
}

static async int in_time(void)
{
    bide_stream *tls;
    int r = 0;
    CHECK_EQ(bide_stream_pair(300, &near, &far), 0);
    CHECK_ERR(await bide_timeout(BIDE_S(5),
                                 r = bide_tls_connect(peers.of_client, near, "localhost", &tls)),
              -ETIMEDOUT);
    CHECK(tls == NULL);
    CHECK_QUEUE();
    bide_stream_close(near);
    bide_stream_close(far);
    return 0;
}

TEST(a_handshake_has_a_timeout)
{
    bide_test_time_virtual();
    peers_begin();
    CHECK_EQ(bide_block_on(in_time()), 0);
    peers_end();
}

/* ---- no memory for the frames ---- */

static async int is_heard(void)
{
    bide_task(int) reader = bide_spawn(reads_on(peers.server));
    bide_stream_close(peers.client);
    peers.client = NULL;
    return await bide_task_wait(reader);
}

static void before_starving(void *state)
{
    (void)state;
    before(NULL);
    peers_part();
    bide_block_on(peers_meet_in_memory(3000));
}

/* What was counted as written arrives, and at most what a write was at when it failed. */
static void after_starving(void *state, const struct cancel_run *starved)
{
    (void)state, (void)starved;
    CHECK_QUEUE();
    CHECK_EQ(bide_block_on(is_heard()), 0);
    CHECK(heard_count >= sent_count);
    CHECK(memcmp(sent, heard, heard_count) == 0);
    peers_part();
}

SCENARIO(starves)
{
    (void)state;
    return await writes_on(peers.client);
}

TEST_LIMIT(no_memory_for_a_write, 30)
{
    if (check_has_workers())
        SKIP("where it waits is not sure on several workers");
    bide_test_time_virtual();
    peers_begin();
    CHECK(starve_everywhere(&bide__desc_starves, NULL, before_starving, after_starving) > 0);
    peers_end();
}
