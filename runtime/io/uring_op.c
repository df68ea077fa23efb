/*
 * uring_op.c: operations of the driver over io_uring: submitted, cancelled, handed over by other
 * threads, and what their completions mean; see inside.h.
 *
 * Late submissions are taken over before late cancels. So a cancel is never overtaken by the
 * submission before it. It may come after that of the next user of the same name, if its own
 * operation has ended meanwhile; then that one ends with -ECANCELED though nobody has cancelled it,
 * and is submitted again, which is allowed in any case (driver.h).
 */
#ifdef BIDE__URING

#include "runtime/io/inside.h"

#include "runtime/thread.h"

enum { SEND_AT_MOST = 1 << 30, ROOM_FIRST = 16 };

void bide__uring_ops_begin(struct bide__uring_ops *ops)
{
    *ops = (struct bide__uring_ops){.free_send = -1};
}

void bide__uring_ops_end(struct bide__uring_ops *ops)
{
    bide__free(ops->sends, ops->sends_room * sizeof(*ops->sends));
    bide__free(ops->late, ops->late_room * sizeof(*ops->late));
    bide__free(ops->cancels, ops->cancels_room * sizeof(*ops->cancels));
}

static struct bide__uring *uring_of(struct bide__driver *driver)
{
    return (struct bide__uring *)(void *)driver;
}

/* ---- memory ---- */

/* An array with room for `count` elements at least, whatever is in it now. */
static bool make_room(void *array_p, uint32_t *room, uint32_t count, size_t size)
{
    void **array = array_p;
    uint32_t more = *room > 0 ? *room : ROOM_FIRST / 2;

    if (count <= *room)
        return true;
    while (more < count)
        more *= 2;
    char *p = bide__alloc(more * size);
    if (p == NULL)
        return false;
    if (*room > 0)
        memcpy(p, *array, *room * size);
    bide__free(*array, *room * size);
    *array = p;
    *room = more;
    return true;
}

/* The slot of a send; -1: no memory. */
static int take_send(struct bide__uring_ops *ops)
{
    uint32_t before = ops->sends_room;

    if (ops->free_send < 0) {
        if (!make_room(&ops->sends, &ops->sends_room, before + 1, sizeof(*ops->sends)))
            return -1;
        for (uint32_t i = ops->sends_room; i-- > before;) {
            ops->sends[i] = (struct bide__uring_send){.fd = ops->free_send};
            ops->free_send = (int)i;
        }
    }
    int slot = ops->free_send;
    ops->free_send = ops->sends[slot].fd;
    return slot;
}

static void give_send(struct bide__uring_ops *ops, uint32_t slot)
{
    struct bide__uring_send *send = &ops->sends[slot];
    *send = (struct bide__uring_send){.generation = send->generation + 1, .fd = ops->free_send};
    ops->free_send = (int)slot;
}

static uint64_t send_name(const struct bide__uring_ops *ops, enum bide__op_kind kind, uint32_t slot)
{
    return bide__uring_name(kind, (uint64_t)ops->sends[slot].generation << 32 | slot);
}

/* The slot of this name; NULL: that send has completed. */
static struct bide__uring_send *find_send(struct bide__uring_ops *ops, uint64_t name)
{
    uint32_t slot = (uint32_t)bide__uring_key(name);
    struct bide__uring_send *send = slot < ops->sends_room ? &ops->sends[slot] : NULL;
    return send != NULL && send->io != NULL && send->generation == name >> 32 ? send : NULL;
}

/* ---- entries of the submission ring ---- */

static unsigned least(size_t size)
{
    return size < SEND_AT_MOST ? (unsigned)size : SEND_AT_MOST;
}

static void fill_file(struct io_uring_sqe *sqe, const struct bide__file_op *f)
{
    switch (f->what) {
    case BIDE__FILE_READ:
        io_uring_prep_read(sqe, f->fd, f->buffer, least(f->size), f->offset);
        break;
    case BIDE__FILE_WRITE:
        io_uring_prep_write(sqe, f->fd, f->buffer, least(f->size), f->offset);
        break;
    case BIDE__FILE_SYNC:
        io_uring_prep_fsync(sqe, f->fd, f->flags != 0 ? IORING_FSYNC_DATASYNC : 0);
        break;
    case BIDE__FILE_OPEN: io_uring_prep_openat(sqe, f->fd, f->path, f->flags, f->mode); break;
    case BIDE__FILE_STAT:
        io_uring_prep_statx(sqe, f->fd, f->path, f->flags, STATX_BASIC_STATS, f->buffer);
        break;
    case BIDE__FILE_RENAME:
        io_uring_prep_renameat(sqe, f->fd, f->path, f->fd_2, f->buffer, 0);
        break;
    case BIDE__FILE_UNLINK: io_uring_prep_unlinkat(sqe, f->fd, f->path, f->flags); break;
    case BIDE__FILE_MKDIR: io_uring_prep_mkdirat(sqe, f->fd, f->path, f->mode); break;
    case BIDE__FILE_CLOSE: io_uring_prep_close(sqe, f->fd); break;
    case BIDE__FILE_CALLS: break;
    }
}

