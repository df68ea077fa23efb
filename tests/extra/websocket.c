/*
 * bide/websocket.h against the protocol: a server that echoes, in memory and virtual time, and a
 * peer that sends bytes (websocket_peer.h). Each case is sent at once, and the small ones cut at
 * every byte and byte by byte, with messages received as a whole and in parts. Compressed messages
 * go between a server and a client of ours, with every agreement, and from zlib itself.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/websocket.h>

#include <zlib.h>

#include <errno.h>

#include "full.h"
#include "websocket_cases.h"
#include "websocket_peer.h"

enum { CUT_MAX = 140, CAPACITY = 1 << 16 };

/* ---- the server ---- */

static async int echo_whole(bide_websocket *ws)
{
    bide_websocket_message m;
    int r;
    while ((r = await bide_websocket_recv(ws, &m)) > 0) {
        CHECK(m.is_first && m.is_last && m.data[m.size] == '\0');
        r = await bide_websocket_send(ws, m.kind, m.data, m.size);
        CHECK_ERR(r, 0);
    }
    return r;
}

static async int echo_parts(bide_websocket *ws)
{
    bide_websocket_message m;
    bool begins = true;
    int r;
    while ((r = await bide_websocket_recv_part(ws, &m)) > 0) {
        CHECK_EQ(m.is_first, begins);
        CHECK(m.data[m.size] == '\0' && (m.size > 0 || m.is_last));
        begins = m.is_last;
        r = await bide_websocket_send_part(ws, m.kind, m.data, m.size, m.is_last);
        CHECK_ERR(r, 0);
    }
    return r;
}

static struct server {
    bide_stream *stream;
    const bide_websocket_options *options;
    bool in_parts;
    int result;
    unsigned code;
} server;

static async void serve(void)
{
    bide_websocket *ws = NULL;
    CHECK_EQ(bide_websocket_of_stream(server.stream, BIDE_WEBSOCKET_SERVER, NULL, 0, server.options,
                                      &ws),
             0);
    if (server.in_parts)
        server.result = await echo_parts(ws);
    else
        server.result = await echo_whole(ws);
    server.code = bide_websocket_end_code(ws);
    bide_websocket_free(ws);
}

/* ---- the peer ---- */

static struct peer {
    bide_stream *stream;
    struct bytes sent, got;
    size_t pauses[600], pause_count, chop;
} peer;

static async void peer_writes(void)
{
    size_t at = 0, n = 0;
    while (at < peer.sent.size) {
        size_t to =
            peer.chop > 0 && at + peer.chop < peer.sent.size ? at + peer.chop : peer.sent.size;
        while (n < peer.pause_count && peer.pauses[n] <= at)
            n++;
        if (n < peer.pause_count && peer.pauses[n] < to)
            to = peer.pauses[n];
        size_t done = 0;
        if (await bide_stream_write_all(peer.stream, peer.sent.data + at, to - at, &done) < 0)
            return; /* the server has seen enough */
        at = to;
        await bide_sleep(BIDE_MS(1)); /* until it has read all */
    }
}

static async void peer_reads(void)
{
    unsigned char buffer[8192];
    ssize_t n;
    while ((n = await bide_stream_read(peer.stream, buffer, sizeof buffer)) > 0)
        bytes_add(&peer.got, buffer, (size_t)n);
}

static async void meet(void)
{
    CHECK_EQ(bide_stream_pair(CAPACITY, &peer.stream, &server.stream), 0);
    await bide_join(serve(), peer_writes(), peer_reads());
    bide_stream_close(peer.stream);
}

/* ---- one case ---- */

/* What the server's last call has returned then. */
static int result_of(const char *shown)
{
    size_t size = strlen(shown);
    if (server.code != BIDE_WEBSOCKET_CUT)
        return 0;
    if (size >= 6 && strcmp(shown + size - 6, "C:1002") == 0)
        return -EPROTO;
    return size >= 6 && strcmp(shown + size - 6, "C:1007") == 0 ? -EILSEQ : -ECONNABORTED;
}

