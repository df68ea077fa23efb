/*
 * Branches that are statement expressions, with guards and in groups, at run time: cancelled at
 * every suspension, in virtual time, in exact room, and more of them than there are branch ids.
 */
#include <bide/bide.h>
#include <bide/net.h>
#include <bide/sync.h>
#include <bide/testing.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cancel.h"
#include "check.h"
#include "core/inside.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static void check_end(const struct cancel_run *run)
{
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    else
        CHECK_EQ(run->result, 0);
    CHECK(run->requested || run->error == 0);
}

/* ---- cancelled everywhere ---- */

enum { ITEMS = 5 };

static bide_sender(int) tx;
static bide_receiver(int) rx;
static int begun, ended, sent, received, rest;

static void new_channel(void *state)
{
    (void)state;
    begun = ended = sent = received = rest = 0;
    CHECK_EQ(bide_channel_new(1, &tx, &rx), 0);
}

/* A sender and a receiver, which share the locals of one function. */
SCENARIO(run_pipe)
{
    int next = 0, last = -1;
    bool is_open = true;
    (void)state;
    defer {
        if (is_open)
            bide_sender_drop(tx);
        for (int item; await bide_recv(rx, &item) > 0; rest++)
            CHECK_EQ(item, last + 1 + rest);
        sent = next, received = last + 1;
    }
    await bide_join(({
                        begun++;
                        defer {
                            await bide_yield();
                            ended++;
                        }
                        while (next < ITEMS) {
                            CHECK_EQ(await bide_send(tx, &next), 0);
                            next++;
                            if (next % 2)
                                await bide_yield();
                        }
                        is_open = false;
                        bide_sender_drop(tx);
                    }),
                    ({
                        begun++;
                        defer {
                            ended++;
                        }
                        for (int item; await bide_recv(rx, &item) > 0;) {
                            CHECK_EQ(item, last + 1);
                            last = item;
                            await bide_yield();
                        }
                    }));
    return 0;
}

static void after_pipe(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(begun, ended);
    /* The sender has not counted an item that was handed over just when it was cancelled. */
    CHECK(sent == received + rest || (run->requested && sent + 1 == received + rest));
    if (!run->requested)
        CHECK_EQ(received, ITEMS);
    bide_receiver_drop(rx);
}

TEST(a_pipe_of_two_branches)
{
    CHECK(cancel_everywhere(&bide__desc_run_pipe, NULL, new_channel, after_pipe) >=
          cancel_least(5));
}

/* Branches in groups in branches; each marks its end in the frame of the enclosing one. */
SCENARIO(run_nested)
{
    int inside = 0, count = 0;
    (void)state;
    begun = ended = 0;
    defer {
        CHECK_EQ(inside, 0);
        CHECK_EQ(begun, ended);
    }
    int err =
        await bide_try_join(({
                                begun++, inside++;
                                int own = 0;
                                defer {
                                    await bide_yield();
                                    CHECK_EQ(own, 0);
                                    ended++, inside--;
                                }
                                int w = await bide_select_biased(({
                                                                     begun++, own++;
                                                                     defer {
                                                                         own--, ended++;
                                                                     }
                                                                     await bide_sleep(BIDE_S(1));
                                                                 }),
                                                                 bide_if(inside > 0, ({
                                                                             begun++, own++;
                                                                             defer {
                                                                                 await bide_yield();
                                                                                 own--, ended++;
                                                                             }
                                                                             await bide_yield();
                                                                             await bide_yield();
                                                                             count++;
                                                                         })));
                                w - 1;
                            }),
                            bide_join(({
                                          begun++, inside++;
                                          defer {
                                              ended++, inside--;
                                          }
                                          await bide_timeout(BIDE_MS(1), ({
                                                                 begun++;
                                                                 defer {
                                                                     ended++;
                                                                 }
                                                                 await bide_sleep(BIDE_MS(10));
                                                             }));
                                      }),
                                      bide_sleep(BIDE_MS(2))));
    return err + count - 1;
}

static void after_nested(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(begun, ended);
}

TEST(branches_in_branches)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_run_nested, NULL, NULL, after_nested) >= cancel_least(3));
    bide_test_reset();
}

/* ---- virtual time ---- */

/* Two clocks at once, in one frame. */
static async int64_t clocks(void)
{
    int64_t sum = 0;
    int fast = 0, slow = 0;
    await bide_join(({
                        for (; fast < 10; fast++) {
                            await bide_sleep(BIDE_MS(10));
                            sum = sum * 2 + 1;
                        }
                    }),
                    ({
                        while (fast < 10) {
                            await bide_sleep(BIDE_MS(35));
                            sum = sum * 2;
                            slow++;
                        }
                    }));
    CHECK_EQ(slow, 3);
    return sum;
}

