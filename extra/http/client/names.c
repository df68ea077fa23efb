/*
 * names.c: names of hosts are looked up as by bide_resolve, and not on a thread of libcurl's for
 * each request.
 *
 * libcurl says when it needs an address: there is no connection to that host, and the minute has
 * passed for which it remembers one. on_look_up then refuses. That ends the transfer in libcurl
 * before anything was sent; for us it goes on. The name is looked up, once for all transfers that
 * wait for it, and then they are given to libcurl again, with the addresses.
 *
 * A thread that has found a name rings the client's bell, an eventfd in its epoll set. So the
 * client is driven as by a socket, and nothing of it is touched by another thread.
 *
 * libcurl looks up itself
 *  - the name of a proxy, which only it knows;
 *  - addresses that it needs for something else: of a target behind a SOCKS proxy, or of its own
 *    end of the connection. It does not tell which address it needs, but fails in another way;
 *  - a name whose look-up was given up while a thread still waits for the answer: otherwise a dead
 *    name server would soon hold all threads of the resolver;
 *  - what comes after the first address of a request: that of a redirection, or for another try on
 *    a new connection, since what it knows of the request would be lost;
 *  - localhost and all below it (RFC 6761, 6.3); names that are not ASCII, and those that end with
 *    a dot, which it changes before it looks them up.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>

#include "lib/net/address.h"
#include "lib/net/resolve.h"

enum { ADDRESSES_MAX = 64 }; /* of one name; more are left out */

/* Shared by the client and the look-ups that may ring it. */
struct bide__http_bell {
    struct bide_wakeable self;
    _Atomic unsigned refs;
    int fd;
};

/* A name that is looked up, or that a thread still looks up though nobody waits any more. */
struct bide__http_look_up {
    struct bide__http_look_up *next;
    struct bide__look_up *look_up;
    unsigned waiting; /* transfers */
    uint16_t port;
    bool is_left; /* it was given up, and rings no bell */
};

/* ---- the bell ---- */

static struct bide__http_bell *bell_of(struct bide_wakeable *self)
{
    return (struct bide__http_bell *)(void *)((char *)self -
                                              offsetof(struct bide__http_bell, self));
}

static void bell_hold(struct bide_wakeable *self)
{
    atomic_fetch_add_explicit(&bell_of(self)->refs, 1, memory_order_relaxed);
}

static void bell_drop(struct bide_wakeable *self)
{
    struct bide__http_bell *bell = bell_of(self);
    if (atomic_fetch_sub_explicit(&bell->refs, 1, memory_order_acq_rel) > 1)
        return;
    bide__door.close(bell->fd);
    bide__free(bell, sizeof *bell);
}

static void ring(struct bide_wakeable *self, unsigned branch)
{
    const uint64_t one = 1;
    (void)branch;
    while (bide__door.write(bell_of(self)->fd, &one, sizeof one) == -EINTR)
        ;
}

static void ring_and_drop(struct bide_wakeable *self, unsigned branch)
{
    ring(self, branch);
    bell_drop(self);
}

static const struct bide_waker_vtable vtable = {bell_hold, ring_and_drop, ring, bell_drop};

static int bell_new(bide_http_client *client)
{
    struct bide__http_bell *bell = bide__door.alloc(sizeof *bell, _Alignof(struct bide__http_bell));
    if (bell == NULL)
        return -ENOMEM;
    *bell = (struct bide__http_bell){.self.vtable = &vtable, .refs = 1};
    int n = bell->fd = bide__door.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n >= 0)
        n = bide__http_socket_watch(client, bell->fd, EPOLLIN, false);
    if (n >= 0) {
        client->bell = bell;
        return 0;
    }
    if (bell->fd >= 0)
        bide__door.close(bell->fd);
    bide__free(bell, sizeof *bell);
    return n;
}

bool bide__http_is_bell(const bide_http_client *client, int fd)
{
    return client->bell != NULL && client->bell->fd == fd;
}

void bide__http_bell_free(bide_http_client *client)
{
    if (client->bell == NULL)
        return;
    bide__http_socket_leave(client, client->bell->fd);
    bell_drop(&client->bell->self);
    client->bell = NULL;
}

/* ---- which names ---- */

static bool ends_with(const char *s, const char *end)
{
    size_t size = strlen(s), end_size = strlen(end);
    return size >= end_size && strcasecmp(s + size - end_size, end) == 0;
}

