/*
 * bide/unix.h: Unix sockets: connections and datagrams between processes of one machine.
 *
 * A connection is a bide_stream (bide/io.h). Objects belong to the runtime on which they were made;
 * call all functions on its thread. The async ones return -EXDEV on another runtime, and -ENXIO
 * outside any. Functions return 0 or a negative errno unless their comment says otherwise.
 *
 * On a runtime with several workers all functions may be called by any of them, and those that are
 * not async by any thread. An object may be closed while another task waits on it, but no call may
 * begin after that: end a task that uses it in a loop before the object is closed.
 *
 * A name is a path of at most 107 bytes, or "@NAME" for an abstract name, which is no file and goes
 * when its last socket is closed. For a file whose name begins with "@" write "./@name".
 */
#ifndef BIDE_UNIX_H
#define BIDE_UNIX_H

#include <bide/address.h>
#include <bide/io.h>
#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* Zero in a member means the default. For listeners and for datagram sockets; abstract names need
 * none of it. */
typedef struct bide_unix_options {
    mode_t mode;        /* of the file: who may write to it may connect. Not changed by the umask;
                           nobody can connect before it is set. 0: 0777 less the umask */
    bool replace_stale; /* a socket that its process has left behind is removed first */
    bool keep;          /* the close leaves the file there */
    uint32_t backlog;   /* of a listener: connections that may wait; 0: 1024 */
} bide_unix_options;

/* ---- connections ---- */

typedef struct bide_unix_listener bide_unix_listener;

/*
 * Listens on a name. The close removes the file, if it is still the one that was made here, and in
 * the process that made it.
 *
 * A file that is there already is -EADDRINUSE. With `replace_stale` it is removed if it is a socket
 * on which nobody listens, as after a crash; then two servers that start at the same time may
 * remove each other's, unless they hold a lock.
 * Errors: -EADDRINUSE, -EINVAL (an empty name), -ENAMETOOLONG, -EACCES, -ENOENT and others of
 * bind(2), -EMFILE, -ENOMEM; then *listener is NULL, and there is no new file.
 */
bide_must_use int bide_unix_listen(const char *name, const bide_unix_options *options,
                                   bide_unix_listener **listener
                                       bide_gives(bide_unix_listener_close));

/*
 * Makes a listener of a socket that listens already: one that a service manager has passed
 * (bide_activation_fd in bide/net.h), for example. The listener owns it from now on, but not the
 * file: the close leaves that there. Nothing about the socket is changed; what
 * bide_tcp_listener_from_fd says of one that is blocking holds here, too.
 * Errors: -EINVAL (it does not listen), -EPROTOTYPE (it is not for streams: see below), -ENOTSOCK,
 * -EAFNOSUPPORT (not a Unix socket), -EEXIST (it has a listener), -EBADF, -ENOMEM, -ENOSPC, -ENXIO;
 * then fd stays the caller's, and *listener is NULL.
 */
bide_must_use int bide_unix_listener_from_fd(
    int fd, bide_unix_listener **listener bide_gives(bide_unix_listener_close));

/* Waits for the next connection, as bide_tcp_accept (bide/net.h) does, with the same errors.
 * Cancelled: no connection is lost. */
bide_must_use bide_async int bide_unix_accept(bide_unix_listener *listener,
                                              bide_stream **stream bide_gives(bide_stream_close));

/* Closes and frees a listener; connections that nobody has accepted are reset. NULL is ignored. A
 * waiting accept ends with -EBADF at once. */
void bide_unix_listener_close(bide_unix_listener *listener);

/* Returns the descriptor, for setting options; it stays the listener's. */
int bide_unix_listener_fd(const bide_unix_listener *listener);

/*
 * Connects to a listener. While its queue is full, it tries again after a pause, of 1 ms at first
 * and never more than 100 ms. *stream is the connection, which the caller closes.
 * Errors: -ENOENT (no such file), -ECONNREFUSED (nobody listens), -EACCES, -EINVAL, -ENAMETOOLONG,
 * -EMFILE, -ENOMEM; then *stream is NULL.
 * Cancelled: nothing stays open.
 */
