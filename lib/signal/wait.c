/*
 * lib/signal/wait.c: waiting for signals.
 *
 * A wait returns when there is a delivery that had not been taken when the wait began. It takes the
 * delivery only when it returns, so a cancelled wait leaves it to the next one.
 *
 * A bide_ctrl_c announces its wait only if there is no delivery to take. Otherwise it takes that
 * one and returns at once, and the Ctrl-C after it counts as a second one.
 */
#include "lib/async.h"

#include <bide/signal.h>

#include "lib/signal/listener.h"

static bide_async int wait_on(int signo, uint32_t taken, struct bide__listener *listener)
{
    struct bide__fd *registration;
    int r = bide__fd_open(&registration, bide__listener_fd(listener));
    if (r < 0)
        return r;
    bide_defer {
        bide__fd_close(registration);
    }
    while (!bide__signal_take(signo, taken)) {
        r = bide_await bide__fd_wait(registration, BIDE__READ);
        if (r < 0)
            return r;
        uint32_t seen = bide__fd_seen(registration, BIDE__READ);
        bide__listener_drain(listener);
        bide__fd_clear(registration, BIDE__READ, seen);
    }
    return 0;
}

static bide_async int wait_for(int signo, bool second_ends)
{
    struct bide__listener *listener;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime(second_ends ? "bide_ctrl_c" : "bide_signal_wait");
    int r = bide__signal_claim(signo, second_ends ? BIDE__CTRL_C : BIDE__WAIT);
    if (r < 0)
        return r;
    uint32_t taken = bide__signal_taken(signo);
    if (bide__signal_take(signo, taken))
        return 0;
    if (second_ends)
        bide__ctrl_c_await();
    r = bide__listener_open(bide__signal_bit(signo), &listener);
    if (r < 0)
        return r;
    bide_defer {
        bide__listener_close(listener);
    }
    return bide_await wait_on(signo, taken, listener);
}

bide_async int bide_signal_wait(int signo)
{
    return bide_await wait_for(signo, false);
}

bide_async int bide_ctrl_c(void)
{
    return bide_await wait_for(SIGINT, true);
}
