/*
 * One line of what a compiler said: without its colours, with its place; and how it is passed on.
 *
 * With --error-format=json each line "FILE:LINE:COLUMN: error: text [-Woption]" becomes one object.
 * Lines that only belong to a message are left out (the source line, carets, "In function"). A line
 * that is not a message about a place, for example from a linker, is an object without a place.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *without_colours(struct arena *arena, const char *line, size_t length)
{
    char *out = arena_alloc(arena, length + 1), *to = out;
    for (size_t i = 0; i < length; i++) {
        if (line[i] != '\33') {
            *to++ = line[i];
        } else {
            while (i + 1 < length && !isalpha((unsigned char)line[i]))
                i++;
        }
    }
    return out;
}

/* Reads the number before a colon at *p, and moves *p past the colon. */
static bool read_number(const char **p, uint32_t *number)
{
    char *end;
    if (!isdigit((unsigned char)**p))
        return false;
    unsigned long n = strtoul(*p, &end, 10);
    if (*end != ':')
        return false;
    *number = (uint32_t)n;
    *p = end + 1;
    return true;
}

const char *said_read_place(struct arena *arena, const char *line, struct said_place *place)
{
    for (const char *colon = strchr(line, ':'); colon; colon = strchr(colon + 1, ':')) {
        const char *p = colon + 1;
        if (!read_number(&p, &place->line))
            continue;
        place->file = arena_strndup(arena, line, (size_t)(colon - line));
        place->column = 0;
        read_number(&p, &place->column);
        return *p == ' ' ? p + 1 : NULL;
    }
    return NULL;
}

/* ---- as JSON ---- */

struct said {
    const char *severity, *text, *option;
    struct said_place place;
};

static bool read_message(struct arena *arena, const char *line, struct said *out)
{
    static const char *const names[][2] = {{"note: ", "note"},
                                           {"warning: ", "warning"},
                                           {"error: ", "error"},
                                           {"fatal error: ", "error"}};
    const char *rest = said_read_place(arena, line, &out->place);
    for (size_t i = 0; rest && i < sizeof names / sizeof *names; i++) {
        if (strncmp(rest, names[i][0], strlen(names[i][0])))
            continue;
        rest += strlen(names[i][0]);
        const char *option = strstr(rest, " [-W");
        size_t n = option ? (size_t)(option - rest) : strlen(rest);
        out->severity = names[i][1];
        out->text = arena_strndup(arena, rest, n);
        if (option) {
            option += 2;
            if (!strncmp(option, "-Werror=", 8))
                option = arena_printf(arena, "-W%s", option + 8);
            else if (!strncmp(option, "-Werror,", 8))
                option += 8;
            out->option = arena_strndup(arena, option, strcspn(option, "],"));
        }
        return true;
    }
    return false;
}

/* A line that belongs to a message. */
static bool is_detail(const char *line)
{
    size_t n = strlen(line);
    return n == 0 || isspace((unsigned char)*line) ||
           !strncmp(line, "In file included from ", 22) || line[n - 1] == ':' ||
           (isdigit((unsigned char)*line) && ends_with(line, " generated."));
}

static void print_line(struct arena *arena, const char *line)
{
    struct said said = {0};
    if (read_message(arena, line, &said))
        json_plain(said.severity, said.place.file, said.place.line, said.place.column, said.text,
                   said.option, "compiler", stderr);
    else if (!is_detail(line))
        json_plain(strstr(line, "warning:") ? "warning" : "error", NULL, 0, 0, line, NULL,
                   "compiler", stderr);
}

void print_said(const struct command *cmd, const char *text, size_t length)
{
    if (!length)
        return;
    const char *p = text, *end = text + length;
    if (!cmd->options.json) {
        fwrite(text, 1, length, stderr);
        return;
    }
    while (p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((eol ? eol : end) - p);
        print_line(cmd->arena, arena_strndup(cmd->arena, p, n));
        p += n + 1;
    }
}
