/*
 * What a dump says of those that wait for the library, besides the lines of their awaits.
 */
#include <bide/bide.h>
#include <bide/runtime.h>

#include <string.h>

#include "check.h"

static char dump[4096];
static size_t dump_size;

static void add_to_dump(void *argument, const char *text, size_t size)
{
    (void)argument;
    CHECK(dump_size + size < sizeof dump);
    memcpy(dump + dump_size, text, size);
    dump_size += size;
}

static async int gets_one(bide_receiver(int) rx)
{
    int item;
    return await bide_recv(rx, &item);
}

static async int says_how_many_senders(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    CHECK_EQ(bide_channel_new(4, &tx, &rx), 0);
    bide_sender(int) other = bide_sender_clone(tx);
    bide_task(int) task = bide_spawn(gets_one(rx));
    for (int n = 2; n > 0; n--) {
        await bide_yield();
        memset(dump, 0, sizeof dump);
        dump_size = 0;
        bide_runtime_dump(bide_runtime_current(), add_to_dump, NULL);
        const char *leaf = strstr(dump, "bide_recv");
        CHECK(leaf != NULL);
        CHECK(strstr(leaf, n == 2 ? "a channel that has 2 senders\n"
                                  : "a channel that has 1 sender\n") != NULL);
        bide_sender_drop(n == 2 ? other : tx);
    }
    CHECK_EQ(await bide_task_wait(task), 0);
    bide_receiver_drop(rx);
    return 0;
}

TEST(a_dump_says_how_many_senders_a_receive_has)
{
    CHECK_EQ(bide_block_on(says_how_many_senders()), 0);
}
