/*
 * lib/time/delay_queue.c: items that come out at a time of their own, by a key.
 *
 * An item is in a *place*, which never changes, and whose number and generation are its key. The
 * places that are in use are in a binary heap by deadline, then by the order in which they got it.
 * The generation of a place grows when its item goes.
 *
 * Each leaf that waits has a timer of its own, armed for the earliest deadline or an earlier time:
 * when another item becomes the earliest, all are woken, and arm theirs anew. When an item goes
 * early, or gets a later deadline, the timers stay as they are, and wake once for nothing. Wakers
 * are borrowed, and woken under the lock.
 */
#include "lib/leaf.h"

#include <bide/time.h>

#include <assert.h>

enum { PLACES_MIN = 8, ALIGN = _Alignof(max_align_t) };
static const uint32_t NONE = UINT32_MAX;

struct place {
    int64_t deadline_ns;
    uint64_t order;
    uint32_t generation;
    uint32_t at; /* in the heap; of a free place, the next one or NONE */
    _Alignas(ALIGN) char item[];
};

struct next {
    struct bide_frame h;
    bide_delay_queue *queue;
    void *item;
    struct next *later, *earlier; /* in the list of those that wait */
    bide_waker waker;
    struct bide__wheel *wheel; /* of the timer, once it was armed */
    int64_t armed_ns;          /* for when it was; INT64_MAX: never */
    struct bide__timer timer;
};

struct bide_delay_queue {
    pthread_mutex_t mutex;
    size_t item_size, place_size;
    void (*drop)(void *item);
    bool closed;
    uint32_t count, capacity, vacant; /* the first free place */
    uint64_t orders;
    char *places;
    uint32_t *heap; /* numbers of places; in the same block */
    struct next *first;
};

/* ---- the heap ---- */

static struct place *place_at(const bide_delay_queue *q, uint32_t number)
{
    return (struct place *)(void *)(q->places + number * q->place_size);
}

static bool is_before(const bide_delay_queue *q, uint32_t a, uint32_t b)
{
    const struct place *p = place_at(q, a), *o = place_at(q, b);
    return p->deadline_ns < o->deadline_ns ||
           (p->deadline_ns == o->deadline_ns && p->order < o->order);
}

static void put(bide_delay_queue *q, uint32_t at, uint32_t number)
{
    q->heap[at] = number;
    place_at(q, number)->at = at;
}

