/*
 * lib/sync/broadcast.c: each item to every subscriber: a ring in which the newest item takes the
 * place of the oldest.
 *
 * Senders take the lock. Subscribers do not: a place has a sequence number, odd while the place is
 * written, and a subscriber that finds another number after it has copied the item than before
 * knows that the copy is no good (a seqlock: H.-J. Boehm, "Can seqlocks get along with programming
 * language memory models?", MSPC 2012). So the words of the items are atomics.
 *
 *     the item of position p is in place p & mask while its number is 2 * p + 2
 *     `tail`: the position of the next item, twice, and CLOSED: there are no senders any more
 *
 * A subscriber waits only when it has seen all, and looks under the lock once more before it does.
 * A wait is finished without an item: the subscriber looks for that when it is polled, so a wait
 * that is cancelled loses nothing. `count` of a wait is the low half of the position that it waits
 * for. Later waits have no earlier positions, so a send finishes those at the front of the queue,
 * and those who come back meanwhile to wait for the next item are left alone.
 */
#define BIDE__UNTYPED
#include "lib/leaf.h"

#include "lib/sync/queue.h"

#include <bide/channel.h>

#include <limits.h>

enum { CLOSED = 1, TWICE = 2, MOST = 1 << 28 };

struct place {
    _Atomic uint64_t number;
    _Atomic uint64_t words[];
};

struct broadcast {
    _Atomic uint64_t tail;
    uint64_t mask;
    size_t item_size, place_size, size;
    uint32_t lock;
    struct wait_queue waiting;
    _Atomic size_t senders, subscribers, handles;
};

struct subscriber {
    struct broadcast *from;
    uint64_t next; /* the position of its next item */
    uint64_t missed;
};

struct recv {
    struct bide_frame h;
    void *subscriber;
    union {
        void *item; /* that of the wait */
        struct wait_node w;
    };
};

static struct place *place_of(struct broadcast *b, uint64_t position)
{
    return (struct place *)(void *)((char *)(b + 1) + (position & b->mask) * b->place_size);
}

static uint64_t tail_of(const struct broadcast *b)
{
    return atomic_load_explicit(&b->tail, memory_order_acquire);
}

/* ---- made and freed ---- */

static void store(void *handle, void *value)
{
    memcpy(handle, &value, sizeof value);
}

int bide_broadcast_new(size_t item_size, size_t capacity, void *broadcast)
{
    size_t places = 1, place_size = sizeof(struct place) + ((item_size + 7) & ~(size_t)7), size;
    store(broadcast, NULL);
    if (capacity == 0 || capacity > MOST || item_size > PTRDIFF_MAX / 2)
        return -EINVAL;
    while (places < capacity)
        places *= 2;
    if (__builtin_mul_overflow(places, place_size, &size) || size > PTRDIFF_MAX / 2)
        return -EINVAL;
    size += sizeof(struct broadcast);
    struct broadcast *b = bide__alloc(size);
    if (b == NULL)
        return -ENOMEM;
    memset(b, 0, sizeof *b);
    b->mask = places - 1;
    b->item_size = item_size;
    b->place_size = place_size;
    b->size = size;
    atomic_init(&b->senders, 1);
    atomic_init(&b->handles, 1);
    for (size_t i = 0; i < places; i++)
        atomic_init(&place_of(b, i)->number, 0);
    store(broadcast, b);
    return 0;
}

static void end(struct broadcast *b)
{
    if (atomic_fetch_sub_explicit(&b->handles, 1, memory_order_acq_rel) == 1)
        bide__free(b, b->size);
}

void *bide_broadcast_clone(void *broadcast)
{
    struct broadcast *b = broadcast;
    atomic_fetch_add_explicit(&b->senders, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&b->handles, 1, memory_order_relaxed);
    return b;
}

int bide_broadcast_subscribe(void *broadcast, void *subscriber)
{
    struct broadcast *b = broadcast;
    struct subscriber *s = bide__alloc(sizeof *s);
    store(subscriber, s);
    if (s == NULL)
        return -ENOMEM;
    atomic_fetch_add_explicit(&b->handles, 1, memory_order_relaxed);
    *s = (struct subscriber){.from = b};
    /* A send counts the subscribers under the lock, and this one must get what counts it. */
    lock_take(&b->lock);
    s->next = tail_of(b) / TWICE;
    atomic_fetch_add_explicit(&b->subscribers, 1, memory_order_relaxed);
    lock_give(&b->lock);
    return 0;
}

void bide_subscriber_drop(void *subscriber)
{
    struct subscriber *s = subscriber;
    if (s == NULL)
        return;
    struct broadcast *b = s->from;
    atomic_fetch_sub_explicit(&b->subscribers, 1, memory_order_release);
    bide__free(s, sizeof *s);
    end(b);
}

size_t bide_broadcast_subscribers(const void *broadcast)
{
    const struct broadcast *b = broadcast;
    return atomic_load_explicit(&b->subscribers, memory_order_acquire);
}

uint64_t bide_subscriber_missed(const void *subscriber)
{
    const struct subscriber *s = subscriber;
    return s->missed;
}

/* ---- to send ---- */

/* Ends the waits for positions before `tail`. Called with the lock held; gives it back. */
static void wake_and_unlock(struct broadcast *b, uint64_t tail)
{
    struct wakes k;
    k.count = 0;
    struct wait_node *w;
    do {
        while ((w = b->waiting.first) != NULL && (int64_t)(w->count - tail) < 0 &&
               !wakes_are_full(&k))
            wait_finish_first(&b->waiting, 0, &k);
        bool more = wakes_are_full(&k);
        lock_give(&b->lock);
        wakes_spend(&k);
        if (!more)
            return;
        lock_take(&b->lock);
    } while (true);
}

