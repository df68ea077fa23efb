/*
 * Each allocation of the library fails in turn: the operation returns -ENOMEM or goes on, nothing
 * leaks, and without the failure everything works.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "check.h"
#include "failing.h"
#include "names.h"

/* Runs the call with the 1st, 2nd, ... allocation failing, until no allocation fails. */
#define WITH_EACH_FAILURE(call)                            \
    do {                                                   \
        bool more_ = true;                                 \
        for (unsigned n_ = 1; more_; n_++) {               \
            alloc_fails(n_);                               \
            more_ = alloc_has_failed(bide_block_on(call)); \
        }                                                  \
    } while (0)

/* ---- channel and oneshot ---- */

typedef bide_oneshot_sender(int) shot;

static async int answer(bide_receiver(shot) rx)
{
    shot answer_to;
    int r;
    while ((r = await bide_recv(rx, &answer_to)) == 1)
        (void)bide_oneshot_send(answer_to, &(int){7});
    return r;
}

static async int ask(bide_sender(shot) tx)
{
    defer {
        bide_sender_drop(tx);
    }
    for (int i = 0; i < 3; i++) {
        shot request;
        bide_oneshot_receiver(int) answers;
        int value = 0;
        int r = bide_oneshot_new(&request, &answers);
        if (r < 0)
            return r;
        defer {
            bide_oneshot_receiver_drop(answers);
        }
        r = await bide_reserve(tx, 1);
        if (r < 0) {
            bide_oneshot_sender_drop(request);
            return r;
        }
        (void)bide_send_reserved(tx, &request);
        r = await bide_oneshot_recv(answers, &value);
        if (r < 0)
            return r;
        CHECK_EQ(value, 7);
    }
    return 0;
}

static void drop_shot(void *item)
{
    bide_oneshot_sender_drop(*(shot *)item);
}

static async int requests(void)
{
    bide_sender(shot) tx;
    bide_receiver(shot) rx;
    int r = bide_channel_new_with(1, drop_shot, &tx, &rx);
    if (r < 0)
        return r;
    defer {
        bide_receiver_drop(rx);
    }
    /* ask owns tx. If ask could not begin, nobody drops tx. */
    bide_sender(shot) spare = bide_sender_clone(tx);
    defer {
        bide_sender_drop(spare);
    }
    bide_task(int) server = bide_spawn(answer(rx));
    r = await ask(tx);
    bide_receiver_close(rx);
    int served = await bide_task_wait(server);
    return r < 0 ? r : served;
}

TEST(channels_and_oneshots)
{
    WITH_EACH_FAILURE(requests());
}

/* ---- streams and lines ---- */

static async int write_lines(bide_stream *s)
{
    static char line[5000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    int r = 0;
    for (int i = 0; r == 0 && i < 3; i++)
        r = await bide_stream_write_all(s, line, sizeof line, NULL);
    return r < 0 ? r : bide_stream_shutdown(s);
}

/* The next call reads a line for which there was no memory. */
static async int read_lines(bide_stream *s)
{
    bide_reader *reader;
    char *line;
    size_t size;
    int count = 0, r = bide_reader_new(s, 8000, &reader);
    if (r < 0)
        return r;
    defer {
        bide_reader_free(reader);
    }
    do {
        r = await bide_reader_line(reader, &line, &size);
        if (r == 1) {
            CHECK_EQ(size, 4999);
            CHECK_EQ(strspn(line, "x"), size);
            count++;
        }
    } while (r == 1 || r == -ENOMEM);
    if (r == 0)
        CHECK_EQ(count, 3);
    return r;
}

static async int lines_through(bide_stream *near, bide_stream *far)
{
    return await bide_try_join(write_lines(near), read_lines(far));
}

static async int in_memory(void)
{
    bide_stream *near, *far;
    int r = bide_stream_pair(100, &near, &far);
    if (r < 0)
        return r;
    defer {
        bide_stream_close(near);
        bide_stream_close(far);
    }
    return await lines_through(near, far);
}

TEST(streams_and_lines)
{
    WITH_EACH_FAILURE(in_memory());
}

static async int over_tcp(void)
{
    bide_tcp_listener *listener;
    bide_stream *near = NULL, *far = NULL;
    int r = bide_tcp_listen("127.0.0.1", 0, &listener);
    if (r < 0)
        return r;
    defer {
        bide_tcp_listener_close(listener);
        bide_stream_close(near);
        bide_stream_close(far);
    }
    r = await bide_tcp_connect(local_name(), (uint16_t)bide_tcp_port(listener), &near);
    if (r == 0)
        r = await bide_tcp_accept(listener, &far);
    if (r == 0)
        r = await lines_through(near, far);
    return r;
}

TEST(connections)
{
    WITH_EACH_FAILURE(over_tcp());
}

/* ---- signals ---- */

static async int signals(void)
{
    int r = 0;
    if (await bide_timeout(BIDE_MS(1), r = bide_signal_wait(SIGUSR1)) == 0 && r < 0)
        return r;
    raise(SIGUSR1);
    return await bide_signal_wait(SIGUSR1);
}

TEST(waits_for_signals)
{
    bide_test_time_virtual();
    WITH_EACH_FAILURE(signals());
}
