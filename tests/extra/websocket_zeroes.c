/*
 * Options of zeroes, and none, are the defaults of a WebSocket.
 */
#include <bide/bide.h>
#include <bide/websocket.h>

#include "check.h"

static bide_websocket *made(bide_stream *stream, bide_websocket_role role,
                            const bide_websocket_options *options)
{
    bide_websocket *ws;
    CHECK_EQ(bide_websocket_of_stream(stream, role, NULL, 0, options, &ws), 0);
    return ws;
}

static async int talk(bide_websocket *client, bide_websocket *server)
{
    bide_websocket_message m;
    int rc = -1;
    CHECK_EQ(await bide_websocket_send_text(client, "hello"), 0);
    CHECK_EQ(await bide_websocket_recv(server, &m), 1);
    CHECK_STR(m.data, "hello");
    CHECK_EQ(m.kind, BIDE_WEBSOCKET_TEXT);
    CHECK(!bide_websocket_is_compressed(client) && !bide_websocket_is_compressed(server));
    await bide_join(rc = bide_websocket_close(client, BIDE_WEBSOCKET_NORMAL, ""),
                    (void)bide_websocket_recv(server, &m));
    return rc;
}

static void talk_with(const bide_websocket_options *options)
{
    bide_stream *one, *other;
    CHECK_EQ(bide_stream_pair(4096, &one, &other), 0);
    bide_websocket *client = made(one, BIDE_WEBSOCKET_CLIENT, options);
    bide_websocket *server = made(other, BIDE_WEBSOCKET_SERVER, options);
    CHECK_EQ(bide_block_on(talk(client, server)), 0);
    bide_websocket_free(client);
    bide_websocket_free(server);
}

TEST(options_of_zeroes)
{
    bide_websocket_deflate_options no_compression = {0};
    bide_websocket_options options = {0};
    talk_with(&options);
    options.deflate = no_compression;
    talk_with(&options);
    talk_with(NULL);
}
