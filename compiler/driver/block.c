/*
 * A compiler's messages: which lines belong to one, what place it is about, and its text.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <string.h>

/* Reads "FILE:LINE:COLUMN: error: text [-Woption]". Notes belong to what is before them. */
static bool read_message(struct arena *arena, const char *line, struct block *b)
{
    static const char *const names[] = {"warning: ", "remark: ", "error: ", "fatal error: "};
    const char *rest = said_read_place(arena, line, &b->place);
    for (size_t i = 0; rest && i < sizeof names / sizeof *names; i++) {
        if (strncmp(rest, names[i], strlen(names[i])))
            continue;
        rest += strlen(names[i]);
        const char *option = strrchr(rest, '[');
        bool has_option = option && (!strncmp(option, "[-W", 3) || !strncmp(option, "[-R", 3));
        size_t length = has_option ? (size_t)(option - rest) : strlen(rest);
        b->error = i > 1;
        b->text = arena_strndup(arena, rest, length);
        b->option = arena_strndup(arena, has_option ? option : "", has_option ? strlen(option) : 0);
        return true;
    }
    return false;
}

static bool is_note(struct arena *arena, const char *line, struct block *b)
{
    const char *rest = said_read_place(arena, line, &b->place);
    return rest && !strncmp(rest, "note: ", 6);
}

/* "a.c: In function 'f':", "In file included from ...", with its " from ..." lines, and "In
 * function 'f'," with "    inlined from 'g' at a.c:1:2:". */
static bool is_context(const char *line)
{
    const char *in = strstr(line, "In ");
    bool begins = in && (in == line || (in - line > 1 && !strncmp(in - 2, ": ", 2)));
    return !strncmp(line, "In file included from ", 22) ||
           !strncmp(line, "                 from ", 22) ||
           !strncmp(line, "    inlined from ", 17) || ends_with(line, ": At top level:") ||
           (begins && (ends_with(line, ":") || ends_with(line, ",")));
}

/* "1 warning generated.": dropped, since not all of the counted warnings are printed. */
static bool is_count(const char *line)
{
    return isdigit((unsigned char)*line) && ends_with(line, " generated.");
}

/* Is it the name of a tool, perhaps with a version: "ld:", "clang-14:", "ld.bfd:"? */
static bool is_tool_name(const char *name)
{
    static const char *const tools[] = {"cc1", "collect2", "gcc", "clang", "cc",
                                        "as",  "ld",       "lld", "lto1",  "lto-wrapper"};
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        size_t n = strlen(tools[i]);
        if (!strncmp(name, tools[i], n) && strchr(":.-", name[n]))
            return true;
    }
    return false;
}

/* "cc1: ...", "/usr/bin/x86_64-linux-gnu-ld: ...": is the message from a tool, without a place? A
 * folder in a place may be named like a tool. */
static bool is_tool_line(const char *line)
{
    const char *colon = strstr(line, ": "), *begin = line;
    if (!strncmp(line, "{standard input}:", 17))
        return true;
    for (const char *p = line; colon && p < colon; p++) {
        if (*p == '/')
            begin = p + 1;
        if (*p == ':')
            return false;
    }
    for (const char *p = begin; colon && p < colon && *p != ' '; p++) {
        if ((p == begin || p[-1] == '-') && is_tool_name(p))
            return true;
    }
    return false;
}

/* After "/usr/bin/ld: lib.a(a.o): in function `f':" a linker says what it has to say about that
 * function, perhaps as "a.c:1: warning: ...", with the place from the debug information. No message
 * of a compiler comes after that. */
static bool is_in_function(const struct block *b)
{
    return !b->place.file && memmem(b->start, b->length, ": in function `", 15);
}

static struct block *begin_block(struct blocks *blocks, const char *at)
{
    struct block *b = arena_alloc(blocks->arena, sizeof *b);
    b->start = blocks->context ? blocks->context : at;
    blocks->context = NULL;
    list_add(blocks->arena, &blocks->list, b);
    return b;
}

static void take_line(struct blocks *blocks, const char *line, size_t length)
{
    char *text = without_colours(blocks->arena, line, length);
    struct block message = {0};
    struct list *list = &blocks->list;
    struct block *b = list->count ? list->item[list->count - 1] : NULL;
    if (is_count(text))
        return;
    if (is_context(text)) {
        if (!blocks->context)
            blocks->context = line;
        return;
    }
    if (b && is_in_function(b) && !is_tool_line(text)) {
        ; /* it belongs to that */
    } else if (read_message(blocks->arena, text, &message)) {
        b = begin_block(blocks, line);
        message.start = b->start;
        message.context_length = (size_t)(line - b->start);
        *b = message;
    } else if (!b || is_tool_line(text)) {
        b = begin_block(blocks, line);
        b->text = b->option = text + strlen(text);
        if (is_note(blocks->arena, text, &message)) /* of a warning that -w silences */
            b->place = message.place;
    }
    blocks->context = NULL;
    b->length = (size_t)(line + length + 1 - b->start);
}

struct blocks blocks_read(struct arena *arena, const struct buffer *err)
{
    struct blocks blocks = {.arena = arena};
    if (!err->length)
        return blocks;
    const char *p = err->data, *end = p + err->length;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((newline ? newline : end) - p);
        take_line(&blocks, p, length);
        p += length + 1;
    }
    if (blocks.list.count) {
        struct block *last = blocks.list.item[blocks.list.count - 1];
        if (last->start + last->length > end)
            last->length = (size_t)(end - last->start);
    }
    return blocks;
}

/* The option's name, which ends at a ] or =; "" without one. */
static const char *option_name(const struct block *b)
{
    const char *name = b->option;
    if (strncmp(name, "[-W", 3))
        return "";
    name += 3;
    if (!strncmp(name, "error=", 6))
        return name + 6;
    return strncmp(name, "error,-W", 8) ? name : name + 8;
}

const char *block_option(struct arena *arena, const struct block *b)
{
    const char *name = option_name(b);
    return arena_strndup(arena, name, strcspn(name, "]=,"));
}

static bool same_option(const struct block *a, const struct block *b)
{
    const char *x = option_name(a), *y = option_name(b);
    size_t n = strcspn(x, "]=,");
    return n && n == strcspn(y, "]=,") && !strncmp(x, y, n);
}

bool block_same(const struct block *a, const struct block *b)
{
    const struct said_place *x = &a->place, *y = &b->place;
    if (!x->file || !y->file)
        return !x->file && !y->file && a->length == b->length &&
               !memcmp(a->start, b->start, a->length);
    return x->line == y->line && !strcmp(x->file, y->file) &&
           (!strcmp(a->text, b->text) || same_option(a, b));
}

bool block_is_hard(const struct block *b)
{
    return b->place.file && b->error && strncmp(b->option, "[-Werror", 8);
}
