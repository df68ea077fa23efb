/*
 * No byte is lost: every operation of bide/buffer.h, and those on several pieces of bide/io.h, is
 * cancelled again and again, after a random number of turns of the loop, while a peer sends or
 * receives at random too. What the receiver gets is what the sender has counted, byte for byte, on
 * pairs in memory, Unix sockets, pipes and TCP. FULL: with many more seeds.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "full.h"

enum { BYTES = 24 << 10, LINE_MOST = 900, WIDTHS = 8 };
enum conduit { PAIR, UNIX, PIPE, TCP, CONDUITS };

static unsigned seed;

static unsigned below(unsigned n)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % n;
}

/* ---- what is sent, and what has come ---- */

static char sent[BYTES], got[2 * BYTES];
static size_t sent_size, got_size;
static unsigned tries, cancels;

static void add(const void *data, size_t size)
{
    CHECK(got_size + size <= sizeof got);
    memcpy(got + got_size, data, size);
    got_size += size;
}

static void check_all(size_t expected)
{
    CHECK_EQ(got_size, expected);
    CHECK(memcmp(got, sent, expected) == 0);
}

enum format { RAW, LINES, DELIMITED, LENGTHS };
static const char delimiter[] = "abab#";

static size_t put_message(enum format format, char *to, unsigned number, size_t size)
{
    char *p = to;
    if (format == LENGTHS) {
        bide_store(size, 3, BIDE_ORDER_LITTLE, p);
        p += 3;
    }
    for (size_t i = 0; i < size; i++)
        *p++ = format == DELIMITED ? "ab"[(number + i * i) % 2] : (char)('0' + (number + i) % 70);
    if (format == LINES)
        *p++ = '\n';
    if (format == DELIMITED) {
        memcpy(p, delimiter, 5);
        p += 5;
    }
    return (size_t)(p - to);
}

static void prepare(enum format format)
{
    sent_size = got_size = 0;
    tries = cancels = 0;
    for (unsigned number = 0; sent_size + LINE_MOST + 8 < BYTES; number++)
        sent_size += put_message(format, sent + sent_size, number,
                                 below(20) == 0 ? below(LINE_MOST) : below(60));
}

/* ---- the conduit ---- */

static bide_stream *from, *to;

static async void open_tcp(void)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &to), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &from), 0);
    bide_tcp_listener_close(listener);
}

static async void open_conduit(enum conduit conduit)
{
    switch (conduit) {
    case PAIR: CHECK_EQ(bide_stream_pair(100, &from, &to), 0); break;
    case UNIX: CHECK_EQ(bide_unix_pair(&from, &to), 0); break;
    case PIPE: CHECK_EQ(bide_pipe_new(&from, &to), 0); break;
    default: await open_tcp();
    }
}

static async void some_turns(unsigned n)
{
    while (n-- > 0)
        await bide_yield();
}

/* True: the call was cancelled, or at least had not ended before the turns were over. */
#define CANCELLED(call) (tries++, await bide_select_biased(call, some_turns(below(4))) == 1)

/* ---- the peers ---- */

static async void send_all(void)
{
    for (size_t at = 0; at < sent_size;) {
        size_t size = 1 + below(below(8) == 0 ? 3000 : 40);
        if (size > sent_size - at)
            size = sent_size - at;
        CHECK_EQ(await bide_stream_write_all(to, sent + at, size, NULL), 0);
        at += size;
        await some_turns(below(3));
    }
    bide_stream_close(to);
}

static async void receive_all(void)
{
    static char part[4096];
    ssize_t n;
    while ((n = await bide_stream_read(from, part, 1 + below(sizeof part))) > 0) {
        add(part, (size_t)n);
        await some_turns(below(3));
    }
    CHECK_EQ(n, 0);
    bide_stream_close(from);
}

/* ---- operations that receive: each takes something, or is cancelled; false at the end ---- */

static bide_reader *reader;

static async bool take_readv(void)
{
    static char a[7], b[1], c[300];
    struct iovec pieces[] = {{NULL, 0}, {a, sizeof a}, {b, sizeof b}, {c, sizeof c}};
    ssize_t n = -1;
    if (CANCELLED(n = bide_stream_readv(from, pieces, 4)))
        cancels++;
    size_t rest = n > 0 ? (size_t)n : 0;
    for (int i = 1; i < 4 && rest > 0; i++) {
        size_t part = rest < pieces[i].iov_len ? rest : pieces[i].iov_len;
        add(pieces[i].iov_base, part);
        rest -= part;
    }
    CHECK_EQ(rest, 0);
    return n != 0;
}