static bool is_ours(const char *host)
{
    bide_address address;
    for (const char *c = host; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            return false;
    if (host[0] == '\0' || host[0] == '[' || ends_with(host, ".") ||
        strcasecmp(host, "localhost") == 0 || ends_with(host, ".localhost"))
        return false;
    return bide__address_of_host(host, 0, &address) == -EINVAL;
}

/* The host to which the request goes now, and its port. NULL: libcurl is to look it up. The caller
 * frees it with curl_free. */
static char *host_of(const struct bide__http_transfer *t, uint16_t *port)
{
    const char *url = NULL;
    char *host = NULL, *digits = NULL;
    CURLU *parts = curl_url();
    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
    bool ok = parts != NULL && url != NULL &&
              curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_PORT, &digits, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (ok)
        *port = (uint16_t)strtoul(digits, NULL, 10);
    if (host != NULL && (!ok || !is_ours(host))) {
        curl_free(host);
        host = NULL;
    }
    curl_free(digits);
    curl_url_cleanup(parts);
    return host;
}

bool bide__http_look_up_is_ours(const struct bide__http_transfer *t)
{
    long redirect = 0;
    uint16_t port;
    if (LIBCURL_VERSION_NUM < 0x074b00) /* addresses that it is given would stay for ever */
        return false;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirect);
    if (t->knows_name || t->sent >= 0 || redirect > 0 || t->owner->has_proxy)
        return false;
    char *host = host_of(t, &port);
    curl_free(host);
    return host != NULL;
}

/* ---- a look-up ---- */

static void free_name(struct bide__http_look_up *name)
{
    if (name->look_up != NULL)
        bide__detached_job_drop(&name->look_up->job);
    bide__free(name, sizeof *name);
}

static int name_new(bide_http_client *client, const char *host, uint16_t port,
                    struct bide__http_look_up **out)
{
    int n = client->bell == NULL ? bell_new(client) : 0;
    if (n < 0)
        return n;
    struct bide__http_look_up *name = bide__alloc(sizeof *name);
    if (name == NULL)
        return -ENOMEM;
    *name =
        (struct bide__http_look_up){.port = port, .look_up = bide__look_up_new(host, AF_UNSPEC)};
    n = name->look_up == NULL ? -ENOMEM
                              : bide__detached_submit(client->runtime, &name->look_up->job,
                                                      bide_waker_make(&client->bell->self, 0));
    if (n < 0) {
        free_name(name);
        return n;
    }
    name->next = client->names;
    client->names = name;
    *out = name;
    return 0;
}

/* It may have to wait for its connection. */
static int give_back(struct bide__http_transfer *t)
{
    int64_t spent_ns = t->phase == BIDE__HTTP_CONNECTING ? bide__clock_ns() - t->heard_ns : 0;
    bide__http_phase(t, BIDE__HTTP_QUIET);
    t->spent_ns = spent_ns;
    t->knows_name = true;
    t->said[0] = '\0';
    return curl_multi_add_handle(t->client->multi, t->easy) == CURLM_OK ? 0 : -ENOMEM;
}

static void take_off(bide_http_client *client, struct bide__http_look_up *name)
{
    struct bide__http_look_up **at = &client->names;
    while (*at != name)
        at = &(*at)->next;
    *at = name->next;
}

/* It was given up, and its thread has left it. */
static bool is_over(const struct bide__http_look_up *name)
{
    return name->is_left &&
           atomic_load_explicit(&name->look_up->job.refs, memory_order_acquire) == 1;
}

static struct bide__http_look_up *find(bide_http_client *client, const char *host, uint16_t port)
{
    struct bide__http_look_up *name = client->names, *found = NULL;
    while (name != NULL) {
        struct bide__http_look_up *next = name->next;
        if (is_over(name)) {
            take_off(client, name);
            free_name(name);
        } else if (name->port == port && strcasecmp(name->look_up->host, host) == 0) {
            found = name;
        }
        name = next;
    }
    return found;
}

static int wait_for(struct bide__http_transfer *t)
{
    uint16_t port;
    char *host = host_of(t, &port);
    if (host == NULL) /* it was ours a moment ago */
        return -ENOMEM;
    int n = 0;
    struct bide__http_look_up *name = find(t->client, host, port);
    if (name == NULL)
        n = name_new(t->client, host, port, &name);
    curl_free(host);
    if (n < 0)
        return n;
    if (name->is_left)
        return give_back(t);
    name->waiting++;
    t->name = name;
    return 0;
}

