/*
 * lib/sync/watch.c: the latest value, and its version.
 *
 * The value lies in a block. A watcher may *borrow* the block: then it is not written any more, and
 * the next value goes into another one; the borrowed one is freed with its last borrow. So a borrow
 * never holds up a sender, and a set takes memory only while somebody borrows. One block that has
 * become free is kept.
 *
 * All this is under the lock; the version can be read without it. It is twice the number of sets,
 * and CLOSED when there are no senders any more. A wait is finished without a value: the watcher
 * fetches that when it is polled, so a wait that is cancelled loses nothing. `count` of a wait is
 * the low half of the version that its watcher has seen. Later waits have seen no older ones, so a
 * set finishes those at the front of the queue, and those who come back meanwhile are left alone.
 */
#define BIDE__UNTYPED
#include "lib/leaf.h"

#include "core/assert.h"
#include "lib/sync/queue.h"

#include <bide/channel.h>

enum { CLOSED = 1, TWICE = 2 };

struct value {
    size_t borrows;
    bool old; /* not the latest any more: freed with the last borrow */
};            /* the item lies behind it */

struct watch {
    _Atomic uint64_t version;
    size_t item_size;
    uint32_t lock;
    struct value *now, *spare;
    struct wait_queue waiting, leaving; /* for a change; for the end of the watchers */
    _Atomic size_t senders, watchers, handles;
};

struct watcher {
    struct watch *of;
    uint64_t seen;
};

struct changed {
    struct bide_frame h;
    void *watcher;
    union {
        void *item; /* that of the wait */
        struct wait_node w;
    };
};

struct unwatched {
    struct bide_frame h;
    void *watch;
    struct wait_node w;
};

static uint64_t version_of(const struct watch *w)
{
    return atomic_load_explicit(&w->version, memory_order_acquire);
}

/* ---- made and freed ---- */

static void store(void *handle, void *value)
{
    memcpy(handle, &value, sizeof value);
}

static void *item_of(const struct watch *w, struct value *v)
{
    return (char *)v + item_offset(sizeof *v, w->item_size);
}

static size_t value_size(const struct watch *w)
{
    return item_offset(sizeof(struct value), w->item_size) + w->item_size;
}

static struct value *value_new(const struct watch *w)
{
    struct value *v = bide__door.alloc(value_size(w), item_align(w->item_size));
    if (v != NULL)
        *v = (struct value){.borrows = 0};
    return v;
}

static void value_free(const struct watch *w, struct value *v)
{
    if (v != NULL)
        bide__free(v, value_size(w));
}

int bide_watch_new(size_t item_size, const void *first, void *watch)
{
    struct watch *w = NULL;
    store(watch, NULL);
    if (item_size <= PTRDIFF_MAX / 2)
        w = bide__alloc(sizeof *w);
    if (w == NULL)
        return -ENOMEM;
    memset(w, 0, sizeof *w);
    w->item_size = item_size;
    w->now = value_new(w);
    if (w->now == NULL) {
        bide__free(w, sizeof *w);
        return -ENOMEM;
    }
    memcpy(item_of(w, w->now), first, item_size);
    atomic_init(&w->senders, 1);
    atomic_init(&w->handles, 1);
    store(watch, w);
    return 0;
}

static void end(struct watch *w)
{
    if (atomic_fetch_sub_explicit(&w->handles, 1, memory_order_acq_rel) > 1)
        return;
    BIDE__ASSERT(w->now->borrows == 0, "watch: drop: its value is borrowed");
    value_free(w, w->now);
    value_free(w, w->spare);
    bide__free(w, sizeof *w);
}

void *bide_watch_clone(void *watch)
{
    struct watch *w = watch;
    atomic_fetch_add_explicit(&w->senders, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->handles, 1, memory_order_relaxed);
    return w;
}

int bide_watch_subscribe(void *watch, void *watcher)
{
    struct watch *w = watch;
    struct watcher *s = bide__alloc(sizeof *s);
    store(watcher, s);
    if (s == NULL)
        return -ENOMEM;
    atomic_fetch_add_explicit(&w->handles, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->watchers, 1, memory_order_relaxed);
    *s = (struct watcher){w, version_of(w)};
    return 0;
}

size_t bide_watch_watchers(const void *watch)
{
    const struct watch *w = watch;
    return atomic_load_explicit(&w->watchers, memory_order_acquire);
}