bide_must_use bide_async int bide_unix_connect(const char *name,
                                               bide_stream **stream bide_gives(bide_stream_close));

/* Makes two connected streams, for instance one for a child process. Errors: -EMFILE, -ENFILE,
 * -ENOMEM, -ENOSPC; then both are NULL. */
bide_must_use int bide_unix_pair(bide_stream **one bide_gives(bide_stream_close),
                                 bide_stream **other bide_gives(bide_stream_close));

/* Who is at the other end: as it was when it connected or began to listen (SO_PEERCRED), whoever
 * has the descriptor now. */
typedef struct bide_unix_peer {
    pid_t pid; /* 0: not in this pid namespace */
    uid_t uid;
    gid_t gid;
} bide_unix_peer;

/* Errors: -ENOTSOCK, -EAFNOSUPPORT (not a Unix socket); then *peer is all -1. */
bide_must_use int bide_unix_peer_of(const bide_stream *stream, bide_unix_peer *peer);

/* The names of the two ends of a connection; mostly only the listener has one, and the other text
 * is "". Errors: -ENOTCONN, -ENOTSOCK; then address->size is 0. */
bide_must_use int bide_unix_local_address(const bide_stream *stream, bide_address *address);
bide_must_use int bide_unix_peer_address(const bide_stream *stream, bide_address *address);

/* ---- passing descriptors ---- */

/* As many as one message can carry. */
enum { BIDE_UNIX_FDS_MAX = 253 };

/* Descriptors that go with a message. */
typedef struct bide_unix_fds {
    int *fds;          /* to send: yours, and they stay open. To receive: room for `room` of them */
    unsigned count;    /* to send, or that were received */
    unsigned room;     /* to receive */
    bool is_truncated; /* received: there were more, but no room for them, or this process may not
                          have more descriptors; those are closed */
} bide_unix_fds;

/*
 * Sends bytes, at least one, and descriptors with them, which the receiver gets when it reads the
 * first of the bytes. Waits and returns as bide_stream_write does: the number of bytes, which may
 * be less than `size`; then all descriptors have gone, and the rest is for bide_stream_write_all.
 * Errors: -EINVAL (no byte, too many descriptors), -EBADF (one of them is not open), -ETOOMANYREFS
 * (too many are on their way), -ENOTSOCK, -EAFNOSUPPORT (not a Unix socket), and those of
 * bide_stream_write.
 * Cancelled: nothing was sent.
 */
bide_must_use bide_async ssize_t bide_unix_send_fds(bide_stream *stream, const void *data,
                                                    size_t size, const bide_unix_fds *fds);

/*
 * Reads as bide_stream_read does, and receives the descriptors that came with these bytes. Bytes
 * with which descriptors came are not read together with those of a later message. The descriptors
 * are the caller's, and closed on exec. On an error there are none. A read by another function
 * closes descriptors that come with its bytes.
 * Errors: -ENOTSOCK, -EAFNOSUPPORT (not a Unix socket), and those of bide_stream_read.
 * Cancelled: nothing was read, and nothing received.
 */
bide_must_use bide_async ssize_t bide_unix_receive_fds(bide_stream *stream, void *buffer,
                                                       size_t size, bide_unix_fds *fds);

/* ---- datagrams ---- */

/* A socket for datagrams, which arrive whole, in their order, and are not lost: a sender waits
 * while the receiver's queue is full. One task may receive while another sends; others get -EBUSY
 * while these wait. */
typedef struct bide_unix_datagram bide_unix_datagram;

/* Makes one that receives at a name; file, options and errors as of bide_unix_listen. With `name`
 * NULL it has no name: nobody can answer. Then *datagram is NULL. */
bide_must_use int bide_unix_datagram_bind(const char *name, const bide_unix_options *options,
                                          bide_unix_datagram **datagram
                                              bide_gives(bide_unix_datagram_close));

