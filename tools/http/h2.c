/*
 * fuzz: sources extra/http/message extra/http/exchange extra/http/h2 extra/json
 * fuzz: libraries bide-http-server
 * fuzz: flags -Lbuild/lib -l:libbide-metrics.a -l:libbide.a -luring -lnghttp2 -ljansson -lm
 *
 * A connection of HTTP/2. The first byte of an input tells how the rest is used:
 *
 *   0   frames, as they are
 *   1   blocks of HPACK: a byte of length, and so many bytes, each the HEADERS of a new stream
 *   2   frames by parts: type, flags, stream, length, and the payload; so the heads are right
 *
 * It follows a client's preface, and then the client reads to the end. The connection must end,
 * with all its handlers, and leave no memory behind; the sanitizers see the rest. Time is virtual.
 */
#include "extra/http/h2/h2.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { ROOM = 64 * 1024 };

static unsigned char wire[ROOM];
static size_t wire_size;
static unsigned begun, ended;

static void put(const void *data, size_t size)
{
    size = size < ROOM - wire_size ? size : ROOM - wire_size;
    if (size > 0)
        memcpy(wire + wire_size, data, size);
    wire_size += size;
}

static void put_frame(unsigned type, unsigned flags, unsigned id, const unsigned char *data,
                      size_t size)
{
    unsigned char head[9] = {0,
                             (unsigned char)(size >> 8),
                             (unsigned char)size,
                             (unsigned char)type,
                             (unsigned char)flags,
                             0,
                             0,
                             0,
                             (unsigned char)id};
    put(head, sizeof head);
    put(data, size);
}

static void put_blocks(const unsigned char *data, size_t size)
{
    for (unsigned id = 1; size > 0 && id < 255; id += 2) {
        size_t n = data[0] < size - 1 ? data[0] : size - 1;
        put_frame(1, 5, id, data + 1, n);
        data += n + 1;
        size -= n + 1;
    }
}

static void put_parts(const unsigned char *data, size_t size)
{
    while (size > 4) {
        size_t n = data[3] < size - 4 ? data[3] : size - 4;
        put_frame(data[0] % 12, data[1], data[2] % 16, data + 4, n);
        data += n + 4;
        size -= n + 4;
    }
}

/* Reads the body, and sends it back in pieces. */
static async int echo(bide_http_exchange *x)
{
    char buffer[100];
    ssize_t n = 1;
    begun++;
    defer {
        ended++;
    }
    int rc = await bide_http_send_begin(x, 200);
    while (rc == 0 && (n = await bide_http_body_read(x, buffer, sizeof buffer)) > 0)
        rc = await bide_http_send_data(x, buffer, (size_t)n);
    return rc < 0 ? rc : (int)n;
}

static void be_silent(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text, (void)argument;
}

static async int serve(bide_stream *stream)
{
    struct bide__http_settings settings;
    struct bide__http_home home = {.settings = &settings};
    struct bide__http_connection c = {
        .settings = &settings, .home = &home, .stream = stream, .transport = stream};
    int rc = bide__http_settings_fill(&settings, bide_ref(echo),
                                      &(bide_http_server_options){.complain = be_silent});
    if (rc == 0)
        rc = await bide__h2_serve(&c);
    bide_stream_close(stream);
    return rc;
}

static async void speak(bide_stream *stream)
{
    char buffer[1000];
    await bide_join((void)bide_stream_write_all(stream, wire, wire_size, NULL), ({
                        while (await bide_stream_read(stream, buffer, sizeof buffer) > 0)
                            ;
                    }));
}

static async int meet(bide_stream *near, bide_stream *far)
{
    int rc = 0;
    await bide_join(({
                        (void)await bide_timeout(BIDE_S(5), speak(near));
                        bide_stream_close(near);
                    }),
                    rc = serve(far));
    return rc;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    bide_stream *near, *far;
    if (size == 0)
        return 0;
    bide_test_time_virtual();
    wire_size = 0;
    begun = ended = 0;
    put(BIDE__H2_PREFACE, BIDE__H2_PREFACE_SIZE);
    put_frame(4, 0, 0, NULL, 0); /* SETTINGS */
    if (data[0] % 3 == 0)
        put(data + 1, size - 1);
    else if (data[0] % 3 == 1)
        put_blocks(data + 1, size - 1);
    else
        put_parts(data + 1, size - 1);
    if (bide_stream_pair(4000, &near, &far) < 0)
        return 0;
    int rc = bide_block_on(meet(near, far));
    if (rc != 0 || begun != ended) {
        fprintf(stderr, "h2: %d, %u handlers began, %u ended\n", rc, begun, ended);
        abort();
    }
    return 0;
}