/* Puts a place where it belongs; heap[at] is free, or the place itself. */
static void sift(bide_delay_queue *q, uint32_t at, uint32_t number)
{
    while (at > 0 && is_before(q, number, q->heap[(at - 1) / 2])) {
        put(q, at, q->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = (size_t)at * 2 + 1;
        if (child >= q->count)
            break;
        if (child + 1 < q->count && is_before(q, q->heap[child + 1], q->heap[child]))
            child++;
        if (!is_before(q, q->heap[child], number))
            break;
        put(q, at, q->heap[child]);
        at = (uint32_t)child;
    }
    put(q, at, number);
}

static int64_t earliest_ns(const bide_delay_queue *q)
{
    return q->count > 0 ? place_at(q, q->heap[0])->deadline_ns : INT64_MAX;
}

/* ---- places ---- */

static size_t size_of(const bide_delay_queue *q, uint32_t capacity)
{
    return capacity * (q->place_size + sizeof(uint32_t));
}

/* Makes room for one more. */
static int grow(bide_delay_queue *q)
{
    uint32_t capacity = q->capacity > 0 ? q->capacity * 2 : PLACES_MIN;

    if (q->capacity > NONE / 2 || capacity > PTRDIFF_MAX / (q->place_size + sizeof(uint32_t)))
        return -ENOMEM;
    char *places = bide__alloc(size_of(q, capacity));
    if (places == NULL)
        return -ENOMEM;
    uint32_t *heap = (uint32_t *)(void *)(places + capacity * q->place_size);
    if (q->capacity > 0) {
        memcpy(places, q->places, q->capacity * q->place_size);
        memcpy(heap, q->heap, q->count * sizeof(*heap));
    }
    bide__free(q->places, size_of(q, q->capacity));
    q->places = places;
    q->heap = heap;
    for (uint32_t i = q->capacity; i < capacity; i++) {
        place_at(q, i)->generation = 1;
        place_at(q, i)->at = i + 1 < capacity ? i + 1 : NONE;
    }
    q->vacant = q->capacity;
    q->capacity = capacity;
    return 0;
}

static bide_delay_key key_of(const bide_delay_queue *q, uint32_t number)
{
    return (bide_delay_key){(uint64_t)place_at(q, number)->generation << 32 | number};
}

/* The place of an item that is in the queue; NONE. */
static uint32_t find(const bide_delay_queue *q, bide_delay_key key)
{
    uint32_t number = (uint32_t)key.bits;

    if (number >= q->capacity || key_of(q, number).bits != key.bits)
        return NONE;
    uint32_t at = place_at(q, number)->at;
    return at < q->count && q->heap[at] == number ? number : NONE;
}

static void take(bide_delay_queue *q, uint32_t number, void *item)
{
    struct place *p = place_at(q, number);
    uint32_t at = p->at, last = q->heap[--q->count];

    memcpy(item, p->item, q->item_size);
    if (last != number)
        sift(q, at, last);
    if (++p->generation == 0)
        p->generation = 1;
    p->at = q->vacant;
    q->vacant = number;
}

static void set_deadline(bide_delay_queue *q, uint32_t number, uint32_t at, int64_t deadline_ns)
{
    struct place *p = place_at(q, number);
    p->deadline_ns = deadline_ns;
    p->order = ++q->orders;
    sift(q, at, number);
}

/* ---- those that wait ---- */

/* The earliest deadline may have become an earlier one. */
static void wake_late(bide_delay_queue *q)
{
    for (struct next *f = q->first; f != NULL; f = f->later)
        if (f->armed_ns > earliest_ns(q))
            bide_waker_wake_by_ref(f->waker);
}

static void wake_all(bide_delay_queue *q)
{
    for (struct next *f = q->first; f != NULL; f = f->later)
        bide_waker_wake_by_ref(f->waker);
}

/* Takes an item out before its time, unless it is gone. */
static void take_early(bide_delay_queue *q, uint32_t number, void *item)
{
    if (number != NONE)
        take(q, number, item);
    if (q->closed && q->count == 0)
        wake_all(q);
}

static void enlist(bide_delay_queue *q, struct next *f)
{
    f->earlier = NULL;
    f->later = q->first;
    if (f->later != NULL)
        f->later->earlier = f;
    q->first = f;
}

static void strike_off(bide_delay_queue *q, struct next *f)
{
    if (f->later != NULL)
        f->later->earlier = f->earlier;
    if (f->earlier != NULL)
        f->earlier->later = f->later;
    else
        q->first = f->later;
}

/* ---- for everybody ---- */

int bide_delay_queue_new(size_t item_size, void (*drop)(void *item), bide_delay_queue **queue)
{
    *queue = NULL;
    if (item_size > PTRDIFF_MAX / 4)
        return -ENOMEM;
    bide_delay_queue *q = bide__alloc(sizeof(*q));
    if (q == NULL)
        return -ENOMEM;
    *q = (bide_delay_queue){.item_size = item_size, .drop = drop, .vacant = NONE};
    q->place_size = (sizeof(struct place) + item_size + ALIGN - 1) / ALIGN * ALIGN;
    pthread_mutex_init(&q->mutex, NULL);
    *queue = q;
    return 0;
}

void bide_delay_queue_free(bide_delay_queue *q)
{
    if (q == NULL)
        return;
    assert(q->first == NULL);
    for (uint32_t i = 0; i < q->count && q->drop != NULL; i++)
        q->drop(place_at(q, q->heap[i])->item);
    pthread_mutex_destroy(&q->mutex);
    bide__free(q->places, size_of(q, q->capacity));
    bide__free(q, sizeof(*q));
}

int bide_delay_queue_insert_at(bide_delay_queue *q, const void *item, bide_instant deadline,
                               bide_delay_key *key)
{
    pthread_mutex_lock(&q->mutex);
    int r = q->closed ? -EPIPE : q->vacant == NONE ? grow(q) : 0;
    if (r == 0) {
        uint32_t number = q->vacant;
        struct place *p = place_at(q, number);
        q->vacant = p->at;
        memcpy(p->item, item, q->item_size);
        if (key != NULL)
            *key = key_of(q, number);
        q->count++;
        set_deadline(q, number, q->count - 1, deadline.ns);
        wake_late(q);
    }
    pthread_mutex_unlock(&q->mutex);
    return r;
}

int bide_delay_queue_insert(bide_delay_queue *q, const void *item, bide_duration after,
                            bide_delay_key *key)
{
    return bide_delay_queue_insert_at(q, item, (bide_instant){bide__deadline(after)}, key);
}

int bide_delay_queue_remove(bide_delay_queue *q, bide_delay_key key, void *item)
{
    pthread_mutex_lock(&q->mutex);
    uint32_t number = find(q, key);
    take_early(q, number, item);
    pthread_mutex_unlock(&q->mutex);
    return number != NONE ? 0 : -ENOENT;
}

int bide_delay_queue_reset_at(bide_delay_queue *q, bide_delay_key key, bide_instant deadline)
{
    pthread_mutex_lock(&q->mutex);
    uint32_t number = find(q, key);
    if (number != NONE) {
        set_deadline(q, number, place_at(q, number)->at, deadline.ns);
        wake_late(q);
    }
    pthread_mutex_unlock(&q->mutex);
    return number != NONE ? 0 : -ENOENT;
}

int bide_delay_queue_reset(bide_delay_queue *q, bide_delay_key key, bide_duration after)
{
    return bide_delay_queue_reset_at(q, key, (bide_instant){bide__deadline(after)});
}

int bide_delay_queue_deadline(bide_delay_queue *q, bide_delay_key key, bide_instant *deadline)
{
    pthread_mutex_lock(&q->mutex);
    uint32_t number = find(q, key);
    if (number != NONE)
        deadline->ns = place_at(q, number)->deadline_ns;
    pthread_mutex_unlock(&q->mutex);
    return number != NONE ? 0 : -ENOENT;
}

int bide_delay_queue_pop(bide_delay_queue *q, void *item)
{
    pthread_mutex_lock(&q->mutex);
    uint32_t number = q->count > 0 ? q->heap[0] : NONE;
    int r = number != NONE ? 1 : q->closed ? 0 : -EAGAIN;
    take_early(q, number, item);
    pthread_mutex_unlock(&q->mutex);
    return r;
}

size_t bide_delay_queue_count(bide_delay_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    size_t count = q->count;
    pthread_mutex_unlock(&q->mutex);
    return count;
}

void bide_delay_queue_close(bide_delay_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    wake_all(q);
    pthread_mutex_unlock(&q->mutex);
}

/* ---- the leaf ---- */

enum { NOT_BEGUN, LISTED, PUT_OFF };

/* Arms the timer for the earliest deadline, or leaves it armed for an earlier time. */
static void wait_for_earliest(struct next *f, bide_waker waker)
{
    int64_t deadline_ns = earliest_ns(f->queue);
    bool armed = bide__timer_waits(f->wheel, &f->timer, waker);

    f->waker = waker;
    if (armed && f->armed_ns <= deadline_ns && f->queue->count > 0)
        return;
    if (armed)
        bide__timer_disarm(f->wheel, &f->timer);
    f->armed_ns = deadline_ns;
    if (f->queue->count == 0)
        return;
    f->wheel = bide__wheel_running();
    bide__timer_arm(f->wheel, &f->timer, deadline_ns, waker);
}

/* 1: it has an item. 0: there is none, and none will come. -EAGAIN: it waits. */
static int look(struct bide_cx *cx, struct next *f)
{
    bide_delay_queue *q = f->queue;
    bool due = q->count > 0 && earliest_ns(q) <= bide__clock_ns();

    if (!due && !(q->closed && q->count == 0)) {
        if (f->h.state != LISTED)
            enlist(q, f);
        f->h.state = LISTED;
        wait_for_earliest(f, cx->waker);
        return -EAGAIN;
    }
    if (f->h.state == NOT_BEGUN && !bide_budget_spend(cx)) {
        f->h.state = PUT_OFF;
        return -EAGAIN;
    }
    bide__timer_disarm(f->wheel, &f->timer);
    if (f->h.state == LISTED)
        strike_off(q, f);
    if (!due)
        return 0;
    take(q, q->heap[0], f->item);
    return 1;
}

static enum bide_poll next_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    if (h->state == NOT_BEGUN) {
        f->wheel = bide__wheel_running();
        f->timer = (struct bide__timer){0};
        if (f->wheel == NULL)
            return bide__leaf_finish(cx, h, bide__no_runtime(h->fn->info->name));
    }
    pthread_mutex_lock(&f->queue->mutex);
    int r = look(cx, f);
    pthread_mutex_unlock(&f->queue->mutex);
    return r == -EAGAIN ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, r);
}

static enum bide_answer next_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    (void)cx;
    pthread_mutex_lock(&f->queue->mutex);
    bide__timer_disarm(f->wheel, &f->timer);
    if (h->state == LISTED)
        strike_off(f->queue, f);
    pthread_mutex_unlock(&f->queue->mutex);
    return BIDE_CANCELLED;
}

BIDE__LEAF(int, bide_delay_queue_next, struct next, next_poll, next_cancel,
           (bide_delay_queue *, queue), (void *, item));
