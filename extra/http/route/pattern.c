/*
 * pattern.c: paths of routes, and those of requests, in the form in which they are compared.
 *
 * In that form a percent code is there only for a byte that may not stand in a path itself, or
 * means something else there ("%2F"), and has large digits. So a route may be written with any
 * text in UTF-8.
 */
#include "extra/http/route/inside.h"

static const char hex[] = "0123456789ABCDEF";

static bool is_unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* pchar of RFC 3986, and the slash. */
static bool may_stand(unsigned char c)
{
    return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@/", c) != NULL);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A percent code: its byte, or -1. */
static int code(const char *text, size_t size)
{
    if (size < 3 || text[0] != '%')
        return -1;
    int high = digit(text[1]), low = digit(text[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static size_t put_code(char *out, unsigned char byte)
{
    out[0] = '%';
    out[1] = hex[byte >> 4];
    out[2] = hex[byte & 15];
    return 3;
}

static bool is_coded_right(const char *path, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (path[i] == '%' && code(path + i, size - i) < 0)
            return false;
    return true;
}

/* Where one code is wrong, all stay as they are: what is left of a wrong one might become a right
 * one with a byte that was decoded behind it. */
size_t bide__http_route_normal(const char *path, size_t size, char *out)
{
    bool is_right = is_coded_right(path, size);
    size_t n = 0;

    for (size_t i = 0; i < size; i++) {
        int byte = is_right ? code(path + i, size - i) : -1;
        if (byte < 0) {
            out[n++] = path[i];
            continue;
        }
        if (is_unreserved((unsigned char)byte))
            out[n++] = (char)byte;
        else
            n += put_code(out + n, (unsigned char)byte);
        i += 2;
    }
    return n;
}

static int literal(const char *text, size_t size, struct route__row *row, const char **why)
{
    char out[3];

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        int byte = code(text + i, size - i);
        size_t n = 1;
        if (c == '?' || c == '#' || c < ' ' || c == 127) {
            *why = "it has a byte that is in no path";
            return -EINVAL;
        }
        if (c == '%' && byte < 0) {
            *why = "a percent sign is not followed by two digits";
            return -EINVAL;
        }
        out[0] = text[i];
        if (byte >= 0) {
            n = bide__http_route_normal(text + i, 3, out);
            i += 2;
        } else if (!may_stand(c)) {
            n = put_code(out, c);
        }
        int r = bide__http_route_append(row, out, n);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_known(const char *path, const struct route__row *names, size_t text_at, size_t first,
                     const char *name, size_t size)
{
    const struct route_name *all = (const struct route_name *)(const void *)names->data;

    for (size_t i = first; i < names->size / sizeof *all; i++)
        if (all[i].size == size && memcmp(path + (all[i].at - text_at), name, size) == 0)
            return true;
    return false;
}

/* {name} or {*name} */
static int parameter(const char *path, const char *segment, size_t size, size_t text_at,
                     size_t first, struct route__row *row, struct route__row *names,
                     const char **why)
{
    bool is_rest = size > 1 && segment[1] == '*';
    const char *name = segment + 1 + is_rest;
    size_t name_size = size - 2 - is_rest, count = names->size / sizeof(struct route_name) - first;
    char special = is_rest ? TREE_REST : TREE_PARAM;

    *why = NULL;
    if (segment[size - 1] != '}' || size < 3u + is_rest || memchr(name, '{', name_size) != NULL ||
        memchr(name, '}', name_size) != NULL || memchr(name, '*', name_size) != NULL)
        *why = "a parameter is a whole segment, as {name} or {*name}";
    else if (is_rest && name[name_size + 1] != '\0')
        *why = "a rest is only at the end";
    else if (is_known(path, names, text_at, first, name, name_size))
        *why = "two of its parameters have the same name";
    else if (count == TREE_PARAMS_MOST)
        *why = "it has more than 16 parameters";
    if (*why != NULL)
        return -EINVAL;
    struct route_name place = {(uint32_t)(text_at + (size_t)(name - path)), (uint32_t)name_size};
    int r = bide__http_route_append(names, &place, sizeof place);
    return r < 0 ? r : bide__http_route_append(row, &special, 1);
}

int bide__http_route_pattern(const char *path, size_t text_at, struct route__row *row,
                             struct route__row *names, const char **why)
{
    size_t first = names->size / sizeof(struct route_name);
    int r = 0;

    if (strlen(path) > TREE_PATTERN_MOST - 24) {
        *why = "it is longer than 1000 bytes";
        return -EINVAL;
    }
    for (const char *at = path; r == 0 && *at != '\0';) {
        size_t size = *at == '/' ? 1 : strcspn(at, "/");
        if (*at == '{')
            r = parameter(path, at, size, text_at, first, row, names, why);
        else if (memchr(at, '{', size) != NULL || memchr(at, '}', size) != NULL) {
            *why = "a parameter is a whole segment, as {name} or {*name}";
            r = -EINVAL;
        } else {
            r = literal(at, size, row, why);
        }
        at += size;
    }
    return r;
}
