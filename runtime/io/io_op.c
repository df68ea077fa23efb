/*
 * io_op.c: frame-owned operations, on the side of whoever submits them. See driver.h.
 *
 * Both sides exchange the waker, so each clone is used once: the driver's end takes out the one
 * that is there and wakes it. `done` is stored last but for that wake, and by it the operation goes
 * back to its owner.
 */
#include "runtime/io/driver.h"
#include "runtime/thread.h"

void bide__io_begin(struct bide__io *io, struct bide__driver *driver, bide_waker waker)
{
    io->driver = driver;
    io->result = 0;
    atomic_store_explicit(&io->done, false, memory_order_relaxed);
    atomic_store_explicit(&io->waker, bide_waker_clone(waker).bits, memory_order_relaxed);
}

bool bide__io_is_done(const struct bide__io *io)
{
    return atomic_load_explicit(&io->done, memory_order_acquire);
}

void bide__io_withdraw(struct bide__io *io)
{
    uintptr_t waker = atomic_exchange_explicit(&io->waker, 0, memory_order_acq_rel);

    if (waker == 0) {
        for (unsigned n = 0; !bide__io_is_done(io); n++)
            bide__spin(n);
        return;
    }
    bide_waker_drop((bide_waker){waker});
    io->result = -ECANCELED;
    atomic_store_explicit(&io->done, true, memory_order_relaxed);
}

void bide__io_end(struct bide__io *io, int result)
{
    bide_waker waker = {atomic_exchange_explicit(&io->waker, 0, memory_order_acq_rel)};
    io->result = result;
    atomic_store_explicit(&io->done, true, memory_order_release);
    bide_waker_wake(waker);
}

void bide__io_renew(struct bide__io *io, bide_waker waker)
{
    uintptr_t before = atomic_load_explicit(&io->waker, memory_order_relaxed);

    if (before == waker.bits)
        return;
    bide_waker_clone(waker);
    before = atomic_exchange_explicit(&io->waker, waker.bits, memory_order_acq_rel);
    if (before != 0) {
        bide_waker_drop((bide_waker){before});
        return;
    }
    /* The end has taken the waker out, and is about to wake that one. */
    for (unsigned n = 0; !bide__io_is_done(io); n++)
        bide__spin(n);
    atomic_store_explicit(&io->waker, 0, memory_order_relaxed);
    bide_waker_wake(waker);
}
