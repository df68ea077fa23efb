/*
 * lib/net/message.c: see message.h: the system calls for messages. None of them blocks, whatever
 * the descriptor is, and none raises SIGPIPE.
 *
 * Descriptors that come with a message are this process's as soon as recvmsg has returned. So each
 * is either given to the caller or closed before the call returns; all that one message can carry
 * have room here, so the kernel leaves none out but for want of descriptors.
 */
#include "lib/net/address.h"
#include "lib/net/message.h"

/* What a message of ours, or of a program that asks for more than descriptors, can have. */
union control {
    char bytes[CMSG_SPACE(BIDE_UNIX_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
};

static socklen_t at_most(socklen_t size)
{
    socklen_t room = sizeof((bide_address *)NULL)->bytes;
    return size < room ? size : room;
}

/* ---- sending ---- */

static ssize_t send_fds(int fd, const struct bide__message *m)
{
    union control control;
    struct iovec piece = {.iov_base = m->buffer, .iov_len = m->size};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    size_t size = m->sent->count * sizeof(int);

    if (m->to != NULL) {
        header.msg_name = bide__to_of(m->to);
        header.msg_namelen = m->to->size;
    }
    if (size > 0) {
        memset(&control, 0, CMSG_SPACE(size));
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&control.align), m->sent->fds, size);
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(size);
    }
    return bide__door.sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t bide__message_send(int fd, const struct bide__message *m)
{
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    if (m->sent != NULL)
        return m->sent->count > BIDE_UNIX_FDS_MAX ? -EINVAL : send_fds(fd, m);
    if (m->to == NULL)
        return bide__door.send(fd, m->data, m->size, flags);
    return bide__door.sendto(fd, m->data, m->size, flags, &bide__to_of(m->to)->any, m->to->size);
}

/* ---- receiving ---- */

/* Takes as many of the descriptors as there is room for, and closes the others. */
static void take_fds(struct msghdr *header, bide_unix_fds *fds)
{
    int fd;
    if (header->msg_flags & MSG_CTRUNC)
        fds->is_truncated = true;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; CMSG_LEN(at + sizeof fd) <= c->cmsg_len; at += sizeof fd) {
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            if (fds->count < fds->room) {
                fds->fds[fds->count++] = fd;
            } else {
                fds->is_truncated = true;
                bide__door.close(fd);
            }
        }
    }
}

static void close_fds(bide_unix_fds *fds)
{
    while (fds->count > 0)
        bide__door.close(fds->fds[--fds->count]);
}

static ssize_t receive_fds(int fd, const struct bide__message *m, int flags)
{
    union control control;
    struct iovec piece = {.iov_base = m->buffer, .iov_len = m->size};
    struct msghdr header = {.msg_iov = &piece,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control};
    if (m->from != NULL) {
        header.msg_name = m->from->bytes;
        header.msg_namelen = sizeof m->from->bytes;
    }
    ssize_t n = bide__door.recvmsg(fd, &header, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return n;
    if (m->from != NULL)
        m->from->size = at_most(header.msg_namelen);
    take_fds(&header, m->received);
    if (!(header.msg_flags & MSG_TRUNC))
        return n;
    close_fds(m->received);
    return -EMSGSIZE;
}

ssize_t bide__message_receive(int fd, const struct bide__message *m, int flags)
{
    ssize_t n;
    if (m->from != NULL)
        m->from->size = 0;
    if (m->received != NULL) {
        m->received->count = 0;
        m->received->is_truncated = false;
        return receive_fds(fd, m, flags);
    }
    flags |= MSG_DONTWAIT | MSG_TRUNC;
    if (m->from == NULL) {
        n = bide__door.recv(fd, m->buffer, m->size, flags);
    } else {
        socklen_t size = sizeof m->from->bytes;
        n = bide__door.recvfrom(fd, m->buffer, m->size, flags, &bide__to_of(m->from)->any, &size);
        m->from->size = n < 0 ? 0 : at_most(size);
    }
    return n > 0 && (size_t)n > m->size && !(flags & MSG_PEEK) ? -EMSGSIZE : n;
}

/* ---- several ---- */

enum { BATCH = 32 };

struct batch {
    struct mmsghdr headers[BATCH];
    struct iovec pieces[BATCH];
};

/* Prepares the first of `count` datagrams; returns how many. */
static unsigned prepare(struct batch *b, const bide_udp_datagram *datagrams, size_t count)
{
    unsigned n = count < BATCH ? (unsigned)count : BATCH;
    for (unsigned i = 0; i < n; i++) {
        b->pieces[i] = (struct iovec){datagrams[i].data, datagrams[i].size};
        b->headers[i] = (struct mmsghdr){{.msg_iov = &b->pieces[i], .msg_iovlen = 1}, 0};
    }
    return n;
}

/* The result of one call for the first `n` datagrams. */
static int receive_batch(int fd, struct batch *b, bide_udp_datagram *datagrams, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        b->headers[i].msg_hdr.msg_name = datagrams[i].address.bytes;
        b->headers[i].msg_hdr.msg_namelen = sizeof datagrams->address.bytes;
    }
    int r = bide__door.recvmmsg(fd, b->headers, n, MSG_DONTWAIT, NULL);
    for (int i = 0; i < r; i++) {
        bide_udp_datagram *d = &datagrams[i];
        d->length = b->headers[i].msg_len;
        d->is_truncated = b->headers[i].msg_hdr.msg_flags & MSG_TRUNC;
        d->address.size = at_most(b->headers[i].msg_hdr.msg_namelen);
    }
    return r;
}

static int send_batch(int fd, struct batch *b, const bide_udp_datagram *datagrams, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const bide_address *to = &datagrams[i].address;
        b->headers[i].msg_hdr.msg_name = to->size == 0 ? NULL : bide__to_of(to);
        b->headers[i].msg_hdr.msg_namelen = to->size;
    }
    return bide__door.sendmmsg(fd, b->headers, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A later batch that fails says so at the next call. */
static int transfer_many(int fd, bide_udp_datagram *datagrams, size_t count, bool sends)
{
    struct batch b;
    size_t done = 0;
    unsigned n;
    int r = 0;

    do {
        n = prepare(&b, datagrams + done, count - done);
        r = sends ? send_batch(fd, &b, datagrams + done, n)
                  : receive_batch(fd, &b, datagrams + done, n);
        done += r > 0 ? (unsigned)r : 0;
    } while (r == (int)n && done < count);
    return done > 0 ? (int)done : r;
}

int bide__message_receive_many(int fd, bide_udp_datagram *datagrams, size_t count)
{
    return transfer_many(fd, datagrams, count, false);
}

int bide__message_send_many(int fd, const bide_udp_datagram *datagrams, size_t count)
{
    return transfer_many(fd, (bide_udp_datagram *)(uintptr_t)datagrams, count, true);
}
