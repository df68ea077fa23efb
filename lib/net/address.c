/*
 * lib/net/address.c: internet addresses: finding them, and their text.
 */
#include "lib/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include <bide/net.h>

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

int bide__address_find(const char *host, bool numeric, struct addrinfo **list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = numeric ? AI_NUMERICHOST : 0};
    *list = NULL;
    return error_of(bide__door.getaddrinfo(host, NULL, &hints, list));
}

void bide__address_free(struct addrinfo *list)
{
    if (list != NULL)
        bide__door.freeaddrinfo(list);
}

void bide__address_set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    else if (address->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
}

int bide__address_port(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    if (address->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    return -EAFNOSUPPORT;
}

int bide__address_text(const struct sockaddr *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    int port = bide__address_port(address);
    if (port < 0)
        return port;
    bool six = address->sa_family == AF_INET6;
    const void *bytes = six ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    if (inet_ntop(address->sa_family, bytes, host, sizeof host) == NULL)
        return -ENOSPC;
    int n = snprintf(text, size, six ? "[%s]:%d" : "%s:%d", host, port);
    return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}

static int port_of(const char *text, uint16_t *port)
{
    unsigned value = 0;
    if (*text == '\0')
        return -EINVAL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > UINT16_MAX)
            return -EINVAL;
    }
    *port = (uint16_t)value;
    return 0;
}

int bide_address_split(const char *text, char *host, size_t host_size, uint16_t *port)
{
    const char *begin = text, *end, *colon;

    if (*text == '[') {
        begin++;
        end = strchr(begin, ']');
        colon = end == NULL ? NULL : end + 1;
    } else {
        end = colon = strchr(text, ':');
    }
    if (colon == NULL || *colon != ':' || strchr(colon + 1, ':') != NULL)
        return -EINVAL;
    size_t length = (size_t)(end - begin);
    uint16_t value;
    int r = port_of(colon + 1, &value);
    if (r < 0)
        return r;
    if (length >= host_size)
        return -ENOSPC;
    memcpy(host, begin, length);
    host[length] = '\0';
    *port = value;
    return 0;
}