static void fill(struct bide__uring *u, struct io_uring_sqe *sqe, uint64_t name, int fd)
{
    const struct bide__uring_send *send;

    switch ((enum bide__op_kind)bide__uring_kind(name)) {
    case BIDE__OP_READY:
        io_uring_prep_poll_multishot(sqe, fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI);
        break;
    case BIDE__OP_RECEIVE:
        io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT; /* of group 0 */
        break;
    case BIDE__OP_ACCEPT:
        io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        break;
    case BIDE__OP_SEND:
        send = &u->ops.sends[(uint32_t)bide__uring_key(name)];
        io_uring_prep_send(sqe, send->fd, send->data, send->size, MSG_NOSIGNAL);
        break;
    case BIDE__OP_FILE:
        send = &u->ops.sends[(uint32_t)bide__uring_key(name)];
        fill_file(sqe, send->data);
        break;
    }
    io_uring_sqe_set_data64(sqe, name);
}

static bool put(struct bide__uring *u, uint64_t name, int fd)
{
    struct io_uring_sqe *sqe = bide__uring_sqe(u);
    if (sqe == NULL)
        return false;
    fill(u, sqe, name, fd);
    return true;
}

static bool put_cancel(struct bide__uring *u, uint64_t name)
{
    struct io_uring_sqe *sqe = bide__uring_sqe(u);
    if (sqe == NULL)
        return false;
    io_uring_prep_cancel64(sqe, name, 0);
    io_uring_sqe_set_data64(sqe, 0);
    if (u->can & BIDE__URING_SKIP)
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    return true;
}

/* ---- what is late ---- */

static void note_late(struct bide__uring_ops *ops)
{
    bool any = ops->late_count > 0 || ops->cancels_count > 0;
    atomic_store_explicit(&ops->any_late, any, memory_order_release);
}

/* With the lock. */
static bool take_late(struct bide__uring *u)
{
    struct bide__uring_ops *ops = &u->ops;
    uint32_t n = 0, c = 0;

    while (n < ops->late_count && put(u, ops->late[n].name, ops->late[n].fd))
        n++;
    ops->late_count -= n;
    if (n > 0)
        memmove(ops->late, ops->late + n, ops->late_count * sizeof(*ops->late));
    if (ops->late_count == 0)
        while (c < ops->cancels_count && put_cancel(u, ops->cancels[c]))
            c++;
    ops->cancels_count -= c;
    if (c > 0)
        memmove(ops->cancels, ops->cancels + c, ops->cancels_count * sizeof(*ops->cancels));
    note_late(ops);
    return ops->late_count == 0 && ops->cancels_count == 0;
}

bool bide__uring_take_late(struct bide__uring *u)
{
    bide__uring_lock(u);
    bool all = take_late(u);
    bide__uring_unlock(u);
    return all;
}

/* With the lock: into the submission ring, or else it is late. Nothing goes past what is late
 * already. */
static bool go_in(struct bide__uring *u)
{
    if (!bide__uring_enter_sq(u))
        return false;
    if (!atomic_load_explicit(&u->ops.any_late, memory_order_relaxed) || take_late(u))
        return true;
    bide__uring_leave_sq(u);
    return false;
}

static bool submit_at_once(struct bide__uring *u, uint64_t name, int fd)
{
    if (!go_in(u))
        return false;
    bool done = put(u, name, fd);
    bide__uring_leave_sq(u);
    return done;
}

static bool cancel_at_once(struct bide__uring *u, uint64_t name)
{
    if (!go_in(u))
        return false;
    bool done = put_cancel(u, name);
    bide__uring_leave_sq(u);
    return done;
}

static bool submit_late(struct bide__uring_ops *ops, uint64_t name, int fd)
{
    if (!make_room(&ops->late, &ops->late_room, ops->late_count + 1, sizeof(*ops->late)))
        return false;
    ops->late[ops->late_count++] = (struct bide__uring_late){name, fd};
    note_late(ops);
    return true;
}

