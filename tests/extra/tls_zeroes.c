/*
 * bide/tls.h: options that are filled with zeroes byte by byte, and none at all.
 */
#include "check.h"

#include <bide/tls.h>

#include <string.h>

#include "tls_peers.h"

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
