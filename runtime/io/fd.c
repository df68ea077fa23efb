/*
 * fd.c: the table of registrations, and their life. See io.h.
 *
 * A key, which comes back with each event, is the registration's index and its generation. The
 * generation changes at the end of the registration, so an event that was on its way then finds
 * nobody. Registrations are in pages that never move and are not freed while the runtime lives,
 * so a leaf may look at a registration that was closed under it. The table of pages never moves
 * either, and an event finds its registration without a lock.
 *
 * On a multi_thread runtime a mutex guards the list of free registrations, and a lock in each
 * registration all that is in it. The second is held for a few instructions, for the wakes, and for
 * the copy of what was received: a waiter is woken under the lock that its leaf takes to leave, so
 * its waker is borrowed. It is taken before the mutex of the table, and before any lock of a
 * driver.
 *
 * While a leaf makes its call, another task may close the registration, and with it the descriptor,
 * whose number may become another file's. So a registration counts the calls that are under way,
 * and bide__fd_close waits for them: they do not block. For what the driver has to do it does not
 * wait: then the registration stays until the last event, and after that the descriptor is closed,
 * if it is the registration's. One that is the caller's may go at once: only readiness is watched
 * with it, and if its number is another file's when the kernel learns of that, nobody hears of it.
 */
#include "runtime/io/registration.h"

#include <limits.h>

enum { FIRST_PAGE = 16, PAGES_OF_A_SIZE = 16 };

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

/* ---- the table ---- */

enum { GROUP = FIRST_PAGE * PAGES_OF_A_SIZE };

/* Pages of one size are a group. Each group has as many registrations as all before it, and GROUP
 * more. */
static unsigned group_of(uint32_t index)
{
    return 31 - (unsigned)__builtin_clz(index / GROUP + 1);
}

uint32_t bide__fd_page_size(unsigned page)
{
    return (uint32_t)FIRST_PAGE << page / PAGES_OF_A_SIZE;
}

static unsigned page_of(uint32_t index, uint32_t *within)
{
    unsigned group = group_of(index);
    uint32_t size = (uint32_t)FIRST_PAGE << group;
    uint32_t rest = index - (uint32_t)GROUP * ((1U << group) - 1);
    *within = rest % size;
    return group * PAGES_OF_A_SIZE + rest / size;
}

/* A registration whose page exists. */
static struct bide__fd *registration_at(struct bide__fds *fds, uint32_t index)
{
    uint32_t within;
    unsigned page = page_of(index, &within);
    return &fds->pages[page][within];
}

void bide__fds_begin(struct bide__fds *fds, struct bide__driver *driver, bool multi)
{
    *fds = (struct bide__fds){.multi = multi, .driver = driver};
    pthread_mutex_init(&fds->mutex, NULL);
}

void bide__fds_end(struct bide__fds *fds)
{
    for (unsigned i = 0; i < BIDE__FD_PAGES && fds->pages[i] != NULL; i++)
        bide__free(fds->pages[i], bide__fd_page_size(i) * sizeof(struct bide__fd));
    bide__free(fds->numbers, fds->numbers_size * sizeof(uint64_t));
    pthread_mutex_destroy(&fds->mutex);
}

void bide__fds_drain(struct bide__fds *fds, struct bide__driver *driver)
{
    while (atomic_load_explicit(&driver->closing, memory_order_acquire) > 0)
        driver->ops->wait(driver, fds, -1);
}

/* With the mutex: a registration that was never used. NULL: no memory. */
static struct bide__fd *grow(struct bide__fds *fds, struct bide_runtime *rt)
{
    uint32_t index = atomic_load_explicit(&fds->used, memory_order_relaxed), within;
    unsigned page = page_of(index, &within);

    if (page >= BIDE__FD_PAGES)
        return NULL;
    if (fds->pages[page] == NULL) {
        struct bide__fd *made = bide__alloc(bide__fd_page_size(page) * sizeof(struct bide__fd));
        if (made == NULL)
            return NULL;
        __atomic_store_n(&fds->pages[page], made, __ATOMIC_RELEASE); /* a dump may look */
    }
    struct bide__fd *f = &fds->pages[page][within];
    memset(f, 0, sizeof(*f));
    f->fd = -1;
    f->index = index;
    f->runtime = rt;
    atomic_store_explicit(&fds->used, index + 1, memory_order_release);
    return f;
}

