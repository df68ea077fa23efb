/*
 * lib/io/pipe.h: reading from pipes and FIFOs that we opened.
 */
#ifndef BIDE_LIB_IO_PIPE_H
#define BIDE_LIB_IO_PIPE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* read(2), readv(2), splice(2), but -EAGAIN instead of 0 if there has been no writer yet. */
ssize_t bide__pipe_read(int fd, void *buffer, size_t size);
ssize_t bide__pipe_readv(int fd, const struct iovec *pieces, int count);
ssize_t bide__pipe_splice(int fd, int to, size_t size);

#endif
