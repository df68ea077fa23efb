/*
 * fd.c: see io.h.
 *
 * A key, which comes back with each event, is the registration's index and its generation. The
 * generation changes when the registration is closed, so an event that was on its way then finds
 * nobody. Registrations are in pages that never move and are not freed while the runtime lives,
 * so a leaf may look at a registration that was closed under it. Each page is twice as large as the
 * one before, so the table of pages never moves either, and an event finds its registration without
 * a lock.
 *
 * On a multi_thread runtime a mutex guards the list of free registrations, and a lock in each
 * registration all that is in it. The second is held for a few instructions and for the wakes: a
 * waiter is woken under the lock that its leaf takes to leave, so its waker is borrowed.
 *
 * While a leaf makes its call, another task may close the registration, and with it the descriptor,
 * whose number may become another file's. So a registration counts the calls that are under way,
 * and bide__fd_close waits for them: they do not block.
 */
#include "runtime/io/io.h"

#include "core/assert.h"
#include "runtime/io/driver.h"
#include "runtime/thread.h"

enum { FIRST_PAGE = 64 };

static unsigned waiter_of(uint32_t direction)
{
    return direction == BIDE__WRITE;
}

/* ---- several threads ---- */

static void lock(struct bide__fd *f)
{
    if (__builtin_expect(f->runtime->multi, 0))
        for (unsigned n = 0; atomic_exchange_explicit(&f->lock, 1, memory_order_acquire); n++)
            bide__spin(n);
}

static void unlock(struct bide__fd *f)
{
    if (__builtin_expect(f->runtime->multi, 0))
        atomic_store_explicit(&f->lock, 0, memory_order_release);
}

static void lock_table(struct bide__fds *fds)
{
    if (fds->multi)
        pthread_mutex_lock(&fds->mutex);
}

static void unlock_table(struct bide__fds *fds)
{
    if (fds->multi)
        pthread_mutex_unlock(&fds->mutex);
}

/* With the lock of one registration. */
static void count_waiting(struct bide__fds *fds, uint32_t n)
{
    uint32_t before = atomic_load_explicit(&fds->waiting, memory_order_relaxed);
    if (__builtin_expect(fds->multi, 0))
        atomic_fetch_add_explicit(&fds->waiting, n, memory_order_relaxed);
    else
        atomic_store_explicit(&fds->waiting, before + n, memory_order_relaxed);
}

/* ---- the table ---- */

static unsigned page_of(uint32_t index)
{
    return 31 - (unsigned)__builtin_clz(index / FIRST_PAGE + 1);
}

static uint32_t page_size(unsigned page)
{
    return (uint32_t)FIRST_PAGE << page;
}

/* A registration whose page exists. */
static struct bide__fd *registration_at(struct bide__fds *fds, uint32_t index)
{
    unsigned page = page_of(index);
    return &fds->pages[page][index - (page_size(page) - FIRST_PAGE)];
}

void bide__fds_begin(struct bide__fds *fds, struct bide__driver *driver, bool multi)
{
    *fds = (struct bide__fds){.multi = multi, .driver = driver};
    pthread_mutex_init(&fds->mutex, NULL);
}

void bide__fds_end(struct bide__fds *fds)
{
    for (unsigned i = 0; i < BIDE__FD_PAGES && fds->pages[i] != NULL; i++)
        bide__free(fds->pages[i], page_size(i) * sizeof(struct bide__fd));
    pthread_mutex_destroy(&fds->mutex);
}

/* With the mutex: a registration that was never used. NULL: no memory. */
static struct bide__fd *grow(struct bide__fds *fds, struct bide_runtime *rt)
{
    uint32_t index = atomic_load_explicit(&fds->used, memory_order_relaxed);
    unsigned page = page_of(index);

    if (page == BIDE__FD_PAGES)
        return NULL;
    if (fds->pages[page] == NULL)
        fds->pages[page] = bide__alloc(page_size(page) * sizeof(struct bide__fd));
    if (fds->pages[page] == NULL)
        return NULL;
    struct bide__fd *f = registration_at(fds, index);
    memset(f, 0, sizeof(*f));
    f->fd = -1;
    f->index = index;
    f->runtime = rt;
    atomic_store_explicit(&fds->used, index + 1, memory_order_release);
    return f;
}

static struct bide__fd *take(struct bide_runtime *rt)
{
    struct bide__fds *fds = rt->fds;

