/*
 * lib/net/connect.c: connecting: find the addresses, and try them as RFC 8305 says ("happy
 * eyeballs").
 *
 * The attempts are children of a future set, so they need no tasks. Each has a place for its
 * stream; the first that has one wins. When the set is closed the others are unwound, and one that
 * had connected at the same time is closed with the places. Deferred blocks do all that, so a
 * cancelled connect leaves nothing.
 */
#include "lib/async.h"

#include <bide/net.h>
#include <bide/set.h>
#include <bide/time.h>

#include "lib/io/stream.h"
#include "lib/net/address.h"
#include "lib/net/option.h"

enum { ATTEMPT_DELAY_MS = 250 }; /* RFC 8305, section 8 */

/* ---- one attempt ---- */

/*
 * connect(2) is called again after each wait: it returns EALREADY while the connection is being
 * made, then 0 or EISCONN, or why it failed. This tolerates spurious readiness.
 */
static bide_async int finish_connect(bide_stream *stream, const bide_address *address)
{
    struct bide__fd *registration = bide__fd_stream_registration(stream);
    int fd = bide__stream_fd(stream);
    for (;;) {
        int r = bide_await bide__fd_wait(registration, BIDE__WRITE);
        if (r < 0)
            return r;
        uint32_t seen = bide__fd_seen(registration, BIDE__WRITE);
        r = bide__door.connect(fd, &bide__to_of(address)->any, address->size);
        if (r == 0 || r == -EISCONN)
            return 0;
        if (r != -EALREADY && r != -EINPROGRESS && r != -EINTR)
            return r;
        bide__fd_clear(registration, BIDE__WRITE, seen);
    }
}

/* A socket with its options, bound if that is wanted; or a negative errno. */
static int socket_for(const bide_address *address, const bide_tcp_options *options)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = bide__door.socket(bide__to_of(address)->any.sa_family, type, 0);
    if (fd < 0 || options == NULL)
        return fd;
    int r = bide__tcp_options_set(fd, bide__to_of(address)->any.sa_family, options);
    if (r == 0 && options->local != NULL)
        r = bide__tcp_bind(fd, options->local, options);
    if (r < 0)
        bide__door.close(fd);
    return r < 0 ? r : fd;
}

static bide_async int attempt(const bide_address *address, const bide_tcp_options *options,
                              bide_stream **stream)
{
    bide_stream *s = NULL;
    bide_defer {
        bide_stream_close(s);
    }
    int fd = socket_for(address, options);
    if (fd < 0)
        return fd;
    int begun = bide__door.connect(fd, &bide__to_of(address)->any, address->size);
    bool pending = begun == -EINPROGRESS || begun == -EINTR;
    int r = begun == 0 || pending ? bide__fd_stream_new(fd, BIDE__STREAM_TCP, &s) : begun;
    if (r < 0) {
        bide__door.close(fd);
        return r;
    }
    if (options != NULL && options->linger.ns > 0)
        bide__fd_may_linger(bide__fd_stream_registration(s));
    if (pending)
        r = bide_await finish_connect(s, address);
    if (r == 0) {
        *stream = s;
        s = NULL;
    }
    return r;
}

/* ---- the order of the attempts ---- */

struct attempts {
    size_t count, begun, ended;
    int error; /* of those that failed, the one to be told */
    struct {
        const bide_address *address;
        bide_stream *stream;
    } at[];
};

static size_t attempts_size(size_t count)
{
    return sizeof(struct attempts) + count * sizeof(((struct attempts *)0)->at[0]);
}

static int family_of(const bide_address *address)
{
    return bide__to_of(address)->any.sa_family;
}

/* The next address from `from` on whose family is this one, or is not; list->count: there is
 * none. */
static size_t find(const bide_address_list *list, size_t from, int family, bool is)
{
    while (from < list->count && (family_of(&list->address[from]) == family) != is)
        from++;
    return from;
}

/* The order of the list, but with the families in turn as long as there are addresses of both:
 * section 4, with a First Address Family Count of 1. NULL: no memory. */
static struct attempts *attempts_new(const bide_address_list *list)
{
    struct attempts *a = bide__alloc(attempts_size(list->count));
    int family = family_of(&list->address[0]);
    size_t next[2] = {find(list, 0, family, true), find(list, 0, family, false)};