/* There is room for each operation that is in flight beside those that are late, so only one that
 * is cancelled again and again finds none. */
static void cancel_late(struct bide__uring_ops *ops, uint64_t name)
{
    if (ops->cancels_count < ops->cancels_room)
        ops->cancels[ops->cancels_count++] = name;
    note_late(ops);
}

/* After the lock: whoever waits is to know of it. Outside of a blocking call nobody waits. */
static void tell(struct bide__uring *u)
{
    if (u->shared) {
        if (atomic_load_explicit(&u->ops.any_late, memory_order_relaxed))
            u->driver.ops->wake(&u->driver);
    } else if (bide__thread.running == NULL) {
        bide__uring_send_off(u);
    }
}

/* ---- submitted ---- */

/* With the lock. */
static int submit_name(struct bide__uring *u, uint64_t name, int fd)
{
    struct bide__uring_ops *ops = &u->ops;
    uint32_t cancels = ops->cancels_count + ops->in_flight + 1;

    if (!make_room(&ops->cancels, &ops->cancels_room, cancels, sizeof(*ops->cancels)))
        return -ENOMEM;
    if (!submit_at_once(u, name, fd) && !submit_late(ops, name, fd))
        return -ENOMEM;
    ops->in_flight++;
    return 0;
}

/* With the lock. */
static int submit_send(struct bide__uring *u, const struct bide__op *op)
{
    struct bide__uring_ops *ops = &u->ops;
    int slot = take_send(ops);

    if (slot < 0)
        return -ENOMEM;
    struct bide__uring_send *send = &ops->sends[slot];
    *send = (struct bide__uring_send){
        .io = op->io,
        .data = op->kind == BIDE__OP_FILE ? op->file : op->data,
        .size = least(op->size),
        .generation = send->generation,
        .fd = op->fd,
    };
    op->io->driver = &u->driver;
    op->io->slot = (uint32_t)slot;
    op->io->generation = send->generation;
    int r = submit_name(u, send_name(ops, op->kind, (uint32_t)slot), op->fd);
    if (r < 0)
        give_send(ops, (uint32_t)slot);
    return r;
}

static bool is_frame_owned(unsigned kind)
{
    return kind == BIDE__OP_SEND || kind == BIDE__OP_FILE;
}

/* With the lock. */
static bool can(const struct bide__uring *u, enum bide__op_kind kind)
{
    return (unsigned)kind < 16 && u->can & 1U << kind;
}

/* With the lock. */
static int submit(struct bide__uring *u, const struct bide__op *op)
{
    if (!can(u, op->kind) ||
        (op->kind == BIDE__OP_FILE && !(u->can & BIDE__URING_FILE << op->file->what)))
        return -ENOSYS;
    if (is_frame_owned(op->kind))
        return submit_send(u, op);
    if (op->kind == BIDE__OP_ACCEPT && !u->accepts) {
        u->accepts = bide__uring_can_accept();
        if (!u->accepts) {
            u->can &= ~(1U << BIDE__OP_ACCEPT);
            return -ENOSYS;
        }
    }
    if (op->kind == BIDE__OP_RECEIVE) {
        int r = bide__uring_buffers_need(u);
        if (r < 0)
            return r;
    }
    return submit_name(u, bide__uring_name(op->kind, op->key), op->fd);
}

int bide__uring_submit(struct bide__driver *driver, const struct bide__op *op)
{
    struct bide__uring *u = uring_of(driver);

    if (__builtin_expect(u->forks != bide__forks, 0))
        return -EPERM;
    bide__uring_lock(u);
    int r = submit(u, op);
    bide__uring_unlock(u);
    if (r == 0)
        tell(u);
    return r;
}

/* ---- cancelled ---- */

/* With the lock. */
static int cancel(struct bide__uring *u, const struct bide__op *op)
{
    uint64_t name = bide__uring_name(op->kind, op->key);

    if (!can(u, op->kind))
        return -ENOSYS;
    if (is_frame_owned(op->kind)) {
        uint64_t key = (uint64_t)op->io->generation << 32 | op->io->slot;
        name = bide__uring_name(op->kind, key);
        struct bide__uring_send *send = find_send(&u->ops, name);
        if (send == NULL) /* it completes just now */
            return 1;
        send->cancelled = true;
    }
    if (!cancel_at_once(u, name))
        cancel_late(&u->ops, name);
    return 1;
}

