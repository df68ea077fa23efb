/*
 * check.c: which names, labels, values and bounds are allowed.
 */
#include "internal.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool bide__metrics_is_name(const char *name, bool colon)
{
    if (name == NULL || name[0] == 0)
        return false;
    for (size_t i = 0; name[i] != 0; i++) {
        bool is_digit = name[i] >= '0' && name[i] <= '9';
        if (!is_letter(name[i]) && !(colon && name[i] == ':') && !(is_digit && i > 0))
            return false;
    }
    return true;
}

bool bide__metrics_is_label(const char *name, bide_metrics_kind kind)
{
    return bide__metrics_is_name(name, false) && strncmp(name, "__", 2) != 0 &&
           !(kind == BIDE_METRICS_IS_HISTOGRAM && strcmp(name, "le") == 0);
}

/* The bytes that follow the first one of a character, and the smallest character of that length;
 * -1: it begins none. */
static int rest_of(unsigned char c, unsigned *least)
{
    static const unsigned leasts[] = {0, 0x80, 0x800, 0x10000};
    int rest = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : -1;

    if (c >= 0xf0 && c < 0xf5)
        rest = 3;
    if (rest >= 0)
        *least = leasts[rest];
    return rest;
}

bool bide__metrics_is_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p != 0) {
        unsigned least = 0, character;
        int rest = rest_of(*p, &least);
        if (rest < 0)
            return false;
        character = rest == 0 ? *p : *p & (0x3fU >> rest);
        p++;
        for (; rest > 0; rest--, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
            character = character << 6 | (*p & 0x3f);
        }
        if (character < least || character > 0x10ffff ||
            (character >= 0xd800 && character < 0xe000))
            return false;
    }
    return true;
}

bool bide__metrics_is_value(const char *value, size_t *size)
{
    if (value == NULL)
        return false;
    *size = strnlen(value, BIDE_METRICS_VALUE_MAX + 1);
    return *size <= BIDE_METRICS_VALUE_MAX && bide__metrics_is_utf8(value);
}

bool bide__metrics_are_bounds(const double *bounds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!__builtin_isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1]))
            return false;
    return true;
}
