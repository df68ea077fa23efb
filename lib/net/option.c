/*
 * lib/net/option.c: see option.h, and what is public of it in bide/net.h.
 *
 * Options that are numbers are rows of a table: how a member becomes the system's number and back.
 */
#include "lib/leaf.h"

#include "lib/net/option.h"

#include "lib/io/stream.h"
#include "lib/net/address.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* ---- the table ---- */

enum kind { SECONDS, MILLISECONDS, COUNT, BYTES };

struct row {
    uint16_t offset; /* of the member */
    uint8_t kind;
    int level, option; /* of sockets of IPv4, and others */
    int level6, option6;
};

#define ROW(member, kind, level, option)                                       \
    {                                                                          \
        offsetof(bide_tcp_options, member), kind, level, option, level, option \
    }
#define ROW_IP(member, option, option6)                                                      \
    {                                                                                        \
        offsetof(bide_tcp_options, member), COUNT, IPPROTO_IP, option, IPPROTO_IPV6, option6 \
    }

static const struct row rows[] = {
    ROW(keepalive, SECONDS, IPPROTO_TCP, TCP_KEEPIDLE),
    ROW(keepalive_interval, SECONDS, IPPROTO_TCP, TCP_KEEPINTVL),
    ROW(keepalive_probes, COUNT, IPPROTO_TCP, TCP_KEEPCNT),
    ROW(unacknowledged, MILLISECONDS, IPPROTO_TCP, TCP_USER_TIMEOUT),
    ROW(send_buffer_bytes, BYTES, SOL_SOCKET, SO_SNDBUF),
    ROW(receive_buffer_bytes, BYTES, SOL_SOCKET, SO_RCVBUF),
    ROW_IP(hops, IP_TTL, IPV6_UNICAST_HOPS),
    ROW_IP(traffic_class, IP_TOS, IPV6_TCLASS),
};

enum { ROWS = sizeof rows / sizeof *rows };

static int64_t unit_ns(const struct row *row)
{
    return row->kind == SECONDS ? INT64_C(1000000000) : INT64_C(1000000);
}

/* The system's number, rounded up; -1: there is none. */
static int64_t rounded(bide_duration duration, int64_t unit)
{
    if (duration.ns < 0)
        return -1;
    int64_t n = duration.ns / unit + (duration.ns % unit != 0);
    return n <= INT_MAX ? n : -1;
}

static int64_t number_of(const struct row *row, const bide_tcp_options *options)
{
    const char *member = (const char *)options + row->offset;
    uint32_t n;

    if (row->kind == SECONDS || row->kind == MILLISECONDS) {
        bide_duration duration;
        memcpy(&duration, member, sizeof duration);
        return rounded(duration, unit_ns(row));
    }
    memcpy(&n, member, sizeof n);
    if (row->kind == BYTES) /* the system would take a negative one for a large one */
        return n <= INT_MAX ? (int64_t)n : INT_MAX;
    return n <= UINT8_MAX ? (int64_t)n : -1;
}

static void set_number(const struct row *row, bide_tcp_options *options, int value)
{
    char *member = (char *)options + row->offset;
    uint32_t n = value > 0 ? (uint32_t)value : 0;

    if (row->kind == SECONDS || row->kind == MILLISECONDS) {
        bide_duration duration = {n * unit_ns(row)};
        memcpy(member, &duration, sizeof duration);
    } else {
        memcpy(member, &n, sizeof n);
    }
}

/* ---- setting ---- */

int bide__tcp_option_switch(int fd, int level, int option, bool on)
{
    int value = on;
    return bide__door.setsockopt(fd, level, option, &value, sizeof value);
}

static int set_row(int fd, int family, const struct row *row, const bide_tcp_options *options)
{
    int64_t n = number_of(row, options);
    int level = family == AF_INET6 ? row->level6 : row->level;
    int option = family == AF_INET6 ? row->option6 : row->option;
    int value = (int)n;

    if (n < 0)
        return -EINVAL;
    return n == 0 ? 0 : bide__door.setsockopt(fd, level, option, &value, sizeof value);
}

static int set_linger(int fd, bide_duration duration)
{
    int64_t n = rounded(duration, INT64_C(1000000000));
    struct linger linger = {.l_onoff = n > 0, .l_linger = (int)n};

    if (n < 0)
        return -EINVAL;
    return bide__door.setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* Those that a connection may change. */
static int set_options(int fd, int family, const bide_tcp_options *options)
{
    int r = 0;
    if (options->nodelay)
        r = bide__tcp_option_switch(fd, IPPROTO_TCP, TCP_NODELAY, true);
    if (r == 0 && options->keepalive.ns > 0)
        r = bide__tcp_option_switch(fd, SOL_SOCKET, SO_KEEPALIVE, true);
    if (r == 0 && options->linger.ns != 0)
        r = set_linger(fd, options->linger);
    for (unsigned i = 0; i < ROWS && r == 0; i++)
        r = set_row(fd, family, &rows[i], options);
    return r;
}

int bide__tcp_options_set(int fd, int family, const bide_tcp_options *options)
{
    int r = set_options(fd, family, options);
    if (r == 0 && options->reuse_port)
        r = bide__tcp_option_switch(fd, SOL_SOCKET, SO_REUSEPORT, true);
    if (r == 0 && options->interface != NULL)
        r = bide__door.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface,
                                  (socklen_t)strlen(options->interface));
    return r;
}