int bide__uring_cancel(struct bide__driver *driver, const struct bide__op *op)
{
    struct bide__uring *u = uring_of(driver);

    if (__builtin_expect(u->forks != bide__forks, 0))
        return 0;
    bide__uring_lock(u);
    int r = cancel(u, op);
    bide__uring_unlock(u);
    if (r > 0)
        tell(u);
    return r;
}

/* ---- ended ---- */

/* A socket tells POLLPRI with all that comes, so STAYS means little; it is used only where a plain
 * recv follows. */
static uint32_t directions(unsigned bits)
{
    uint32_t ready = 0;
    if (bits & (POLLIN | POLLRDHUP | POLLPRI))
        ready |= BIDE__READ;
    if (bits & POLLOUT)
        ready |= BIDE__WRITE;
    if (bits & (POLLERR | POLLHUP))
        ready |= BIDE__READ | BIDE__WRITE;
    if (bits & (POLLRDHUP | POLLPRI | POLLERR | POLLHUP))
        ready |= BIDE__STAYS;
    return ready;
}

/* Up to its report it may be cancelled, and needs its room for that. */
static void end_one(struct bide__uring *u)
{
    bide__uring_lock(u);
    u->ops.in_flight--;
    bide__uring_unlock(u);
}

static void report_ready(struct bide__fds *fds, struct bide__event *event)
{
    if (event->result >= 0)
        event->result = (int)directions((unsigned)event->result);
    if (!event->last && event->result >= 0)
        bide__fd_event(fds, event->key, (uint32_t)event->result);
    else
        bide__fd_report(fds, event);
}

static void report_received(struct bide__uring *u, struct bide__fds *fds, struct bide__event *event,
                            unsigned flags)
{
    uint32_t number = flags >> IORING_CQE_BUFFER_SHIFT;

    bide__uring_lock(u);
    if (event->result == -ENOBUFS)
        bide__uring_buffers_grow(u);
    if (flags & IORING_CQE_F_BUFFER && event->result > 0)
        event->buffer = bide__uring_buffer_take(u, number, (size_t)event->result);
    else if (flags & IORING_CQE_F_BUFFER)
        bide__uring_buffer_give_back(u, number);
    bide__uring_unlock(u);
    bide__fd_report(fds, event);
}

/* What is waited for by a thread that has exited ends when it happens, and nothing was done. A send
 * that nobody has cancelled goes on. */
static bool goes_on(struct bide__uring *u, const struct bide__uring_send *send, uint64_t name,
                    int result)
{
    if (result != -ECANCELED || send->cancelled)
        return false;
    return submit_at_once(u, name, send->fd) || submit_late(&u->ops, name, send->fd);
}

static bool report_sent(struct bide__uring *u, const struct io_uring_cqe *cqe)
{
    bide__uring_lock(u);
    struct bide__uring_send *send = find_send(&u->ops, cqe->user_data);
    if (send == NULL || goes_on(u, send, cqe->user_data, cqe->res)) {
        bide__uring_unlock(u);
        return false;
    }
    struct bide__io *io = send->io;
    give_send(&u->ops, (uint32_t)bide__uring_key(cqe->user_data));
    u->ops.in_flight--;
    bide__uring_unlock(u);
    bide__io_end(io, cqe->res);
    return true;
}

static bool report_own(struct bide__uring *u, unsigned kind, bool last)
{
    if (kind == BIDE__URING_WAKE && last)
        u->wake_armed = false;
    if (kind == BIDE__URING_ALARM) {
        u->alarm.at_ns = INT64_MAX;
        if (last)
            u->alarm_armed = false;
    }
    return false;
}

bool bide__uring_report(struct bide__uring *u, struct bide__fds *fds,
                        const struct io_uring_cqe *cqe)
{
    unsigned kind = bide__uring_kind(cqe->user_data);
    struct bide__event event = {
        .kind = (enum bide__op_kind)kind,
        .key = bide__uring_key(cqe->user_data),
        .result = cqe->res,
        .last = (cqe->flags & IORING_CQE_F_MORE) == 0,
    };

    if (is_frame_owned(kind))
        return report_sent(u, cqe);
    if (kind < BIDE__OP_READY || kind > BIDE__OP_FILE)
        return report_own(u, kind, event.last);
    if (kind == BIDE__OP_READY)
        report_ready(fds, &event);
    else if (kind == BIDE__OP_RECEIVE)
        report_received(u, fds, &event, cqe->flags);
    else
        bide__fd_report(fds, &event);
    if (event.last)
        end_one(u);
    return true;
}

#endif
