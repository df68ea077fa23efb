/*
 * lib/process/wait.c: waiting for the end of a child, and bringing it about.
 *
 * A wait keeps the process with a reference from its first suspension on, so that its descriptor
 * stays, and takes nothing: the end is in the process. So there is nothing to undo when it is
 * cancelled.
 */
#include "lib/async.h"

#include <bide/lock.h>
#include <bide/time.h>

#include "lib/process/process.h"
#include "lib/process/wait.h"

enum { PAUSE_MS = 1 };

/* A thread watches. The child is looked at after the wait has begun, so that an end between the
 * two is not missed. */
static bide_async int wait_for_thread(bide_process *p)
{
    bide_notified told;
    bide_notify_listen(&p->ended, &told);
    bide_defer {
        bide_notified_drop(&told);
    }
    int r = bide__process_look(p, NULL);
    return r == -EAGAIN ? bide_await bide_notified_wait(&told) : r == -ECHILD ? 0 : r;
}

/* The kernel is asked only after the event: most children live longer than it takes to get here. */
bide_async int bide__process_wait_end(bide_process *p, bide_process_exit *exit)
{
    int r = bide__process_known(p, exit);
    while (r == -EAGAIN) {
        r = p->fd >= 0 ? bide_await bide__event_readable(p->fd) : bide_await wait_for_thread(p);
        if (r < 0)
            return r;
        r = bide__process_look(p, exit);
        if (r != -EAGAIN)
            return r;
        /* A debugger that traces the child is told its end first. */
        r = bide_await bide_sleep(BIDE_MS(PAUSE_MS));
        if (r == 0)
            r = -EAGAIN;
    }
    return r;
}

bide_async int bide_process_wait(bide_process *p, bide_process_exit *exit)
{
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_process_wait");
    int r = bide_process_close_in(p);
    if (r < 0)
        return r;
    bide__process_ref(p);
    bide_defer {
        bide__process_drop(p);
    }
    bide_await bide__turn();
    return bide_await bide__process_wait_end(p, exit);
}

bide_async int bide_process_stop(bide_process *p, bide_duration grace, bide_process_exit *exit)
{
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_process_stop");
    int r = bide_process_close_in(p);
    if (r < 0)
        return r;
    bide__process_ref(p);
    bide_defer {
        bide__process_drop(p);
    }
    if (grace.ns > 0) {
        bide__process_signal(p, SIGTERM);
        if (bide_await bide_timeout(grace, r = bide__process_wait_end(p, exit)) == 0)
            return r;
    }
    bide__process_signal(p, SIGKILL);
    return bide_await bide__process_wait_end(p, exit);
}

bide_async int bide_process_run(const char *const *argv, const bide_process_options *options,
                                bide_process_exit *exit)
{
    bide_process *p;
    int r = bide_process_spawn(argv, options, &p);
    if (r < 0)
        return r;
    bide_defer {
        bide_process_free(p);
    }
    return bide_await bide_process_wait(p, exit);
}
