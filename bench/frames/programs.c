/*
 * The programs of docs/frames.md, in C. rust/src/main.rs has the same programs, function by
 * function.
 */
#include "programs.h"

#include <bide/bide.h>
#include <bide/sync.h>
#include <bide/time.h>

#include <string.h>

#define LONG BIDE_S(1000)

/* Kept out of line, so that the compiler knows nothing about what it does. */
__attribute__((noinline)) static int sum(const char *p, size_t n)
{
    int all = 0;
    for (size_t i = 0; i < n; i++)
        all += p[i];
    return all;
}

__attribute__((noinline)) static void fill(char *p, size_t n, int seed)
{
    memset(p, seed, n);
}

/* ---- calls ---- */

async int one_sleep(void)
{
    await bide_sleep(LONG);
    return 0;
}

/* Each call passes its arguments on and needs them afterwards. */
async static int call_0(const char *text, size_t size, int n)
{
    await bide_sleep(LONG);
    return sum(text, size) + n;
}

#define CALL(name, next)                                        \
    async static int name(const char *text, size_t size, int n) \
    {                                                           \
        int below = await next(text, size, n);                  \
        return below + sum(text, size) + n;                     \
    }
#define TEN(to, from)    \
    CALL(to##_1, from)   \
    CALL(to##_2, to##_1) \
    CALL(to##_3, to##_2) \
    CALL(to##_4, to##_3) \
    CALL(to##_5, to##_4) \
    CALL(to##_6, to##_5) \
    CALL(to##_7, to##_6) \
    CALL(to##_8, to##_7) \
    CALL(to##_9, to##_8) \
    CALL(to##_10, to##_9)

TEN(call_0, call_0)
TEN(call_1, call_0_10)
TEN(call_2, call_1_10)
TEN(call_3, call_2_10)
TEN(call_4, call_3_10)
TEN(call_5, call_4_10)
TEN(call_6, call_5_10)
TEN(call_7, call_6_10)
TEN(call_8, call_7_10)
TEN(call_9, call_8_10)

async int chain_1(void)
{
    return await call_0_1("one", 3, 1);
}

async int chain_10(void)
{
    return await call_0_10("ten", 3, 1);
}

async int chain_100(void)
{
    return await call_9_10("hundred", 7, 1);
}

async static int later(int n)
{
    await bide_sleep(LONG);
    return n;
}

/* ---- buffers ---- */

async int buffer_live(void)
{
    char buffer[4096];
    fill(buffer, sizeof buffer, 1);
    await bide_sleep(LONG);
    return sum(buffer, sizeof buffer);
}

async int buffer_dead(void)
{
    int n;
    {
        char buffer[4096];
        fill(buffer, sizeof buffer, 1);
        n = sum(buffer, sizeof buffer);
    }
    await bide_sleep(LONG);
    return n;
}

async int three_scopes(void)
{
    int n = 0;
    {
        char a[1024];
        fill(a, sizeof a, 1);
        await bide_sleep(LONG);
        n += sum(a, sizeof a);
    }
    {
        char b[1024];
        fill(b, sizeof b, 2);
        await bide_sleep(LONG);
        n += sum(b, sizeof b);
    }
    {
        char c[1024];
        fill(c, sizeof c, 3);
        await bide_sleep(LONG);
        n += sum(c, sizeof c);
    }
    return n;
}

/* ---- arguments ---- */

struct big {
    char text[256];
};

async static int by_value_3(struct big b)
{
    int n = sum(b.text, sizeof b.text);
    await bide_sleep(LONG);
    return n;
}

async static int by_value_2(struct big b)
{
    return await by_value_3(b);
}

async static int by_value_1(struct big b)
{
    return await by_value_2(b);
}

async int by_value(void)
{
    return await by_value_1((struct big){"down"});
}

/* ---- several at once ---- */

async int join_2(void)
{
    int a, b;
    await bide_join(a = later(1), b = later(2));
    return a + b;
}

async int join_8(void)
{
    int a, b, c, d, e, f, g, h;
    await bide_join(a = later(1), b = later(2), c = later(3), d = later(4), e = later(5),
                    f = later(6), g = later(7), h = later(8));
    return a + b + c + d + e + f + g + h;
}

async int select_loop(bide_receiver(int) receiver)
{
    int total = 0;
    for (;;) {
        int item = 0;
        int err = 0;
        switch (await bide_select(bide_sleep(LONG), err = bide_recv(receiver, &item))) {
        case 0: return total;
        default:
            if (err <= 0)
                return err;
            total += item;
        }
    }
}

async int timeout_call(void)
{
    int n = 0;
    int err = await bide_timeout(LONG, n = later(7));
    return err < 0 ? err : n;
}

/* ---- the shapes of servers and clients ---- */

/* A handler owns its connection. */
async int echo(bide_stream *stream)
{
    defer {
        bide_stream_close(stream);
    }
    char buffer[1024];
    for (;;) {
        ssize_t n = await bide_stream_read(stream, buffer, sizeof buffer);
        if (n <= 0)
            return (int)n;
        size_t done = 0;
        int err = await bide_stream_write_all(stream, buffer, (size_t)n, &done);
        if (err < 0)
            return err;
    }
}

async static int handshake_2(char *keys)
{
    char certificate[2048];
    fill(certificate, sizeof certificate, 3);
    await bide_yield();
    fill(keys, 32, sum(certificate, sizeof certificate));
    return 0;
}

async static int handshake_1(char *keys)
{
    char hello[512];
    fill(hello, sizeof hello, 3);
    int err = await handshake_2(keys);
    return err < 0 ? err : sum(hello, sizeof hello);
}

async int handshake(bide_stream *stream)
{
    defer {
        bide_stream_close(stream);
    }
    char keys[32];
    int err = await handshake_1(keys);
    if (err < 0)
        return err;
    for (;;) {
        char byte;
        ssize_t n = await bide_stream_read(stream, &byte, 1);
        if (n <= 0)
            return (int)n;
        keys[0] ^= byte;
    }
}

async static int down(int n)
{
    if (n == 0) {
        await bide_sleep(LONG);
        return 0;
    }
    return await down(n - 1) + n;
}

async int recursion_10(void)
{
    return await down(9);
}

async static int reply(bide_stream *stream, const char *text, size_t size)
{
    size_t done = 0;
    return await bide_stream_write_all(stream, text, size, &done);
}

async int line_session(bide_stream *stream)
{
    bide_reader *reader;
    defer {
        bide_stream_close(stream);
    }
    int err = bide_reader_new(stream, 4096, &reader);
    if (err < 0)
        return err;
    defer {
        bide_reader_free(reader);
    }
    int lines = 0;
    char *line;
    size_t size;
    err = await reply(stream, "hello\r\n", 7);
    while (err >= 0 && (err = await bide_reader_line(reader, &line, &size)) > 0) {
        if (size >= 4 && memcmp(line, "QUIT", 4) == 0)
            return await reply(stream, "bye\r\n", 5);
        if (size >= 4 && memcmp(line, "ECHO", 4) == 0)
            err = await reply(stream, line, size);
        else
            err = await reply(stream, "what?\r\n", 7);
        lines++;
    }
    return err < 0 ? err : lines;
}

async static int fetch(bide_stream *stream, int part, char *to, size_t size)
{
    int err = await reply(stream, "GET\r\n", 5);
    if (err < 0)
        return err;
    ssize_t n = await bide_stream_read(stream, to, size);
    return n < 0 ? (int)n : part;
}

async int fetch_retry(bide_stream *stream)
{
    defer {
        bide_stream_close(stream);
    }
    char answer[512];
    int err = 0;
    for (int tries = 0; tries < 5; tries++) {
        int n = 0;
        err = await bide_timeout(BIDE_S(100), n = fetch(stream, tries, answer, sizeof answer));
        if (err == 0 && n >= 0)
            return sum(answer, sizeof answer);
        await bide_sleep(BIDE_MS(100 << tries));
    }
    return err;
}
