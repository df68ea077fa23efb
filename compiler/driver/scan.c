/*
 * May a C file without words of bide get some from elsewhere? They may come from macros of headers
 * that it includes, or that -include names, or from -D.
 *
 * Headers are followed as the preprocessor does it, but conditions are ignored, and only the
 * folders of the command line, /usr/local/include and /usr/include are searched; headers that are
 * only in the compiler's own folders are not found. A file that may reach a header of bide, a macro
 * with a word of bide, or a header whose name is a macro is preprocessed; its text then shows
 * whether it has async words.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scan {
    struct command *cmd;
    struct list folders; /* char *: for #include <...> */
    struct list quoted;  /* char *: for "...", before these */
    struct list seen;    /* char *: paths */
};

static bool scan_text(struct scan *scan, const char *path, const struct buffer *text);

static bool is_seen(struct scan *scan, const char *path)
{
    path = intern(scan->cmd->arena, path, strlen(path));
    for (uint32_t i = 0; i < scan->seen.count; i++) {
        if (scan->seen.item[i] == path)
            return true;
    }
    list_add(scan->cmd->arena, &scan->seen, (void *)path);
    return false;
}

/* Scans the header with that name in the folder: 1 or 0. -1: there is no such file. */
static int scan_at(struct scan *scan, const char *folder, const char *name)
{
    struct buffer text = {0};
    const char *path =
        *folder && *name != '/' ? arena_printf(scan->cmd->arena, "%s/%s", folder, name) : name;
    if (access(path, R_OK) != 0)
        return -1;
    if (is_seen(scan, path) || buffer_read_file(&text, path) < 0)
        return 0;
    bool found = scan_text(scan, path, &text);
    buffer_free(&text);
    return found;
}

static int scan_folders(struct scan *scan, const struct list *folders, const char *name)
{
    for (uint32_t i = 0; i < folders->count; i++) {
        int found = scan_at(scan, folders->item[i], name);
        if (found >= 0)
            return found;
    }
    return -1;
}

/* The header `name` of an #include in `path`; NULL: of the command line. */
static bool scan_header(struct scan *scan, const char *path, const char *name, bool quoted)
{
    struct arena *arena = scan->cmd->arena;
    if (!strncmp(name, "bide/", 5))
        return true;
    const char *folder = path ? arena_strndup(arena, path, (size_t)(base_name(path) - path)) : "";
    int found = quoted ? scan_at(scan, *folder ? folder : ".", name) : -1;
    if (found < 0 && quoted)
        found = scan_folders(scan, &scan->quoted, name);
    if (found < 0)
        found = scan_folders(scan, &scan->folders, name);
    return found > 0;
}

/* ---- directives ---- */

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t\f\v\r");
}

/* #include, #import, #include_next, from the name on. A macro may be any name. */
static bool scan_include(struct scan *scan, const char *path, const char *p)
{
    const char *stop = *p == '"' ? strchr(p + 1, '"') : *p == '<' ? strchr(p + 1, '>') : NULL;
    if (!stop)
        return *p != '\0';
    char *name = arena_strndup(scan->cmd->arena, p + 1, (size_t)(stop - p - 1));
    return scan_header(scan, path, name, *p == '"');
}

/* A directive after its mark, without comments, with its continuation lines joined. */
static bool scan_directive(struct scan *scan, const char *path, const char *line)
{
    const char *p = skip_blanks(line);
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
    const char *rest = skip_blanks(p + n);
    if ((n == 7 && !memcmp(p, "include", 7)) || (n == 6 && !memcmp(p, "import", 6)) ||
        (n == 12 && !memcmp(p, "include_next", 12)))
        return scan_include(scan, path, rest);
    return n == 6 && !memcmp(p, "define", 6) && text_has_async_words(rest, strlen(rest));
}

/* Behind the backslash (or its trigraph) and the newline at p; NULL: they are not there. */
static const char *behind_splice(const char *p)
{
    size_t n = *p == '\\' ? 1 : !strncmp(p, "?\?/", 3) ? 3 : 0;
    if (!n)
        return NULL;
    n += p[n] == '\r';
    return p[n] == '\n' ? p + n + 1 : NULL;
}

struct reader {
    const char *at, *end;
    bool in_comment;
    char quote; /* the quote of the current literal, or 0 */
};

