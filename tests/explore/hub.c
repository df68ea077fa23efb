/*
 * A runtime of one thread and wakes from others (task/hub.c): the owner takes them over, or is
 * woken if it sleeps; messages are read in their order.
 */
#include "runtime.h"

static struct signal s[2] = {SIGNAL_INIT, SIGNAL_INIT};
static int messages[2], count;

static async int waits(void)
{
    int r = await signal_wait(&s[0]);
    return r + await signal_wait(&s[1]);
}

static void owner(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(waits()) == 0);
    bide_runtime_enter(NULL);
}

static void signals_0(void)
{
    signal_set(&s[0]);
}

static void signals_1(void)
{
    signal_set(&s[1]);
}

/* ---- messages ---- */

static struct message {
    struct bide__post post;
    int n;
} first, second;

static void read_message(struct bide__post *post)
{
    messages[count++] = ((struct message *)(void *)post)->n;
    if (count == 2)
        signal_set(&s[0]);
}

static void posts(void)
{
    first = (struct message){{.run = read_message}, 1};
    second = (struct message){{.run = read_message}, 2};
    bide__runtime_post(rt, &first.post);
    bide__runtime_post(rt, &second.post);
}

static async int waits_for_messages(void)
{
    return await signal_wait(&s[0]);
}

static void reader(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(waits_for_messages()) == 0);
    explore_check(messages[0] == 1 && messages[1] == 2);
    bide_runtime_enter(NULL);
}

/* ---- wakers outlive the runtime ---- */

static async int two_tasks_wait(void)
{
    bide_task(int) one = bide_spawn(waits());
    bide_task_abort(one);
    return await bide_task_wait(one);
}

static void ends_early(void)
{
    bide_runtime_enter(rt);
    bide_block_on(two_tasks_wait());
    bide_runtime_enter(NULL);
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
    explore_check(bide_runtime_free(rt) == 0);
}

const struct explore_model explore_models[] = {
    {.name = "hub: wakes",
     .begin = begin_one_thread,
     .threads = {owner, signals_0, signals_1},
     .end = runtime_end,
     .stale = 1,
     .bound = 2,
     .timeouts = -1},
    {.name = "hub: messages",
     .begin = begin_one_thread,
     .threads = {reader, posts},
     .end = runtime_end,
     .stale = 1,
     .timeouts = -1},
    {.name = "hub: it ends while a waker is woken",
     .begin = begin_one_thread,
     .threads = {ends_early, signals_0},
     .stale = 1,
     .timeouts = -1},
    {0},
};
