/*
 * A shutdown past its limit: the awaits in deferred blocks end with -ECANCELED, and nothing loops
 * for ever.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <signal.h>

#include "check.h"

static bide_runtime *rt;
static int outcome;

static void begin(void)
{
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    outcome = 1;
}

/* The task of the test waits in its deferred block, where the shutdown ends it. */
static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_MS(1)), 0);
    CHECK_ERR(outcome, -ECANCELED);
}

static void finish(void)
{
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static async void for_ever(void)
{
    await bide_sleep(BIDE_S(1000000));
}

/* ---- streams in memory ---- */

static bide_stream *near, *far;

static async int read_at_the_end(void)
{
    defer {
        outcome = (int)await bide_stream_read(near, &(char){0}, 1);
    }
    await for_ever();
    return 0;
}

static async int write_at_the_end(void)
{
    defer {
        outcome = await bide_stream_write_all(near, "12", 2, NULL);
    }
    await for_ever();
    return 0;
}

static async int start(bool writes)
{
    if (writes)
        bide_spawn(write_at_the_end());
    else
        bide_spawn(read_at_the_end());
    await bide_yield();
    return 0;
}

TEST(streams_in_memory)
{
    for (int writes = 0; writes < 2; writes++) {
        begin();
        CHECK_EQ(bide_stream_pair(1, &near, &far), 0);
        CHECK_EQ(bide_block_on(start(writes)), 0);
        end();
        bide_stream_close(near);
        bide_stream_close(far);
        finish();
    }
}

/* ---- accepting ---- */

static bide_tcp_listener *listener;

static async int accept_at_the_end(void)
{
    defer {
        outcome = await bide_tcp_accept(listener, &near);
    }
    await for_ever();
    return 0;
}

static async int start_accepting(void)
{
    bide_spawn(accept_at_the_end());
    await bide_yield();
    return 0;
}

static async int connect_to_it(void)
{
    return await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &far);
}

TEST(an_accept)
{
    for (int without_descriptors = 0; without_descriptors < 2; without_descriptors++) {
        begin();
        CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
        far = NULL;
        if (without_descriptors) {
            CHECK_EQ(bide_block_on(connect_to_it()), 0);
            bide_test_fail("accept4", 1, -EMFILE, 0);
        }
        CHECK_EQ(bide_block_on(start_accepting()), 0);
        end();
        bide_stream_close(far);
        bide_tcp_listener_close(listener);
        finish();
    }
}

/* ---- channels, oneshots, notifications, signals ---- */

static bide_sender(int) tx;
static bide_receiver(int) rx;

static async int receive_at_the_end(void)
{
    defer {
        outcome = await bide_recv(rx, &(int){0});
    }
    await for_ever();
    return 0;
}

static async int wait_at_the_end(void)
{
    bide_notify never = {0};
    defer {
        outcome = await bide_notify_wait(&never);
    }
    await for_ever();
    return 0;
}

static async int signal_at_the_end(void)
{
    defer {
        outcome = await bide_signal_wait(SIGUSR1);
    }
    await for_ever();
    return 0;
}

static async int start_waiting(int which)
{
    switch (which) {
    case 0: bide_spawn(receive_at_the_end()); break;
    case 1: bide_spawn(wait_at_the_end()); break;
    default: bide_spawn(signal_at_the_end()); break;
    }
    await bide_yield();
    return 0;
}

TEST(waits)
{
    for (int which = 0; which < 3; which++) {
        begin();
        CHECK_EQ(bide_channel_new(1, &tx, &rx), 0);
        CHECK_EQ(bide_block_on(start_waiting(which)), 0);
        end();
        bide_sender_drop(tx);
        bide_receiver_drop(rx);
        finish();
    }
}