static void run_once(const char *name, const char *expected, const char *how, size_t at)
{
    struct bytes shown = {0};
    peer.got.size = 0;
    bide_block_on(meet());
    show(&peer.got, false, &shown);
    char *text = (char *)shown.data;
    /* A message that was passed on in parts has begun when its end turns out to be wrong. */
    if (server.in_parts && shown.size > 4 && strcmp(text + shown.size - 4, " +0") == 0)
        text[shown.size - 4] = '\0';
    if (strcmp(text, expected) != 0 || server.result != result_of(text)) {
        fprintf(stderr, "case %s, %s %zu%s: got %.300s (%d), expected %.300s\n", name, how, at,
                server.in_parts ? ", in parts" : "", text, server.result, expected);
        check_fail(__FILE__, __LINE__, name);
    }
    bytes_free(&shown);
}

static void run_case(const struct script_case *c)
{
    size_t pauses[600], pause_count = 0;
    peer.sent.size = 0;
    script_bytes(c->sent, true, &peer.sent, pauses, &pause_count);
    for (int parts = 0; parts < 2; parts++) {
        server.in_parts = parts;
        peer.chop = c->chop;
        peer.pause_count = pause_count;
        memcpy(peer.pauses, pauses, sizeof pauses);
        run_once(c->name, c->expected, "at once", 0);
        peer.chop = 0;
        for (size_t at = 1; peer.sent.size <= CUT_MAX && at < peer.sent.size; at++) {
            peer.pauses[0] = at;
            peer.pause_count = 1;
            run_once(c->name, c->expected, "cut at", at);
        }
        if (peer.sent.size <= CUT_MAX) {
            peer.chop = 1;
            run_once(c->name, c->expected, "in pieces of", 1);
        }
    }
}

static void run_cases(const struct script_case *list, size_t count, const char *section)
{
    static const bide_websocket_options options = {.message_max = 32 << 20, .frame_max = 32 << 20};
    size_t ran = 0;
    bide_test_time_virtual();
    server.options = &options;
    for (size_t i = 0; i < count; i++) {
        if (section != NULL && strncmp(list[i].name, section, strlen(section)) != 0)
            continue;
        run_case(&list[i]);
        ran++;
    }
    CHECK(ran > 0);
    bytes_free(&peer.sent);
    bytes_free(&peer.got);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

TEST_LIMIT(framing, 30)
{
    run_cases(cases, COUNT(cases), "1.");
}

TEST_LIMIT(pings_and_pongs, 30)
{
    run_cases(cases, COUNT(cases), "2.");
}

TEST_LIMIT(reserved_bits, 30)
{
    run_cases(cases, COUNT(cases), "3.");
}

TEST_LIMIT(opcodes, 30)
{
    run_cases(cases, COUNT(cases), "4.");
}

TEST_LIMIT(fragments, 30)
{
    run_cases(cases, COUNT(cases), "5.");
}

TEST_LIMIT(text, 30)
{
    run_cases(cases, COUNT(cases), "6.");
}

TEST_LIMIT(the_end, 30)
{
    run_cases(cases, COUNT(cases), "7.");
}

TEST_LIMIT(size, 60)
{
    run_cases(cases, COUNT(cases), "9.");
    if (is_full())
        run_cases(large_cases, COUNT(large_cases), NULL);
}

TEST_LIMIT(many_fragments, 30)
{
    run_cases(cases, COUNT(cases), "10.");
}

TEST_LIMIT(what_the_suite_does_not_have, 30)
{
    run_cases(other_cases, COUNT(other_cases), NULL);
}

/* Each text is sent in a frame that announces one byte more than it has, and no more: one that is
 * bad at its last byte, or before, is refused at once. A good one, and one that is only incomplete,
 * is refused at its end. */
static bool is_incomplete(const char *name)
{
    return strncmp(name, "6.6.", 4) == 0 || strcmp(name, "6.14.6") == 0 ||
           strcmp(name, "6.14.7") == 0;
}

TEST_LIMIT(texts, 60)
{
    char script[400], whole[400];
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct text_case *t = &texts[i];
        snprintf(script, sizeof script, "t#%s C1000", t->bytes);
        snprintf(whole, sizeof whole, "t%s%s C:1000", *t->bytes != '\0' ? "#" : "", t->bytes);
        if (strcmp(t->bytes, "7f") == 0)
            snprintf(whole, sizeof whole, "t#7f C:1000");
        struct script_case c = {t->name, script, t->is_good ? whole : "C:1007", 0};
        run_cases(&c, 1, NULL);
        if (!t->is_good && !is_incomplete(t->name)) {
            snprintf(script, sizeof script, "t@100#%s", t->bytes);
            run_cases(&c, 1, NULL);
        }
    }
}