/* Ends the waits of those who have not seen this version. Called with the lock held; gives it
 * back. */
static void wake_and_unlock(struct watch *w, uint64_t version)
{
    struct wakes k;
    k.count = 0;
    struct wait_node *n;
    do {
        while ((n = w->waiting.first) != NULL && n->count != version && !wakes_are_full(&k))
            wait_finish_first(&w->waiting, 0, &k);
        bool more = wakes_are_full(&k);
        lock_give(&w->lock);
        wakes_spend(&k);
        if (!more)
            return;
        lock_take(&w->lock);
        version = version_of(w);
    } while (true);
}

void bide_watch_drop(void *watch)
{
    struct watch *w = watch;
    if (w == NULL)
        return;
    if (atomic_fetch_sub_explicit(&w->senders, 1, memory_order_acq_rel) == 1) {
        lock_take(&w->lock);
        uint64_t version = version_of(w) | CLOSED;
        atomic_store_explicit(&w->version, version, memory_order_release);
        wake_and_unlock(w, version);
    }
    end(w);
}

void bide_watcher_drop(void *watcher)
{
    struct watcher *s = watcher;
    if (s == NULL)
        return;
    struct watch *w = s->of;
    if (atomic_fetch_sub_explicit(&w->watchers, 1, memory_order_acq_rel) == 1) {
        struct wakes k;
        k.count = 0;
        bool more;
        do {
            lock_take(&w->lock);
            more = bide_watch_watchers(w) == 0 && wait_finish_all(&w->leaving, 0, &k);
            lock_give(&w->lock);
            wakes_spend(&k);
        } while (more);
    }
    bide__free(s, sizeof *s);
    end(w);
}

/* ---- the value ---- */

/* The block for the next value. *fresh: a block for it, if one is needed; NULL: allocate one. */
static struct value *writable(struct watch *w, struct value **fresh)
{
    if (w->now->borrows == 0)
        return w->now;
    struct value *next = w->spare != NULL ? w->spare : *fresh;
    if (next == NULL)
        return NULL;
    *(next == w->spare ? &w->spare : fresh) = NULL;
    next->old = false;
    w->now->old = true;
    w->now = next;
    return next;
}

int bide_watch_set(void *watch, const void *item)
{
    struct watch *w = watch;
    struct value *fresh = NULL, *to;
    lock_take(&w->lock);
    while ((to = writable(w, &fresh)) == NULL) {
        lock_give(&w->lock);
        fresh = value_new(w);
        if (fresh == NULL)
            return -ENOMEM;
        lock_take(&w->lock);
    }
    memcpy(item_of(w, to), item, w->item_size);
    uint64_t version = version_of(w) + TWICE;
    atomic_store_explicit(&w->version, version, memory_order_release);
    wake_and_unlock(w, version);
    value_free(w, fresh);
    return 0;
}

void bide_watch_get(void *watch, void *item)
{
    struct watch *w = watch;
    lock_take(&w->lock);
    memcpy(item, item_of(w, w->now), w->item_size);
    lock_give(&w->lock);
}

void bide_watcher_get(void *watcher, void *item)
{
    struct watcher *s = watcher;
    struct watch *w = s->of;
    lock_take(&w->lock);
    s->seen = version_of(w);
    memcpy(item, item_of(w, w->now), w->item_size);
    lock_give(&w->lock);
}

const void *bide_watcher_borrow(void *watcher)
{
    struct watcher *s = watcher;
    struct watch *w = s->of;
    lock_take(&w->lock);
    s->seen = version_of(w);
    struct value *v = w->now;
    v->borrows++;
    lock_give(&w->lock);
    return item_of(w, v);
}

void bide_watcher_return(void *watcher, const void *item)
{
    struct watch *w = ((struct watcher *)watcher)->of;
    size_t offset = item_offset(sizeof(struct value), w->item_size);
    struct value *v = (struct value *)(void *)((char *)(uintptr_t)item - offset);
    lock_take(&w->lock);
    BIDE__ASSERT(v->borrows > 0, "watch: return: it is not borrowed");
    bool unused = --v->borrows == 0 && v->old;
    if (unused && w->spare == NULL) {
        w->spare = v;
        unused = false;
    }
    lock_give(&w->lock);
    if (unused)
        value_free(w, v);
}

/* Has a watcher that has seen `seen` something to look at? */
static bool is_news(uint64_t version, uint64_t seen)
{
    return (version ^ seen) / TWICE != 0;
}

