/*
 * exchange/attachment.c: Content-Disposition of a response (RFC 6266), with the name in two forms:
 * ASCII in quotes, for clients that know no other, and UTF-8 with percent codes (RFC 8187), which
 * goes before that.
 */
#include "extra/http/exchange/typed.h"

#include <stdio.h>

enum { NAME_MOST = 255 };

/* attr-char of RFC 8187, 3.2.1 */
static bool is_attribute_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
}

static const char *without_folders(const char *name)
{
    for (const char *s = name; *s != '\0'; s++)
        if (*s == '/' || *s == '\\')
            name = s + 1;
    return name;
}

/* The characters of the name that a quoted string cannot have become "_". False: no UTF-8. */
static bool put_plain(const char *name, char *out, bool *is_exact)
{
    *is_exact = true;
    for (const char *s = name, *end = name + strlen(name); s < end;) {
        size_t n = bide__http_utf8(s, (size_t)(end - s));
        if (n == 0)
            return false;
        bool is_plain = n == 1 && *s >= ' ' && *s < 127 && *s != '"' && *s != '%';
        *is_exact &= is_plain;
        *out++ = is_plain ? *s : '_';
        s += n;
    }
    *out = '\0';
    return true;
}

static void put_extended(const char *name, char *out)
{
    for (const unsigned char *s = (const unsigned char *)name; *s != '\0'; s++)
        if (is_attribute_byte(*s))
            *out++ = (char)*s;
        else
            out += sprintf(out, "%%%02X", *s);
    *out = '\0';
}

int bide_http_attachment(bide_http_exchange *x, const char *filename, bool is_inline)
{
    const char *name = without_folders(filename), *kind = is_inline ? "inline" : "attachment";
    char plain[NAME_MOST + 1], extended[3 * NAME_MOST + 1],
        value[sizeof plain + sizeof extended + 64];
    bool is_exact;

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return bide_http_header_set(x, "Content-Disposition", kind);
    if (strlen(name) > NAME_MOST)
        return -EINVAL;
    if (!put_plain(name, plain, &is_exact))
        return -EILSEQ;
    put_extended(name, extended);
    int n = snprintf(value, sizeof value, "%s; filename=\"%s\"", kind, plain);
    if (!is_exact)
        snprintf(value + n, sizeof value - (size_t)n, "; filename*=UTF-8''%s", extended);
    return bide_http_header_set(x, "Content-Disposition", value);
}