/* ---- 9.7 and 9.8: a thousand messages of a size, there and back ---- */

static bide_websocket *near, *far;

static void connect_pair(const bide_websocket_options *of_client,
                         const bide_websocket_options *of_server)
{
    bide_stream *one, *other;
    CHECK_EQ(bide_stream_pair(CAPACITY, &one, &other), 0);
    CHECK_EQ(bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, NULL, 0, of_client, &near), 0);
    CHECK_EQ(bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, NULL, 0, of_server, &far), 0);
}

static async int echoes(bool in_parts)
{
    return in_parts ? await echo_parts(far) : await echo_whole(far);
}

/* Sends the same message `count` times, in parts of `part` bytes if that is not 0. */
static async int asks(bide_websocket_kind kind, const char *data, size_t size, int count,
                      size_t part)
{
    bide_websocket_message m;
    for (int i = 0; i < count; i++) {
        size_t at = 0;
        if (part == 0)
            CHECK_ERR(await bide_websocket_send(near, kind, data, size), 0);
        while (part > 0 && at <= size) {
            bool is_last = size - at <= part;
            size_t n = is_last ? size - at : part;
            CHECK_ERR(await bide_websocket_send_part(near, kind, data + at, n, is_last), 0);
            at += is_last ? size + 1 : n;
        }
        CHECK_EQ(await bide_websocket_recv(near, &m), 1);
        CHECK(m.kind == kind && m.size == size && memcmp(m.data, data, size) == 0);
    }
    CHECK_EQ(bide_websocket_sent(near), count);
    return await bide_websocket_close(near, BIDE_WEBSOCKET_NORMAL, "done");
}

static async void talk(bide_websocket_kind kind, const char *data, size_t size, int count,
                       size_t part, bool in_parts)
{
    int asked = 1, echoed = 1;
    await bide_join(({
                        asked = await asks(kind, data, size, count, part);
                        bide_websocket_free(near);
                    }),
                    ({
                        echoed = await echoes(in_parts);
                        CHECK_EQ(bide_websocket_end_code(far), 1000);
                        CHECK_STR(bide_websocket_end_reason(far), "done");
                        bide_websocket_free(far);
                    }));
    CHECK_ERR(asked, 0);
    CHECK_ERR(echoed, 0);
}

static char *lines(size_t size)
{
    static const char text[] = "No hay banda. There is no band. Il n'est pas de orchestra. ";
    char *data = malloc(size + 1);
    CHECK(data != NULL);
    for (size_t i = 0; i < size; i++)
        data[i] = i % 97 == 96 ? (char)('0' + i % 10) : text[i % (sizeof text - 1)];
    return data;
}