    lock_table(fds);
    struct bide__fd *f = fds->free;
    if (f != NULL)
        fds->free = f->next_free;
    else
        f = grow(fds, rt);
    fds->open += f != NULL;
    unlock_table(fds);
    return f;
}

static void give_back(struct bide__fds *fds, struct bide__fd *f)
{
    f->next_free = fds->free;
    fds->free = f;
    fds->open--;
}

static struct bide__op op_of(const struct bide__fd *f, int fd)
{
    uint64_t key = (uint64_t)f->generation << 32 | f->index;
    return (struct bide__op){.kind = BIDE__OP_READY, .fd = fd, .key = key};
}

int bide__fd_add(struct bide_runtime *rt, struct bide__fd **out, int fd)
{
    struct bide__fds *fds = rt->fds;
    struct bide__fd *f = take(rt);

    *out = NULL;
    if (f == NULL)
        return -ENOMEM;
    /* Before the driver knows it: from then on events may come. */
    lock(f);
    f->fd = fd;
    f->ready = 0;
    f->waiters[0] = f->waiters[1] = (struct bide__fd_waiter){0};
    unlock(f);
    struct bide__op op = op_of(f, fd);
    int error = fds->driver->ops->submit(fds->driver, &op);
    if (error < 0) {
        lock(f);
        f->fd = -1;
        unlock(f);
        lock_table(fds);
        give_back(fds, f);
        unlock_table(fds);
        return error;
    }
    *out = f;
    return 0;
}

uint32_t bide__fd_seen(struct bide__fd *f, uint32_t direction)
{
    lock(f);
    uint32_t seen = f->events[waiter_of(direction)];
    unlock(f);
    return seen;
}

/* With the lock. */
static void clear(struct bide__fd *f, uint32_t direction, uint32_t seen)
{
    if (f->events[waiter_of(direction)] == seen)
        f->ready &= (uint16_t)~direction;
}

void bide__fd_clear(struct bide__fd *f, uint32_t direction, uint32_t seen)
{
    lock(f);
    clear(f, direction, seen);
    unlock(f);
}

void bide__fd_set_waker(struct bide__fd *f, uint32_t direction, bide_waker waker)
{
    struct bide__fd_waiter *place = &f->waiters[waiter_of(direction)];

    lock(f);
    if (place->waker.bits == 0)
        count_waiting(f->runtime->fds, 1);
    *place = (struct bide__fd_waiter){.waker = waker};
    unlock(f);
}

/* With the lock. */
static void wake_waiter(struct bide__fds *fds, struct bide__fd *f, unsigned n)
{
    bide_waker waker = f->waiters[n].waker;
    f->events[n]++;
    if (waker.bits == 0)
        return;
    BIDE__ASSERT(fds->waiting > 0, "registration: wake: nobody waits");
    f->waiters[n] = (struct bide__fd_waiter){0};
    count_waiting(fds, (uint32_t)-1);
    bide_waker_wake_by_ref(waker);
}

/* With the lock. An end counts as an event: what was seen before says nothing about the next
 * user. */
static void end(struct bide__fds *fds, struct bide__fd *f)
{
    BIDE__ASSERT(f->fd >= 0, "registration: close: it was closed before");
    f->fd = -1;
    f->generation++;
    wake_waiter(fds, f, 0);
    wake_waiter(fds, f, 1);
}

void bide__fd_close(struct bide__fd *f)
{
    if (f == NULL)
        return;
    struct bide__fds *fds = f->runtime->fds;
    if (bide__runtime_forked(f->runtime)) {
        /* In a child it is the parent's too, and who had the locks is not there. */
        end(fds, f);
        give_back(fds, f);
        return;
    }
    struct bide__op op = op_of(f, f->fd);
    fds->driver->ops->cancel(fds->driver, &op);
    lock(f);
    end(fds, f);
    for (unsigned n = 0; f->calls > 0; n++) {
        unlock(f);
        bide__spin(n);
        lock(f);
    }
    unlock(f);
    lock_table(fds);
    give_back(fds, f);
    unlock_table(fds);
}

void bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready)
{
    uint32_t index = (uint32_t)key, generation = (uint32_t)(key >> 32);
    if (index >= atomic_load_explicit(&fds->used, memory_order_acquire))
        return;
    struct bide__fd *f = registration_at(fds, index);
    lock(f);
    if (f->fd >= 0 && f->generation == generation) {
        f->ready |= (uint16_t)ready;
        if (ready & BIDE__READ)
            wake_waiter(fds, f, 0);
        if (ready & BIDE__WRITE)
            wake_waiter(fds, f, 1);
    }
    unlock(f);
}

