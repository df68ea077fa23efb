/*
 * auth.c: who the client says that it is, and a hook that decides.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <stdio.h>
#include <strings.h>

/* ---- base64 (RFC 4648, 4) ---- */

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* In place. Returns the size, or -1. The padding may be missing; bits that are over must be zero,
 * so that no two texts mean the same. */
static ssize_t decode(char *text, size_t size)
{
    uint32_t bits = 0, count = 0;
    size_t n = 0, padding = 0;

    while (size > 0 && text[size - 1] == '=' && padding < 2) {
        size--;
        padding++;
    }
    if (size % 4 == 1 || (padding > 0 && (size + padding) % 4 != 0))
        return -1;
    for (size_t i = 0; i < size; i++) {
        int d = digit(text[i]);
        if (d < 0)
            return -1;
        bits = bits << 6 | (uint32_t)d;
        count += 6;
        if (count >= 8) {
            count -= 8;
            text[n++] = (char)(bits >> count & 0xff);
        }
    }
    return (bits & ((1U << count) - 1)) != 0 ? -1 : (ssize_t)n;
}

/* ---- credentials ---- */

/* user-id ":" password; neither has control bytes (RFC 7617, 2). */
static bool take_basic(char *text, bide_http_credentials *c)
{
    ssize_t n = decode(text, strlen(text));
    char *colon = n > 0 ? memchr(text, ':', (size_t)n) : NULL;

    if (colon == NULL)
        return false;
    for (ssize_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return false;
    text[n] = '\0';
    *colon = '\0';
    c->user = text;
    c->password = colon + 1;
    c->scheme = "Basic";
    return true;
}

/* b64token of RFC 6750, 2.1 */
static bool take_bearer(const char *text, bide_http_credentials *c)
{
    static const char bytes[] = "-._~+/0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t n = strspn(text, bytes);

    if (n == 0 || text[n + strspn(text + n, "=")] != '\0')
        return false;
    c->token = text;
    c->scheme = "Bearer";
    return true;
}

static const char *behind(const char *text, const char *scheme)
{
    size_t n = strlen(scheme);

    if (strncasecmp(text, scheme, n) != 0 || text[n] != ' ')
        return NULL;
    return text + n + strspn(text + n, " ");
}

/* One field, since two could be read in two ways. */
static const char *only_field(const bide_http_exchange *x)
{
    const struct bide__http_fields *f = &x->request.fields;
    size_t count = 0;

    for (uint32_t i = 0; i < f->count; i++)
        count += f->list[i].known == BIDE__FIELD_AUTHORIZATION;
    return count == 1 ? bide_http_request_header(x, "Authorization") : NULL;
}

int bide_http_credentials_of(bide_http_exchange *x, bide_http_credentials *credentials)
{
    const char *text = only_field(x);

    *credentials = (bide_http_credentials){NULL, NULL, NULL, NULL};
    if (text == NULL)
        return 0;
    const char *basic = behind(text, "Basic"), *bearer = behind(text, "Bearer");
    if (basic != NULL) {
        char *copy = bide__http_copy(x, basic, strlen(basic));
        if (copy == NULL)
            return -ENOMEM;
        (void)take_basic(copy, credentials);
    } else if (bearer != NULL) {
        (void)take_bearer(bearer, credentials);
    }
    return 0;
}

/* The work is that of the longer text, and no branch depends on what is in them. */
bool bide_http_same_secret(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b), size = a_size > b_size ? a_size : b_size;
    volatile unsigned different = a_size != b_size;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)a[i < a_size ? i : a_size];
        unsigned char d = (unsigned char)b[i < b_size ? i : b_size];
        different = different | (unsigned)(c ^ d);
    }
    return different == 0;
}

/* ---- the layer ---- */

static int challenge(bide_http_exchange *x, const bide_http_auth_options *o,
                     const bide_http_credentials *c)
{
    const char *scheme = o->scheme != NULL ? o->scheme : "Bearer";
    const char *realm = o->realm != NULL ? o->realm : "service";
    bool is_bearer = strcasecmp(scheme, "Bearer") == 0;
    char text[256];

    int n = snprintf(text, sizeof text, "%s realm=\"%s\"%s", scheme, realm,
                     is_bearer && c->token != NULL ? ", error=\"invalid_token\""
                     : !is_bearer                  ? ", charset=\"UTF-8\""
                                                   : "");
    if (n < 0 || (size_t)n >= sizeof text || strpbrk(realm, "\"\\") != NULL)
        return -ENXIO;
    int r = bide_http_header_set(x, "WWW-Authenticate", text);
    return r < 0 ? r : bide_http_fail(x, 401, NULL);
}

bide_async int bide_http_layer_auth(bide_http_exchange *x)
{
    const bide_http_auth_options *o = bide_http_layer_data(x);
    bide_http_credentials c;
    if (o == NULL || o->check == NULL)
        return bide__http_misused(x, "bide_http_layer_auth has no data with a check");
    int r = bide_http_credentials_of(x, &c);
    if (r < 0)
        return r;
    r = bide_await (*o->check)(x, &c, o->data);
    if (r == 0)
        return bide_await bide_http_next(x);
    if (r == -EACCES)
        return bide_http_fail(x, 403, NULL);
    return r == -ENOMEM ? r : challenge(x, o, &c);
}

void bide_http_user_set(bide_http_exchange *x, void *user)
{
    x->user = user;
}

void *bide_http_user(const bide_http_exchange *x)
{
    return x->user;
}
