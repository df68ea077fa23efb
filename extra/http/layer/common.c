/*
 * common.c: small things that several layers need.
 */
#include "extra/http/layer/layer.h"

#include <netinet/in.h>
#include <sys/socket.h>

size_t bide__http_client_key(const bide_http_exchange *x, const bide_http_proxies *proxies,
                             unsigned char key[8])
{
    bide_address address;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (bide_http_client_address(x, proxies, &address) < 0)
        return 0;
    if (address.size == sizeof in) {
        memcpy(&in, address.bytes, sizeof in);
        memcpy(key, &in.sin_addr, 4);
        return in.sin_family == AF_INET ? 4 : 0;
    }
    if (address.size != sizeof in6)
        return 0;
    memcpy(&in6, address.bytes, sizeof in6);
    if (in6.sin6_family != AF_INET6)
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        memcpy(key, in6.sin6_addr.s6_addr + 12, 4);
        return 4;
    }
    memcpy(key, in6.sin6_addr.s6_addr, 8);
    return 8;
}

bool bide__http_header_has(const bide_http_exchange *x, enum bide__http_name name,
                           const char *token)
{
    const struct bide__http_headers *h = &x->reply.headers;
    const char *member;
    size_t member_size;

    for (uint32_t i = 0; i < h->count; i++) {
        if (h->list[i].known != name)
            continue;
        const char *text = h->list[i].value;
        size_t size = h->list[i].value_size;
        while (bide__http_member(&text, &size, &member, &member_size))
            if (bide__http_same(member, member_size, token, strlen(token)))
                return true;
    }
    return false;
}

int bide__http_vary(bide_http_exchange *x, const char *name)
{
    if (bide__http_header_has(x, BIDE__FIELD_VARY, name) ||
        bide__http_header_has(x, BIDE__FIELD_VARY, "*"))
        return 0;
    return bide_http_header_add(x, "Vary", name);
}

void bide__http_accepted(const bide_http_exchange *x, unsigned weights[CODINGS])
{
    const struct bide__http_fields *f = &x->request.fields;
    unsigned line[CODINGS];

    bide__http_accept_encoding(NULL, 0, weights); /* if there is none */
    bool is_first = true;
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->list[i].known != BIDE__FIELD_ACCEPT_ENCODING)
            continue;
        bide__http_accept_encoding(bide__http_field_value(f, &f->list[i]), f->list[i].value_size,
                                   line);
        for (int j = 0; j < CODINGS; j++)
            if (is_first || line[j] > weights[j])
                weights[j] = line[j];
        is_first = false;
    }
}
