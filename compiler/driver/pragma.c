/*
 * clang's preprocessor does not know bide's warnings. It drops `#pragma GCC diagnostic ignored
 * "-Wbide-..."` from its text, and prints a warning with the place, and with the pragma if that
 * came from a _Pragma. Here each pragma is put back at its place, as a line of the text, and the
 * warnings are removed. gcc's preprocessor keeps the pragmas.
 *
 * The warnings are in the order of the text. A pragma with a line of its own belongs after that
 * line. A pragma from a macro belongs after a `#pragma` line from the same source line, one for
 * each (macros push before they ignore), or before the rest of the line.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A pragma that was dropped. */
struct lost {
    char *file;
    uint32_t line;
    char *text;   /* from the #, without a newline */
    bool in_line; /* out of a _Pragma */
};

struct restoring {
    struct arena *arena;
    struct list lost;
    uint32_t next; /* of these */
    struct buffer text;
    char *file; /* of the line that is copied, and its number */
    uint32_t line;
    bool shifted; /* there are lines between that the numbers do not count */
};

/* ---- what was dropped ---- */

static bool begins_message(const char *line)
{
    return !strncmp(line, "warning: ", 9) || strstr(line, ": warning: ") ||
           strstr(line, ": error: ") || strstr(line, ": fatal error: ") ||
           !strncmp(line, "In file included from ", 22);
}

/* The line's `GCC diagnostic ...` or `clang diagnostic ...`, but not in the quotes of a _Pragma. */
static const char *find_pragma(const char *line)
{
    static const char *const names[] = {"GCC diagnostic ", "clang diagnostic "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *found = strstr(line, names[i]);
        if (found && !strstr(found, "\\\""))
            return found;
    }
    return NULL;
}

/* The colon of the ":12" that ends at `end`, or NULL. */
static const char *number_before(const char *line, const char *end)
{
    const char *p = end;
    while (p > line && isdigit((unsigned char)p[-1]))
        p--;
    return p < end && p > line && p[-1] == ':' ? p - 1 : NULL;
}

/* "FILE:LINE:COLUMN: warning: unknown warning group '-Wbide-...'", without colours. */
static struct lost *read_lost(struct arena *arena, const char *line)
{
    const char *message = strstr(line, ": warning: unknown warning group '-Wbide-");
    const char *column = message ? number_before(line, message) : NULL;
    const char *number = column ? number_before(line, column) : NULL;
    if (!number)
        return NULL;
    struct lost *lost = arena_alloc(arena, sizeof *lost);
    const char *group = strchr(message, '\'') + 1;
    lost->file = arena_strndup(arena, line, (size_t)(number - line));
    lost->line = (uint32_t)strtoul(number + 1, NULL, 10);
    lost->text = arena_printf(arena, "#pragma GCC diagnostic ignored \"%.*s\"",
                              (int)strcspn(group, "'"), group);
    return lost;
}

/* A line of the message: the pragma itself, or the place in a macro that it comes from. */
static void read_detail(struct arena *arena, struct lost *lost, const char *line)
{
    const char *pragma = find_pragma(line);
    if (pragma) {
        const char *close = strrchr(pragma, '"');
        lost->text = arena_printf(arena, "#pragma %.*s",
                                  (int)(close ? close + 1 - pragma : (long)strlen(pragma)), pragma);
    }
    lost->in_line |= !strncmp(line, "<scratch space>", 15);
}

/* Does the line belong to other messages? JSON has no carets. */
static bool is_wanted(const struct job *job, const char *line)
{
    bool is_count = isdigit((unsigned char)*line) && strstr(line, " generated.");
    return !is_count &&
           (!job->command->options.json || begins_message(line) || strstr(line, ": note: "));
}

/* Has the user switched off the warning that bide had to switch on? */
static bool is_silenced(const struct command *cmd)
{
    bool silenced = false;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const char *word = ((const struct arg *)cmd->args.item[i])->word[0];
        if (word && !strcmp(word, "-w"))
            return true;
        if (word && !strcmp(word, "-Wno-unknown-warning-option"))
            silenced = true;
        if (word && !strcmp(word, "-Wunknown-warning-option"))
            silenced = false;
    }
    return silenced;
}

/* Removes these messages from the preprocessor's output. */
static void take_messages(struct restoring *r, struct job *job)
{
    struct buffer *err = &job->err, rest = {0};
    const char *end = err->data + err->length, *context = NULL;
    struct lost *lost = NULL;
    bool silenced = is_silenced(job->command), dropped = false;
    for (const char *p = err->data, *next; p < end; p = next) {
        next = line_end(p, end);
        char *line = without_colours(r->arena, p, (size_t)(next - p));
        line[strcspn(line, "\n")] = '\0';
        bool begins = begins_message(line), is_context = !strncmp(line, "In file ", 8);
        if (begins) {
            lost = read_lost(r->arena, line);
            dropped = silenced && strstr(line, "[-Wunknown-warning-option]");
        }
        if (lost && begins)
            list_add(r->arena, &r->lost, lost);
        else if (lost)
            read_detail(r->arena, lost, line);
        const char *from = context ? context : p;
        if (!lost && !dropped && !is_context && is_wanted(job, line))
            buffer_add(&rest, from, (size_t)(next - from));
        context = is_context ? from : NULL;
    }
    buffer_free(err);
    *err = rest;
}

