/*
 * file.c: see file.h.
 *
 * While an operation is under way it counts as a wait for a descriptor (io.h), so that the worker
 * waits in its driver, and nobody takes the program for stuck.
 */
#include "runtime/io/file.h"

#include "runtime/io/registration.h"

int bide__file_submit(struct bide__file_op *f, bide_waker waker)
{
    struct bide__worker *w = bide__thread.running;
    struct bide__op op = {.kind = BIDE__OP_FILE, .fd = f->fd, .io = &f->io, .file = f};

    if (w == NULL || !w->driver->ops->is_lazy)
        return -ENOSYS;
    bide__io_begin(&f->io, w->driver, waker);
    int r = w->driver->ops->submit(w->driver, &op);
    if (r < 0) {
        bide__io_withdraw(&f->io);
        return r;
    }
    f->is_cancelled = false;
    f->fds = w->runtime->fds;
    count_waiting(f->fds, 1);
    return 0;
}

void bide__file_end(struct bide__file_op *f)
{
    count_waiting(f->fds, (uint32_t)-1);
}

bool bide__file_poll(struct bide__file_op *f, bide_waker waker)
{
    if (!bide__io_is_done(&f->io)) {
        bide__io_renew(&f->io, waker);
        return false;
    }
    bide__file_end(f);
    return true;
}

bool bide__file_cancel(struct bide__file_op *f)
{
    struct bide__driver *driver = f->io.driver;
    const struct bide__op op = {.kind = BIDE__OP_FILE, .fd = -1, .io = &f->io, .file = f};

    if (bide__io_is_done(&f->io) || f->is_cancelled)
        return false;
    f->is_cancelled = true;
    if (driver->ops->cancel(driver, &op) != 0)
        return false;
    bide__io_withdraw(&f->io);
    bide__file_end(f);
    return true;
}