TEST_LIMIT(a_thousand_there_and_back, 60)
{
    static const size_t sizes[] = {0, 16, 64, 256, 1024, 4096};
    int count = is_full() ? 1000 : 100;
    bide_test_time_virtual();
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *data = lines(sizes[i]);
        for (int kind = 1; kind < 3; kind++) {
            connect_pair(NULL, NULL);
            bide_block_on(talk((bide_websocket_kind)kind, data, sizes[i], count, 0, false));
        }
        free(data);
    }
}

/* ---- 12: compression ---- */

static const size_t compressed_sizes[] = {16,    64,    256,   1024,   4096, 8192,
                                          16384, 32768, 65536, 131072, 8192, 16384};

static void talk_compressed(const bide_websocket_deflate_options *client,
                            const bide_websocket_deflate_options *server_side, size_t i, int count)
{
    bide_websocket_options c = {.deflate = *client}, s = {.deflate = *server_side};
    char *data = lines(compressed_sizes[i]);
    c.send_max = s.send_max = i > 9 ? 256 : 0; /* 12.x.11 on: fragmented by itself */
    for (int how = 0; how < 3; how++) {
        connect_pair(&c, &s);
        CHECK(bide_websocket_is_compressed(near) && bide_websocket_is_compressed(far));
        bide_block_on(talk(how == 1 ? BIDE_WEBSOCKET_BINARY : BIDE_WEBSOCKET_TEXT, data,
                           compressed_sizes[i], count, how == 2 ? compressed_sizes[i] / 3 + 1 : 0,
                           how == 2));
    }
    free(data);
}

TEST_LIMIT(compressed, 60)
{
    const bide_websocket_deflate_options plain = {.on = true};
    bide_test_time_virtual();
    for (size_t i = 0; i < COUNT(compressed_sizes); i++)
        talk_compressed(&plain, &plain, i, is_full() ? 1000 : 5);
}

static async void sends_nothing(void)
{
    static const char *const messages[][2] = {{"some text", ""}, {"", ""}, {"", ""}, {"", "more"}};
    bide_websocket_message m;
    for (size_t i = 0; i < COUNT(messages); i++) {
        char whole[16];
        snprintf(whole, sizeof whole, "%s%s", messages[i][0], messages[i][1]);
        for (int k = 0; k < 2; k++)
            CHECK_ERR(await bide_websocket_send_part(near, BIDE_WEBSOCKET_TEXT, messages[i][k],
                                                     strlen(messages[i][k]), k == 1),
                      0);
        CHECK_EQ(await bide_websocket_recv(far, &m), 1);
        CHECK_STR(m.data, whole);
    }
}

/* RFC 7692, 7.2.3.6: without its end an empty message is a byte, not nothing. */
TEST(nothing_is_compressed_too)
{
    const bide_websocket_options o = {.deflate.on = true},
                                 alone = {.deflate = {.on = true, .send_alone = true}};
    bide_test_time_virtual();
    for (int i = 0; i < 2; i++) {
        connect_pair(i == 0 ? &o : &alone, &o);
        bide_block_on(sends_nothing());
        bide_websocket_free(near);
        bide_websocket_free(far);
    }
}

/* ---- 13: every agreement ---- */

TEST_LIMIT(agreements, 60)
{
    static const struct {
        unsigned client_bits, server_bits;
        bool client_alone, server_alone;
    } agreements[] = {{15, 15, false, false}, {15, 15, true, true}, {9, 9, false, false},
                      {15, 15, false, true},  {9, 9, true, true},   {15, 15, true, false},
                      {9, 15, false, true},   {15, 9, true, false}};
    bide_test_time_virtual();
    for (size_t i = 0; i < COUNT(agreements); i++) {
        const bide_websocket_deflate_options client = {.on = true,
                                                       .send_bits = agreements[i].client_bits,
                                                       .receive_bits = agreements[i].server_bits,
                                                       .send_alone = agreements[i].client_alone,
                                                       .receive_alone = agreements[i].server_alone,
                                                       .memory_level = 1 + (unsigned)i},
                                             server_side = {
                                                 .on = true,
                                                 .send_bits = agreements[i].server_bits,
                                                 .receive_bits = agreements[i].client_bits,
                                                 .send_alone = agreements[i].server_alone,
                                                 .receive_alone = agreements[i].client_alone,
                                                 .level = 1 + (unsigned)i};
        for (size_t k = 0; k < COUNT(compressed_sizes); k += is_full() ? 1 : 3)
            talk_compressed(&client, &server_side, k, is_full() ? 100 : 3);
    }
}

