/*
 * exchange/client.c: who the client is, where proxies are in front.
 *
 * X-Forwarded-For is a row to which each proxy appends the address that it has seen. So it is read
 * from its end, and believed only as far as the addresses are those of proxies that are trusted:
 * the client could have sent anything in front.
 */
#include "extra/http/exchange/typed.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- networks ---- */

/* The bytes of an address; one of IPv4 in IPv6 becomes that. 0: it has none. */
static size_t bytes_of(const bide_address *address, unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_storage storage;

    memset(&storage, 0, sizeof storage);
    memcpy(&storage, address->bytes, address->size);
    if (storage.ss_family == AF_INET) {
        memcpy(bytes, &((struct sockaddr_in *)(void *)&storage)->sin_addr, 4);
        return 4;
    }
    if (storage.ss_family != AF_INET6)
        return 0;
    memcpy(bytes, &((struct sockaddr_in6 *)(void *)&storage)->sin6_addr, 16);
    if (memcmp(bytes, mapped, sizeof mapped) != 0)
        return 16;
    memmove(bytes, bytes + 12, 4);
    return 4;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

/* 1: the address is in the network; 0: it is not; -EINVAL: that is no network. */
static int is_in(const unsigned char *bytes, size_t size, const char *network)
{
    unsigned char base[16];
    char text[64];
    const char *slash = strchr(network, '/');
    size_t length = slash != NULL ? (size_t)(slash - network) : strlen(network);
    char *end = NULL;

    if (length >= sizeof text)
        return -EINVAL;
    memcpy(text, network, length);
    text[length] = '\0';
    size_t base_size = inet_pton(AF_INET, text, base) == 1    ? 4
                       : inet_pton(AF_INET6, text, base) == 1 ? 16
                                                              : 0;
    unsigned long bits = slash != NULL ? strtoul(slash + 1, &end, 10) : base_size * 8;
    if (base_size == 0 || bits > base_size * 8 ||
        (slash != NULL && (*end != '\0' || end == slash + 1)))
        return -EINVAL;
    return size == base_size && same_bits(bytes, base, (unsigned)bits);
}

static int is_trusted(const bide_http_proxies *proxies, const bide_address *address)
{
    unsigned char bytes[16];
    size_t size = address->size > 0 ? bytes_of(address, bytes) : 0;
    int found = 0;

    for (size_t i = 0; proxies != NULL && i < proxies->count; i++) {
        if (strcmp(proxies->trusted[i], "unix") == 0) {
            found |= size == 0;
            continue;
        }
        int r = is_in(bytes, size, proxies->trusted[i]);
        if (r < 0)
            return r;
        found |= r;
    }
    return found;
}

/* ---- the row of addresses ---- */

/* The next member from the end of the text, without blanks; it is cut off. */
static bool last_member(const char *text, size_t *size, const char **member, size_t *member_size)
{
    if (*size == 0)
        return false;
    size_t begin = *size, end = *size;
    while (begin > 0 && text[begin - 1] != ',')
        begin--;
    *size = begin > 0 ? begin - 1 : 0;
    while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    while (begin < end && (text[begin] == ' ' || text[begin] == '\t'))
        begin++;
    *member = text + begin;
    *member_size = end - begin;
    return true;
}

/* An address as proxies write it: alone, in brackets, or with a port. */
static bool read_address(const char *text, size_t size, bide_address *address)
{
    char copy[64];
    size_t from = size > 0 && text[0] == '[';

    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text + from, size - from);
    copy[size - from] = '\0';
    char *end = from > 0 ? strchr(copy, ']') : strchr(copy, ':');
    if (from > 0 && end == NULL)
        return false;
    if (end != NULL && (from > 0 || strchr(end + 1, ':') == NULL))
        *end = '\0';
    char place[80];
    snprintf(place, sizeof place, strchr(copy, ':') != NULL ? "[%s]:0" : "%s:0", copy);
    return bide_address_parse(place, address) == 0;
}

int bide_http_client_address(const bide_http_exchange *x, const bide_http_proxies *proxies,
                             bide_address *address)
{
    const struct bide__http_fields *f = &x->request.fields;
    const char *member;
    size_t member_size;
    bide_address next;
    int r = bide_http_peer(x, address);

    if (r < 0)
        address->size = 0;
    for (uint32_t i = f->count; i-- > 0;) {
        if (f->list[i].known != BIDE__FIELD_X_FORWARDED_FOR)
            continue;
        const char *text = bide__http_field_value(f, &f->list[i]);
        size_t size = f->list[i].value_size;
        while (last_member(text, &size, &member, &member_size)) {
            int trusted = is_trusted(proxies, address);
            if (trusted < 0)
                return trusted;
            if (trusted == 0 || !read_address(member, member_size, &next))
                return address->size > 0 ? 0 : -ENOTCONN;
            *address = next;
        }
    }
    return address->size > 0 ? 0 : -ENOTCONN;
}

/* ---- scheme and host ---- */

/* What the peer says, if it is trusted: the last member, which it has appended itself. */
static const char *told(const bide_http_exchange *x, const bide_http_proxies *proxies,
                        enum bide__http_name name, size_t *size)
{
    const struct bide__http_fields *f = &x->request.fields;
    const struct bide__http_field *last = NULL;
    bide_address peer;
    const char *member;

    if (bide_http_peer(x, &peer) < 0)
        peer.size = 0;
    if (is_trusted(proxies, &peer) <= 0)
        return NULL;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->list[i].known == name)
            last = &f->list[i];
    if (last == NULL)
        return NULL;
    *size = last->value_size;
    size_t all = *size;
    return last_member(bide__http_field_value(f, last), &all, &member, size) ? member : NULL;
}

const char *bide_http_client_scheme(const bide_http_exchange *x, const bide_http_proxies *proxies)
{
    size_t size;
    const char *scheme = told(x, proxies, BIDE__FIELD_X_FORWARDED_PROTO, &size);

    if (scheme != NULL && bide__http_same(scheme, size, "https", 5))
        return "https";
    if (scheme != NULL && bide__http_same(scheme, size, "http", 4))
        return "http";
    return bide_http_scheme(x);
}

const char *bide_http_client_host(const bide_http_exchange *x, const bide_http_proxies *proxies)
{
    size_t size;
    const char *host = told(x, proxies, BIDE__FIELD_X_FORWARDED_HOST, &size);

    if (host == NULL || !bide__http_is_host(host, size))
        return bide_http_host(x);
    const char *copy = bide__http_copy((bide_http_exchange *)(uintptr_t)x, host, size);
    return copy != NULL ? copy : bide_http_host(x);
}