int bide_watcher_has_changed(const void *watcher)
{
    const struct watcher *s = watcher;
    uint64_t version = version_of(s->of);
    if (is_news(version, s->seen))
        return 1;
    return version & CLOSED ? 0 : -EAGAIN;
}

/* ---- to wait for a change ---- */

static int take(struct watcher *s, void *item)
{
    int r = bide_watcher_has_changed(s);
    if (r == 1)
        bide_watcher_get(s, item);
    return r;
}

/* Queues the wait unless `version` is not the current one any more. */
static bool await_version(struct watch *w, struct wait_node *n, struct wait_queue *q,
                          uint64_t version, bide_waker waker)
{
    bide_waker clone = bide_waker_clone(waker);
    lock_take(&w->lock);
    bool waits = version_of(w) == version;
    if (waits) {
        n->count = version;
        wait_add(q, n, clone);
    }
    lock_give(&w->lock);
    if (!waits)
        bide_waker_drop(clone);
    return waits;
}

static int await_change(struct bide_cx *cx, struct watcher *s, struct wait_node *n)
{
    struct watch *w = s->of;
    if (wait_state(n) == WAIT_QUEUED)
        wait_refresh(&w->lock, n, cx->waker);
    if (wait_state(n) == WAIT_QUEUED || !bide_budget_spend(cx))
        return -EAGAIN;
    int r = take(s, n->item);
    if (r == -EAGAIN) {
        cx->turn->budget++; /* an operation that has to wait does not count */
        if (!await_version(w, n, &w->waiting, s->seen, cx->waker))
            r = take(s, n->item);
    }
    return r;
}

static bool changed_now(struct bide_cx *cx, void *watcher, void *item, int *result)
{
    return done_now(cx, result, take(watcher, item));
}

static enum bide_poll changed_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct changed *f = (struct changed *)(void *)h;
    if (h->state == 0) {
        wait_init(&f->w, f->item, 0);
        h->state = BIDE__BEGUN;
    }
    return wait_end_poll(cx, h, await_change(cx, f->watcher, &f->w));
}

static enum bide_answer cancel(struct watch *w, struct wait_queue *q, struct wait_node *n)
{
    lock_take(&w->lock);
    bool queued = wait_state(n) == WAIT_QUEUED;
    if (queued)
        wait_unlink(q, n);
    lock_give(&w->lock);
    if (queued)
        bide_waker_drop(n->waker);
    return BIDE_CANCELLED;
}

static enum bide_answer changed_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct changed *f = (struct changed *)(void *)h;
    struct watch *w = ((struct watcher *)f->watcher)->of;
    (void)cx;
    return cancel(w, &w->waiting, &f->w);
}

/* ---- until nobody watches ---- */

static enum bide_poll unwatched_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct unwatched *f = (struct unwatched *)(void *)h;
    struct watch *w = f->watch;
    if (h->state == 0) {
        wait_init(&f->w, NULL, 0);
        h->state = BIDE__BEGUN;
    }
    if (wait_state(&f->w) == WAIT_QUEUED)
        wait_refresh(&w->lock, &f->w, cx->waker);
    if (wait_state(&f->w) == WAIT_QUEUED)
        return bide_frame_suspend(cx, h);
    if (wait_state(&f->w) == WAIT_DONE || bide_watch_watchers(w) == 0)
        return bide_budget_spend(cx) ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
    bide_waker clone = bide_waker_clone(cx->waker);
    lock_take(&w->lock);
    bool waits = bide_watch_watchers(w) > 0;
    if (waits)
        wait_add(&w->leaving, &f->w, clone);
    lock_give(&w->lock);
    if (waits)
        return bide_frame_suspend(cx, h);
    bide_waker_drop(clone);
    return bide__leaf_finish(cx, h, 0);
}

static enum bide_answer unwatched_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct unwatched *f = (struct unwatched *)(void *)h;
    struct watch *w = f->watch;
    (void)cx;
    return cancel(w, &w->leaving, &f->w);
}

BIDE__LEAF_PARKS(int, bide_watcher_changed, struct changed, changed_now, changed_poll,
                 changed_cancel, (void *, watcher), (void *, item));
BIDE__LEAF_PARKS(int, bide_watch_unwatched, struct unwatched, BIDE__NOT_NOW, unwatched_poll,
                 unwatched_cancel, (void *, watch));