/* ---- what zlib itself makes ---- */

/* As hexadecimal digits; with `final` the last block says that it is the last (RFC 7692, 7.2.3.4).
 * */
static void compress_hex(const char *text, bool final, char *hex)
{
    unsigned char out[400];
    z_stream z = {0};
    CHECK_EQ(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = out;
    z.avail_out = sizeof out;
    (void)deflate(&z, final ? Z_FINISH : Z_SYNC_FLUSH);
    size_t size = sizeof out - z.avail_out;
    if (final)
        out[size++] = 0;
    else
        size -= 4;
    for (size_t i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", out[i]);
    deflateEnd(&z);
}

TEST_LIMIT(what_zlib_makes_is_understood, 30)
{
    static const bide_websocket_options options = {.deflate = {.on = true, .size_min = 1000}};
    char hex[800], final[800], script[4000];
    const char *expected = "t:so_it_is,_so_it_is,_so_it_is t:so_it_is,_so_it_is,_so_it_is "
                           "t:so_it_was,_so_it_was t:so_it_is,_so_it_is,_so_it_is t t:plain C:1000";
    bide_test_time_virtual();
    server.options = &options;
    compress_hex("so it is, so it is, so it is", false, hex);
    compress_hex("so it was, so it was", true, final);
    /* whole; in two frames; with a final block, and another message after that; an empty message;
     * and one that is not compressed */
    snprintf(script, sizeof script, "^4t#%s -^4t#%.6s c#%s ^4t#%s ^4t#%s ^4t#00 t:plain C1000", hex,
             hex, hex + 6, final, hex);
    peer.sent.size = 0;
    peer.pause_count = 0;
    script_bytes(script, true, &peer.sent, peer.pauses, &peer.pause_count);
    server.in_parts = false; /* its answers in parts are compressed */
    peer.pause_count = 0;
    run_once("zlib", expected, "at once", 0);
    for (size_t at = 1; at < peer.sent.size; at++) {
        peer.pauses[0] = at;
        peer.pause_count = 1;
        run_once("zlib", expected, "cut at", at);
    }
}

TEST_LIMIT(what_is_compressed_wrongly_is_refused, 30)
{
    static const bide_websocket_options options = {.deflate = {.on = true}};
    static const struct script_case wrong[] = {
        {"a block of no type", "^4b#07 C1000", "C:1002", 0},
        {"cut within a block", "^4b#4a C1000", "C:1002", 0},
        {"a stored block whose length is wrong", "^4b#0001000000 C1000", "C:1002", 0},
        {"a distance behind the beginning", "^4b#4b0402ff C1000", "C:1002", 0},
        {"the bit in a continuation", "-^4t#ca ^4c#00 C1000", "C:1002", 0},
        {"the bit in a ping", "^4P#00 C1000", "C:1002", 0},
        {"text that is none", "^4t#fa0700 C1000", "C:1007", 0},
    };
    bide_test_time_virtual();
    server.options = &options;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        peer.sent.size = 0;
        peer.pause_count = 0;
        script_bytes(wrong[i].sent, true, &peer.sent, peer.pauses, &peer.pause_count);
        for (int parts = 0; parts < 2; parts++) {
            server.in_parts = parts;
            for (size_t at = 0; at < peer.sent.size; at++) {
                peer.pauses[0] = at;
                peer.pause_count = at > 0;
                run_once(wrong[i].name, wrong[i].expected, "cut at", at);
            }
        }
    }
}
