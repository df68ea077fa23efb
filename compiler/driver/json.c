/*
 * What compilers say, as JSON: each line "FILE:LINE:COLUMN: error: text [-Woption]" becomes one
 * object; lines that only belong to it (the source line, carets, "In function") are left out, and
 * a line that is no message about a place (of a linker, for instance) becomes an object without a
 * place.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct said {
    const char *severity, *text, *option, *file;
    uint32_t line, column;
};

/* The number before the colon at *p, and past it. */
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

/* "FILE:LINE:COLUMN: ", the column perhaps left out; what follows, or NULL. */
static const char *read_place(struct arena *arena, const char *line, struct said *out)
{
    for (const char *colon = strchr(line, ':'); colon; colon = strchr(colon + 1, ':')) {
        const char *p = colon + 1;
        if (!read_number(&p, &out->line))
            continue;
        out->file = arena_strndup(arena, line, (size_t)(colon - line));
        read_number(&p, &out->column);
        return *p == ' ' ? p + 1 : NULL;
    }
    return NULL;
}

static bool read_message(struct arena *arena, const char *line, struct said *out)
{
    static const char *const names[][2] = {{"note: ", "note"},
                                           {"warning: ", "warning"},
                                           {"error: ", "error"},
                                           {"fatal error: ", "error"}};
    const char *rest = read_place(arena, line, out);
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
        json_plain(said.severity, said.file, said.line, said.column, said.text, said.option,
                   "compiler", stderr);
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
