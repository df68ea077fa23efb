/*
 * cancel: whoever is cancelled cleans up. An abort, a timeout, a lost race, the end of a set and a
 * shutdown on Ctrl-C all do the same: the task stops where it waits, and its deferred blocks run,
 * the last one first. They may wait too.
 *
 *     bide run examples/cancel.c
 */
#include <bide/bide.h>

#include <bide/fs.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bide_mutex locks[2]; /* zeroes are good: nobody has locked them */
static bide_shutdown stop;  /* and it has not begun */

static const char *state_of(bide_mutex *lock)
{
    if (bide_mutex_try_lock(lock) < 0)
        return "still locked";
    bide_mutex_unlock(lock);
    return "unlocked";
}

/* Takes memory, a lock and a file, and waits for something that never comes. What was taken last is
 * given back first. */
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
        bide_file *file;
        int rc = await bide_file_temporary(NULL, &file);
        if (rc < 0)
            return rc; /* the deferred block above runs on this way out, too */
        defer {
            bide_file_free(file);
            printf("  %s: the file is gone, the lock is %s\n", who, state_of(lock));
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

/* A task that looks whether the program is to end needs no cancellation. */
static async void listen(const char *who)
{
    while (await bide_until_shutdown(&stop, bide_sleep(BIDE_MS(100))) == 1)
        continue; /* the work */
    printf("  %s: has been told\n", who);
}

static async void press_ctrl_c(void)
{
    await bide_sleep(BIDE_MS(300));
    printf("(as if you had pressed Ctrl-C)\n");
    kill(getpid(), SIGINT);
}

/* What is left is reported, with the lines at which it waits, which this example does not show. */
static void show_nothing(void *argument, const char *text, size_t size)
{
    (void)argument, (void)text, (void)size;
}

async int main(void)
{
    /* Someone else decides. An abort is a request; the wait returns when the task has ended. */
    printf("abort\n");
    bide_task(int) task = bide_spawn(hold("task", &locks[0]));
    await bide_sleep(BIDE_MS(100));
    bide_task_abort(task);
    int n = await bide_task_wait(task);
    printf("  it ended with %s\n", n == -ECANCELED ? "-ECANCELED" : "something else");

    /* The clock decides. */
    printf("timeout\n");
    n = await bide_timeout(BIDE_MS(200), hold("late one", &locks[0]));
    printf("  it ended with %s\n", n == -ETIMEDOUT ? "-ETIMEDOUT" : "something else");

    /* The others decide: when a select returns, the losers are gone. (A plain bide_select polls its
     * branches in random order; biased, the output is always the same.) */
    printf("select\n");
    int winner = await bide_select_biased(hold("hare", &locks[0]), bide_sleep(BIDE_MS(300)), ({
                                              await bide_sleep(BIDE_MS(100));
                                              await hold("fox", &locks[1]);
                                          }));
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
    await bide_sleep(BIDE_MS(100));
    bide_task_set_spawn(set, hold("second", &locks[1]));
    await bide_sleep(BIDE_MS(100));
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

    /* The user decides. All tasks are told and have some time to end, here 100 ms; then the rest is
     * cancelled, the second one of the set too. */
    printf("Ctrl-C\n");
    bide_spawn(hold("background", &locks[0]));
    bide_spawn(listen("listener"));
    bide_spawn(press_ctrl_c());
    bide_shutdown_options options = {.drain = BIDE_MS(100), .report = show_nothing};
    bide_shutdown_result ends;
    n = await bide_shutdown_on_signals(&stop, &options, &ends);
    printf("main is done: %zu were cancelled, %zu are left\n", ends.cancelled, ends.left);
    return n;
}