/* With the lock of the table. */
static void count_open(struct bide__fds *fds, uint32_t n)
{
    uint32_t before = atomic_load_explicit(&fds->open, memory_order_relaxed);
    atomic_store_explicit(&fds->open, before + n, memory_order_relaxed);
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
    if (f != NULL)
        count_open(fds, 1);
    unlock_table(fds);
    return f;
}

/* With the mutex. */
static void give_back(struct bide__fds *fds, struct bide__fd *f)
{
    f->next_free = fds->free;
    fds->free = f;
}

/* ---- what a lazy driver does not refuse by itself ---- */

enum { NUMBERS_FIRST = 16 };

/* With the mutex. */
static int grow_numbers(struct bide__fds *fds, uint32_t word)
{
    uint32_t size = fds->numbers_size > 0 ? fds->numbers_size : NUMBERS_FIRST;
    while (size <= word)
        size *= 2;
    uint64_t *numbers = bide__alloc(size * sizeof(uint64_t));
    if (numbers == NULL)
        return -ENOMEM;
    memset(numbers, 0, size * sizeof(uint64_t));
    if (fds->numbers != NULL)
        memcpy(numbers, fds->numbers, fds->numbers_size * sizeof(uint64_t));
    bide__free(fds->numbers, fds->numbers_size * sizeof(uint64_t));
    fds->numbers = numbers;
    fds->numbers_size = size;
    return 0;
}

/* Of a device, or of something else without a type: epoll(7) knows. */
static int ask_epoll(int fd)
{
    struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = 0}};
    int set = bide__door.epoll_create1(EPOLL_CLOEXEC);
    if (set < 0)
        return set;
    int r = bide__door.epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    bide__door.close(set);
    return r;
}

/* 0, or why the file cannot be waited for. */
static int probe(int fd)
{
    struct stat status;
    int r = bide__door.fstat(fd, &status);
    if (r < 0)
        return r;
    switch (status.st_mode & S_IFMT) {
    case S_IFSOCK:
    case S_IFIFO: return 0;
    case S_IFREG:
    case S_IFDIR:
    case S_IFBLK: return -EPERM;
    default: return ask_epoll(fd);
    }
}

/* -EEXIST, -EPERM, -EBADF and others, as epoll_ctl(2) would. */
static int note_number(struct bide__fds *fds, int fd, unsigned how)
{
    uint32_t word = (uint32_t)fd / 64;
    uint64_t bit = UINT64_C(1) << (uint32_t)fd % 64;
    int r = 0;

    if (fd < 0)
        return -EBADF;
    lock_table(fds);
    if (word < fds->numbers_size && fds->numbers[word] & bit)
        r = -EEXIST;
    else if (!(how & BIDE__FD_NEW))
        r = probe(fd);
    if (r == 0 && word >= fds->numbers_size)
        r = grow_numbers(fds, word);
    if (r == 0)
        fds->numbers[word] |= bit;
    unlock_table(fds);
    return r;
}

static void forget_number(struct bide__fds *fds, int fd)
{
    lock_table(fds);
    fds->numbers[(uint32_t)fd / 64] &= ~(UINT64_C(1) << (uint32_t)fd % 64);
    unlock_table(fds);
}

/* ---- a registration ---- */

/* That of the worker which runs on this thread. */
static struct bide__driver *driver_here(struct bide_runtime *rt)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL && worker->runtime == rt ? worker->driver : rt->fds->driver;
}

static void begin(struct bide__fd *f, int fd, struct bide__driver *driver, unsigned how)
{
    bool lazy = driver->ops->is_lazy;
    unsigned flags = how & (BIDE__FD_OWNED | BIDE__FD_LINGERS);

    if (how & BIDE__FD_RECEIVES)
        flags |= FD_DRAINS;
    if (lazy)
        flags |= FD_LAZY | (how & (BIDE__FD_RECEIVES | BIDE__FD_ACCEPTS | BIDE__FD_SHARED));
    lock(f);
    f->fd = fd;
    f->driver = driver;
    f->ready = 0;
    f->guess = lazy ? BIDE__READ | BIDE__WRITE : 0;
    f->armed = (lazy ? 0 : bit_of(BIDE__OP_READY)) & BITS;
    f->ending = 0;
    f->flags = (uint16_t)flags;
    f->held = 0;
    f->plain = 0;
    f->end = NOT_ENDED;
    f->last = NULL;
    f->waiters[0] = f->waiters[1] = (struct bide__fd_waiter){0};
    unlock(f);
}

