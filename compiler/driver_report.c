/*
 * What the user's compiler says of the generated text, told in terms of the user's file.
 *
 * Lines are right in the generated text, columns and spelling are not. So when the compiler has
 * said anything, it is asked once more about the file itself, in the plain reading: its messages
 * there are printed, and of those about the generated text only what it did not say there (what
 * only shows when code is generated). Two messages are the same when file, line and text agree,
 * or file, line and the name of the warning.
 *
 * An error in the generated text that is none in the file is our fault, unless it is a warning made
 * an error, comes from the assembler or the linker, or is a static assertion of emit_limit.c.
 *
 * clang's preprocessed text does not say which tokens come from macros of system headers, in which
 * it keeps quiet. So of clang, warnings about the generated text count only if its front end gives
 * them for the file too, or they come from behind it.
 */
#define _GNU_SOURCE
#include "driver.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One message with the lines that belong to it. */
struct block {
    const char *start; /* the context lines before it included */
    size_t length;
    char *place;  /* file:line, NULL: not a message of a compiler about a place */
    char *text;   /* after "error: ", without colours and without the option */
    char *option; /* [-W...], or "" */
    bool error;
};

struct blocks {
    struct arena *arena;
    struct list list;
    const char *context; /* lines that belong to the next message; or NULL */
};

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

/* "FILE:LINE:COLUMN: " with the column left out at will; the rest after it, or NULL. */
static const char *read_place(struct arena *arena, const char *line, char **place)
{
    for (const char *colon = strchr(line, ':'); colon; colon = strchr(colon + 1, ':')) {
        const char *p = colon + 1;
        size_t digits = strspn(p, "0123456789");
        if (digits == 0 || p[digits] != ':')
            continue;
        *place = arena_strndup(arena, line, (size_t)(p + digits - line));
        p += digits + 1;
        digits = strspn(p, "0123456789");
        if (digits && p[digits] == ':')
            p += digits + 1;
        return *p == ' ' ? p + 1 : NULL;
    }
    return NULL;
}

/* Reads "FILE:LINE:COLUMN: error: text [-Woption]". Notes belong to what is before them. */
static bool read_message(struct arena *arena, const char *line, struct block *b)
{
    static const char *const names[] = {"warning: ", "error: ", "fatal error: "};
    const char *rest = read_place(arena, line, &b->place);
    for (size_t i = 0; rest && i < sizeof names / sizeof *names; i++) {
        if (strncmp(rest, names[i], strlen(names[i])))
            continue;
        rest += strlen(names[i]);
        const char *option = strrchr(rest, '[');
        bool has_option = option && !strncmp(option, "[-W", 3);
        size_t length = has_option ? (size_t)(option - rest) : strlen(rest);
        b->error = i > 0;
        b->text = arena_strndup(arena, rest, length);
        b->option = arena_strndup(arena, has_option ? option : "", has_option ? strlen(option) : 0);
        return true;
    }
    return false;
}

static bool ends_with(const char *line, const char *end)
{
    size_t n = strlen(line), m = strlen(end);
    return n >= m && !strcmp(line + n - m, end);
}

/* "a.c: In function 'f':", "In file included from ...", with its " from ..." lines. */
static bool is_context(const char *line)
{
    const char *in = strstr(line, ": In ");
    return !strncmp(line, "In file included from ", 22) ||
           !strncmp(line, "                 from ", 22) || ends_with(line, ": At top level:") ||
           (in && ends_with(line, ":"));
}

/* "1 warning generated." counts what is not printed as it was. */
static bool is_count(const char *line)
{
    return isdigit((unsigned char)*line) && ends_with(line, " generated.");
}

/* Is it the name of a tool, perhaps with a version behind: "ld:", "clang-14:", "ld.bfd:"? */
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

/* "cc1: ...", "/usr/bin/x86_64-linux-gnu-ld: ...": of a tool, not of a place. */
static bool is_tool_line(const char *line)
{
    const char *colon = strstr(line, ": ");
    if (!strncmp(line, "{standard input}:", 17))
        return true;
    for (const char *p = line; colon && p < colon && *p != ' '; p++) {
        if ((p == line || p[-1] == '/' || p[-1] == '-') && is_tool_name(p))
            return true;
    }
    return false;
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
    if (read_message(blocks->arena, text, &message)) {
        b = begin_block(blocks, line);
        message.start = b->start;
        *b = message;
    } else if (!b || is_tool_line(text)) {
        b = begin_block(blocks, line);
    }
    blocks->context = NULL;
    b->length = (size_t)(line + length + 1 - b->start);
}

