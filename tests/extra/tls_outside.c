/*
 * Every async function of bide/tls.h: outside any runtime, on another runtime than that of the
 * stream below, and at home. A context belongs to no runtime, and a TLS stream goes by the one
 * below it.
 */
#include "outside.h"

#include "tls_peers.h"

static bide_stream *near, *far;

/* ---- handshakes ---- */

static async int open_streams(void)
{
    await peers_tcp(&near, &far);
    return 0;
}

static void prepare_streams(void)
{
    CHECK_EQ(bide_block_on(open_streams()), 0);
}

static void clean_streams(void)
{
    bide_stream_close(peers.client != NULL ? peers.client : near);
    bide_stream_close(peers.server != NULL ? peers.server : far);
    peers.client = peers.server = NULL;
}

static async int connects(void)
{
    return await bide_tls_connect(peers.of_client, near, "localhost", &peers.client);
}

static async int connects_with(void)
{
    bide_tls_stream_options options = {.host = "localhost"};
    return await bide_tls_connect_with(peers.of_client, near, &options, &peers.client);
}

static async int accepts(void)
{
    return await bide_tls_accept(peers.of_server, far, &peers.server);
}

static async int accepts_with(void)
{
    return await bide_tls_accept_with(peers.of_server, far, NULL, &peers.server);
}

/* Both sides of a handshake, which return the same. */
static async int meet(void)
{
    int client = 1, server = 2;
    await bide_join(client = connects(), server = accepts());
    CHECK_EQ(client, server);
    return client;
}

static async int meet_with(void)
{
    int client = 1, server = 2;
    await bide_join(client = connects_with(), server = accepts_with());
    CHECK_EQ(client, server);
    return client;
}

/* ---- connections ---- */

static void prepare_peers(void)
{
    prepare_streams();
    CHECK_EQ(bide_block_on(meet()), 0);
}

static async int reads(void)
{
    char byte;
    return (int)await bide_stream_read(peers.client, &byte, 1);
}

static async int writes(void)
{
    return (int)await bide_stream_write(peers.client, "text", 4);
}

static async int flushes(void)
{
    ssize_t n = await bide_stream_write(peers.client, "text", 4);
    return n < 0 ? (int)n : await bide_tls_flush(peers.client);
}

static async int shuts_down(void)
{
    return await bide_tls_shutdown(peers.client);
}

/* The end of the other side is there. */
static async int says_the_end(void)
{
    return await bide_tls_shutdown(peers.server);
}

static void prepare_end(void)
{
    prepare_peers();
    CHECK_EQ(bide_block_on(says_the_end()), 0);
}

/* ---- the rows ---- */

static const struct row handshakes[] = {
    {"bide_tls_connect", CALL_OF(meet), -ENXIO, -EXDEV, 0},
    {"bide_tls_connect_with", CALL_OF(meet_with), -ENXIO, -EXDEV, 0},
    {"bide_tls_accept", CALL_OF(accepts), -ENXIO, -EXDEV, ROW_SKIP},
    {"bide_tls_accept_with", CALL_OF(accepts_with), -ENXIO, -EXDEV, ROW_SKIP},
};
static const struct row calls[] = {
    {"bide_tls_flush", CALL_OF(flushes), -ENXIO, -EXDEV, 0},
    {"bide_tls_shutdown", CALL_OF(shuts_down), -ENXIO, -EXDEV, 0},
    {"bide_stream_write", CALL_OF(writes), -ENXIO, -EXDEV, 4},
};

TEST_LIMIT(tls_outside_elsewhere_and_at_home, 60)
{
    const struct row read = {"bide_stream_read", CALL_OF(reads), -ENXIO, -EXDEV, 0};
    peers_begin();
    check_rows(handshakes, 4, prepare_streams, clean_streams);
    check_rows(calls, 3, prepare_peers, clean_streams);
    check_rows(&read, 1, prepare_end, clean_streams);
    peers_end();
}

/* What is in memory belongs to no runtime, nor does TLS over that. */

static void prepare_pair(void)
{
    CHECK_EQ(bide_stream_pair(300, &near, &far), 0);
}

static async int meets_and_talks(void)
{
    char text[4];
    int r = await meet();
    if (r < 0)
        return r;
    CHECK_EQ(await bide_stream_write(peers.client, "text", 4), 4);
    CHECK_EQ(await bide_stream_read_exactly(peers.server, text, 4, NULL), 0);
    return memcmp(text, "text", 4);
}

TEST_LIMIT(over_memory_it_needs_no_runtime, 60)
{
    const struct row row = {"bide_tls_connect", CALL_OF(meets_and_talks), 0, 0, 0};
    peers_begin();
    check_rows(&row, 1, prepare_pair, clean_streams);
    peers_end();
}

TEST(every_async_function_of_tls_has_a_row)
{
    struct row rows[7];
    memcpy(rows, handshakes, sizeof handshakes);
    memcpy(rows + 4, calls, sizeof calls);
    CHECK_EQ(check_covers("tls", rows, 7), 6);
}
