/*
 * bide/tls.h: options that are filled with zeroes byte by byte, and each of its async functions
 * outside any runtime, on another runtime, and at home. A pair in memory belongs to no runtime, and
 * so do TLS streams over it; over TCP they belong to that of the sockets.
 */
#include "outside.h"

#include <bide/testing.h>
#include <bide/tls.h>

#include <string.h>

#include "tls_peers.h"

/* ---- zeroes ---- */

static async int zeroes(void)
{
    bide_tls_options options;
    bide_tls_stream_options stream_options;
    bide_tls_context *client;
    bide_stream *near, *far, *tls;

    memset(&options, 0, sizeof options);
    memset(&stream_options, 0, sizeof stream_options);
    CHECK_EQ(bide_tls_client_new(&options, &client), 0); /* which trusts the system's authorities */
    CHECK_EQ(bide_stream_pair(5000, &near, &far), 0);
    /* It verifies, so it needs a host. */
    CHECK_ERR(await bide_tls_connect_with(client, near, &stream_options, &tls), -EINVAL);
    CHECK_ERR(await bide_tls_connect_with(client, near, NULL, &tls), -EINVAL);
    bide_tls_context_drop(client);
    options.verify = BIDE_TLS_VERIFY_NONE;
    CHECK_EQ(bide_tls_client_new(&options, &client), 0);
    int r = 1;
    await bide_join(
        r = bide_tls_connect_with(client, near, &stream_options, &tls), ({
            bide_stream *server;
            CHECK_EQ(await bide_tls_accept_with(peers.of_server, far, &stream_options, &server), 0);
            bide_stream_close(server);
        }));
    CHECK_EQ(r, 0);
    bide_stream_close(tls);
    bide_tls_context_drop(client);
    return 0;
}

TEST(options_of_zeroes)
{
    peers_begin();
    CHECK_EQ(bide_block_on(zeroes()), 0);
    peers_end();
}

TEST(no_options)
{
    bide_tls_context *client, *server;
    CHECK_EQ(bide_tls_client_new(NULL, &client), 0);
    bide_tls_context_drop(client);
    CHECK_ERR(bide_tls_server_new(NULL, &server), -EINVAL);
    CHECK(server == NULL);
}

/* ---- places ---- */

static bide_stream *near, *far;

static void prepare(void)
{
    bide_block_on(peers_tcp(&near, &far));
}

static void clean(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
    near = far = NULL;
}

/* A peer that does not speak TLS. */
static async int connects(void)
{
    bide_stream *tls;
    CHECK_EQ(bide_stream_shutdown(far), 0);
    return await bide_tls_connect(peers.of_client, near, "localhost", &tls);
}

static async int connects_with(void)
{
    bide_stream *tls;
    const bide_tls_stream_options options = {.host = "localhost"};
    CHECK_EQ(bide_stream_shutdown(far), 0);
    return await bide_tls_connect_with(peers.of_client, near, &options, &tls);
}

static async int accepts(void)
{
    bide_stream *tls;
    CHECK_EQ(bide_stream_shutdown(near), 0);
    return await bide_tls_accept(peers.of_server, far, &tls);
}

static async int accepts_with(void)
{
    bide_stream *tls;
    CHECK_EQ(bide_stream_shutdown(near), 0);
    return await bide_tls_accept_with(peers.of_server, far, NULL, &tls);
}

static void prepare_both(void)
{
    prepare();
    bide_block_on(peers_meet(near, far));
}

static void clean_both(void)
{
    peers_part();
    near = far = NULL;
}

static async int flushes(void)
{
    return await bide_tls_flush(peers.client);
}

static async int shuts_down(void)
{
    return await bide_tls_shutdown(peers.client);
}

TEST(outside_elsewhere_and_at_home)
{
    const struct row rows[] = {
        {"bide_tls_connect", CALL_OF(connects), -ENXIO, -EXDEV, -ECONNABORTED},
        {"bide_tls_connect_with", CALL_OF(connects_with), -ENXIO, -EXDEV, -ECONNABORTED},
        {"bide_tls_accept", CALL_OF(accepts), -ENXIO, -EXDEV, -ECONNABORTED},
        {"bide_tls_accept_with", CALL_OF(accepts_with), -ENXIO, -EXDEV, -ECONNABORTED},
    };
    /* With nothing to send there is nothing to wait for. */
    const struct row senders[] = {{"bide_tls_flush", CALL_OF(flushes), 0, 0, 0},
                                  {"bide_tls_shutdown", CALL_OF(shuts_down), 0, -EXDEV, 0}};
    peers_begin();
    check_rows(rows, 4, prepare, clean);
    check_rows(senders, 2, prepare_both, clean_both);
    peers_end();
    struct row all[6];
    memcpy(all, rows, sizeof rows);
    memcpy(all + 4, senders, sizeof senders);
    CHECK_EQ(check_covers("tls", all, 6), 6);
}
