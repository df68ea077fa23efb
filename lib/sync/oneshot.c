/*
 * lib/sync/oneshot.c: one value from one sender to one receiver, without a lock: one word says it
 * all.
 *
 *     OPEN    nothing has happened; nobody waits
 *     SENT    the value lies behind the header; taking it makes this GONE
 *     GONE    the sender ended its half without a value, or the value was taken
 *     DEAF    the receiver ended its half
 *     other   a waker: a receive waits. The clone belongs to the word: whoever exchanges it for
 *             something else wakes or drops it
 *
 * The sender changes the word once, in one exchange, which is the last time it touches a oneshot
 * that it does not free. The half that ends last frees it: the receiver if it finds SENT or GONE,
 * the sender if it finds DEAF. A cancelled receive takes its waker back; if there is another word
 * in its place, the sender has come first.
 *
 * info_ has the size of the value, and above the flags KEPT (it lies in the caller's memory and is
 * not freed) and DROPS (a function lies behind the value).
 */
#define BIDE__UNTYPED
#include "lib/leaf.h"

#include "core/assert.h"
#include "lib/sync/wait.h"

#include <bide/channel.h>

#include <stdatomic.h>

/* No waker is so small: the branch is in its low five bits, the task above. */
enum { OPEN, SENT, GONE, DEAF, STATES };

enum { KEPT = 1, DROPS = 2, SIZE = 4 }; /* in info_ */

enum { WAITS = 2 }; /* in h.state: the word was its waker */

struct recv {
    struct bide_frame h;
    void *rx;
    void *item;
};

static uintptr_t state_of(const struct bide__oneshot *o)
{
    return __atomic_load_n(&o->state_, __ATOMIC_ACQUIRE);
}

static uintptr_t exchange(struct bide__oneshot *o, uintptr_t state)
{
    if (!lock_is_alone())
        return __atomic_exchange_n(&o->state_, state, __ATOMIC_ACQ_REL);
    uintptr_t before = o->state_;
    o->state_ = state;
    return before;
}