/* Copies words; the last one may be short. */
static void put_words(_Atomic uint64_t *to, const char *from, size_t size)
{
    for (; size > 0; to++) {
        uint64_t word = 0;
        size_t n = size < sizeof word ? size : sizeof word;
        memcpy(&word, from, n);
        atomic_store_explicit(to, word, memory_order_relaxed);
        from += n;
        size -= n;
    }
}

static void get_words(char *to, const _Atomic uint64_t *from, size_t size)
{
    for (; size > 0; from++) {
        uint64_t word = atomic_load_explicit(from, memory_order_relaxed);
        size_t n = size < sizeof word ? size : sizeof word;
        memcpy(to, &word, n);
        to += n;
        size -= n;
    }
}

int bide_broadcast_send(void *broadcast, const void *item)
{
    struct broadcast *b = broadcast;
    lock_take(&b->lock);
    size_t count = bide_broadcast_subscribers(b);
    if (count == 0) {
        lock_give(&b->lock);
        return -EPIPE;
    }
    uint64_t at = tail_of(b) / TWICE;
    struct place *p = place_of(b, at);
    atomic_store_explicit(&p->number, 2 * at + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    put_words(p->words, item, b->item_size);
    atomic_store_explicit(&p->number, 2 * at + 2, memory_order_release);
    atomic_store_explicit(&b->tail, TWICE * (at + 1), memory_order_release);
    wake_and_unlock(b, at + 1);
    return count < INT_MAX ? (int)count : INT_MAX;
}

void bide_broadcast_drop(void *broadcast)
{
    struct broadcast *b = broadcast;
    if (b == NULL)
        return;
    if (atomic_fetch_sub_explicit(&b->senders, 1, memory_order_acq_rel) == 1) {
        lock_take(&b->lock);
        uint64_t tail = tail_of(b);
        atomic_store_explicit(&b->tail, tail | CLOSED, memory_order_release);
        wake_and_unlock(b, tail / TWICE + 1);
    }
    end(b);
}

/* ---- to receive ---- */

/* Items have been overwritten: goes on with the oldest that is left. */
static int skip(struct subscriber *s, uint64_t tail)
{
    uint64_t oldest = tail / TWICE - s->from->mask - 1;
    s->missed = oldest - s->next;
    s->next = oldest;
    return -EOVERFLOW;
}

/* 1, 0 at the end, -EAGAIN or -EOVERFLOW. */
static int take(struct subscriber *s, void *item)
{
    struct broadcast *b = s->from;
    for (;;) {
        uint64_t tail = tail_of(b);
        if (tail / TWICE == s->next)
            return tail & CLOSED ? 0 : -EAGAIN;
        if (tail / TWICE - s->next > b->mask + 1)
            return skip(s, tail);
        struct place *p = place_of(b, s->next);
        uint64_t before = atomic_load_explicit(&p->number, memory_order_acquire);
        get_words(item, p->words, b->item_size);
        atomic_thread_fence(memory_order_acquire);
        uint64_t after = atomic_load_explicit(&p->number, memory_order_relaxed);
        if (before == 2 * s->next + 2 && after == before) {
            s->next++;
            return 1;
        }
        /* The place is being given to the item of the tail: as good as overwritten. */
        if (tail_of(b) == tail)
            return skip(s, tail + TWICE);
    }
}

int bide_subscriber_try_recv(void *subscriber, void *item)
{
    return take(subscriber, item);
}

static int await_item(struct bide_cx *cx, struct subscriber *s, struct wait_node *w)
{
    struct broadcast *b = s->from;
    if (wait_state(w) == WAIT_QUEUED)
        wait_refresh(&b->lock, w, cx->waker);
    if (wait_state(w) == WAIT_QUEUED)
        return -EAGAIN;
    if (!bide_budget_spend(cx))
        return -EAGAIN;
    int r = take(s, w->item);
    if (r != -EAGAIN)
        return r;
    cx->turn->budget++; /* an operation that has to wait does not count */
    bide_waker clone = bide_waker_clone(cx->waker);
    lock_take(&b->lock);
    bool waits = tail_of(b) == s->next * TWICE;
    if (waits) {
        w->count = s->next;
        wait_add(&b->waiting, w, clone);
    }
    lock_give(&b->lock);
    if (waits)
        return -EAGAIN;
    bide_waker_drop(clone);
    return take(s, w->item);
}

static bool recv_now(struct bide_cx *cx, void *subscriber, void *item, int *result)
{
    return done_now(cx, result, take(subscriber, item));
}

static enum bide_poll recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    if (h->state == 0) {
        wait_init(&f->w, f->item, 0);
        h->state = BIDE__BEGUN;
    }
    return wait_end_poll(cx, h, await_item(cx, f->subscriber, &f->w));
}

static enum bide_answer recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    struct broadcast *b = ((struct subscriber *)f->subscriber)->from;
    (void)cx;
    lock_take(&b->lock);
    bool queued = wait_state(&f->w) == WAIT_QUEUED;
    if (queued)
        wait_unlink(&b->waiting, &f->w);
    lock_give(&b->lock);
    if (queued)
        bide_waker_drop(f->w.waker);
    return BIDE_CANCELLED;
}

BIDE__LEAF_PARKS(int, bide_subscriber_recv, struct recv, recv_now, recv_poll, recv_cancel,
                 (void *, subscriber), (void *, item));