int bide__fd_add_as(struct bide_runtime *rt, struct bide__fd **out, int fd, unsigned how)
{
    struct bide__fds *fds = rt->fds;
    struct bide__driver *driver = driver_here(rt);
    struct bide__fd *f = take(rt);
    int error = f == NULL ? -ENOMEM : 0;

    *out = NULL;
    if (error == 0 && driver->ops->is_lazy)
        error = note_number(fds, fd, how);
    if (error == 0) {
        /* Before the driver knows it: from then on events may come. */
        begin(f, fd, driver, how);
        struct bide__op op = bide__fd_op(f, BIDE__OP_READY, fd);
        if (!driver->ops->is_lazy)
            error = driver->ops->submit(driver, &op);
    }
    if (error == 0) {
        *out = f;
        return 0;
    }
    if (f != NULL) {
        lock(f);
        f->fd = -1;
        f->armed = 0;
        unlock(f);
        lock_table(fds);
        count_open(fds, -1U);
        give_back(fds, f);
        unlock_table(fds);
    }
    return error;
}

int bide__fd_add(struct bide_runtime *rt, struct bide__fd **out, int fd)
{
    return bide__fd_add_as(rt, out, fd, 0);
}

void bide__fd_wake(struct bide__fd *f, unsigned n)
{
    struct bide__fds *fds = f->runtime->fds;
    bide_waker waker = f->waiters[n].waker;
    f->events[n]++;
    if (waker.bits == 0)
        return;
    BIDE__ASSERT(fds->waiting > 0, "registration: wake: nobody waits");
    f->waiters[n] = (struct bide__fd_waiter){0};
    count_waiting(fds, (uint32_t)-1);
    bide_waker_wake_by_ref(waker);
}

/* ---- the end ---- */

/* With the lock. It counts as an event: what was seen before says nothing about the next user. What
 * was received ahead comes out; descriptors are reset. */
static struct bide__buffer *end(struct bide__fd *f)
{
    struct bide__buffer *ring = NULL;
    int fd = f->fd;

    BIDE__ASSERT(fd >= 0, "registration: close: it was closed before");
    f->fd = -1;
    if (f->flags & BIDE__FD_RECEIVES)
        ring = bide__fd_take_buffers(f);
    while (f->flags & BIDE__FD_ACCEPTS && f->held > 0)
        bide__fd_reset(bide__fd_pop(f));
    f->number = fd;
    bide__fd_wake(f, 0);
    bide__fd_wake(f, 1);
    return ring;
}

int bide__fd_shutdown(struct bide__fd *f, uint32_t generation, int fd, int how)
{
    lock(f);
    bool is_open = f->fd >= 0 && f->generation == generation;
    f->calls += is_open;
    unlock(f);
    if (!is_open)
        return -EBADF;
    int r = bide__door.shutdown(fd, how);
    lock(f);
    f->calls--;
    unlock(f);
    return r;
}

static bool lingers(int fd)
{
    struct linger linger = {0};
    socklen_t size = sizeof linger;
    return bide__door.getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 &&
           linger.l_onoff && linger.l_linger > 0;
}

/* Where nobody else can close it, nobody waits for the peer: the kernel goes on sending after a
 * close that does not linger, too. */
static void close_number(struct bide_runtime *rt, int fd, bool may_linger)
{
    if (may_linger && lingers(fd)) {
        static const struct linger off;
        if (rt->fds->close_elsewhere != NULL && rt->fds->close_elsewhere(rt, fd))
            return;
        bide__door.setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
    }
    bide__door.close(fd);
}

void bide__fd_may_linger(struct bide__fd *f)
{
    lock(f);
    f->flags |= BIDE__FD_LINGERS;
    unlock(f);
}

void bide__fd_show(struct bide__fd *f)
{
    lock(f);
    f->flags = (uint16_t)((f->flags | BIDE__FD_LINGERS) & ~FD_DRAINS);
    unlock(f);
}

/* When the last listener of any runtime came to its end so, in real time; 0: there was none. The
 * kernel may have a reference to it for a moment more. */
static _Atomic int64_t listener_ended_ns;

/* A listener has let go of its address. */
static void count_listener(struct bide__fds *fds)
{
    atomic_store_explicit(&listener_ended_ns, bide__door_real.clock(), memory_order_relaxed);
    atomic_fetch_sub_explicit(&fds->listeners, 1, memory_order_release);
    bide__door.futex_wake(&fds->listeners, INT_MAX);
}

