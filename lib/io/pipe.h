/*
 * lib/io/pipe.h: reading from pipes and FIFOs that we opened.
 */
#ifndef BIDE_LIB_IO_PIPE_H
#define BIDE_LIB_IO_PIPE_H

#include <stddef.h>
#include <sys/types.h>

/* read(2), but -EAGAIN instead of 0 if there has been no writer yet. */
ssize_t bide__pipe_read(int fd, void *buffer, size_t size);

#endif
