/*
 * lib/net/address.c: addresses: their text, and what they have in common. See bide/address.h.
 *
 * An address comes from the caller or from a system call, so nothing here trusts its size: the
 * members of a family are read only if all of them are there, and of a Unix name only `size` bytes.
 */
#include "lib/net/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>

/* ---- families ---- */

/* The family, if all that it needs is there; else AF_UNSPEC. */
static int family_of(const bide_address *a)
{
    if (a->size < sizeof bide__to_of(a)->any.sa_family)
        return AF_UNSPEC;
    switch (bide__to_of(a)->any.sa_family) {
    case AF_INET: return a->size >= sizeof bide__to_of(a)->in ? AF_INET : AF_UNSPEC;
    case AF_INET6: return a->size >= sizeof bide__to_of(a)->in6 ? AF_INET6 : AF_UNSPEC;
    case AF_UNIX: return AF_UNIX;
    default: return AF_UNSPEC;
    }
}

/* A Unix name: a path without its zero byte, or an abstract name with the zero byte in front. Its
 * length is 0 if the socket has none. */
static size_t unix_name(const bide_address *a, const char **name)
{
    size_t before = offsetof(struct sockaddr_un, sun_path);
    size_t size = a->size <= before ? 0 : a->size - before;
    if (size > sizeof bide__to_of(a)->un.sun_path)
        size = sizeof bide__to_of(a)->un.sun_path;
    *name = bide__to_of(a)->un.sun_path;
    return size > 0 && **name == '\0' ? size : strnlen(*name, size);
}

int bide_address_port(const bide_address *address)
{
    switch (family_of(address)) {
    case AF_INET: return ntohs(bide__to_of(address)->in.sin_port);
    case AF_INET6: return ntohs(bide__to_of(address)->in6.sin6_port);
    default: return -EAFNOSUPPORT;
    }
}

int bide_address_set_port(bide_address *address, uint16_t port)
{
    switch (family_of(address)) {
    case AF_INET: bide__to_of(address)->in.sin_port = htons(port); return 0;
    case AF_INET6: bide__to_of(address)->in6.sin6_port = htons(port); return 0;
    default: return -EAFNOSUPPORT;
    }
}

static bool is_same_in6(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    return a->sin6_port == b->sin6_port && a->sin6_scope_id == b->sin6_scope_id &&
           memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

bool bide_address_is_same(const bide_address *a, const bide_address *b)
{
    int family = family_of(a);
    const char *name, *other;

    if (family != family_of(b))
        return false;
    switch (family) {
    case AF_INET:
        return bide__to_of(a)->in.sin_port == bide__to_of(b)->in.sin_port &&
               bide__to_of(a)->in.sin_addr.s_addr == bide__to_of(b)->in.sin_addr.s_addr;
    case AF_INET6: return is_same_in6(&bide__to_of(a)->in6, &bide__to_of(b)->in6);
    case AF_UNIX: {
        size_t size = unix_name(a, &name);
        return size > 0 && size == unix_name(b, &other) && memcmp(name, other, size) == 0;
    }
    default: return false;
    }
}

/* ---- from the system ---- */

void bide__address_of(const struct sockaddr *from, socklen_t size, bide_address *address)
{
    *address = (bide_address)BIDE_ADDRESS_INIT;
    if (size > sizeof address->bytes)
        size = sizeof address->bytes;
    memcpy(address->bytes, from, size);
    address->size = size;
}

int bide__address_of_fd(int fd, bide__address_call *call, bide_address *address)
{
    *address = (bide_address)BIDE_ADDRESS_INIT;
    if (fd < 0)
        return -ENOTSOCK;
    socklen_t size = sizeof address->bytes;
    int r = call(fd, &bide__to_of(address)->any, &size);
    if (r < 0)
        return r;
    address->size = size < sizeof address->bytes ? size : sizeof address->bytes;
    return 0;
}

/* ---- to text ---- */

/* "%eth0", or "%7" for an interface without a name. */
static void scope_text(uint32_t scope, char text[IF_NAMESIZE + 2])
{
    char name[IF_NAMESIZE];
    if (scope == 0)
        text[0] = '\0';
    else if (bide__door.if_indextoname(scope, name) == 0)
        snprintf(text, IF_NAMESIZE + 2, "%%%.*s", IF_NAMESIZE - 1, name);
    else
        snprintf(text, IF_NAMESIZE + 2, "%%%u", scope);
}

static int unix_text(const bide_address *a, char *text, size_t size)
{
    const char *name;
    size_t length = unix_name(a, &name);
    bool is_abstract = length > 0 && name[0] == '\0';
    if (length >= size)
        return -ENOSPC;
    for (size_t i = 0; i < length; i++) {
        bool prints = name[i] >= ' ' && name[i] <= '~';
        text[i] = prints || !is_abstract ? name[i] : '?';
    }
    if (is_abstract)
        text[0] = '@';
    text[length] = '\0';
    return 0;
}

int bide_address_text(const bide_address *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE + 2];
    int n;

    switch (address->size == 0 ? AF_UNIX : family_of(address)) {
    case AF_INET:
        inet_ntop(AF_INET, &bide__to_of(address)->in.sin_addr, host, sizeof host);
        n = snprintf(text, size, "%s:%d", host, ntohs(bide__to_of(address)->in.sin_port));
        return (size_t)n >= size ? -ENOSPC : 0;
    case AF_INET6:
        inet_ntop(AF_INET6, &bide__to_of(address)->in6.sin6_addr, host, sizeof host);
        scope_text(bide__to_of(address)->in6.sin6_scope_id, scope);
        n = snprintf(text, size, "[%s%s]:%d", host, scope,
                     ntohs(bide__to_of(address)->in6.sin6_port));
        return (size_t)n >= size ? -ENOSPC : 0;
    case AF_UNIX: return unix_text(address, text, size);
    default: return -EAFNOSUPPORT;
    }
}

