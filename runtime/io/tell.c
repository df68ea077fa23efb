/*
 * tell.c: what a leaf that waits for a descriptor waits for, for dumps. See io.h.
 *
 * A frame is such a leaf if it names a registration of the runtime which has it as a waiter. Any
 * frame may be asked: one that is large enough has something in that place.
 */
#include "runtime/io/registration.h"

#include <stdio.h>

/* The registration that `at` points to, if it does. */
static struct bide__fd *find(const struct bide__fds *fds, const struct bide__fd *at)
{
    for (unsigned i = 0; i < BIDE__FD_PAGES; i++) {
        struct bide__fd *page = __atomic_load_n(&fds->pages[i], __ATOMIC_ACQUIRE);
        if (page == NULL)
            return NULL;
        uintptr_t offset = (uintptr_t)at - (uintptr_t)page;
        if (offset < bide__fd_page_size(i) * sizeof(*page))
            return offset % sizeof(*page) == 0 ? page + offset / sizeof(*page) : NULL;
    }
    return NULL;
}

/* In a frame of another kind, other threads may write what is in that place, say the links of a
 * timer, under locks of theirs. Any value will do then: it is compared, and not followed. So it is
 * read at once, and the thread sanitizer is not asked. */
__attribute__((noinline, no_sanitize("thread"))) static const struct bide__fd *registration_of(
    const struct bide_frame *leaf)
{
    const struct bide__fd_leaf *f = (const void *)leaf;
    return *(struct bide__fd *const volatile *)&f->fd;
}

static const char *operation(const struct bide__fd *f, unsigned n)
{
    if (n == waiter_of(BIDE__WRITE))
        return f->sends > 0 ? "send" : "be writable";
    return f->armed & bit_of(BIDE__OP_RECEIVE)  ? "receive"
           : f->armed & bit_of(BIDE__OP_ACCEPT) ? "accept"
                                                : "be readable";
}

bool bide__fd_tell(const struct bide__fds *fds, const struct bide_frame *leaf, char *text,
                   size_t size)
{
    bool is_told = false;

    if (leaf->fn->frame_size < sizeof(struct bide__fd_leaf))
        return false;
    struct bide__fd *f = find(fds, registration_of(leaf));
    if (f == NULL)
        return false;
    lock(f);
    for (unsigned n = 0; n < 2 && !is_told; n++) {
        is_told = f->fd >= 0 && f->waiters[n].waker.bits != 0 && f->waiters[n].leaf == leaf;
        if (is_told)
            snprintf(text, size, "for descriptor %d to %s, in %s", f->fd, operation(f, n),
                     f->driver->ops->name);
    }
    unlock(f);
    return is_told;
}

bool bide__fds_tell(struct bide__fds *fds, char *text, size_t size)
{
    if (fds->multi)
        pthread_mutex_lock(&fds->mutex);
    uint32_t open = fds->open;
    if (fds->multi)
        pthread_mutex_unlock(&fds->mutex);
    if (open > 0)
        snprintf(text, size, "%u %s in %s", (unsigned)open,
                 open == 1 ? "descriptor" : "descriptors", fds->driver->ops->name);
    return open > 0;
}