TEST(clocks_in_virtual_time)
{
    bide_test_time_virtual();
    /* at 10, 20, 30, 35, 40, ... 70 twice, in either order, ... 100, 105 */
    int64_t sum = bide_block_on(clocks());
    CHECK(sum == 0x1dde || sum == 0x1dee);
    bide_test_reset();
}

/* A loop round a select whose guards decide what may happen next. */
static async int guarded(void)
{
    int queue = 0, made = 0, used = 0;
    while (used < 6) {
        int w = await bide_select(bide_if(made < 6 && queue < 2, bide_sleep(BIDE_MS(1))),
                                  bide_if(queue > 0, bide_sleep(BIDE_MS(3))));
        CHECK(w == 0 || w == 1);
        if (w == 0)
            queue++, made++;
        else
            queue--, used++;
        CHECK(queue >= 0 && queue <= 2);
    }
    int w = await bide_select(bide_if(queue > 0, bide_sleep(BIDE_S(1))));
    CHECK_ERR(w, -ENOENT);
    return made;
}

TEST(a_guarded_select_in_a_loop)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(guarded()), 6);
    bide_test_reset();
}

/* ---- room ---- */

async int tiny(int n);
async int tiny(int n)
{
    await bide_yield();
    return n;
}

async int nests(int n);
extern const struct bide_fn bide__desc_nests, bide__desc_tiny;
async int nests(int n)
{
    int a, b = 0;
    await bide_join(a = tiny(n), bide_select_biased(b = tiny(n), tiny(2), ({ await tiny(n); })));
    return a + b;
}

static size_t room_of(const struct bide_fn_info *info)
{
    size_t size = sizeof(struct bide_group);
    for (unsigned i = 0; i < info->callee_count; i++)
        size += sizeof(struct bide_chain) + bide_fn_room(info->callees[i].fn);
    return size;
}

TEST(a_group_in_a_group_has_exact_room)
{
    const struct bide_fn_info *info = bide__desc_nests.info;
    CHECK_EQ(bide_block_on(nests(2)), 4);
    CHECK_EQ(info->callee_count, 2);
    const struct bide_fn *inner = info->callees[1].fn;
    CHECK_EQ(inner->frame_size, 0);
    CHECK_EQ(inner->info->callee_count, 3);
    CHECK_EQ(bide_fn_room(inner), room_of(inner->info));
    CHECK_EQ(inner->info->callees[0].fn == &bide__desc_tiny, 1);
}

/* ---- more branches than ids ---- */

/* 33 branches and more: those after the 30th have equal wakers, and yet each is woken for its own
 * reason. */
static async int crowd(bide_stream *near, bide_stream *far)
{
    char in[2] = "", more[2] = "";
    ssize_t busy = 0;
    int other = -1, ticks = 0, got = 0;
#define TICK                          \
    ({                                \
        await bide_sleep(BIDE_MS(1)); \
        ticks++;                      \
    })
#define TICKS TICK, TICK, TICK, TICK, TICK, TICK, TICK, TICK, TICK, TICK
    await bide_join(bide_join(TICKS, TICKS, TICKS),
                    bide_select(({
                                    for (;;)
                                        await bide_sleep(BIDE_MS(1));
                                }),
                                ({ got = (int)await bide_stream_read(near, in, 1); })),
                    ({
                        /* while one branch reads, another may not, and takes nothing from it */
                        await bide_sleep(BIDE_MS(3));
                        other =
                            await bide_timeout(BIDE_MS(3), busy = bide_stream_read(near, more, 1));
                    }),
                    ({
                        await bide_sleep(BIDE_MS(10));
                        CHECK_EQ(await bide_stream_write_all(far, "xy", 2, NULL), 0);
                    }));
    CHECK_EQ(ticks, 30);
    CHECK_EQ(other, 0);
    CHECK_ERR(busy, -EBUSY);
    CHECK_EQ(got, 1);
    CHECK_EQ(in[0], 'x');
    CHECK_EQ(await bide_stream_read(near, more, 1), 1);
    return more[0];
}

TEST(more_branches_than_ids)
{
    bide_stream *near, *far;
    int fds[2];
    bide_test_time_virtual();
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(bide_stream_open(fds[0], &near), 0);
    CHECK_EQ(bide_stream_open(fds[1], &far), 0);
    CHECK_EQ(bide_block_on(crowd(near, far)), 'y');
    bide_stream_close(near);
    bide_stream_close(far);
    bide_test_reset();
}
