/*
 * fd.c: see io.h.
 *
 * A key, which comes back with each event, is the registration's index and its generation. The
 * generation changes when the registration is closed, so an event that was on its way then finds
 * nobody. Registrations are in pages that never move and are not freed while the runtime lives,
 * so a leaf may look at a registration that was closed under it.
 *
 * On a multi_thread runtime one mutex guards the table and all registrations. An event may come
 * between a call that would block and bide__fd_clear. So events are counted, and the readiness is
 * cleared only if there was none since the leaf looked; otherwise the leaf finds it ready again.
 */
#include "runtime/io/io.h"

#include "core/assert.h"
#include "runtime/io/driver.h"
#include "runtime/thread.h"

enum { KEY_MAX = INT32_MAX }; /* indexes are below */
enum { PAGE = 64, PAGES_MAX = KEY_MAX / PAGE };

static unsigned waiter_of(uint32_t direction)
{
    return direction == BIDE__WRITE;
}

/* ---- several threads ---- */

static void lock(struct bide__fds *fds)
{
    if (fds->multi)
        pthread_mutex_lock(&fds->mutex);
}

static void unlock(struct bide__fds *fds)
{
    if (fds->multi)
        pthread_mutex_unlock(&fds->mutex);
}

/* With the lock: of a number that is also read without it. */
static void add(_Atomic uint32_t *number, uint32_t n)
{
    uint32_t before = atomic_load_explicit(number, memory_order_relaxed);
    atomic_store_explicit(number, before + n, memory_order_relaxed);
}

/* ---- the table ---- */

void bide__fds_begin(struct bide__fds *fds, struct bide__driver *driver, bool multi)
{
    *fds = (struct bide__fds){.multi = multi, .driver = driver};
    pthread_mutex_init(&fds->mutex, NULL);
}

static int grow(struct bide__fds *fds, struct bide_runtime *rt)
{
    if (fds->page_count == fds->page_room) {
        uint32_t room = fds->page_room > 0 ? 2 * fds->page_room : 8;
        if (room > PAGES_MAX)
            return -ENOMEM;
        struct bide__fd **pages = bide__alloc(room * sizeof(struct bide__fd *));
        if (pages == NULL)
            return -ENOMEM;
        if (fds->page_count > 0)
            memcpy(pages, fds->pages, fds->page_count * sizeof(struct bide__fd *));
        bide__free(fds->pages, fds->page_room * sizeof(struct bide__fd *));
        fds->pages = pages;
        fds->page_room = room;
    }
    struct bide__fd *page = bide__alloc(PAGE * sizeof(struct bide__fd));
    if (page == NULL)
        return -ENOMEM;
    memset(page, 0, PAGE * sizeof(struct bide__fd));
    for (uint32_t i = PAGE; i-- > 0;) {
        page[i].fd = -1;
        page[i].runtime = rt;
        page[i].index = fds->page_count * PAGE + i;
        page[i].next_free = fds->free;
        fds->free = &page[i];
    }
    fds->pages[fds->page_count++] = page;
    return 0;
}

void bide__fds_end(struct bide__fds *fds)
{
    for (uint32_t i = 0; i < fds->page_count; i++)
        bide__free(fds->pages[i], PAGE * sizeof(struct bide__fd));
    bide__free(fds->pages, fds->page_room * sizeof(struct bide__fd *));
    pthread_mutex_destroy(&fds->mutex);
}

static struct bide__op op_of(const struct bide__fd *f, int fd)
{
    uint64_t key = (uint64_t)f->generation << 32 | f->index;
    return (struct bide__op){.kind = BIDE__OP_READY, .fd = fd, .key = key};
}