bool bide__fds_retry_bind(struct bide__fds *fds, unsigned n)
{
    static const int64_t A_WHILE_NS = 1000000, A_BIT_NS = 100000, A_MOMENT_NS = 10000000;
    uint32_t closing = atomic_load_explicit(&fds->listeners, memory_order_acquire);
    int64_t ended_ns = atomic_load_explicit(&listener_ended_ns, memory_order_relaxed);

    if (n >= BIDE__FD_BINDS ||
        (closing == 0 && (ended_ns == 0 || bide__door_real.clock() - ended_ns > A_MOMENT_NS)))
        return false;
    bide__door.futex_wait(&fds->listeners, closing, closing > 0 ? A_WHILE_NS : A_BIT_NS);
    return true;
}

void bide__fd_finish(struct bide__fd *f)
{
    struct bide_runtime *rt = f->runtime;
    struct bide__fds *fds = rt->fds;
    int number = f->number;
    unsigned flags = f->flags;
    bool owned = flags & BIDE__FD_OWNED && !(flags & FD_GONE);

    if (owned && f->flags & FD_LAZY)
        forget_number(fds, number);
    lock(f);
    f->generation++;
    f->flags = 0;
    unlock(f);
    lock_table(fds);
    give_back(fds, f);
    unlock_table(fds);
    if (owned)
        close_number(rt, number, flags & BIDE__FD_LINGERS);
    if (flags & FD_LISTENS)
        count_listener(fds);
}

/*
 * Operations of a registration that was closed are under way, and the end of the descriptor comes
 * after them. But the peer of a connection waits for that end, whoever closes a listener may want
 * its address back, and where no task runs nobody may wait in the driver for long. So the thread
 * that may goes to the kernel at once. Once that has been told to let go, nothing knows the
 * descriptor by its number any more; what it says of the operations can be heard later. Only a send
 * may have to be submitted again. A socket that lingers is closed by another thread, and after the
 * operations, or else the last of these would block.
 */
static void end_soon(struct bide__fd *f)
{
    struct bide__fds *fds = f->runtime->fds;
    struct bide__driver *driver = f->driver;
    const struct bide__worker *running = bide__thread.running;

    if ((running != NULL && running->driver != driver) || driver->ops->flush == NULL ||
        !driver->ops->flush(driver) || f->sends > 0 || !(f->flags & BIDE__FD_OWNED))
        return;
    if (f->flags & BIDE__FD_LINGERS && lingers(f->number))
        return;
    forget_number(fds, f->number);
    f->flags |= FD_GONE;
    bide__door.close(f->number);
}

/*
 * The same on several workers, where the registration may be at its end by now, and gone. Others
 * may be in its ring, or asleep there and just woken, so only a worker that closes what is in its
 * own ring asks the kernel, once. Whoever wants the address of a listener waits for the rest
 * (bide__fds_retry_bind).
 */
static void look_at_own(struct bide__fds *fds, struct bide__driver *driver)
{
    const struct bide__worker *running = bide__thread.running;

    if (running != NULL && running->driver == driver)
        driver->ops->wait(driver, fds, 0);
}

/* In a child the locks may be those of threads that are not there, and what is under way is the
 * parent's. */
static void close_forked(struct bide__fd *f)
{
    struct bide__fds *fds = f->runtime->fds;
    int number = f->fd;
    bool owned = f->flags & BIDE__FD_OWNED;

    while (f->flags & BIDE__FD_ACCEPTS && f->held > 0)
        bide__door.close(bide__fd_pop(f));
    f->flags = f->held = 0;
    end(f);
    f->armed = f->ending = 0;
    f->generation++;
    count_open(fds, -1U);
    give_back(fds, f);
    if (owned)
        bide__door.close(number);
}

/* With the lock. */
static void cancel_all(struct bide__fd *f, int fd)
{
    for (enum bide__op_kind kind = BIDE__OP_READY; kind <= BIDE__OP_ACCEPT; kind++)
        if (f->armed & ~f->ending & bit_of(kind))
            bide__fd_disarm(f, kind, fd);
}

