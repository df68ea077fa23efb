/*
 * lib/net/message.h: sockets that carry messages: datagrams, and bytes together with descriptors.
 *
 * The objects of UDP and of Unix datagrams begin in the same way, so that one set of leaves serves
 * both. message.c has the system calls, and message_leaf.c the leaves that make them.
 */
#ifndef BIDE_LIB_NET_MESSAGE_H
#define BIDE_LIB_NET_MESSAGE_H

#include "runtime/leaf.h"

#include <bide/udp.h>
#include <bide/unix.h>

struct bide__messages {
    struct bide__fd *registration;
    int fd;
};

struct bide_udp {
    struct bide__messages messages;
    int family;
};

struct bide_unix_datagram {
    struct bide__messages messages;
    struct bide__unix_place *place; /* what to remove at the close; NULL: nothing */
};

/*
 * The calls below never block. `from`, `to` and `fds` may be NULL. They return a number of bytes,
 * or of datagrams, or a negative errno; -EAGAIN: it would block.
 */
#define BIDE__MESSAGE                                                          \
    union {                                                                    \
        void *buffer;                                                          \
        const void *data;                                                      \
    };                                                                         \
    size_t size;                                                               \
    union {                                                                    \
        bide_address *from;                                                    \
        const bide_address *to;                                                \
    };                                                                         \
    union {                                                                    \
        bide_unix_fds *received;                                               \
        const bide_unix_fds *sent, *fds; /* `fds`: a parameter of that name */ \
    };

struct bide__message {
    BIDE__MESSAGE
};

ssize_t bide__message_send(int fd, const struct bide__message *m);

/* -EMSGSIZE: a datagram is larger than the buffer; then m->received has no descriptor. With
 * `flags` MSG_PEEK its size is returned instead. */
ssize_t bide__message_receive(int fd, const struct bide__message *m, int flags);

/* At least one of count, which is not 0. */
int bide__message_receive_many(int fd, bide_udp_datagram *datagrams, size_t count);
int bide__message_send_many(int fd, const bide_udp_datagram *datagrams, size_t count);

#endif