/* With the lock. */
static int take(struct bide_runtime *rt, struct bide__fd **out, int fd)
{
    struct bide__fds *fds = rt->fds;
    int error = fds->free == NULL ? grow(fds, rt) : 0;
    if (error < 0)
        return error;
    struct bide__fd *f = fds->free;
    struct bide__op op = op_of(f, fd);
    error = fds->driver->ops->submit(fds->driver, &op);
    if (error < 0)
        return error;
    fds->free = f->next_free;
    add(&fds->open, 1);
    f->fd = fd;
    f->ready = 0;
    f->waiters[0] = f->waiters[1] = (struct bide__fd_waiter){0};
    *out = f;
    return 0;
}

int bide__fd_add(struct bide_runtime *rt, struct bide__fd **out, int fd)
{
    *out = NULL;
    lock(rt->fds);
    int error = take(rt, out, fd);
    unlock(rt->fds);
    return error;
}

void bide__fd_clear(struct bide__fd *f, uint32_t direction)
{
    struct bide__fds *fds = f->runtime->fds;
    unsigned n = waiter_of(direction);

    lock(fds);
    if (!fds->multi || f->seen[n] == f->events[n])
        f->ready &= ~direction;
    f->seen[n] = f->events[n];
    unlock(fds);
}

void bide__fd_set_waker(struct bide__fd *f, uint32_t direction, bide_waker waker)
{
    struct bide__fds *fds = f->runtime->fds;
    struct bide__fd_waiter *place = &f->waiters[waiter_of(direction)];

    lock(fds);
    if (place->waker.bits == 0)
        add(&fds->waiting, 1);
    *place = (struct bide__fd_waiter){.waker = waker};
    unlock(fds);
}

/* With the lock. */
static void wake_waiter(struct bide__fds *fds, struct bide__fd *f, unsigned n)
{
    bide_waker waker = f->waiters[n].waker;
    if (waker.bits == 0)
        return;
    BIDE__ASSERT(fds->waiting > 0, "registration: wake: nobody waits");
    f->waiters[n] = (struct bide__fd_waiter){0};
    add(&fds->waiting, (uint32_t)-1);
    bide_waker_wake_by_ref(waker);
}

void bide__fd_close(struct bide__fd *f)
{
    if (f == NULL)
        return;
    struct bide__fds *fds = f->runtime->fds;
    /* In a child the registration is the parent's too, and who had the lock is not there. */
    bool forked = bide__runtime_forked(f->runtime);
    if (!forked)
        lock(fds);
    BIDE__ASSERT(f->fd >= 0, "registration: close: it was closed before");
    struct bide__op op = op_of(f, f->fd);
    if (!forked)
        fds->driver->ops->cancel(fds->driver, &op);
    f->fd = -1;
    f->generation++;
    wake_waiter(fds, f, 0);
    wake_waiter(fds, f, 1);
    f->next_free = fds->free;
    fds->free = f;
    add(&fds->open, (uint32_t)-1);
    if (!forked)
        unlock(fds);
}

/* With the lock. */
static void pass_on(struct bide__fds *fds, uint64_t key, uint32_t ready)
{
    uint32_t index = (uint32_t)key, generation = (uint32_t)(key >> 32);
    if (index >= fds->page_count * PAGE)
        return;
    struct bide__fd *f = &fds->pages[index / PAGE][index % PAGE];
    if (f->fd < 0 || f->generation != generation)
        return;
    f->ready |= ready;
    for (unsigned n = 0; n < 2; n++) {
        if (!(ready & (n == 0 ? BIDE__READ : BIDE__WRITE)))
            continue;
        f->events[n]++;
        wake_waiter(fds, f, n);
    }
}

void bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready)
{
    lock(fds);
    pass_on(fds, key, ready);
    unlock(fds);
}

/* ---- leaves ---- */

int bide__fd_refusal(const struct bide__fd *fd, const char *name)
{
    const struct bide_runtime *rt = bide__runtime_running();
    if (rt == NULL)
        return bide__no_runtime(name);
    return fd->runtime == rt ? 0 : -EXDEV;
}

/* In `state` of a leaf. The other bits hold the registration's generation, as far as there is room.
 * It need not differ for ever, only until a leaf that was woken by the end of a registration is
 * polled. */
