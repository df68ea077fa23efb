/*
 * cancel: whoever is cancelled cleans up. An abort, a timeout, a lost race, the close of a set and
 * Ctrl-C all do the same: the task stops where it waits, and its deferred blocks run, the last one
 * first. They may wait too.
 *
 *     bide run examples/cancel.c
 */
#include <bide/bide.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bide_mutex locks[2]; /* zeroes are good: nobody has locked them */

static const char *state_of(bide_mutex *lock)
{
    if (bide_mutex_try_lock(lock) < 0)
        return "still locked";
    bide_mutex_unlock(lock);
    return "unlocked";
}

/* Takes memory, a lock and a file descriptor, and waits for something that never comes. What was
 * taken last is given back first. */
static async int hold(const char *who, bide_mutex *lock)
{
    char *buffer = malloc(4096);
    if (buffer == NULL)
        return -ENOMEM;
    defer {
        free(buffer);
        printf("  %s: memory is freed, the lock is %s\n", who, state_of(lock));
    }

    bide_locked(lock) { /* unlocks however the block is left, also when the wait is cancelled */
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return -errno; /* the deferred block above runs on this way out, too */
        defer {
            close(fd);
            printf("  %s: descriptor is closed, the lock is %s\n", who, state_of(lock));
        }

        defer {
            await bide_sleep(BIDE_MS(10)); /* as if to tell a server that we are leaving */
            printf("  %s: farewell is said\n", who);
        }

        snprintf(buffer, 4096, "%s waits", who);
        printf("  %s\n", buffer);
        await bide_sleep(BIDE_S(3600));
        printf("  %s: nobody sees this\n", who);
    }
    return 0;
}

static async void press_ctrl_c(void)
{
    await bide_sleep(BIDE_MS(300));
    printf("(as if you had pressed Ctrl-C)\n");
    kill(getpid(), SIGINT);
}

async int main(void)
{
    /* Someone else decides. An abort is a request; the wait returns when the task has ended. */
    printf("abort\n");
    bide_task(int) task = bide_spawn(hold("task", &locks[0]));
    await bide_sleep(BIDE_MS(10));
    bide_task_abort(task);
    int n = await bide_task_wait(task);
    printf("  it ended with %s\n", n == -ECANCELED ? "-ECANCELED" : "something else");

    /* The clock decides. */
    printf("timeout\n");
    n = await bide_timeout(BIDE_MS(100), hold("late one", &locks[0]));
    printf("  it ended with %s\n", n == -ETIMEDOUT ? "-ETIMEDOUT" : "something else");

    /* The others decide: when a select returns, the losers are gone. (A plain bide_select polls its
     * branches in random order; biased, the output is always the same.) */
    printf("select\n");
    int winner = await bide_select_biased(hold("hare", &locks[0]), bide_sleep(BIDE_MS(100)),
                                          hold("fox", &locks[1]));
    printf("  the winner is branch %d\n", winner);

    /* Who has started many decides: the close of a set cancels what is left, and waits for it. An
     * end tells its reason. */
    printf("set\n");
    bide_task_set(int) set;
    n = bide_task_set_new(0, &set);
    if (n < 0)
        return n;
    defer {
        await bide_task_set_close(set);
        printf("  the set is closed\n");
    }
    uint64_t first = bide_task_set_spawn(set, hold("first", &locks[0]));
    await bide_sleep(BIDE_MS(10));
    bide_task_set_spawn(set, hold("second", &locks[1]));
    await bide_sleep(BIDE_MS(10));
    bide_task_set_abort(set, first);
    bide_task_end end;
    int result;
    n = await bide_task_set_next_end(set, &result, &end);
    printf("  a call of %s ended: %s\n", end.function,
           n == -ECANCELED && end.reason == BIDE_END_ABORTED ? "it was aborted" : "who knows");

    /* A part of the program is told to end, and does so in its own way. */
    printf("token\n");
    bide_token *token;
    n = bide_token_new(&token);
    if (n < 0)
        return n;
    defer {
        bide_token_drop(token);
    }
    bide_token_cancel(token);
    n = await bide_until_cancelled(token, hold("late comer", &locks[0]));
    printf("  %s\n", n == 0 ? "it did not begin" : "it ran");

    /* The user decides. When main returns, tasks that are left are cancelled and awaited. */
    printf("Ctrl-C\n");
    bide_spawn(hold("background", &locks[0]));
    bide_spawn(press_ctrl_c());
    await bide_ctrl_c();
    printf("main is done\n");
    return 0;
}
