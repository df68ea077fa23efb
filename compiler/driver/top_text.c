/*
 * top_text.c: text for terminals. Names and places come from the program that is looked at, so
 * nothing in them may be a command of the terminal, or turn the direction of what follows.
 *
 * A character is taken as wide as terminals draw it: none for marks that combine, two columns for
 * the scripts of East Asia and for pictures.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <string.h>

enum { BYTES_OF_COLUMN = 8 }; /* so many marks may stand on one character */

struct range {
    uint32_t from, to;
};

/* ---- characters ---- */

/* The character at s, whose length is set; -1, with the length 1, if it is none of UTF-8. */
static int32_t decode(const unsigned char *s, size_t *length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *s < 0x80                 ? 1
               : *s >= 0xC2 && *s < 0xE0 ? 2
               : *s >= 0xE0 && *s < 0xF0 ? 3
               : *s >= 0xF0 && *s < 0xF5 ? 4
                                         : 0;
    uint32_t code = n <= 1 ? *s : *s & (0xFFu >> (n + 1));

    *length = 1;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return -1;
        code = code << 6 | (s[i] & 0x3F);
    }
    if (n == 0 || code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return -1;
    *length = n;
    return (int32_t)code;
}

static bool is_in(const struct range *ranges, size_t count, int32_t code)
{
    for (size_t i = 0; i < count; i++)
        if ((uint32_t)code >= ranges[i].from && (uint32_t)code <= ranges[i].to)
            return true;
    return false;
}

/* Controls, and what changes the direction of text, breaks lines or is not seen. */
static bool is_hostile(int32_t code)
{
    static const struct range ranges[] = {
        {0, 0x1F},        {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x200B, 0x200F},
        {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};
    return code < 0 || is_in(ranges, sizeof ranges / sizeof *ranges, code);
}

static size_t width_of(int32_t code)
{
    static const struct range marks[] = {
        {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},
        {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
    static const struct range wide[] = {{0x1100, 0x115F},  {0x2E80, 0x303E}, {0x3041, 0xA4CF},
                                        {0xAC00, 0xD7A3},  {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},
                                        {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF},
                                        {0x20000, 0x3FFFD}};

    if (code < 0x300)
        return 1;
    if (is_in(marks, sizeof marks / sizeof *marks, code))
        return 0;
    return is_in(wide, sizeof wide / sizeof *wide, code) ? 2 : 1;
}

const char *top_clean(struct arena *arena, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t length;

    while (*s >= 0x20 && *s < 0x7F)
        s++;
    if (*s == '\0')
        return text;
    char *copy = arena_alloc(arena, strlen(text) + 1), *to = copy;
    for (s = (const unsigned char *)text; *s; s += length) {
        int32_t code = decode(s, &length);
        if (code == '\t' || code == '\n') {
            *to++ = ' ';
        } else if (code < 0) {
            *to++ = '?';
        } else if (!is_hostile(code)) {
            memcpy(to, s, length);
            to += length;
        }
    }
    *to = '\0';
    return copy;
}

/* How long the escape of JSON at s is; 0: it is none. */
static size_t escape_size(const char *s)
{
    size_t digits = 0;

    if (s[1] != 'u')
        return s[1] != '\0' && strchr("\"\\/bfnrt", s[1]) != NULL ? 2 : 0;
    while (digits < 4 && isxdigit((unsigned char)s[2 + digits]))
        digits++;
    return digits == 4 ? 6 : 0;
}

static void add_code(struct buffer *out, int32_t code)
{
    char text[16];
    int n;

    if (code < 0x10000)
        n = snprintf(text, sizeof text, "\\u%04x", code < 0 ? 0xFFFDu : (unsigned)code);
    else
        n = snprintf(text, sizeof text, "\\u%04x\\u%04x",
                     0xD800 + ((unsigned)(code - 0x10000) >> 10), 0xDC00 + (code & 0x3FFu));
    buffer_add(out, text, (size_t)n);
}

void top_add_json(struct buffer *out, const char *text, size_t size)
{
    const char *plain = text, *end = text + size;
    size_t length;

    for (const char *s = text; s < end; s += length) {
        int32_t code = decode((const unsigned char *)s, &length);
        bool is_escape = code == '\\' && escape_size(s) > 0;
        if (is_escape)
            length = escape_size(s);
        else if (code != '\\' && !is_hostile(code))
            continue;
        buffer_add(out, plain, (size_t)(s - plain));
        plain = is_escape ? s : s + length;
        if (!is_escape)
            add_code(out, code);
    }
    buffer_add(out, plain, (size_t)(end - plain));
}

size_t top_fit(const char *text, size_t columns)
{
    const unsigned char *from = (const unsigned char *)text, *s = from;
    size_t length,
        bytes = columns < SIZE_MAX / BYTES_OF_COLUMN ? columns * BYTES_OF_COLUMN : columns;

    while (*s) {
        int32_t code = decode(s, &length);
        size_t width = code < 0 ? 1 : width_of(code);
        if (width > columns || (size_t)(s - from) + length > bytes)
            break;
        columns -= width;
        s += length;
    }
    return (size_t)(s - from);
}

size_t top_width(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t width = 0, length;

    while (*s) {
        int32_t code = decode(s, &length);
        width += code < 0 ? 1 : width_of(code);
        s += length;
    }
    return width;
}

/* ---- numbers and tables ---- */

const char *top_time(struct arena *arena, int64_t ns)
{
    static const struct {
        double ns, least;
        const char *unit;
    } units[] = {{86400e9, 2 * 86400e9, "d"}, {3600e9, 2 * 3600e9, "h"}, {60e9, 120e9, "m"},
                 {1e9, 0.9995e9, "s"},        {1e6, 0.9995e6, "ms"},     {1e3, 0.9995e3, "us"}};

    if (ns < 0)
        return "-";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double value = (double)ns / units[i].ns;
        int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        if ((double)ns >= units[i].least)
            return arena_printf(arena, "%.*f%s", digits, value, units[i].unit);
    }
    return arena_printf(arena, "%dns", (int)ns);
}

/* A text in a column of this width, after the gap to the column before. */
static void put_cell(struct buffer *out, const char *text, size_t width, bool right, bool is_first)
{
    static const char blanks[] = "                                                                ";
    size_t have = top_width(text), fill = have < width ? width - have : 0;

    if (!is_first)
        buffer_add(out, "  ", 2);
    for (int side = 0; side < 2; side++) {
        if (side == 1)
            buffer_add(out, text, strlen(text));
        for (size_t left = (side == 0) == right ? fill : 0; left > 0;) {
            size_t n = left < sizeof blanks - 1 ? left : sizeof blanks - 1;
            buffer_add(out, blanks, n);
            left -= n;
        }
    }
}

struct list top_lines(struct arena *arena, const struct list *cells, uint32_t columns,
                      uint32_t right)
{
    struct list lines = {0};
    struct buffer line = {0};
    size_t width[32] = {0};

    for (uint32_t i = 0; i < cells->count; i++) {
        size_t have = top_width(cells->item[i]);
        if (have > width[i % columns])
            width[i % columns] = have;
    }
    for (uint32_t i = 0; i < cells->count; i++) {
        uint32_t column = i % columns;
        put_cell(&line, cells->item[i], width[column], right >> column & 1, column == 0);
        if (column + 1 < columns)
            continue;
        while (line.length > 0 && line.data[line.length - 1] == ' ')
            line.length--;
        list_add(arena, &lines, arena_strndup(arena, line.data, line.length));
        line.length = 0;
    }
    buffer_free(&line);
    return lines;
}