enum {
    BEGUN = 1,  /* and BIDE__FD_MARK, 8 */
    STANDS = 2, /* has put itself into the registration, out of which others may have taken it */
    WRITES = 4,
    GENERATION_SHIFT = 4,
};
#define STATE_MASK ((uint32_t)BIDE_SHIELDED - 1)

static uint32_t generation_of(const struct bide__fd *fd)
{
    return fd->generation << GENERATION_SHIFT & STATE_MASK;
}

static bool is_of(const struct bide__fd_leaf *f)
{
    return (f->h.state & STATE_MASK) >> GENERATION_SHIFT ==
           generation_of(f->fd) >> GENERATION_SHIFT;
}

static struct bide__fd_waiter *place_of(struct bide__fd_leaf *f)
{
    return &f->fd->waiters[(f->h.state & WRITES) != 0];
}

/* This leaf is (still) in the registration. */
static bool stands(struct bide__fd_leaf *f)
{
    return f->h.state & STANDS && is_of(f) && place_of(f)->leaf == &f->h;
}

void bide__fd_leaf_begin(struct bide__fd_leaf *f, struct bide__fd *fd, uint32_t direction,
                         uint32_t mark)
{
    f->fd = fd;
    f->h.state = BEGUN | (direction == BIDE__WRITE ? WRITES : 0) | mark | generation_of(fd);
}

/* With the lock. */
static void stop(struct bide__fd_leaf *f)
{
    if (!stands(f))
        return;
    *place_of(f) = (struct bide__fd_waiter){0};
    add(&f->fd->runtime->fds->waiting, (uint32_t)-1);
}

void bide__fd_leaf_stop(struct bide__fd_leaf *f)
{
    struct bide__fds *fds = f->fd->runtime->fds;
    lock(fds);
    stop(f);
    unlock(fds);
}

/* With the lock: the leaf makes its call now. */
static void note_seen(struct bide__fd_leaf *f)
{
    unsigned n = (f->h.state & WRITES) != 0;
    f->fd->seen[n] = f->fd->events[n];
}

/* With the lock. */
static int look(struct bide_cx *cx, struct bide__fd_leaf *f)
{
    const struct bide__worker *worker = bide__thread.running;
    struct bide__fd *fd = f->fd;

    if (worker == NULL)
        return bide__no_runtime(f->h.fn->info->name);
    if (!is_of(f) || fd->fd < 0)
        return -EBADF;
    if (fd->runtime != worker->runtime)
        return -EXDEV;
    if (fd->ready & (f->h.state & WRITES ? BIDE__WRITE : BIDE__READ))
        return bide_budget_spend(cx) ? note_seen(f), 0 : 1;
    if (!stands(f) && place_of(f)->waker.bits != 0)
        return -EBUSY;
    if (!stands(f))
        add(&fd->runtime->fds->waiting, 1);
    *place_of(f) = (struct bide__fd_waiter){cx->waker, &f->h};
    f->h.state |= STANDS;
    return 1;
}

int bide__fd_leaf_look(struct bide_cx *cx, struct bide__fd_leaf *f)
{
    struct bide__fds *fds = f->fd->runtime->fds;
    lock(fds);
    int r = look(cx, f);
    if (r <= 0)
        stop(f);
    unlock(fds);
    return r;
}

/* ---- the leaf that only waits ---- */

struct fd_wait {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *fd;
        };
    };
    uint32_t direction;
};

static enum bide_poll fd_wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct fd_wait *f = (struct fd_wait *)(void *)h;
    if (h->state == 0)
        bide__fd_leaf_begin(&f->leaf, f->fd, f->direction, 0);
    int r = bide__fd_leaf_look(cx, &f->leaf);
    return r > 0 ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, r);
}

static enum bide_answer fd_wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, bide__fd_wait, struct fd_wait, BIDE__NOT_NOW, fd_wait_poll, fd_wait_cancel,
                 (struct bide__fd *, fd), (uint32_t, direction));