static async bool take_exactly_from_stream(void)
{
    static char buffer[500];
    size_t size = 1 + below(sizeof buffer), done = 0;
    int r = -1;
    while (r == -1)
        if (CANCELLED(r = bide_stream_read_exactly(from, buffer, size, &done)))
            cancels++;
    add(buffer, done);
    CHECK_EQ(r, done == size ? 0 : -ENODATA);
    return r == 0;
}

static async bool take_read(void)
{
    static char buffer[2000];
    ssize_t n = -1;
    if (CANCELLED(n = bide_reader_read(reader, buffer, 1 + below(sizeof buffer))))
        cancels++;
    if (n > 0)
        add(buffer, (size_t)n);
    return n != 0;
}

static async bool take_line(void)
{
    char *line = NULL;
    size_t size = 0;
    int r = -1;
    if (CANCELLED(r = bide_reader_line(reader, &line, &size)))
        cancels++;
    if (r == 1) {
        add(line, size);
        add("\n", 1);
    }
    CHECK(r >= -1);
    return r != 0;
}

static async bool take_until(void)
{
    char *data = NULL;
    size_t size = 0;
    int r = -1;
    if (CANCELLED(r = bide_reader_until(reader, delimiter, 5, &data, &size)))
        cancels++;
    if (r == 1) {
        add(data, size);
        add(delimiter, 5);
    }
    CHECK(r >= -1);
    return r != 0;
}

static async bool take_frame(void)
{
    static const bide_codec codec = BIDE_CODEC_LENGTH(3, BIDE_ORDER_LITTLE, LINE_MOST);
    char *data = NULL, head[3];
    size_t size = 0;
    int r = -1;
    if (CANCELLED(r = bide_reader_frame(reader, &codec, &data, &size)))
        cancels++;
    if (r == 1) {
        bide_store(size, 3, BIDE_ORDER_LITTLE, head);
        add(head, 3);
        add(data, size);
    }
    CHECK(r >= -1);
    return r != 0;
}

static async bool take_exactly(void)
{
    static char buffer[5000];
    size_t size = 1 + below(below(2) ? 30 : sizeof buffer), done = 0;
    int r = -1;
    while (r == -1)
        if (CANCELLED(r = bide_reader_read_exactly(reader, buffer, size, &done)))
            cancels++;
    add(buffer, done);
    CHECK_EQ(r, done == size ? 0 : -ENODATA);
    return r == 0;
}

/* All at once; at the end what is left is read. */
static async bool take_whole(void)
{
    static char buffer[700];
    size_t size = 1 + below(sizeof buffer);
    int r = -1;
    if (CANCELLED(r = bide_reader_read_exactly(reader, buffer, size, NULL)))
        cancels++;
    if (r == 0)
        add(buffer, size);
    return r == -ENODATA ? await take_read() : true;
}

static async bool take_peeked(void)
{
    char *data = NULL;
    size_t size = 0;
    int r = -1;
    if (CANCELLED(r = bide_reader_peek(reader, 1 + below(200), &data, &size)))
        cancels++;
    if (r < 0)
        return true;
    size_t part = size > 0 ? 1 + below((unsigned)size) : 0;
    add(data, part);
    CHECK_EQ(bide_reader_consume(reader, part), part);
    return size > 0;
}

/* What is dropped is looked up in what was sent. */
static async bool take_skip(void)
{
    uint64_t size = 1 + below(500), done = 0;
    int r = -1;
    while (r == -1)
        if (CANCELLED(r = bide_reader_skip(reader, size, &done)))
            cancels++;
    CHECK(got_size + done <= sent_size);
    add(sent + got_size, done);
    CHECK_EQ(r, done == size ? 0 : -ENODATA);
    return r == 0 ? await take_read() : false;
}

static async bool take_to_end(void)
{
    char *data = NULL;
    size_t size = 0;
    int r = -1;
    if (CANCELLED(r = bide_reader_to_end(reader, BYTES, &data, &size)))
        cancels++;
    CHECK(r >= -1);
    if (r == 0)
        add(data, size);
    return r != 0;
}

