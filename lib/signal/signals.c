/*
 * lib/signal/signals.c: listeners for sets of signals; see listener.h.
 *
 * What has come stays in the listener until a call returns it, so a cancelled call has taken
 * nothing. A task that has taken one of several makes the descriptor readable again, for others
 * that wait.
 */
#include "lib/async.h"

#include <bide/io.h>
#include <bide/signal.h>

#include "lib/signal/listener.h"

#include <stdatomic.h>

struct bide_signals {
    uint64_t set;
    struct bide__listener *listener;
    atomic_int last;
};

static void unclaim(uint64_t set)
{
    for (; set != 0; set &= set - 1)
        bide__signal_unclaim(1 + __builtin_ctzll(set), BIDE__LISTENER);
}

/* Adds them to *set. */
static int claim(const int *signos, size_t count, uint64_t *set)
{
    for (size_t i = 0; i < count; i++) {
        if (!bide__signal_exists(signos[i]))
            return -EINVAL;
        if (*set & bide__signal_bit(signos[i]))
            continue;
        int r = bide__signal_claim(signos[i], BIDE__LISTENER);
        if (r < 0)
            return r;
        *set |= bide__signal_bit(signos[i]);
    }
    return *set != 0 ? 0 : -EINVAL;
}

static uint64_t set_of(const int *signos, size_t count)
{
    uint64_t set = 0;
    for (size_t i = 0; i < count; i++)
        if (bide__signal_exists(signos[i]))
            set |= bide__signal_bit(signos[i]);
    return set;
}

/* The listener is there before the handler, which would find nobody to tell. */
int bide_signals_new(const int *signos, size_t count, bide_signals **signals)
{
    *signals = NULL;
    struct bide_signals *s = bide__alloc(sizeof *s);
    if (s == NULL)
        return -ENOMEM;
    s->set = 0;
    atomic_init(&s->last, 0);
    int r = bide__fork_watch();
    if (r == 0)
        r = bide__listener_open(set_of(signos, count), &s->listener);
    if (r == 0) {
        r = claim(signos, count, &s->set);
        if (r == 0) {
            *signals = s;
            return 0;
        }
        unclaim(s->set);
        bide__listener_close(s->listener);
    }
    bide__free(s, sizeof *s);
    return r;
}

void bide_signals_free(bide_signals *s)
{
    if (s == NULL)
        return;
    if (!bide__listener_is_parents(s->listener)) {
        unclaim(s->set);
        bide__listener_close(s->listener);
    }
    bide__free(s, sizeof *s);
}

int bide_signals_try_next(bide_signals *s, bide_signal *got)
{
    if (bide__listener_is_parents(s->listener))
        return -ECHILD;
    if (!bide__listener_take(s->listener, atomic_load(&s->last), got))
        return -EAGAIN;
    atomic_store(&s->last, got->signo);
    return 1;
}

bide_async int bide_signals_next(bide_signals *s, bide_signal *got)
{
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_signals_next");
    if (bide__listener_is_parents(s->listener))
        return -ECHILD;
    bide_await bide__turn();
    for (;;) {
        bide__listener_drain(s->listener);
        if (bide_signals_try_next(s, got) == 1)
            return 1;
        int r = bide_await bide_fd_readable(bide__listener_fd(s->listener));
        if (r < 0)
            return r;
    }
}

int bide_signal_restore(int signo)
{
    if (!bide__signal_exists(signo))
        return -EINVAL;
    bide__signal_unclaim(signo, BIDE__WAIT);
    return 0;
}
