/*
 * exchange/decode.c: percent codes become text, and what text is.
 */
#include "extra/http/exchange/typed.h"

#include "extra/http/message/media.h"
#include "extra/http/message/text.h"

/* ---- UTF-8 ---- */

size_t bide__http_utf8(const char *text, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 0;

    if (size == 0 || s[0] < 0x80)
        return size > 0;
    if (s[0] >= 0xc2 && s[0] < 0xf5)
        n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n == 0 || n > size)
        return 0;
    uint32_t c = s[0] & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static bool is_utf8(const char *text, size_t size)
{
    for (size_t n; size > 0; text += n, size -= n)
        if ((n = bide__http_utf8(text, size)) == 0)
            return false;
    return true;
}

int bide__http_decode(bide_http_exchange *x, const char *field, const char *text, size_t size,
                      bool plus, const char **decoded)
{
    char *to = bide_http_alloc(x, size + 1);

    if (to == NULL)
        return -ENOMEM;
    ssize_t n =
        bide__http_percent_decode(to, text, size, BIDE__HTTP_NO_NUL | (plus ? BIDE__HTTP_PLUS : 0));
    if (n < 0)
        return bide__http_fail_at(x, -EINVAL, 400, field, "a percent code is wrong");
    if (!is_utf8(to, (size_t)n))
        return bide__http_fail_at(x, -EINVAL, 400, field, "this is no UTF-8");
    to[n] = '\0';
    *decoded = to;
    return 0;
}

/* ---- the type of the body ---- */

static bool body_type(const bide_http_exchange *x, struct bide__http_media *media)
{
    const struct bide__http_fields *f = &x->request.fields;
    const struct bide__http_field *field = bide__http_fields_known(f, BIDE__FIELD_CONTENT_TYPE);

    return field != NULL &&
           bide__http_media_parse(bide__http_field_value(f, field), field->value_size, media) == 0;
}

bool bide__http_has_type(const bide_http_exchange *x, const char *type)
{
    struct bide__http_media media;
    return body_type(x, &media) && bide__http_media_is(&media, type);
}

bool bide__http_has_json_type(const bide_http_exchange *x)
{
    struct bide__http_media media;

    if (!body_type(x, &media))
        return false;
    if (bide__http_media_is(&media, "application/json"))
        return true;
    size_t n = media.subtype.size;
    return n > 5 && bide__http_same(media.subtype.at + n - 5, 5, "+json", 5);
}

ssize_t bide__http_type_parameter(const bide_http_exchange *x, const char *name, char *value,
                                  size_t room)
{
    struct bide__http_media media;
    struct bide__http_param param;

    if (!body_type(x, &media) || !bide__http_media_param(&media, name, &param))
        return -ENOENT;
    if (param.value.size > room)
        return -ENOSPC;
    return (ssize_t)bide__http_param_value(value, &param);
}