void bide__http_look_up_leave(struct bide__http_transfer *t)
{
    struct bide__http_look_up *name = t->name;
    t->name = NULL;
    if (name == NULL || --name->waiting > 0)
        return;
    (void)bide__detached_give_up(t->client->runtime, &name->look_up->job);
    name->is_left = true;
    if (is_over(name)) {
        take_off(t->client, name);
        free_name(name);
    }
}

void bide__http_look_ups_free(bide_http_client *client)
{
    for (struct bide__http_look_up *name; (name = client->names) != NULL; free_name(name))
        client->names = name->next;
}

/* ---- back to libcurl ---- */

/* Adds "1.2.3.4" or "[::1]". An address with an interface is left out, since libcurl cannot read
 * it; if there are no others, it looks the name up itself. */
static size_t write_address(char *to, size_t room, const bide_address *address)
{
    char text[BIDE_ADDRESS_MAX];
    if (bide_address_text(address, text, sizeof text) < 0 || strchr(text, '%') != NULL)
        return 0;
    char *end = strrchr(text, ':'); /* of the port */
    int size = snprintf(to, room, "%.*s,", (int)(end - text), text);
    return size > 0 && (size_t)size < room ? (size_t)size : 0;
}

/* "+host:port:addresses": libcurl forgets it after a minute. */
static int tell_addresses(struct bide__http_transfer *t, const struct bide__http_look_up *name,
                          const bide_address_list *list)
{
    const char *host = name->look_up->host;
    size_t count = list->count < ADDRESSES_MAX ? list->count : ADDRESSES_MAX;
    size_t room = strlen(host) + sizeof "+:65535:" + count * BIDE_ADDRESS_MAX;
    char *line = bide__alloc(room);
    if (line == NULL)
        return -ENOMEM;
    size_t size = (size_t)snprintf(line, room, "+%s:%u:", host, (unsigned)name->port), first = size;
    for (size_t i = 0; i < count; i++)
        size += write_address(line + size, room - size, &list->address[i]);
    bool is_any = size > first;
    line[size - is_any] = '\0'; /* without the last comma */
    if (is_any)
        t->addresses = curl_slist_append(NULL, line);
    bide__free(line, room);
    if (!is_any)
        return 0;
    return t->addresses != NULL &&
                   curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->addresses) == CURLE_OK
               ? 0
               : -ENOMEM;
}

static void fail(struct bide__http_transfer *t, const char *host, int error)
{
    const char *why = error == -ENOENT   ? ""
                      : error == -EAGAIN ? ": the name servers do not answer"
                                         : ": the look-up failed";
    if (error != -ENOMEM) {
        snprintf(t->said, sizeof t->said, "Could not resolve host: %.180s%s", host, why);
        t->text = t->said;
    }
    bide__http_happens(t, BIDE__HTTP_NOTED, error);
}

static void end(bide_http_client *client, struct bide__http_look_up *name)
{
    bide_address_list *list;
    int result = bide__look_up_list(name->look_up, name->port, &list);
    take_off(client, name);
    for (struct bide__http_transfer *t = client->first; t != NULL; t = t->next) {
        if (t->name != name)
            continue;
        t->name = NULL;
        if (t->state != BIDE__HTTP_ACTIVE) /* it is about to end */
            continue;
        int n = result < 0 ? result : tell_addresses(t, name, list);
        if (n == 0)
            n = give_back(t);
        if (n < 0)
            fail(t, name->look_up->host, n);
    }
    bide_address_list_free(list);
    free_name(name);
}

void bide__http_bell_rung(bide_http_client *client)
{
    uint64_t count;
    (void)bide__door.read(client->bell->fd, &count, sizeof count);
    for (struct bide__http_look_up *name = client->names, *next; name != NULL; name = next) {
        next = name->next;
        if (!name->is_left && bide__detached_has_run(&name->look_up->job))
            end(client, name);
    }
}

bool bide__http_look_up_wanted(struct bide__http_transfer *t, CURLcode code)
{
    if (!t->asks_name || t->state != BIDE__HTTP_ACTIVE)
        return false;
    t->asks_name = false;
    if (code == CURLE_OK)
        return false;
    curl_multi_remove_handle(t->client->multi, t->easy);
    t->owner->has_proxy |= code == CURLE_COULDNT_RESOLVE_PROXY || (int)code == 97 /* PROXY */;
    int n = code == CURLE_COULDNT_RESOLVE_HOST ? wait_for(t) : give_back(t);
    if (n < 0)
        bide__http_happens(t, BIDE__HTTP_NOTED, n);
    return true;
}