    if (a == NULL)
        return NULL;
    *a = (struct attempts){.count = list->count};
    for (size_t i = 0; i < list->count; i++) {
        unsigned turn = i % 2;
        if (next[turn] == list->count)
            turn = !turn;
        a->at[i].address = &list->address[next[turn]];
        a->at[i].stream = NULL;
        next[turn] = find(list, next[turn] + 1, family, turn == 0);
    }
    return a;
}

static void attempts_free(struct attempts *a)
{
    for (size_t i = 0; i < a->count; i++)
        bide_stream_close(a->at[i].stream);
    bide__free(a, attempts_size(a->count));
}

/* True for an error which says that this machine has no way to such an address. An attempt that
 * went further tells more. */
static bool is_no_way(int error)
{
    return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -EADDRNOTAVAIL ||
           error == -EAFNOSUPPORT || error == -EINVAL;
}

static void note_failure(struct attempts *a, int error)
{
    a->ended++;
    if (a->error == 0 || is_no_way(a->error) || !is_no_way(error))
        a->error = error;
}

/* Takes the stream of the attempt that has won. */
static bide_stream *take_winner(struct attempts *a)
{
    for (size_t i = 0; i < a->begun; i++) {
        bide_stream *s = a->at[i].stream;
        if (s != NULL) {
            a->at[i].stream = NULL;
            return s;
        }
    }
    return NULL;
}

/* One attempt after the other: the next one begins when one has failed, or after the delay. */
static bide_async int race(struct attempts *a, const bide_tcp_options *options, bide_duration delay)
{
    bide_future_set(int) set;
    int r = bide_future_set_new(0, &set);
    if (r < 0)
        return r;
    bide_defer {
        bide_await bide_future_set_close(set);
    }
    while (a->ended < a->count) {
        if (a->begun < a->count) {
            bide_future_set_add(set,
                                attempt(a->at[a->begun].address, options, &a->at[a->begun].stream));
            a->begun++;
        }
        int got = 0, result = 0;
        if (a->begun < a->count) {
            int waited = bide_await bide_timeout(delay, got = bide_future_set_next(set, &result));
            if (waited == -ETIMEDOUT && got == 0)
                continue;
        } else {
            got = bide_await bide_future_set_next(set, &result);
        }
        if (got < 0)
            return got;
        if (result == 0)
            return 0;
        note_failure(a, result);
    }
    return a->error;
}

static bide_async int connect_to_all(const bide_address_list *list, const bide_tcp_options *options,
                                     bide_stream **stream)
{
    struct attempts *a = attempts_new(list);
    bide_duration delay = BIDE_MS(ATTEMPT_DELAY_MS);
    if (a == NULL)
        return -ENOMEM;
    bide_defer {
        attempts_free(a);
    }
    if (options != NULL && options->attempt_delay.ns > 0)
        delay = options->attempt_delay;
    int r = bide_await race(a, options, delay);
    if (r == 0)
        *stream = take_winner(a);
    return r;
}

/* ---- what is public ---- */

bide_async int bide_tcp_connect_to(const bide_address *address, const bide_tcp_options *options,
                                   bide_stream **stream)
{
    *stream = NULL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_tcp_connect_to");
    if (bide_address_port(address) < 0)
        return -EAFNOSUPPORT;
    return bide_await attempt(address, options, stream);
}

static bide_async int connect_by_name(const char *host, uint16_t port,
                                      const bide_tcp_options *options, bide_stream **stream)
{
    bide_address_list *list = NULL;
    bide_resolve_options wanted = {0};
    bide_defer {
        bide_address_list_free(list);
    }
    if (options != NULL && options->local != NULL)
        wanted.family = bide__to_of(options->local)->any.sa_family;
    int r = bide_await bide_resolve(host, port, &wanted, &list);
    if (r < 0)
        return r;
    if (list->count == 1)
        return bide_await attempt(&list->address[0], options, stream);
    return bide_await connect_to_all(list, options, stream);
}

bide_async int bide_tcp_connect_with(const char *host, uint16_t port,
                                     const bide_tcp_options *options, bide_stream **stream)
{
    bide_address address;

    *stream = NULL;
    if (host == NULL)
        return -EINVAL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_tcp_connect");
    int r = bide__address_of_host(host, port, &address);
    if (r == 0)
        return bide_await attempt(&address, options, stream);
    if (r != -EINVAL)
        return r;
    return bide_await connect_by_name(host, port, options, stream);
}

bide_async int bide_tcp_connect(const char *host, uint16_t port, bide_stream **stream)
{
    return bide_await bide_tcp_connect_with(host, port, NULL, stream);
}