static async bool take_number(void)
{
    unsigned width = 1 + below(WIDTHS);
    bide_order order = below(2) ? BIDE_ORDER_BIG : BIDE_ORDER_LITTLE;
    uint64_t value = 0;
    int64_t number = 0;
    char bytes[WIDTHS];
    int r = -1;
    bool is_signed = below(2);
    if (is_signed ? CANCELLED(r = bide_reader_signed(reader, width, order, &number))
                  : CANCELLED(r = bide_reader_unsigned(reader, width, order, &value)))
        cancels++;
    bide_store(is_signed ? (uint64_t)number : value, width, order, bytes);
    if (r == 0)
        add(bytes, width);
    return r == -ENODATA ? await take_read() : true;
}

static bide_iter(bide_bytes) items;

static async bool take_item(void)
{
    bide_bytes item = {0};
    int r = -1;
    if (CANCELLED(r = bide_next(items, &item)))
        cancels++;
    if (r == 1)
        add(item.data, item.size);
    CHECK(r >= -1);
    return r != 0;
}

static bide_stream *of_items;

static async bool take_from_items(void)
{
    static char buffer[50];
    ssize_t n = -1;
    if (CANCELLED(n = bide_stream_read(of_items, buffer, 1 + below(sizeof buffer))))
        cancels++;
    if (n > 0)
        add(buffer, (size_t)n);
    CHECK(n >= -1);
    return n != 0;
}

/* ---- receiving ---- */

typedef bide_async_fn(bool, void) operation;

static async void receive(operation take, bool from_items)
{
    bide_iter(bide_bytes) it = from_items ? bide_iter_of_reader(reader) : NULL;
    items = it;
    of_items = NULL;
    if (from_items)
        CHECK_EQ(bide_stream_of_iter(bide_iter_borrowed(it), &of_items), 0);
    while (await (*take)())
        ;
    bide_stream_close(of_items);
    bide_iter_drop(it);
}

static async void run_receive(operation take, enum format format, enum conduit conduit)
{
    prepare(format);
    await open_conduit(conduit);
    CHECK_EQ(bide_reader_new(from, LINE_MOST, &reader), 0);
    bool from_items = take == bide_ref(take_item) || take == bide_ref(take_from_items);
    await bide_join(receive(take, from_items), send_all());
    check_all(sent_size);
    bide_reader_free(reader);
    bide_stream_close(from);
}

static unsigned seeds(void)
{
    return is_full() ? 40 : 2;
}

static async int run_receives(operation take, enum format format)
{
    unsigned cancelled = 0;
    for (unsigned s = 1; s <= seeds(); s++)
        for (enum conduit conduit = PAIR; conduit < CONDUITS; conduit++) {
            seed = s * 7919;
            fprintf(stderr, "seed %u, conduit %d\n", s, conduit);
            await run_receive(take, format, conduit);
            cancelled += cancels;
        }
    CHECK(cancelled > 0);
    return 0;
}

#define RECEIVES(name, format)                                            \
    TEST_LIMIT(name, 60)                                                  \
    {                                                                     \
        CHECK_EQ(bide_block_on(run_receives(bide_ref(name), format)), 0); \
    }

RECEIVES(take_readv, RAW)
RECEIVES(take_exactly_from_stream, RAW)
RECEIVES(take_read, RAW)
RECEIVES(take_line, LINES)
RECEIVES(take_until, DELIMITED)
RECEIVES(take_frame, LENGTHS)
RECEIVES(take_exactly, RAW)
RECEIVES(take_whole, RAW)
RECEIVES(take_peeked, RAW)
RECEIVES(take_skip, RAW)
RECEIVES(take_to_end, RAW)
RECEIVES(take_number, RAW)
RECEIVES(take_item, RAW)
RECEIVES(take_from_items, RAW)

/* ---- operations that send some of sent[at..]; each returns how much was counted ---- */

enum { WRITER_BYTES = 200 };

static bide_writer *writer;

static size_t rest_of(size_t at, size_t most)
{
    size_t rest = sent_size - at, size = 1 + below((unsigned)most);
    return rest < size ? rest : size;
}

/* Cuts `size` bytes into three pieces. */
static void cut(size_t at, size_t size, struct iovec *pieces)
{
    size_t a = below((unsigned)size + 1), b = below((unsigned)(size - a) + 1);
    pieces[0] = (struct iovec){sent + at, a};
    pieces[1] = (struct iovec){sent + at + a, b};
    pieces[2] = (struct iovec){sent + at + a + b, size - a - b};
}