/*
 * Makes one of a descriptor that exists, perhaps inherited or received. The object owns it from now
 * on, but not its file; O_NONBLOCK is neither needed nor changed.
 * Errors: -EPROTOTYPE (not for datagrams), -ENOTSOCK, -EAFNOSUPPORT (not a Unix socket), -EBADF,
 * -EEXIST (it is in use here already), -ENOMEM, -ENOSPC; then fd stays the caller's, and *datagram
 * is NULL.
 *
 * SOCK_SEQPACKET is none of both: a stream has no messages, and a reader may ask for less than one,
 * whose rest would be lost; and of a datagram 0 bytes would mean an empty message as well as the
 * end of the connection.
 */
bide_must_use int bide_unix_datagram_from_fd(
    int fd, bide_unix_datagram **datagram bide_gives(bide_unix_datagram_close));

/* Makes two that are connected with each other. Errors: -EMFILE, -ENFILE, -ENOMEM, -ENOSPC; then
 * both are NULL. */
bide_must_use int bide_unix_datagram_pair(
    bide_unix_datagram **one bide_gives(bide_unix_datagram_close),
    bide_unix_datagram **other bide_gives(bide_unix_datagram_close));

/* Chooses the peer, as bide_udp_connect (bide/udp.h) does; NULL: none. Errors: -ENOENT,
 * -ECONNREFUSED, -EACCES, -EPROTOTYPE (not for datagrams), -EINVAL, -ENAMETOOLONG. */
int bide_unix_datagram_connect(bide_unix_datagram *datagram, const char *name);

/* Closes and frees one. NULL is ignored. Waiting calls end with -EBADF at once. */
void bide_unix_datagram_close(bide_unix_datagram *datagram);

/* Returns the descriptor; it stays the socket's. */
int bide_unix_datagram_fd(const bide_unix_datagram *datagram);

/* The socket's own name and the peer's. Errors: -ENOTCONN (no peer); then address->size is 0. */
bide_must_use int bide_unix_datagram_local_address(const bide_unix_datagram *datagram,
                                                   bide_address *address);
bide_must_use int bide_unix_datagram_peer_address(const bide_unix_datagram *datagram,
                                                  bide_address *address);

/*
 * Send one datagram, of 0 or more bytes: to the peer, or to `to` (see bide_address_of_path). Return
 * `size`. While the receiver's queue is full, they try again after pauses, of 1 ms at first and
 * never more than 8 ms, since the system does not tell reliably when there is room.
 * Errors: -ENOTCONN (no peer), -ECONNREFUSED (nobody is there any more), -ENOENT, -EACCES, -EPERM
 * (it is connected to another), -EMSGSIZE (larger than the buffer of the socket), and others of
 * send(2). Each is of one call: the socket goes on.
 * Cancelled: nothing was sent.
 */
bide_must_use bide_async ssize_t bide_unix_datagram_send(bide_unix_datagram *datagram,
                                                         const void *data, size_t size);
bide_must_use bide_async ssize_t bide_unix_datagram_send_to(bide_unix_datagram *datagram,
                                                            const void *data, size_t size,
                                                            const bide_address *to);

/* Waits for a datagram and takes it, as bide_udp_receive does, with the same errors. *from is the
 * sender, without text if it has no name; `from` may be NULL. Cancelled: nothing was taken. */
bide_must_use bide_async ssize_t bide_unix_datagram_receive(bide_unix_datagram *datagram,
                                                            void *buffer, size_t size,
                                                            bide_address *from);

/* The same with descriptors, which are as in bide_unix_send_fds and bide_unix_receive_fds; a
 * datagram with descriptors may be empty. `to` NULL: to the peer. */
bide_must_use bide_async ssize_t bide_unix_datagram_send_fds(bide_unix_datagram *datagram,
                                                             const void *data, size_t size,
                                                             const bide_address *to,
                                                             const bide_unix_fds *fds);
bide_must_use bide_async ssize_t bide_unix_datagram_receive_fds(bide_unix_datagram *datagram,
                                                                void *buffer, size_t size,
                                                                bide_address *from,
                                                                bide_unix_fds *fds);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
