/*
 * lib/iter/time.c: adaptors that know the time: timeout, throttle, chunks; and timers of nodes.
 *
 * A deadline is in the node and stays over a cancelled bide_next; the timer for it is armed only
 * while one waits.
 */
#include "lib/iter/iter.h"

/* ---- timers ---- */

static void disarm(struct iter_wait *wait, struct bide_cx *cx)
{
    struct iter_timer *t = (struct iter_timer *)(void *)wait;

    (void)cx;
    bide__timer_disarm(t->wheel, &t->timer);
}

bool bide__iter_timer_passed(struct iter_timer *t, struct pull *p, int64_t deadline_ns, int *error)
{
    if (deadline_ns <= bide__clock_ns())
        return true;
    if (!p->may_wait)
        return false;
    if (t->wait.undo != NULL && bide__timer_waits(t->wheel, &t->timer, p->cx->waker)) {
        if (t->armed_ns == deadline_ns)
            return false;
        bide__timer_disarm(t->wheel, &t->timer);
    }
    struct bide__wheel *wheel = bide__wheel_running();
    if (wheel == NULL) {
        *error = bide__no_runtime("bide_next");
        return false;
    }
    t->wheel = wheel;
    t->armed_ns = deadline_ns;
    t->timer = (struct bide__timer){0};
    bide__timer_arm(wheel, &t->timer, deadline_ns, p->cx->waker);
    iter_waits(p, &t->wait, disarm);
    return false;
}

struct timed {
    struct iter node;
    struct iter_timer timer;
    bide_duration duration;
    int64_t deadline_ns; /* 0: there is none */
    bool is_late; /* timeout: it has passed, but the source had no budget to say what it has */
};

static struct timed *timed_of(struct iter *node)
{
    return (struct timed *)(void *)node;
}

static void *timed_new(const struct iter_kind *kind, struct iter *source, bide_duration duration)
{
    bool made;

    if (source == NULL)
        return bide__iter_failed(-EINVAL);
    struct iter *it = bide__iter_new(kind, sizeof(struct timed), source->size, source, NULL, &made);
    if (made) {
        it->drop = source->drop;
        timed_of(it)->duration = duration;
    }
    return it;
}

/* ---- timeout ---- */

static int timeout_poll(struct iter *node, struct pull *p, void *item)
{
    struct timed *n = timed_of(node);
    int r = iter_poll(node->source, p, item);

    if (r != ITER_WAITS) {
        n->deadline_ns = 0;
        n->is_late = false;
        return r;
    }
    if (n->deadline_ns == 0 && !p->may_wait)
        return r;
    if (n->deadline_ns == 0)
        n->deadline_ns = bide__deadline(n->duration);
    if (bide__iter_timer_passed(&n->timer, p, n->deadline_ns, &r)) {
        if (!bide_budget_spend(p->cx) && !(p->may_wait && n->is_late)) {
            n->is_late = p->may_wait; /* the task is woken: once more */
            return ITER_WAITS;
        }
        n->is_late = false;
        n->deadline_ns = 0;
        return -ETIMEDOUT;
    }
    return r;
}

static const struct iter_kind timeout_kind = {.poll = timeout_poll};

void *bide_iter_timeout(void *it, bide_duration duration)
{
    return timed_new(&timeout_kind, it, duration);
}

/* ---- throttle ---- */

static int throttle_poll(struct iter *node, struct pull *p, void *item)
{
    struct timed *n = timed_of(node);
    int r = ITER_WAITS;

    if (n->deadline_ns != 0 && !bide__iter_timer_passed(&n->timer, p, n->deadline_ns, &r))
        return r;
    n->deadline_ns = 0;
    r = iter_poll(node->source, p, item);
    if (r == 1)
        n->deadline_ns = bide__deadline(n->duration);
    return r;
}

static const struct iter_kind throttle_kind = {.poll = throttle_poll};

void *bide_iter_throttle(void *it, bide_duration duration)
{
    return timed_new(&throttle_kind, it, duration);
}

/* ---- chunks ---- */

struct chunks {
    struct timed timed; /* its node first */
    size_t count_at, items_at, most, filled;
    _Alignas(max_align_t) char chunk[];
};

static struct chunks *chunks_of(struct iter *node)
{
    return (struct chunks *)(void *)node;
}

static char *place_of(struct chunks *n, size_t i)
{
    return n->chunk + n->items_at + i * n->timed.node.source->size;
}

static int give_chunk(struct chunks *n, void *item)
{
    size_t size = n->timed.node.size;

    /* A filter has written there what it refused. */
    memset(place_of(n, n->filled), 0, (n->most - n->filled) * n->timed.node.source->size);
    memcpy(n->chunk + n->count_at, &n->filled, sizeof n->filled);
    memcpy(item, n->chunk, size);
    memset(n->chunk, 0, size);
    n->filled = 0;
    return 1;
}

static bool has_time(const struct chunks *n)
{
    return n->timed.duration.ns != INT64_MIN;
}

static int chunks_poll(struct iter *node, struct pull *p, void *item)
{
    struct chunks *n = chunks_of(node);
    int r = 1;

    while (n->filled < n->most && (r = iter_poll(node->source, p, place_of(n, n->filled))) == 1)
        if (n->filled++ == 0 && has_time(n))
            n->timed.deadline_ns = bide__deadline(n->timed.duration);
    if (r == 1 || (r == 0 && n->filled > 0))
        return give_chunk(n, item);
    if (r == ITER_WAITS && n->filled > 0 && has_time(n) &&
        bide__iter_timer_passed(&n->timed.timer, p, n->timed.deadline_ns, &r))
        return give_chunk(n, item);
    return r;
}

static void chunks_end(struct iter *node)
{
    struct chunks *n = chunks_of(node);

    for (size_t i = 0; i < n->filled; i++)
        iter_lose(node->source, place_of(n, i));
}

static const struct iter_kind chunks_kind = {.poll = chunks_poll, .end = chunks_end};

void *bide_iter_chunks(void *source, size_t chunk_size, size_t count_at, size_t items_at,
                       size_t most, bide_duration duration)
{
    bool made;

    if (source == NULL || most == 0) {
        bide_iter_drop(source);
        return bide__iter_failed(-EINVAL);
    }
    struct iter *it = bide__iter_new(&chunks_kind, sizeof(struct chunks) + chunk_size, chunk_size,
                                     source, NULL, &made);
    if (made) {
        struct chunks *n = chunks_of(it);
        n->timed.duration = duration;
        n->count_at = count_at;
        n->items_at = items_at;
        n->most = most;
    }
    return it;
}
