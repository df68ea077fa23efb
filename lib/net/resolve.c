/*
 * lib/net/resolve.c: names are looked up: bide_resolve.
 *
 * getaddrinfo cannot be stopped, so it runs as a detached job (runtime/blocking/detached.h), which
 * has its own copy of the name and owns what is found until the last reference goes. A look-up that
 * was cancelled is finished and released by its thread, whenever that is; nobody waits for it.
 * Numeric addresses need no look-up.
 */
#include "lib/async.h"

#include <bide/net.h>

#include "lib/net/address.h"
#include "lib/net/resolve.h"

/* ---- the look-up ---- */

/* `code` is what the door returned: 0, a negative errno, or an EAI_ code made positive. */
static int error_of(int code)
{
    if (code <= 0)
        return code;
    switch (-code) {
    case EAI_AGAIN: return -EAGAIN;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY: return -ENOENT;
    default: return -EIO;
    }
}

static void look_up_run(struct bide__detached_job *job)
{
    struct bide__look_up *l = (struct bide__look_up *)(void *)job;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = l->family};
    l->result = bide__door.getaddrinfo(l->host, NULL, &hints, &l->found);
}

static void look_up_release(struct bide__detached_job *job)
{
    struct bide__look_up *l = (struct bide__look_up *)(void *)job;
    if (l->found != NULL)
        bide__door.freeaddrinfo(l->found);
    bide__free(l, l->size);
}

struct bide__look_up *bide__look_up_new(const char *host, int family)
{
    size_t host_size = strlen(host) + 1, size = sizeof(struct bide__look_up) + host_size;
    struct bide__look_up *l = bide__alloc(size);
    if (l == NULL)
        return NULL;
    *l = (struct bide__look_up){.family = family, .size = size};
    bide__detached_job_begin(&l->job, look_up_run, look_up_release);
    memcpy(l->host, host, host_size);
    return l;
}

/* ---- the list ---- */

struct whole_list {
    bide_address_list list; /* the first member: a pointer to it is one to the whole */
    bide_address address[];
};

static size_t list_size(size_t count)
{
    return sizeof(struct whole_list) + count * sizeof(bide_address);
}

static struct whole_list *list_new(size_t count)
{
    struct whole_list *w = bide__alloc(list_size(count));
    if (w != NULL)
        w->list = (bide_address_list){.count = count, .address = w->address};
    return w;
}

void bide_address_list_free(bide_address_list *list)
{
    if (list != NULL)
        bide__free(list, list_size(list->count));
}

static bool is_internet(const struct addrinfo *a)
{
    return a->ai_family == AF_INET || a->ai_family == AF_INET6;
}

static int list_of_found(const struct addrinfo *found, uint16_t port, bide_address_list **list)
{
    size_t count = 0, i = 0;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
        count += is_internet(a);
    if (count == 0)
        return -ENOENT;
    struct whole_list *w = list_new(count);
    if (w == NULL)
        return -ENOMEM;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        if (!is_internet(a))
            continue;
        bide__address_of(a->ai_addr, a->ai_addrlen, &w->address[i]);
        bide_address_set_port(&w->address[i++], port);
    }
    *list = &w->list;
    return 0;
}

static int list_of_one(const bide_address *address, int family, bide_address_list **list)
{
    if (family != AF_UNSPEC && family != bide__to_of(address)->any.sa_family)
        return -ENOENT;
    struct whole_list *w = list_new(1);
    if (w == NULL)
        return -ENOMEM;
    w->address[0] = *address;
    *list = &w->list;
    return 0;
}

int bide__look_up_list(const struct bide__look_up *l, uint16_t port, bide_address_list **list)
{
    int r = error_of(l->result);
    *list = NULL;
    return r < 0 ? r : list_of_found(l->found, port, list);
}

/* ---- bide_resolve ---- */

static bide_async int look_up(const char *host, uint16_t port, int family, bide_address_list **list)
{
    struct bide__look_up *l = bide__look_up_new(host, family);
    if (l == NULL)
        return -ENOMEM;
    bide_defer {
        bide__detached_job_drop(&l->job);
    }
    int r = bide_await bide__detached_run(&l->job);
    return r < 0 ? r : bide__look_up_list(l, port, list);
}

bide_async int bide_resolve(const char *host, uint16_t port, const bide_resolve_options *options,
                            bide_address_list **list)
{
    int family = options != NULL ? options->family : AF_UNSPEC;
    bide_address address;

    *list = NULL;
    if (host == NULL)
        return -EINVAL;
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return -EINVAL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_resolve");
    int r = bide__address_of_host(host, port, &address);
    if (r != -EINVAL)
        return r < 0 ? r : list_of_one(&address, family, list);
    return bide_await look_up(host, port, family, list);
}
