/*
 * lib/io/foreign.h: calls that do not wait, also with descriptors that we did not open.
 *
 * O_NONBLOCK belongs to the open file description, which other processes may share: a shell has the
 * same terminal as the program that it has started. So it is never set on one that is not ours, not
 * even for a while, since a program may be killed at any time.
 */
#ifndef BIDE_LIB_IO_FOREIGN_H
#define BIDE_LIB_IO_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

/* How calls are made with a descriptor. */
enum bide__fd_way {
    BIDE__FD_PLAIN = 0, /* read(2) and write(2): the description is non-blocking */
    BIDE__FD_SOCKET,    /* recv(2) and send(2) with MSG_DONTWAIT */
    BIDE__FD_OWN_PIPE,  /* a pipe or a FIFO that the library opened; see pipe.h */
    /* The description is blocking: bide__fd_ask before each call, which writes a piece. */
    BIDE__FD_PIPE,
    BIDE__FD_TERMINAL,
    BIDE__FD_OTHER,
};

/*
 * The descriptor with which the calls for fd are made, and how. It is fd itself, or one of its own
 * description, which the caller closes. Or -EBADF or -EPERM (a regular file, a folder); then *way
 * is not set.
 */
int bide__foreign_open(int fd, enum bide__fd_way *way);

/* 1: a call in this direction (BIDE__READ, BIDE__WRITE) does not wait; fd may also be at its end,
 * or broken. 0: it would wait. Or a negative errno. */
int bide__fd_ask(int fd, uint32_t direction);

/* How many of `size` bytes, at least 1, a write can take without waiting, if bide__fd_ask said that
 * it would not. */
size_t bide__fd_piece(enum bide__fd_way way, size_t size);

#endif
