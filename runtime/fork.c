/*
 * fork.c: what a child of fork() may do with the runtimes of its parent: nothing that runs them.
 * Their tasks would run in both processes, and both would share one epoll instance.
 *
 * This takes no system call. fork() calls a handler in the child, which counts, and a runtime knows
 * the count of the process that made it. The handler also cuts short the row of tasks that the
 * executor is running, so that the executor checks the count before it polls another one. A child
 * that was made without the handlers (by _Fork or clone) is not noticed.
 */
#include "runtime/thread.h"

#include "core/assert.h"

#include <stdlib.h>

unsigned bide__forks;

enum { TOLD_MAX = 4 };
static _Atomic(bide__fork_teller *) told[TOLD_MAX];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int watch_error;

static void in_child(void)
{
    bide__forks++;
    if (bide__thread.running != NULL)
        bide__thread.running->turns = bide__thread.running->watched_max;
    for (unsigned i = 0; i < TOLD_MAX; i++) {
        bide__fork_teller *tell = atomic_load_explicit(&told[i], memory_order_acquire);
        if (tell != NULL)
            tell();
    }
}

void bide__fork_tells(bide__fork_teller *tell)
{
    for (unsigned i = 0; i < TOLD_MAX; i++) {
        bide__fork_teller *none = NULL;
        if (atomic_compare_exchange_strong(&told[i], &none, tell) || none == tell)
            return;
    }
    BIDE__ASSERT(false, "fork: more of those who are told than there is room for");
}

static void watch(void)
{
    watch_error = -pthread_atfork(NULL, NULL, in_child);
}

int bide__fork_watch(void)
{
    pthread_once(&once, watch);
    return watch_error;
}

void bide__misuse_forked(void)
{
    static const char text[] =
        "bide: await in a child of fork(): it cannot use its parent's runtime; call exec or _exit "
        "there, or fork before there is a runtime\n";
    (void)bide__door.write(STDERR_FILENO, text, sizeof(text) - 1);
    abort();
}
