/*
 * options.c: a client's options. They are copied, with their strings and their defaults; what could
 * never work is refused here, and not when a request is sent.
 */
#include "internal.h"

#include <stddef.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

/* Where the strings are. */
static const size_t strings[] = {
    offsetof(bide_http_options, user_agent),       offsetof(bide_http_options, proxy),
    offsetof(bide_http_options, ca_file),          offsetof(bide_http_options, tls.ca_dir),
    offsetof(bide_http_options, tls.cert_file),    offsetof(bide_http_options, tls.key_file),
    offsetof(bide_http_options, tls.key_password), offsetof(bide_http_options, tls.key_log_file),
    offsetof(bide_http_options, no_proxy),         offsetof(bide_http_options, proxy_user),
    offsetof(bide_http_options, proxy_password),   offsetof(bide_http_options, local_address),
    offsetof(bide_http_options, unix_path),
};

enum { STRINGS = sizeof strings / sizeof *strings };

static const char **string_at(bide_http_options *options, size_t i)
{
    return (const char **)(void *)((char *)options + strings[i]);
}

static const char *read_at(const bide_http_options *options, size_t i)
{
    return *(const char *const *)(const void *)((const char *)options + strings[i]);
}

/* Stores a copy of s in *to; s may be NULL. Returns 0 or -ENOMEM. */
static int copy_string(const char **to, const char *s)
{
    *to = NULL;
    if (s == NULL)
        return 0;
    size_t size = strlen(s) + 1;
    char *copy = bide__alloc(size);
    *to = copy == NULL ? NULL : memcpy(copy, s, size);
    return copy == NULL ? -ENOMEM : 0;
}

static void free_string(const char *s)
{
    if (s != NULL)
        bide__free((char *)(uintptr_t)s, strlen(s) + 1);
}

/* ---- what is refused ---- */

static bool is_version(int version)
{
    return version == 0 || version == 2 || version == 3;
}

static bool is_pin(const bide_http_pin *pin)
{
    static const char blanks[] = " \t:";
    return pin->host != NULL && pin->host[0] != '\0' && pin->addresses != NULL &&
           pin->addresses[0] != '\0' && !bide__http_has_controls(pin->host) &&
           !bide__http_has_controls(pin->addresses) && strpbrk(pin->host, blanks) == NULL &&
           strpbrk(pin->host, "+*-") != pin->host && strpbrk(pin->addresses, " \t") == NULL;
}

static int check(const bide_http_options *from)
{
    for (size_t i = 0; i < STRINGS; i++)
        if (read_at(from, i) != NULL && bide__http_has_controls(read_at(from, i)))
            return -EINVAL;
    if (from->connections_max < 0 || from->idle_max < 0 || from->retry_percent > 100)
        return -EINVAL;
    if (from->proxy != NULL && !bide__http_valid_proxy(from->proxy))
        return -EINVAL;
    const bide_http_tls *tls = &from->tls;
    if (!is_version(tls->version_min) || !is_version(tls->version_max) ||
        (tls->version_max != 0 && tls->version_max < tls->version_min))
        return -EINVAL;
    if ((tls->key_file != NULL || tls->key_password != NULL) && tls->cert_file == NULL)
        return -EINVAL;
    if (from->protocol < BIDE_HTTP_ANY || from->protocol > BIDE_HTTP_ONLY_2)
        return -EINVAL;
    if (from->unix_path != NULL && from->unix_path[0] == '\0')
        return -EINVAL;
    if (from->pin_count > 0 && from->pins == NULL)
        return -EINVAL;
    for (size_t i = 0; i < from->pin_count; i++)
        if (!is_pin(&from->pins[i]))
            return -EINVAL;
    bool has_2 = curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2;
    return from->protocol == BIDE_HTTP_ONLY_2 && !has_2 ? -EPROTONOSUPPORT : 0;
}

/* ---- the copy ---- */

/* A pin without a port is two pins. */
static size_t pins_of(const bide_http_options *from)
{
    size_t count = from->pin_count;
    for (size_t i = 0; i < from->pin_count; i++)
        count += from->pins[i].port == 0;
    return count;
}

static int copy_pin(bide_http_options *own, const bide_http_pin *pin, uint16_t port)
{
    bide_http_pin *to = (bide_http_pin *)(uintptr_t)&own->pins[own->pin_count++];
    *to = (bide_http_pin){.port = port};
    int n = copy_string(&to->host, pin->host);
    return n < 0 ? n : copy_string(&to->addresses, pin->addresses);
}

/* own->pin_count is always the number of pins that are there. The room for more is known again from
 * the sum of `room`, which is kept before the first. */
struct pins {
    size_t room;
    bide_http_pin pin[];
};

static int copy_pins(bide_http_options *own, const bide_http_options *from)
{
    size_t room = pins_of(from);
    own->pins = NULL;
    own->pin_count = 0;
    if (room == 0)
        return 0;
    struct pins *pins = bide__alloc(sizeof *pins + room * sizeof pins->pin[0]);
    if (pins == NULL)
        return -ENOMEM;
    pins->room = room;
    own->pins = pins->pin;
    int n = 0;
    for (size_t i = 0; n == 0 && i < from->pin_count; i++) {
        const bide_http_pin *pin = &from->pins[i];
        n = copy_pin(own, pin, pin->port != 0 ? pin->port : PORT_HTTP);
        if (n == 0 && pin->port == 0)
            n = copy_pin(own, pin, PORT_HTTPS);
    }
    return n;
}

int bide__http_options_copy(bide_http_options *own, const bide_http_options *from)
{
    static const bide_http_options none;
    if (from == NULL)
        from = &none;
    int n = check(from);
    if (n < 0)
        return n;
    *own = *from;
    own->timeout = from->timeout.ns != 0 ? from->timeout : BIDE_S(30);
    own->idle_timeout = from->idle_timeout.ns != 0 ? from->idle_timeout : BIDE_S(90);
    own->response_max_bytes =
        from->response_max_bytes != 0 ? from->response_max_bytes : (size_t)64 << 20;
    own->retry_percent = from->retry_percent != 0 ? from->retry_percent : 20;
    own->redirects_max = from->redirects_max != 0 ? from->redirects_max : 10;
    own->idle_max = from->idle_max != 0 ? from->idle_max : 256;
    for (size_t i = 0; i < STRINGS; i++)
        *string_at(own, i) = NULL;
    n = copy_pins(own, from);
    for (size_t i = 0; n == 0 && i < STRINGS; i++)
        n = copy_string(string_at(own, i), read_at(from, i));
    return n;
}

void bide__http_options_free(bide_http_options *own)
{
    for (size_t i = 0; i < STRINGS; i++)
        free_string(*string_at(own, i));
    for (size_t i = 0; i < own->pin_count; i++) {
        free_string(own->pins[i].host);
        free_string(own->pins[i].addresses);
    }
    if (own->pins != NULL) {
        struct pins *pins =
            (struct pins *)(void *)((char *)(uintptr_t)own->pins - offsetof(struct pins, pin));
        bide__free(pins, sizeof *pins + pins->room * sizeof pins->pin[0]);
    }
    *own = (bide_http_options){0};
}
