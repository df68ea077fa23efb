/*
 * Hints about a missing #include <bide/bide.h>, and about a library of bide that is not linked.
 *
 * A file that has words of bide but includes no header of bide is compiled as it is: async and
 * defer may be the user's own names. If the compiler then finds an error at such a word, of the
 * kind that an unknown word gives, the include may be missing.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "FILE:LINE:COLUMN: error: TEXT". */
struct complaint {
    const char *file, *text;
    size_t line, column; /* from 1 */
};

static bool read_complaint(struct arena *arena, const char *line, struct complaint *c)
{
    const char *at = strstr(line, ": error: ");
    const char *p = at;
    int numbers = 0;
    if (!at)
        return false;
    for (; numbers < 2 && p > line && isdigit((unsigned char)p[-1]); numbers++) {
        while (p > line && isdigit((unsigned char)p[-1]))
            p--;
        size_t n = strtoul(p, NULL, 10);
        *(numbers == 0 ? &c->column : &c->line) = n;
        if (p > line && p[-1] == ':')
            p--;
    }
    c->file = arena_strndup(arena, line, (size_t)(p - line));
    c->text = at + strlen(": error: ");
    return numbers == 2 && c->column > 0;
}

/* The quotes round a word in a message may not be ASCII. */
static bool is_ascii_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_ours(const char *word, size_t length)
{
    static const char *const words[] = {"async", "await", "defer"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (length == strlen(words[i]) && !memcmp(word, words[i], length))
            return true;
    }
    return length > 5 && !memcmp(word, "bide_", 5);
}

/* Is it a compiler's message about an unknown word, or about the token after it? */
static bool is_about(const struct complaint *c, const char *line, size_t start, size_t end)
{
    size_t next = end, column = c->column - 1;
    const char *quoted = memmem(c->text, strlen(c->text), line + start, end - start);
    if (quoted && !is_ascii_word(quoted[-1]) && !is_ascii_word(quoted[end - start]))
        return strstr(c->text, "undeclared") || strstr(c->text, "unknown type name");
    if (strncmp(c->text, "expected ", 9) != 0)
        return false;
    while (line[next] == ' ' || line[next] == '\t' || line[next] == '(')
        next++;
    return column >= end && column <= next;
}

static void print_note(const struct command *cmd, const struct complaint *c, size_t column,
                       const char *word, size_t length)
{
    bool colour = cmd->options.colour;
    char *text = arena_printf(cmd->arena,
                              "'%.*s' is a word of '<bide/bide.h>'; did you forget to "
                              "'#include <bide/bide.h>'?",
                              (int)length, word);
    if (cmd->options.json)
        json_plain("note", c->file, (uint32_t)c->line, (uint32_t)column, text, NULL, "bide",
                   stderr);
    else
        fprintf(stderr, "%s%s:%zu:%zu:%s %snote:%s %s\n", colour ? "\33[1m" : "", c->file, c->line,
                column, colour ? "\33[m" : "", colour ? "\33[1;36m" : "", colour ? "\33[m" : "",
                text);
}

/* Prints the note for the word that the message is about. False: it is not a word of bide. */
static bool say(const struct command *cmd, const struct complaint *c, const char *line)
{
    for (size_t i = 0; line[i] && line[i] != '\n';) {
        size_t start = i;
        while (is_ascii_word(line[i]))
            i++;
        if (i == start)
            i++;
        else if (is_ours(line + start, i - start) && is_about(c, line, start, i)) {
            print_note(cmd, c, start + 1, line + start, i - start);
            return true;
        }
    }
    return false;
}

/* The line of the file, or NULL. */
static const char *find_line(const struct buffer *text, size_t number)
{
    const char *p = text->data, *end = text->data + text->length;
    for (; text->length && number > 1 && p; number--) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return text->length ? p : NULL;
}

void hint_missing_include(const struct command *cmd, const struct buffer *err,
                          const struct buffer *standard_input)
{
    const char *p = err->data, *end = err->data + err->length;
    bool said = false;
    while (err->length && p < end && !said) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((eol ? eol : end) - p);
        const char *line = without_colours(cmd->arena, p, length);
        struct complaint c;
        struct buffer file = {0};
        p += length + 1;
        if (!read_complaint(cmd->arena, line, &c))
            continue;
        bool standard = !strcmp(c.file, "<stdin>");
        if (!standard && buffer_read_file(&file, c.file) < 0)
            continue;
        const char *at = find_line(standard ? standard_input : &file, c.line);
        said = at && say(cmd, &c, at);
        buffer_free(&file);
    }
}

/* ---- libraries ---- */

static const struct library {
    const char *name, *beginning; /* of all of its functions */
    const char *only;             /* NULL; or how they go on, each between blanks */
} libraries[] = {{"bide-http", "bide_http_",
                  " client_new client_free send get post response_free status body body_size "
                  "header_value header_at error "},
                 {"bide-http-server", "bide_http_", NULL},
                 {"bide-sqlite", "bide_sql_", NULL},
                 {"bide-tls", "bide_tls_", NULL},
                 {"bide-trace-otlp", "bide_trace_otlp_", NULL},
                 {"bide-trace", "bide_trace_", NULL}};

/* The function of the library that is named in the text; NULL: there is none. */
static const char *function_of(struct arena *arena, const struct library *library, const char *at)
{
    const char *function = strstr(at, library->beginning);
    size_t length = 0;
    if (!function || !library->only)
        return function;
    const char *rest = function + strlen(library->beginning);
    while (is_ascii_word(rest[length]))
        length++;
    const char *word = arena_printf(arena, " %.*s ", (int)length, rest);
    return strstr(library->only, word) ? function : NULL;
}

static bool is_linked(const struct command *cmd, const char *name)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind == ARG_LINK && !strncmp(a->word[0], "-l", 2) && !strcmp(a->value, name))
            return true;
    }
    return false;
}

static void note_library(const struct command *cmd, const struct library *library,
                         const char *function, bool runs)
{
    size_t length = 0;
    while (is_ascii_word(function[length]))
        length++;
    const char *what = arena_printf(cmd->arena, "'%.*s' is in the library %s", (int)length,
                                    function, library->name);
    if (is_linked(cmd, library->name))
        diag_plain(SEV_NOTE, "%s: put '-l%s' after the files that need it", what, library->name);
    else if (runs)
        diag_plain(SEV_NOTE, "%s: name it in a comment in the first lines, as in: needs: %s", what,
                   library->name);
    else
        diag_plain(SEV_NOTE, "%s: link it with '-l%s'", what, library->name);
}

void hint_missing_library(const struct command *cmd, const struct buffer *err, bool runs)
{
    bool noted[sizeof libraries / sizeof *libraries] = {false};
    if (err->length == 0)
        return;
    const char *end = err->data + err->length;
    for (const char *p = err->data, *next; p < end; p = next) {
        next = line_end(p, end);
        const char *line = without_colours(cmd->arena, p, (size_t)(next - p));
        const char *at = strstr(line, "undefined reference to ");
        at = at ? at : strstr(line, "undefined symbol: ");
        for (size_t i = 0; at && i < sizeof libraries / sizeof *libraries; i++) {
            const char *function = function_of(cmd->arena, &libraries[i], at);
            if (!function)
                continue;
            if (!noted[i])
                note_library(cmd, &libraries[i], function, runs);
            noted[i] = true;
            break;
        }
    }
}