void bide__fd_report(struct bide__fds *fds, const struct bide__event *event)
{
    if (event->kind == BIDE__OP_READY)
        bide__fd_event(fds, event->key,
                       event->result < 0 ? BIDE__READ | BIDE__WRITE : (uint32_t)event->result);
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

static uint32_t state_of(uint32_t generation)
{
    return generation << GENERATION_SHIFT & STATE_MASK;
}

static bool is_of(const struct bide__fd_leaf *f)
{
    return (f->h.state & STATE_MASK) >> GENERATION_SHIFT ==
           state_of(f->fd->generation) >> GENERATION_SHIFT;
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

static void begin(struct bide__fd_leaf *f, struct bide__fd *fd, uint32_t direction,
                  uint32_t generation)
{
    f->fd = fd;
    f->h.state = BEGUN | (direction == BIDE__WRITE ? WRITES : 0) | state_of(generation);
}

void bide__fd_leaf_begin(struct bide__fd_leaf *f, struct bide__fd *fd, uint32_t direction,
                         uint32_t mark)
{
    begin(f, fd, direction, fd->generation);
    f->h.state |= mark;
}

/* With the lock. */
static void stop(struct bide__fd_leaf *f)
{
    if (!stands(f))
        return;
    *place_of(f) = (struct bide__fd_waiter){0};
    count_waiting(f->fd->runtime->fds, (uint32_t)-1);
}

void bide__fd_leaf_stop(struct bide__fd_leaf *f)
{
    lock(f->fd);
    stop(f);
    unlock(f->fd);
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
        return bide_budget_spend(cx) ? 0 : 1;
    if (!stands(f) && place_of(f)->waker.bits != 0)
        return -EBUSY;
    if (!stands(f))
        count_waiting(fd->runtime->fds, 1);
    *place_of(f) = (struct bide__fd_waiter){cx->waker, &f->h};
    f->h.state |= STANDS;
    return 1;
}

int bide__fd_leaf_look(struct bide_cx *cx, struct bide__fd_leaf *f, struct bide__fd_call *call)
{
    struct bide__fd *fd = f->fd;

    lock(fd);
    int r = look(cx, f);
    if (r <= 0)
        stop(f);
    if (r == 0 && call != NULL) {
        *call = (struct bide__fd_call){fd->fd, fd->events[(f->h.state & WRITES) != 0]};
        fd->calls++;
    }
    unlock(fd);
    return r;
}

void bide__fd_leaf_called(struct bide__fd_leaf *f, const struct bide__fd_call *call, bool blocks)
{
    struct bide__fd *fd = f->fd;

    lock(fd);
    fd->calls--;
    if (blocks)
        clear(fd, f->h.state & WRITES ? BIDE__WRITE : BIDE__READ, call->seen);
    unlock(fd);
}

/* ---- the leaves that only wait ---- */

struct fd_wait {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *fd;
        };
    };
    uint32_t direction, generation;
};

static enum bide_poll wait_poll(struct bide_cx *cx, struct fd_wait *f)
{
    int r = bide__fd_leaf_look(cx, &f->leaf, NULL);
    return r > 0 ? bide_frame_suspend(cx, &f->h) : bide__leaf_finish(cx, &f->h, r);
}

static enum bide_poll fd_wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct fd_wait *f = (struct fd_wait *)(void *)h;
    if (h->state == 0)
        begin(&f->leaf, f->fd, f->direction, f->fd->generation);
    return wait_poll(cx, f);
}

static enum bide_poll fd_wait_for_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct fd_wait *f = (struct fd_wait *)(void *)h;
    if (h->state == 0)
        begin(&f->leaf, f->fd, f->direction, f->generation);
    return wait_poll(cx, f);
}

static enum bide_answer fd_wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, bide__fd_wait, struct fd_wait, BIDE__NOT_NOW, fd_wait_poll, fd_wait_cancel,
                 (struct bide__fd *, fd), (uint32_t, direction));
BIDE__LEAF_INNER(int, bide__fd_wait_for, struct fd_wait, BIDE__NOT_NOW, fd_wait_for_poll,
                 fd_wait_cancel, (struct bide__fd *, fd), (uint32_t, direction),
                 (uint32_t, generation));