static async size_t send_write(size_t at)
{
    ssize_t n = 0;
    if (CANCELLED(n = bide_stream_write(to, sent + at, rest_of(at, 3000))))
        cancels++;
    CHECK(n >= 0);
    return (size_t)n;
}

static async size_t send_writev(size_t at)
{
    struct iovec pieces[3];
    ssize_t n = 0;
    cut(at, rest_of(at, 3000), pieces);
    if (CANCELLED(n = bide_stream_writev(to, pieces, 3)))
        cancels++;
    CHECK(n >= 0);
    return (size_t)n;
}

static async size_t send_writev_all(size_t at)
{
    struct iovec pieces[3];
    size_t done = 0;
    int r = 0;
    cut(at, rest_of(at, 6000), pieces);
    if (CANCELLED(r = bide_stream_writev_all(to, pieces, 3, &done)))
        cancels++;
    CHECK_EQ(r, 0);
    return done;
}

static async size_t send_by_writer(size_t at)
{
    size_t done = 0;
    int r = 0;
    if (CANCELLED(
            r = bide_writer_write(writer, sent + at, rest_of(at, below(4) ? 150 : 3000), &done)))
        cancels++;
    CHECK_EQ(r, 0);
    return done;
}

static async size_t send_pieces(size_t at)
{
    struct iovec pieces[3];
    size_t done = 0;
    int r = 0;
    cut(at, rest_of(at, below(4) ? 150 : 3000), pieces);
    if (CANCELLED(r = bide_writer_writev(writer, pieces, 3, &done)))
        cancels++;
    CHECK_EQ(r, 0);
    return done;
}

/* Whole or not at all. */
static async size_t send_small(size_t at)
{
    size_t size = rest_of(at, WRITER_BYTES);
    int r = 1;
    if (CANCELLED(r = bide_writer_write(writer, sent + at, size, NULL)))
        cancels++;
    CHECK(r >= 0);
    return r == 0 ? size : 0;
}

static async size_t send_number(size_t at)
{
    size_t width = rest_of(at, WIDTHS);
    bide_order order = below(2) ? BIDE_ORDER_BIG : BIDE_ORDER_LITTLE;
    uint64_t value = bide_load_unsigned(sent + at, (unsigned)width, order);
    int r = 1;
    if (CANCELLED(r = bide_writer_integer(writer, value, (unsigned)width, order)))
        cancels++;
    CHECK(r >= 0);
    return r == 0 ? width : 0;
}

static async size_t send_reserved(size_t at)
{
    size_t size = rest_of(at, WRITER_BYTES);
    char *room = NULL;
    int r = 1;
    if (CANCELLED(r = bide_writer_reserve(writer, size, &room)))
        cancels++;
    CHECK(r >= 0);
    if (r != 0)
        return 0;
    memcpy(room, sent + at, size);
    bide_writer_commit(writer, size);
    return size;
}

static async size_t send_frame(size_t at)
{
    static const bide_codec codec = BIDE_CODEC_LENGTH(3, BIDE_ORDER_LITTLE, LINE_MOST);
    size_t size = (size_t)bide_load_unsigned(sent + at, 3, BIDE_ORDER_LITTLE);
    int r = 1;
    if (CANCELLED(r = bide_writer_frame(writer, &codec, sent + at + 3, size)))
        cancels++;
    CHECK(r >= 0);
    return r == 0 ? 3 + size : 0;
}

static async size_t send_and_flush(size_t at)
{
    size_t size = await send_small(at);
    int r = 0;
    if (CANCELLED(r = bide_writer_flush(writer)))
        cancels++;
    CHECK_EQ(r, 0);
    return size;
}

static async void flush(void)
{
    int r = 1;
    while (r != 0 || bide_writer_buffered(writer) > 0)
        if (CANCELLED(r = bide_writer_flush(writer)))
            cancels++;
}

typedef bide_async_fn(size_t, size_t) sending;

static async void send_by(sending give)
{
    for (size_t at = 0; at < sent_size;)
        at += await (*give)(at);
    await flush();
    bide_stream_close(to);
}

static async int run_sends(sending give, enum format format)
{
    unsigned cancelled = 0;
    for (unsigned s = 1; s <= seeds(); s++)
        for (enum conduit conduit = PAIR; conduit < CONDUITS; conduit++) {
            seed = s * 104729;
            fprintf(stderr, "seed %u, conduit %d\n", s, conduit);
            prepare(format);
            await open_conduit(conduit);
            CHECK_EQ(bide_writer_new(to, WRITER_BYTES, &writer), 0);
            await bide_join(send_by(give), receive_all());
            check_all(sent_size);
            bide_writer_free(writer);
            cancelled += cancels;
        }
    CHECK(cancelled > 0);
    return 0;
}

