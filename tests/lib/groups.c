/*
 * Operations of the library as branches of a group: the group learns their results even if they are
 * ready at once and never have a frame.
 */
#include <bide/bide.h>
#include <bide/sync.h>
#include <bide/testing.h>
#include <errno.h>

#include "check.h"

static int left;

static async int slow(void)
{
    defer {
        left++;
    }
    await bide_sleep(BIDE_S(100));
    return 1;
}

/* One end of a channel whose other end is gone: each operation fails at once. */
static async int fails_at_once(void)
{
    bide_sender(int) sender;
    bide_receiver(int) receiver;
    int item = 3, a = 0, b = 0;

    CHECK_EQ(bide_channel_new(4, &sender, &receiver), 0);
    bide_receiver_close(receiver);
    bide_instant begin = bide_now();
    CHECK_ERR(await bide_try_join(a = bide_send(sender, &item), b = slow()), -EPIPE);
    CHECK_ERR(a, -EPIPE);
    CHECK_EQ(b, 0);
    CHECK_EQ(left, 0); /* the last branch was not begun */
    CHECK_ERR(await bide_try_join(b = slow(), bide_send(sender, &item)), -EPIPE);
    CHECK_EQ(left, 1);
    CHECK_ERR(await bide_try_join(({ await bide_send(sender, &item); }), slow()), -EPIPE);
    CHECK_EQ(bide_elapsed(begin).ns, 0);
    bide_sender_drop(sender);
    bide_receiver_drop(receiver);
    return 0;
}

TEST(a_failure_without_a_frame_is_one)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(fails_at_once()), 0);
}

/* The same in a select, and successful branches in a try_join. */
static async int succeeds_at_once(void)
{
    bide_sender(int) sender;
    bide_receiver(int) receiver;
    int in = 7, out = 0, sent = -1, received = -1;

    CHECK_EQ(bide_channel_new(4, &sender, &receiver), 0);
    CHECK_EQ(
        await bide_try_join(sent = bide_send(sender, &in), received = bide_recv(receiver, &out)),
        0);
    CHECK_EQ(sent, 0);
    CHECK_EQ(received, 1);
    CHECK_EQ(out, 7);
    left = 0;
    CHECK_EQ(await bide_select_biased(slow(), sent = bide_send(sender, &in)), 1);
    CHECK_EQ(left, 1);
    bide_sender_drop(sender);
    bide_receiver_drop(receiver);
    return 0;
}

TEST(a_success_without_a_frame_is_one)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(succeeds_at_once()), 0);
}