/* The next character to keep; a comment is a blank. '\0': the end. */
static char next_char(struct reader *r)
{
    const char *behind;
    while (r->at < r->end) {
        if ((behind = behind_splice(r->at))) {
            r->at = behind;
        } else if (r->in_comment) {
            r->in_comment = strncmp(r->at, "*/", 2) != 0;
            r->at += r->in_comment ? 1 : 2;
        } else if (!r->quote && !strncmp(r->at, "/*", 2)) {
            r->in_comment = true;
            r->at += 2;
            return ' ';
        } else if (!r->quote && !strncmp(r->at, "//", 2)) {
            while (r->at < r->end && *r->at != '\n') /* splices go on with it */
                r->at = (behind = behind_splice(r->at)) ? behind : r->at + 1;
        } else {
            char c = *r->at++;
            if (c == '\n' || c == r->quote)
                r->quote = 0;
            else if (!r->quote && (c == '"' || c == '\''))
                r->quote = c;
            else if (r->quote && c == '\\' && r->at < r->end && *r->at != '\n')
                r->at++; /* an escape ends no literal; what it is does not matter */
            return c ? c : ' ';
        }
    }
    return '\0';
}

/* Scans the directives, which begin with `mark`; `line` has room for the whole text. A mark in a
 * comment or a string begins no directive, but reading it as one does no harm. */
static bool scan_marks(struct scan *scan, const char *path, const struct buffer *text,
                       const char *mark, char *line)
{
    size_t length = strlen(mark);
    const char *p = text->data, *end = text->data + text->length;
    bool found = false;
    while (!found && (p = memmem(p, (size_t)(end - p), mark, length))) {
        struct reader r = {.at = p + length, .end = end};
        size_t n = 0;
        for (char c; (c = next_char(&r)) && c != '\n';)
            line[n++] = c;
        line[n] = '\0';
        found = scan_directive(scan, path, line);
        p += length;
    }
    return found;
}

static bool scan_text(struct scan *scan, const char *path, const struct buffer *text)
{
    static const char *const marks[] = {"#", "%:", "?\?="};
    char *line = text->length ? malloc(text->length + 1) : NULL;
    bool found = false;
    for (size_t i = 0; line && i < sizeof marks / sizeof *marks && !found; i++)
        found = scan_marks(scan, path, text, marks[i], line);
    free(line);
    return found;
}

/* ---- the command line ---- */

static bool is_named(const struct arg *a, const char *name)
{
    return !strncmp(a->word[0], name, strlen(name));
}

static void read_folders(struct scan *scan)
{
    struct arena *arena = scan->cmd->arena;
    static const char *const names[] = {"-I", "-isystem", "-idirafter"}; /* in their order */
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        for (uint32_t i = 0; i < scan->cmd->args.count; i++) {
            struct arg *a = scan->cmd->args.item[i];
            if (k == 0 && a->kind == ARG_PREPROCESS && a->value && is_named(a, "-iquote"))
                list_add(arena, &scan->quoted, (void *)a->value);
            if (a->kind == ARG_PREPROCESS && a->value && is_named(a, names[k]))
                list_add(arena, &scan->folders, (void *)a->value);
        }
    }
    list_add(arena, &scan->folders, (void *)"/usr/local/include");
    list_add(arena, &scan->folders, (void *)"/usr/include");
}

/* -Wp, and -Xpreprocessor may pass on anything. */
static bool passes_on(const struct arg *a)
{
    return (is_named(a, "-Wp,") || is_named(a, "-Xpreprocessor")) &&
           (strstr(a->value, "-include") || strstr(a->value, "-imacros") || strstr(a->value, "-D"));
}

/* -D, -include, -imacros. */
static bool scan_options(struct scan *scan)
{
    for (uint32_t i = 0; i < scan->cmd->args.count; i++) {
        const struct arg *a = scan->cmd->args.item[i];
        if ((a->kind != ARG_PREPROCESS && a->kind != ARG_PCH) || !a->value)
            continue;
        bool header = is_named(a, "-include") || is_named(a, "-imacros");
        if (!strcmp(a->word[0], "-Xclang")) /* -Xclang -include -Xclang NAME */
            header = a->value[0] != '-';
        if (passes_on(a) || (is_named(a, "-D") && text_has_async_words(a->value, strlen(a->value))))
            return true;
        const char *name =
            a->kind == ARG_PCH ? with_suffix(scan->cmd->arena, a->value, "") : a->value;
        if (header && scan_header(scan, NULL, name, true))
            return true;
    }
    return false;
}

bool may_get_async_words(struct command *cmd, const char *path, const struct buffer *text)
{
    struct scan scan = {.cmd = cmd};
    read_folders(&scan);
    return scan_options(&scan) || scan_text(&scan, path, text);
}
