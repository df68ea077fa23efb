/*
 * lib/io/reading.h: the loop of leaves that read from a stream on a descriptor, or peek at it.
 */
#ifndef BIDE_LIB_IO_READING_H
#define BIDE_LIB_IO_READING_H

#include "lib/leaf.h"

/*
 * Takes what has been received ahead, or makes `call`, which does not wait; `outcome` says how it
 * ended, as bide__fd_leaf_called wants it. False: there is nothing yet; then the leaf suspends.
 * True: *n is the result. Both functions are known where this is used, and become part of the loop.
 */
static inline __attribute__((always_inline)) bool bide__fd_reads(
    struct bide_cx *cx, struct bide__fd_leaf *leaf, const struct bide__fd_read *read,
    ssize_t (*call)(const struct bide__fd_leaf *leaf, int fd),
    int (*outcome)(ssize_t n, size_t size), ssize_t *n)
{
    struct bide__fd_call ours;
    for (;;) {
        int r = bide__fd_leaf_receive(cx, leaf, read, n, &ours);
        if (r < 0)
            *n = r;
        if (r != BIDE__FD_CALL)
            return r <= 0;
        *n = call(leaf, ours.fd);
        bide__fd_leaf_called(leaf, &ours, outcome(*n, read->size));
        if (*n != -EAGAIN && *n != -EINTR)
            return true;
    }
}

#endif