/* False: the word was not `from`. */
static bool change(struct bide__oneshot *o, uintptr_t from, uintptr_t to)
{
    if (lock_is_alone()) {
        o->state_ = o->state_ == from ? to : o->state_;
        return o->state_ == to;
    }
    return __atomic_compare_exchange_n(&o->state_, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static void *item_of(struct bide__oneshot *o)
{
    return o + 1;
}

static size_t size_of(const struct bide__oneshot *o)
{
    return o->info_ / SIZE;
}

/* ---- memory ---- */

/*
 * Programs make a oneshot for each request, many at once, and the heap takes a fifth of the time of
 * such a request. So while the process has one thread, the blocks of most are kept when they are
 * freed: 48 KiB of them at most. AddressSanitizer is to see each end, and so are tests that have
 * replaced the calls for memory.
 */
enum { USUAL = sizeof(struct bide__oneshot) + sizeof(uint64_t), SPARES = 2048 };

#ifdef BIDE__ASAN
#define KEEPS false
#else
#define KEEPS true
#endif

struct spare {
    struct spare *next;
};

static struct spare *spares; /* only while the process has one thread, and `spare_count` */
static unsigned spare_count;

static bool may_keep(void)
{
    return lock_is_alone() && bide__door.alloc == bide__door_real.alloc;
}

/* What is no larger than the usual is aligned as any block of the heap. */
static void *block_new(size_t size, size_t align)
{
    if (size > USUAL || !KEEPS)
        return bide__door.alloc(size, align);
    if (spares == NULL || !may_keep())
        return bide__alloc(USUAL);
    struct spare *block = spares;
    spares = block->next;
    spare_count--;
    return block;
}

static void block_free(void *p, size_t size)
{
    if (size > USUAL || !KEEPS) {
        bide__free(p, size);
        return;
    }
    if (spare_count == SPARES || !may_keep()) {
        bide__free(p, USUAL);
        return;
    }
    struct spare *block = p;
    block->next = spares;
    spares = block;
    spare_count++;
}

/* ---- made and freed ---- */

typedef void drop_fn(void *item);

/* Where the function lies. */
static drop_fn **drop_of(struct bide__oneshot *o)
{
    size_t offset = (size_of(o) + sizeof(drop_fn *) - 1) & ~(sizeof(drop_fn *) - 1);
    return (drop_fn **)(void *)((char *)item_of(o) + offset);
}

/* So many bytes lie before it in its block, so that the value is aligned. */
static size_t lead_of(const struct bide__oneshot *o)
{
    return item_offset(sizeof *o, size_of(o)) - sizeof *o;
}

static size_t block_size(struct bide__oneshot *o)
{
    size_t size = sizeof *o + size_of(o);
    if (o->info_ & DROPS)
        size = (size_t)((char *)(drop_of(o) + 1) - (char *)o);
    return lead_of(o) + size;
}

static void store_ends(struct bide__oneshot *o, void *tx, void *rx)
{
    memcpy(tx, &o, sizeof o);
    memcpy(rx, &o, sizeof o);
}

int bide_oneshot_new_with(size_t item_size, void (*drop)(void *item), void *tx, void *rx)
{
    struct bide__oneshot made = {OPEN, item_size * SIZE + (drop != NULL ? DROPS : 0)};
    struct bide__oneshot *o = NULL;
    char *block = NULL;
    if (item_size <= PTRDIFF_MAX / SIZE)
        block = block_new(block_size(&made), item_align(item_size));
    if (block != NULL)
        o = (struct bide__oneshot *)(void *)(block + lead_of(&made));
    store_ends(o, tx, rx);
    if (o == NULL)
        return -ENOMEM;
    *o = made;
    if (drop != NULL)
        *drop_of(o) = drop;
    return 0;
}

void bide_oneshot_ends(void *oneshot, size_t item_size, void *tx, void *rx)
{
    struct bide__oneshot *o = oneshot;
    BIDE__ASSERT(o->state_ == OPEN && o->info_ == 0, "oneshot: ends: it is in use");
    o->info_ = item_size * SIZE + KEPT;
    store_ends(o, tx, rx);
}

static void free_it(struct bide__oneshot *o)
{
    if (!(o->info_ & KEPT))
        block_free((char *)o - lead_of(o), block_size(o));
}

/* ---- the ends ---- */

/* Ends the sender's half. Returns false if the receiver is gone. */
static bool end_sender(struct bide__oneshot *o, uintptr_t state)
{
    uintptr_t before = exchange(o, state);
    BIDE__ASSERT(before != SENT && before != GONE, "oneshot: send: its sender has ended before");
    if (before >= STATES)
        bide_waker_wake((bide_waker){before});
    if (before == DEAF)
        free_it(o);
    return before != DEAF;
}

int bide_oneshot_send(void *tx, const void *item)
{
    struct bide__oneshot *o = tx;
    item_copy(item_of(o), item, size_of(o));
    return end_sender(o, SENT) ? 0 : -EPIPE;
}

void bide_oneshot_sender_drop(void *tx)
{
    if (tx != NULL)
        end_sender(tx, GONE);
}

bool bide_oneshot_is_closed(const void *tx)
{
    return state_of(tx) == DEAF;
}

void bide_oneshot_receiver_drop(void *rx)
{
    struct bide__oneshot *o = rx;
    if (o == NULL)
        return;
    if (__builtin_expect(state_of(o) == GONE, 1)) {
        free_it(o); /* the sender has been there, and nobody else is */
        return;
    }
    uintptr_t before = exchange(o, DEAF);
    BIDE__ASSERT(before < STATES && before != DEAF,
                 "oneshot: the receiver ends: a receive waits, or it has ended before");
    if (before == SENT && o->info_ & DROPS)
        (*drop_of(o))(item_of(o));
    if (before != OPEN)
        free_it(o);
}

/* Takes the value, or says what there is instead. */
static inline int take(struct bide__oneshot *o, void *item)
{
    uintptr_t state = state_of(o);
    if (state == GONE)
        return 0;
    if (state != SENT)
        return -EAGAIN;
    item_copy(item, item_of(o), size_of(o));
    __atomic_store_n(&o->state_, GONE, __ATOMIC_RELAXED); /* nobody else writes it any more */
    return 1;
}

int bide_oneshot_try_recv(void *rx, void *item)
{
    return take(rx, item);
}

/* ---- the leaf ---- */

static bool recv_now(struct bide_cx *cx, void *rx, void *item, int *result)
{
    return done_now(cx, result, take(rx, item));
}

/* Leaves the waker in the word, in place of `from`. False: the word is another one. */
static bool wait_with(struct bide_cx *cx, struct recv *f, uintptr_t from)
{
    bide_waker clone = bide_waker_clone(cx->waker);
    if (!change(f->rx, from, clone.bits)) {
        bide_waker_drop(clone);
        return false;
    }
    f->h.state = WAITS;
    return true;
}

/* Waits, or goes on waiting with the waker of this poll. False: there is nothing to wait for. */
static bool wait_for_it(struct bide_cx *cx, struct recv *f)
{
    for (;;) {
        uintptr_t state = state_of(f->rx);
        if (state != OPEN && state < STATES)
            return false;
        if (state != OPEN && (f->h.state != WAITS || state == cx->waker.bits))
            return f->h.state == WAITS;
        if (wait_with(cx, f, state)) {
            if (state != OPEN)
                bide_waker_drop((bide_waker){state});
            return true;
        }
    }
}

static __attribute__((noinline)) enum bide_poll recv_poll_on(struct bide_cx *cx, struct recv *f)
{
    struct bide_frame *h = &f->h;

    if (h->state == 0)
        h->state = BIDE__BEGUN;
    if (wait_for_it(cx, f))
        return bide_frame_suspend(cx, h);
    if (state_of(f->rx) >= STATES)
        return bide__leaf_finish(cx, h, -EBUSY);
    if (h->state != WAITS && !bide_budget_spend(cx))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, take(f->rx, f->item));
}

/* Most are polled twice: when they begin to wait, and when the value is there. */
static enum bide_poll recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;

    if (h->state != WAITS || state_of(f->rx) != SENT)
        return recv_poll_on(cx, f);
    return bide__leaf_finish(cx, h, take(f->rx, f->item));
}

static enum bide_answer recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    uintptr_t state = state_of(f->rx);

    (void)cx;
    if (h->state != WAITS)
        return BIDE_CANCELLED;
    if (state < STATES || !change(f->rx, state, OPEN))
        return BIDE_COMPLETED;
    bide_waker_drop((bide_waker){state});
    return BIDE_CANCELLED;
}

BIDE__LEAF_PARKS(int, bide_oneshot_recv, struct recv, recv_now, recv_poll, recv_cancel,
                 (void *, rx), (void *, item));
