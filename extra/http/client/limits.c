/*
 * limits.c: how long a request may wait for its connection, and how long an answer may keep
 * silent. One timer serves both. What is heard only moves a mark: the timer stays as it is, and
 * when it fires it is armed again for what is left.
 *
 * A phase begins in a callback of curl:
 *   CONNECTING  a name is looked up, or a socket is made; it lasts until the request is sent
 *   ASKED       the request is being sent, or its answer received
 * Neither of them, before: curl has no connection to spare for it, which only the deadline limits.
 * So it may be between the look-up and the connection, too.
 */
#include "internal.h"

static bide_duration limit_of(const struct bide__http_transfer *t)
{
    const bide_http_options *options = &t->owner->options;
    switch (t->phase) {
    case BIDE__HTTP_CONNECTING: return options->connect_timeout;
    case BIDE__HTTP_ASKED: return options->read_timeout;
    default: return (bide_duration){0};
    }
}

static void arm(struct bide__http_transfer *t)
{
    bide_duration limit = limit_of(t);
    bide__timer_disarm(t->silence_wheel, &t->silence);
    atomic_fetch_and_explicit(&t->late, ~(1U << BIDE__HTTP_SILENCE), memory_order_relaxed);
    if (limit.ns <= 0 || t->client == NULL)
        return;
    int64_t end;
    if (__builtin_add_overflow(t->heard_ns, limit.ns, &end))
        return;
    t->silence_wheel = bide__wheel_of(t->client->runtime);
    bide__timer_arm(t->silence_wheel, &t->silence, end,
                    bide_waker_make(&t->self, BIDE__HTTP_SILENCE));
}

void bide__http_phase(struct bide__http_transfer *t, enum bide__http_phase phase)
{
    t->phase = phase;
    t->heard_ns = bide__clock_ns();
    if (phase == BIDE__HTTP_CONNECTING)
        t->heard_ns -= t->spent_ns;
    t->spent_ns = 0;
    arm(t);
}

void bide__http_heard(struct bide__http_transfer *t)
{
    if (t->owner->options.read_timeout.ns > 0)
        t->heard_ns = bide__clock_ns();
}

void bide__http_silent(struct bide__http_transfer *t)
{
    static const char *const texts[] = {[BIDE__HTTP_QUIET] = NULL,
                                        [BIDE__HTTP_CONNECTING] = "no connection in time",
                                        [BIDE__HTTP_ASKED] = "nothing was received in time"};
    int64_t now = bide__clock_ns();
    /* It is the program's turn, not the server's. */
    if (t->phase == BIDE__HTTP_ASKED && (t->stream.in_paused || t->stream.out_paused))
        t->heard_ns = now;
    if (now - t->heard_ns < limit_of(t).ns) {
        arm(t);
        return;
    }
    t->text = texts[t->phase];
    bide__http_happens(t, BIDE__HTTP_EXPIRED, 0);
}
