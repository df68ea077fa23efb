/*
 * Handles in compiled code: what keeps a task while another one waits for it.
 */
#include "check.h"

#include <bide/bide.h>

enum { BUDGET = 128 }; /* operations of one turn of a task */

static async int answer(void)
{
    return 42;
}

/* Uses up what is left of the turn; the next await that is ready at once lets others run. */
static async int spend_all(void)
{
    bide_notify ready = {0};
    int rc = 0;
    await bide_yield();
    for (int i = 0; i < BUDGET; i++) {
        bide_notify_one(&ready);
        rc += await bide_notify_wait(&ready);
    }
    return rc;
}

static async int wait_for(bide_task(int) * task)
{
    return await bide_task_wait(*task);
}

static async int let_go(bide_task(int) * task)
{
    bide_task_detach(*task);
    await bide_yield();
    return 0;
}

static async int join_it(bide_task(int) * task, int *out)
{
    return await bide_task_join(*task, out);
}

/* The task has ended, so the wait would return at once, but it must let others run first. */
static async int handle_goes(void)
{
    bide_task(int) task = bide_spawn(answer());
    int waited = -1, let = -1;
    CHECK_EQ(await bide_task_wait(task), 0);
    CHECK_EQ(bide_task_finished(task), 1);
    CHECK_EQ(await spend_all(), 0);
    await bide_join(waited = wait_for(&task), let = let_go(&task));
    CHECK_EQ(waited, 0);
    CHECK_EQ(let, 0);
    return 0;
}

TEST(the_handle_of_an_ended_task_goes_while_it_is_waited_for)
{
    CHECK_EQ(bide_block_on(handle_goes()), 0);
}

static async int joined_beside(void)
{
    bide_task(int) task = bide_spawn(answer());
    int waited = -1, joined = -1, out = 0;
    await bide_yield();
    CHECK_EQ(await spend_all(), 0);
    await bide_join(waited = wait_for(&task), joined = join_it(&task, &out));
    CHECK_EQ(waited, 0);
    CHECK_EQ(joined, 0);
    CHECK_EQ(out, 42);
    return 0;
}

TEST(an_ended_task_is_joined_while_it_is_waited_for)
{
    CHECK_EQ(bide_block_on(joined_beside()), 0);
}