/* Without a port the system chooses one at the connect, when it knows the peer, so that connections
 * to several peers may share it. An old system chooses it here. */
int bide__tcp_bind(int fd, const bide_address *local, const bide_tcp_options *options)
{
    int r = 0;
    if (options->reuse_address)
        r = bide__tcp_option_switch(fd, SOL_SOCKET, SO_REUSEADDR, true);
    if (r == 0 && bide_address_port(local) == 0)
        (void)bide__tcp_option_switch(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, true);
    return r < 0 ? r : bide__door.bind(fd, &bide__to_of(local)->any, local->size);
}

/* ---- of streams ---- */

static int number_get(int fd, int level, int option, int *value)
{
    socklen_t size = sizeof *value;
    *value = 0;
    return bide__door.getsockopt(fd, level, option, value, &size);
}

/* The family of the stream's socket; -ENOTSOCK. */
static int family_of(const bide_stream *stream)
{
    int fd = bide__stream_fd(stream), family;
    if (fd < 0)
        return -ENOTSOCK;
    int r = number_get(fd, SOL_SOCKET, SO_DOMAIN, &family);
    return r < 0 ? r : family;
}

/* Before its time is set: the close is to know. */
static void note_linger(const bide_stream *stream)
{
    struct bide__fd *registration = bide__stream_registration(stream);
    if (registration != NULL)
        bide__fd_may_linger(registration);
}

int bide_tcp_set_options(bide_stream *stream, const bide_tcp_options *options)
{
    int family = family_of(stream);
    if (family < 0)
        return family;
    if (options->linger.ns > 0)
        note_linger(stream);
    return set_options(bide__stream_fd(stream), family, options);
}

static int option_switch(const bide_stream *stream, int level, int option, bool on)
{
    int fd = bide__stream_fd(stream);
    return fd < 0 ? -ENOTSOCK : bide__tcp_option_switch(fd, level, option, on);
}

int bide_tcp_set_nodelay(bide_stream *stream, bool on)
{
    return option_switch(stream, IPPROTO_TCP, TCP_NODELAY, on);
}

int bide_tcp_set_keepalive(bide_stream *stream, bool on)
{
    return option_switch(stream, SOL_SOCKET, SO_KEEPALIVE, on);
}

int bide_tcp_set_quickack(bide_stream *stream, bool on)
{
    return option_switch(stream, IPPROTO_TCP, TCP_QUICKACK, on);
}

int bide_tcp_set_linger(bide_stream *stream, bide_duration linger)
{
    int fd = bide__stream_fd(stream);
    if (fd < 0)
        return -ENOTSOCK;
    note_linger(stream);
    return set_linger(fd, linger);
}

int bide_tcp_take_error(bide_stream *stream)
{
    int fd = bide__stream_fd(stream), error;
    if (fd < 0)
        return -ENOTSOCK;
    int r = number_get(fd, SOL_SOCKET, SO_ERROR, &error);
    return r < 0 ? r : -error;
}

/* What is off has no times. */
static int get_switches(int fd, bide_tcp_options *options, bool *keeps_alive)
{
    struct linger linger = {0};
    socklen_t size = sizeof linger;
    int value, r = number_get(fd, IPPROTO_TCP, TCP_NODELAY, &value);

    options->nodelay = value != 0;
    if (r == 0)
        r = number_get(fd, SOL_SOCKET, SO_KEEPALIVE, &value);
    *keeps_alive = value != 0;
    if (r == 0)
        r = bide__door.getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size);
    if (r == 0 && linger.l_onoff)
        options->linger = BIDE_S(linger.l_linger);
    return r;
}

int bide_tcp_get_options(const bide_stream *stream, bide_tcp_options *options)
{
    int family = family_of(stream), fd = bide__stream_fd(stream), value;
    bool keeps_alive = false;

    *options = (bide_tcp_options){0};
    int r = family < 0 ? family : get_switches(fd, options, &keeps_alive);
    for (unsigned i = 0; i < ROWS && r == 0; i++) {
        bool six = family == AF_INET6;
        r = number_get(fd, six ? rows[i].level6 : rows[i].level,
                       six ? rows[i].option6 : rows[i].option, &value);
        if (r == 0)
            set_number(&rows[i], options, value);
    }
    if (r == 0 && !keeps_alive) {
        options->keepalive = options->keepalive_interval = BIDE_S(0);
        options->keepalive_probes = 0;
    }
    if (r < 0)
        *options = (bide_tcp_options){0};
    return r;
}