/* ---- putting it back ---- */

static void put(struct restoring *r, const char *text)
{
    buffer_add(&r->text, text, strlen(text));
}

static struct lost *pending(const struct restoring *r)
{
    return r->next < r->lost.count ? r->lost.item[r->next] : NULL;
}

static void put_lost(struct restoring *r)
{
    put(r, pending(r)->text);
    put(r, "\n");
    r->shifted = true;
    r->next++;
}

struct marker {
    uint32_t line;
    char *file;
    bool enters, returns;
};

/* `# 12 "file.c" 2`: the name is as it is spelled there. */
static bool read_marker(struct restoring *r, const char *p, const char *end, struct marker *m)
{
    char *after;
    if (end - p < 4 || p[0] != '#' || p[1] != ' ' || !isdigit((unsigned char)p[2]))
        return false;
    m->line = (uint32_t)strtoul(p + 2, &after, 10);
    const char *open = memchr(after, '"', (size_t)(end - after));
    const char *close = open ? memrchr(open, '"', (size_t)(end - open)) : NULL;
    if (!close || close == open)
        return false;
    m->file = arena_strndup(r->arena, open + 1, (size_t)(close - open - 1));
    m->enters = memchr(close, '1', (size_t)(end - close)) != NULL;
    m->returns = memchr(close, '2', (size_t)(end - close)) != NULL;
    return true;
}

static bool is_push(const char *p, const char *end)
{
    return !strncmp(p, "#pragma ", 8) && memmem(p, (size_t)(end - p), " diagnostic push", 16);
}

/* Is the next pragma in the file that is copied, on a line before this one? */
static bool is_past(const struct restoring *r, uint32_t line)
{
    const struct lost *lost = pending(r);
    return lost && r->file && !strcmp(lost->file, r->file) && lost->line < line;
}

/* Is it from a macro in this line? */
static bool is_here(const struct restoring *r)
{
    const struct lost *lost = pending(r);
    return lost && lost->in_line && lost->line == r->line && is_past(r, UINT32_MAX);
}

/* Does the same source line give another push, from p on? */
static bool has_push_yet(struct restoring *r, const char *p, const char *end)
{
    struct marker m = {.line = r->line};
    for (const char *next; p < end && m.line <= r->line; p = next) {
        next = line_end(p, end);
        if (read_marker(r, p, next, &m)) {
            if (strcmp(m.file, r->file))
                return false;
        } else if (m.line++ == r->line && is_push(p, next)) {
            return true;
        }
    }
    return false;
}

static void copy_line(struct restoring *r, const char *p, const char *next, const char *end)
{
    bool push = is_push(p, next);
    while (is_past(r, r->line) || (!push && is_here(r) && !has_push_yet(r, p, end)))
        put_lost(r);
    if (r->shifted && r->file)
        put(r, arena_printf(r->arena, "# %u \"%s\"\n", r->line, r->file));
    r->shifted = false;
    buffer_add(&r->text, p, (size_t)(next - p));
    if (push && is_here(r))
        put_lost(r);
    r->line++;
}

/* A file that is entered will be returned to, so its later pragmas wait; a file that is returned
 * from is over. */
static void copy_marker(struct restoring *r, const char *p, const char *next,
                        const struct marker *m)
{
    bool stays = r->file && !strcmp(m->file, r->file);
    while (is_past(r, m->returns ? UINT32_MAX : m->enters || !stays ? r->line : m->line))
        put_lost(r);
    buffer_add(&r->text, p, (size_t)(next - p));
    r->file = m->file;
    r->line = m->line;
    r->shifted = false;
}

void pragmas_restore(struct job *job)
{
    struct restoring r = {.arena = job->command->arena, .line = 1};
    if (!job->err.length)
        return;
    take_messages(&r, job);
    if (!r.lost.count)
        return;
    const char *end = job->text.data + job->text.length;
    for (const char *p = job->text.data, *next; p < end; p = next) {
        struct marker m;
        next = line_end(p, end);
        if (read_marker(&r, p, next, &m))
            copy_marker(&r, p, next, &m);
        else
            copy_line(&r, p, next, end);
    }
    while (pending(&r))
        put_lost(&r);
    buffer_free(&job->text);
    job->text = r.text;
}