static struct blocks read_blocks(struct arena *arena, const struct buffer *err)
{
    struct blocks blocks = {.arena = arena};
    const char *p = err->length ? err->data : "", *end = p + err->length;
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

static bool same(const struct block *a, const struct block *b)
{
    if (!a->place || !b->place)
        return !a->place && !b->place && a->length == b->length &&
               !memcmp(a->start, b->start, a->length);
    return !strcmp(a->place, b->place) &&
           (!strcmp(a->text, b->text) || (*a->option && !strcmp(a->option, b->option)));
}

static bool is_said(const struct block *b, const struct blocks *said, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < said[i].list.count; k++) {
            if (same(b, said[i].list.item[k]))
                return true;
        }
    }
    return false;
}

static void print_buffer(const struct job *job, const struct buffer *b)
{
    print_said(job->command, b->data, b->length);
}

/* How its message begins. */
#define LIMIT "bide: alignment of "

/* What a static assertion of the generated text says to the user, or NULL. */
static const char *limit_text(struct arena *arena, const struct block *b)
{
    const char *text = NULL;
    if (!b->place || !b->error || !strstr(b->text, "assert"))
        return NULL;
    for (const char *p = b->text; (p = strstr(p, LIMIT)); p += sizeof LIMIT - 1)
        text = p + sizeof "bide: " - 1;
    if (!text)
        return NULL;
    char *said = arena_alloc(arena, strlen(text) + 1), *to = said;
    for (; *text && *text != '"'; text++)
        if (*text != '\\') /* gcc's spelling of the string */
            *to++ = *text;
    return arena_printf(arena, "%s is more than 4096, the most that async code can have", said);
}

static void print_limit(const struct job *job, const struct block *b, const char *text)
{
    struct arena *arena = arena_new();
    char *line = arena_printf(arena, "%s: error: %s\n", b->place, text);
    print_said(job->command, line, strlen(line));
    arena_free(arena);
}

/* An error that no option made one. */
static bool has_hard_error(struct arena *arena, const struct blocks *blocks)
{
    for (uint32_t i = 0; i < blocks->list.count; i++) {
        const struct block *b = blocks->list.item[i];
        if (b->place && b->error && strncmp(b->option, "[-Werror", 8) && !limit_text(arena, b))
            return true;
    }
    return false;
}

/* clang's own, which -fsyntax-only does not give. */
static bool is_from_back_end(const char *option)
{
    static const char *const names[] = {
        "-Wframe-larger-than", "-Wpass-failed", "-Winline-asm", "-Wattribute-warning",
        "-Wbackend-",          "-Wsource-mgr",  "-Wstack-"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strstr(option, names[i]))
            return true;
    }
    return false;
}

/* What the checks said, then what only the generated text gave. True: an error is among that. */
static bool print_merged(struct arena *arena, struct list *jobs, const struct blocks *got)
{
    bool error = false;
    struct blocks *said = arena_alloc(arena, (jobs->count + 1) * sizeof *said);
    const struct job *first = jobs->item[0];
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        /* The check reads the text again, so it repeats what the preprocessor said. */
        print_buffer(job,
                     job->check_status == 0 && job->check_err.length ? &job->check_err : &job->err);
        if (job->check_status == 0)
            said[i] = read_blocks(arena, &job->check_err);
    }
    for (uint32_t i = 0; i < got->list.count; i++) {
        const struct block *b = got->list.item[i];
        bool counts =
            !first->command->clang || !b->place || !*b->option || is_from_back_end(b->option);
        const char *limit = limit_text(arena, b);
        if (is_said(b, said, jobs->count) || !counts)
            continue;
        error |= b->error || !b->place;
        if (limit) {
            print_limit(first, b, limit);
            continue;
        }
        print_said(first->command, b->start, b->length);
    }
    return error;
}

static void print_checks(struct list *jobs)
{
    for (uint32_t i = 0; i < jobs->count; i++)
        print_buffer(jobs->item[i], &((struct job *)jobs->item[i])->check_err);
}

enum verdict report(struct list *jobs, const struct buffer *err, bool failed)
{
    bool refused = false, error = true;
    if (!jobs->count)
        return VERDICT_FINE;
    if (!failed && !err->length) {
        for (uint32_t i = 0; i < jobs->count; i++)
            print_buffer(jobs->item[i], &((struct job *)jobs->item[i])->err);
        return VERDICT_FINE;
    }
    for (uint32_t i = 0; i < jobs->count; i++)
        refused |= job_check(jobs->item[i]) != 0;
    struct arena *arena = arena_new();
    struct blocks got = read_blocks(arena, err);
    bool ours = failed && !refused && has_hard_error(arena, &got);
    for (uint32_t i = 0; ours && i < jobs->count; i++)
        refused |= job_check_code(jobs->item[i]) != 0 || job_check_text(jobs->item[i]) != 0;
    if (failed && refused)
        print_checks(jobs);
    else
        error = print_merged(arena, jobs, &got);
    arena_free(arena);
    if (failed && !error)
        return VERDICT_AGAIN;
    return ours && !refused ? VERDICT_OURS : VERDICT_FINE;
}