/* ---- from text ---- */

/* A number of decimal digits up to `most`. False: it is none. */
static bool number_of(const char *text, uint32_t most, uint32_t *value)
{
    uint64_t n = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        n = n * 10 + (unsigned)(*text - '0');
        if (n > most)
            return false;
    }
    *value = (uint32_t)n;
    return true;
}

/* A name before a number: an interface may be called "7". */
int bide__address_interface(const char *text, uint32_t *number)
{
    if (*text == '\0')
        return -EINVAL;
    int r = strlen(text) < IF_NAMESIZE ? bide__door.if_nametoindex(text) : -ENODEV;
    if (r >= 0)
        *number = (uint32_t)r;
    return r >= 0 || number_of(text, UINT32_MAX, number) ? 0 : r;
}

int bide__address_of_host(const char *host, uint16_t port, bide_address *address)
{
    char digits[INET6_ADDRSTRLEN];
    const char *zone = strchr(host, '%');
    size_t length = zone != NULL ? (size_t)(zone - host) : strlen(host);
    bide_address a;

    memset(&a, 0, sizeof a);
    *address = a;
    if (length >= sizeof digits)
        return -EINVAL;
    memcpy(digits, host, length);
    digits[length] = '\0';
    if (zone == NULL && inet_pton(AF_INET, digits, &bide__to_of(&a)->in.sin_addr) == 1) {
        bide__to_of(&a)->in.sin_family = AF_INET;
        bide__to_of(&a)->in.sin_port = htons(port);
        a.size = sizeof bide__to_of(&a)->in;
    } else if (inet_pton(AF_INET6, digits, &bide__to_of(&a)->in6.sin6_addr) == 1) {
        bide__to_of(&a)->in6.sin6_family = AF_INET6;
        bide__to_of(&a)->in6.sin6_port = htons(port);
        a.size = sizeof bide__to_of(&a)->in6;
        int r = zone == NULL
                    ? 0
                    : bide__address_interface(zone + 1, &bide__to_of(&a)->in6.sin6_scope_id);
        if (r < 0)
            return r;
    } else {
        return -EINVAL;
    }
    *address = a;
    return 0;
}

void bide__address_of_any(int family, uint16_t port, bide_address *address)
{
    memset(address, 0, sizeof *address);
    bide__to_of(address)->any.sa_family = (sa_family_t)family;
    address->size =
        family == AF_INET ? sizeof bide__to_of(address)->in : sizeof bide__to_of(address)->in6;
    bide_address_set_port(address, port);
}

/* A path keeps its zero byte, for those who read it as a string. */
int bide_address_of_path(const char *path, bide_address *address)
{
    size_t length = strlen(path), before = offsetof(struct sockaddr_un, sun_path);
    bide__to *to = bide__to_of(address);

    memset(address, 0, sizeof *address);
    if (length == 0)
        return -EINVAL;
    if (length >= sizeof to->un.sun_path)
        return -ENAMETOOLONG;
    bool is_abstract = path[0] == '@';
    to->un.sun_family = AF_UNIX;
    memcpy(to->un.sun_path, path, length);
    if (is_abstract)
        to->un.sun_path[0] = '\0';
    address->size = (socklen_t)(before + length + !is_abstract);
    return 0;
}

int bide_address_split(const char *text, char *host, size_t host_size, uint16_t *port)
{
    const char *begin = text, *end, *colon;
    uint32_t value;

    if (*text == '[') {
        begin++;
        end = strchr(begin, ']');
        colon = end == NULL ? NULL : end + 1;
    } else {
        end = colon = strchr(text, ':');
    }
    if (colon == NULL || *colon != ':' || !number_of(colon + 1, UINT16_MAX, &value))
        return -EINVAL;
    size_t length = (size_t)(end - begin);
    if (length >= host_size)
        return -ENOSPC;
    memcpy(host, begin, length);
    host[length] = '\0';
    *port = (uint16_t)value;
    return 0;
}

/* The brackets are for IPv6 and for nothing else: "[1.2.3.4]:80" is no address. */
int bide_address_parse(const char *text, bide_address *address)
{
    char host[BIDE_ADDRESS_MAX];
    uint16_t port;

    *address = (bide_address)BIDE_ADDRESS_INIT;
    int r = bide_address_split(text, host, sizeof host, &port);
    if (r < 0 || (*text == '[') != (strchr(host, ':') != NULL))
        return -EINVAL;
    return bide__address_of_host(host, port, address);
}