#define SENDS(name, format)                                            \
    TEST_LIMIT(name, 60)                                               \
    {                                                                  \
        CHECK_EQ(bide_block_on(run_sends(bide_ref(name), format)), 0); \
    }

SENDS(send_write, RAW)
SENDS(send_writev, RAW)
SENDS(send_writev_all, RAW)
SENDS(send_by_writer, RAW)
SENDS(send_pieces, RAW)
SENDS(send_small, RAW)
SENDS(send_number, RAW)
SENDS(send_reserved, RAW)
SENDS(send_frame, LENGTHS)
SENDS(send_and_flush, RAW)

/* ---- copies: from one conduit to another ---- */

static bide_stream *in, *out; /* where the copy reads, and writes */
static bide_copy *copy;

static async void copy_by_reader(void)
{
    uint64_t done = 0;
    int r = -1;
    CHECK_EQ(bide_reader_new(in, 80, &reader), 0);
    while (r != 0)
        if (CANCELLED(r = bide_reader_copy(reader, out, BIDE_COPY_ALL, &done)))
            cancels++;
    CHECK_EQ(done, sent_size);
    bide_reader_free(reader);
}

static async void copy_by_writer(void)
{
    uint64_t done = 0;
    int r = -1;
    CHECK_EQ(bide_reader_new(in, 80, &reader), 0);
    CHECK_EQ(bide_writer_new(out, WRITER_BYTES, &writer), 0);
    while (r != 0)
        if (CANCELLED(r = bide_reader_copy_to_writer(reader, writer, BIDE_COPY_ALL, &done)))
            cancels++;
    CHECK_EQ(done, sent_size);
    CHECK_EQ(bide_writer_buffered(writer), 0);
    bide_writer_free(writer);
    bide_reader_free(reader);
}

static async void copy_by_copy(void)
{
    int r = -1;
    uint64_t most = 0;
    CHECK_EQ(bide_copy_new(in, out, &copy), 0);
    while (r != 0 || most != BIDE_COPY_ALL) {
        most = below(3) ? bide_copy_written(copy) + below(2000) : BIDE_COPY_ALL;
        r = -1;
        if (CANCELLED(r = bide_copy_run(copy, most)))
            cancels++;
        CHECK(bide_copy_written(copy) <= bide_copy_read(copy));
        CHECK(bide_copy_written(copy) <= most);
    }
    CHECK_EQ(bide_copy_written(copy), sent_size);
    CHECK_EQ(bide_copy_read(copy), sent_size);
    bide_copy_free(copy);
}

static async void copy_between(bide_async_fn(void, void) how)
{
    await (*how)();
    bide_stream_close(in);
    bide_stream_close(out);
}

static async void one_copy(bide_async_fn(void, void) how, enum conduit conduit)
{
    bide_stream *first, *last;
    prepare(RAW);
    await open_conduit(conduit);
    first = to;
    in = from;
    await open_conduit((conduit + 1) % CONDUITS);
    last = from;
    out = to;
    to = first;
    from = last;
    await bide_join(send_all(), copy_between(how), receive_all());
    check_all(sent_size);
}

static async int run_copies(bide_async_fn(void, void) how)
{
    unsigned cancelled = 0;
    for (unsigned s = 1; s <= seeds(); s++)
        for (enum conduit conduit = PAIR; conduit < CONDUITS; conduit++) {
            seed = s * 1299709;
            fprintf(stderr, "seed %u, conduit %d\n", s, conduit);
            await one_copy(how, conduit);
            cancelled += cancels;
        }
    CHECK(cancelled > 0);
    return 0;
}

TEST_LIMIT(a_copy_from_a_reader, 60)
{
    CHECK_EQ(bide_block_on(run_copies(bide_ref(copy_by_reader))), 0);
}

TEST_LIMIT(a_copy_to_a_writer, 60)
{
    CHECK_EQ(bide_block_on(run_copies(bide_ref(copy_by_writer))), 0);
}

TEST_LIMIT(a_copy_of_its_own, 60)
{
    CHECK_EQ(bide_block_on(run_copies(bide_ref(copy_by_copy))), 0);
}