void bide__fd_close(struct bide__fd *f)
{
    if (f == NULL)
        return;
    struct bide__fds *fds = f->runtime->fds;
    struct bide__driver *driver = f->driver;
    if (bide__runtime_forked(f->runtime)) {
        close_forked(f);
        return;
    }
    lock(f);
    int fd = f->fd;
    struct bide__buffer *ring = end(f);
    cancel_all(f, fd);
    for (unsigned n = 0; f->calls > 0; n++) {
        unlock(f);
        bide__spin(n);
        lock(f);
    }
    f->flags |= FD_CLOSED;
    bool at_end = is_at_end(f), listens = !at_end && fds->multi && f->flags & BIDE__FD_ACCEPTS;
    bool forget = f->flags & FD_LAZY && !(f->flags & BIDE__FD_OWNED);
    if (!at_end) {
        atomic_fetch_add_explicit(&driver->closing, 1, memory_order_relaxed);
        count_waiting(fds, 1);
    }
    if (listens) {
        f->flags |= FD_LISTENS;
        atomic_fetch_add_explicit(&fds->listeners, 1, memory_order_relaxed);
    }
    unlock(f);
    bide__fd_give_back(driver, ring);
    if (forget)
        forget_number(fds, fd);
    lock_table(fds);
    count_open(fds, -1U);
    unlock_table(fds);
    if (at_end)
        bide__fd_finish(f);
    else if (!fds->multi)
        end_soon(f);
    else if (listens)
        look_at_own(fds, driver);
}

/* Nothing is under way any more, or begins again. */
static void stop(struct bide__fd *f)
{
    f->flags &= (uint16_t)~FD_ASKED;
    bide__fd_wake(f, 0);
    bide__fd_wake(f, 1);
    cancel_all(f, f->fd);
}

void bide__fds_stop(struct bide__fds *fds, struct bide__driver *driver)
{
    uint32_t used = atomic_load_explicit(&fds->used, memory_order_relaxed);

    for (uint32_t i = 0; i < used; i++)
        if (registration_at(fds, i)->fd >= 0)
            stop(registration_at(fds, i));
    for (uint32_t i = 0; i < used; i++)
        while (registration_at(fds, i)->armed != 0)
            driver->ops->wait(driver, fds, -1);
}

/* ---- events ---- */

/* With the lock. What nobody will take. */
static void discard(struct bide__fd *f, const struct bide__event *event)
{
    if (event->kind == BIDE__OP_RECEIVE && event->result > 0)
        f->driver->ops->give_back(f->driver, event->buffer);
    if (event->kind == BIDE__OP_ACCEPT && event->result >= 0)
        bide__fd_reset(event->result);
}

void bide__fd_become_ready(struct bide__fd *f, uint32_t ready)
{
    f->ready |= (uint8_t)ready;
    if (ready & BIDE__READ)
        bide__fd_wake(f, 0);
    if (ready & BIDE__WRITE)
        bide__fd_wake(f, 1);
}

static void deliver(struct bide__fd *f, const struct bide__event *event)
{
    switch (event->kind) {
    case BIDE__OP_READY:
        /* If it cannot be watched, the call says why. */
        if (event->result != -ECANCELED)
            bide__fd_become_ready(f, event->result > 0 ? (uint32_t)event->result
                                                       : BIDE__READ | BIDE__WRITE);
        break;
    case BIDE__OP_RECEIVE: bide__fd_received(f, event); break;
    case BIDE__OP_ACCEPT: bide__fd_was_accepted(f, event); break;
    default: break;
    }
}

/* With the lock, after a last event. An error means that nothing more will come for who waits. */
static void settle(struct bide__fd *f)
{
    if (f->fd >= 0 && bide__fd_settle(f) < 0)
        bide__fd_become_ready(f, BIDE__READ | BIDE__WRITE);
}

/* The registration of a key, or NULL. */
static struct bide__fd *find(struct bide__fds *fds, uint64_t key)
{
    uint32_t index = (uint32_t)key;
    if (index >= atomic_load_explicit(&fds->used, memory_order_acquire))
        return NULL;
    return registration_at(fds, index);
}

void bide__fd_report(struct bide__fds *fds, const struct bide__event *event)
{
    struct bide__fd *f = find(fds, event->key);
    bool at_end = false;

    if (f == NULL)
        return;
    lock(f);
    BIDE__ASSERT(f->generation == event->key >> 32, "registration: an event after the last one");
    BIDE__ASSERT(f->armed & bit_of(event->kind), "registration: an event of nothing");
    if (event->last) {
        f->armed &= BITS & ~bit_of(event->kind);
        f->ending &= BITS & ~bit_of(event->kind);
    }
    if (f->fd >= 0)
        deliver(f, event);
    else
        discard(f, event);
    settle(f);
    at_end = is_at_end(f);
    if (at_end)
        count_end(f);
    unlock(f);
    if (at_end)
        bide__fd_finish(f);
}

void bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready)
{
    struct bide__fd *f = find(fds, key);
    if (f == NULL)
        return;
    lock(f);
    if (f->fd >= 0 && f->generation == key >> 32)
        bide__fd_become_ready(f, ready);
    unlock(f);
}
