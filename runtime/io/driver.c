/*
 * driver.c: which driver a runtime gets; see driver.h.
 */
#include "runtime/io/driver.h"

#include <stdio.h>

static const char *reason(int error)
{
    switch (error) {
#ifdef BIDE__URING
    case -ENOSYS: return "the kernel does not have it";
#else
    case -ENOSYS: return "bide was built without liburing";
#endif
    case -EPERM:
    case -EACCES: return "it is forbidden here, by kernel.io_uring_disabled or a sandbox";
    case -EOPNOTSUPP: return "what the kernel has (or BIDE_URING_MASK leaves) is less than needed";
    case -EDQUOT: return "the kernel has no memory for it (see ulimit -l)";
    default: return strerror(-error);
    }
}

static int refuse(int error)
{
    char text[256];
    snprintf(text, sizeof(text), "bide: io_uring is asked for and cannot be had: %s\n",
             reason(error));
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
    return error;
}

int bide__driver_begin(struct bide__driver **out, enum bide_io io,
                       const struct bide__driver_options *options)
{
    /* A ring whose owner may change is slower than epoll, and disturbs system calls of the thread
     * (uring.c). */
    if (io == BIDE_IO_EPOLL || (io == BIDE_IO_AUTO && options->owner != BIDE__OWNER_FIXED))
        return bide__driver_epoll.begin(out, options);
    int r = bide__driver_uring.begin(out, options);
    /* -EINVAL: the mask is wrong, which has been told. */
    if (r >= 0 || r == -EINVAL || r == -ENOMEM)
        return r;
    return io == BIDE_IO_URING ? refuse(r) : bide__driver_epoll.begin(out, options);
}
