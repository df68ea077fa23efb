/*
 * exchange/pairs.c: the fields of queries and forms.
 *
 * Both are rows of pairs. They are taken apart anew for each question, which for the few fields
 * that there are costs less than a table; only what is asked for is decoded. A name is compared
 * decoded, without memory.
 */
#include "lib/async.h"

#include "extra/http/exchange/typed.h"

#include "extra/http/message/text.h"

struct row {
    const char *text;
    size_t size;
};

struct pair {
    const char *name, *value;
    size_t name_size, value_size;
};

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The name, once it is decoded, is this one. */
static bool is_named(const struct pair *p, const char *name)
{
    size_t i = 0;

    while (i < p->name_size) {
        int c = (unsigned char)p->name[i++];
        if (c == '+')
            c = ' ';
        if (c == '%' && p->name_size - i >= 2) {
            int high = digit(p->name[i]), low = digit(p->name[i + 1]);
            if (high >= 0 && low >= 0) {
                c = high << 4 | low;
                i += 2;
            }
        }
        if (c == 0 || (unsigned char)*name++ != c)
            return false;
    }
    return *name == '\0';
}

/* The next pair with this name (NULL: any), behind the place *at, which moves behind it. */
static bool find_next(struct row row, const char *name, size_t *at, struct pair *p)
{
    if (*at >= row.size)
        return false;
    const char *s = row.text + *at;
    size_t size = row.size - *at;
    while (bide__http_pair(&s, &size, &p->name, &p->name_size, &p->value, &p->value_size)) {
        *at = row.size - size;
        if (name == NULL || is_named(p, name))
            return true;
    }
    *at = row.size;
    return false;
}

static int decode(bide_http_exchange *x, const struct pair *p, bide_http_pair *out)
{
    bide_http_pair decoded;
    int r = bide__http_decode(x, "the name of a field", p->name, p->name_size, true, &decoded.name);

    if (r == 0)
        r = bide__http_decode(x, decoded.name, p->value, p->value_size, true, &decoded.value);
    if (r < 0)
        return r;
    *out = decoded;
    return 1;
}

static int next_pair(bide_http_exchange *x, struct row row, const char *name, size_t *at,
                     bide_http_pair *out)
{
    struct pair p;
    return find_next(row, name, at, &p) ? decode(x, &p, out) : 0;
}

/* 1 and the value of the first one; 0; or an error. */
static int find(bide_http_exchange *x, struct row row, const char *name, const char **value)
{
    size_t at = 0;
    struct pair p;

    if (!find_next(row, name, &at, &p))
        return 0;
    int r = bide__http_decode(x, name, p.value, p.value_size, true, value);
    return r < 0 ? r : 1;
}

static int need(bide_http_exchange *x, int found, const char *name)
{
    return found == 0  ? bide__http_fail_at(x, -EINVAL, 400, name, "it is missing")
           : found < 0 ? found
                       : 0;
}

static int or_else(int found, const char *otherwise, const char **value)
{
    if (found == 0)
        *value = otherwise;
    return found < 0 ? found : 0;
}

/* ---- queries ---- */

static struct row query_of(const bide_http_exchange *x)
{
    return (struct row){x->request.fields.base + x->request.query.at,
                        x->request.has_query ? x->request.query.size : 0};
}

static int bide__http_query_find(bide_http_exchange *x, const char *name, const char **value)
{
    return find(x, query_of(x), name, value);
}

int bide_http_query_text(bide_http_exchange *x, const char *name, const char **value)
{
    return need(x, bide__http_query_find(x, name, value), name);
}

int bide_http_query_text_or(bide_http_exchange *x, const char *name, const char *otherwise,
                            const char **value)
{
    return or_else(bide__http_query_find(x, name, value), otherwise, value);
}

int bide_http_query_next(bide_http_exchange *x, const char *name, size_t *at, bide_http_pair *pair)
{
    return next_pair(x, query_of(x), name, at, pair);
}

BIDE__HTTP_TYPED_ALL(query)
BIDE__HTTP_TYPED_OR_ALL(query)

/* ---- forms ---- */

bide_async int bide_http_form_read(bide_http_exchange *x)
{
    char *data;
    size_t size;
    if (x->form.is_read)
        return 0;
    if (!bide__http_has_type(x, "application/x-www-form-urlencoded"))
        return bide__http_fail_at(x, -EMEDIUMTYPE, 415, "Content-Type",
                                  "application/x-www-form-urlencoded is needed");
    int r = bide_await bide_http_body_all(x, &data, &size);
    if (r < 0)
        return r;
    x->form.text = data;
    x->form.size = size;
    x->form.is_read = true;
    return 0;
}

static struct row form_of(const bide_http_exchange *x)
{
    return (struct row){x->form.text, x->form.size};
}

static int no_form(bide_http_exchange *x)
{
    return bide__http_misused(x, "there is no form: await bide_http_form_read before its fields");
}

static int bide__http_form_find(bide_http_exchange *x, const char *name, const char **value)
{
    return x->form.is_read ? find(x, form_of(x), name, value) : no_form(x);
}

int bide_http_form_text(bide_http_exchange *x, const char *name, const char **value)
{
    return need(x, bide__http_form_find(x, name, value), name);
}

int bide_http_form_text_or(bide_http_exchange *x, const char *name, const char *otherwise,
                           const char **value)
{
    return or_else(bide__http_form_find(x, name, value), otherwise, value);
}

int bide_http_form_next(bide_http_exchange *x, const char *name, size_t *at, bide_http_pair *pair)
{
    return x->form.is_read ? next_pair(x, form_of(x), name, at, pair) : no_form(x);
}

BIDE__HTTP_TYPED_ALL(form)
BIDE__HTTP_TYPED_OR_ALL(form)
