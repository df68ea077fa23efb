/*
 * Messages in the form of gcc 12: place, severity, text, the source line with its number, a caret,
 * notes, fix-its.
 *
 *   a.c: In function 'f':
 *   a.c:7:13: error: 'fetch' is async: its call must be awaited
 *       7 |     int n = fetch(url);
 *         |             ^~~~~~~~~~
 *         |             await
 *
 * Messages are kept and printed in the order of their places, each with its notes after it: parser
 * and checks find them in another order. The same message at the same place is printed once, as
 * when a macro repeats its argument.
 */
#define _GNU_SOURCE
#include "bide.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- taking messages ---- */

static struct message *last_message(struct unit *unit)
{
    return unit->messages.count ? unit->messages.item[unit->messages.count - 1] : NULL;
}

static void add_message(struct unit *unit, struct message *m)
{
    struct message *before = last_message(unit);
    if (m->severity == SEV_NOTE && before) {
        list_add(unit->arena, &before->notes, m);
        return;
    }
    if (m->severity == SEV_WARNING) {
        const struct token *t = &unit->token[m->first];
        int level = warning_level(unit, m->option, m->first);
        m->silent = level == 0 || (t->in_system_header && t->in_header);
        m->was_warning = level == 2;
        if (level == 2)
            m->severity = SEV_ERROR;
    }
    m->number = unit->messages.count;
    list_add(unit->arena, &unit->messages, m);
    if (!m->silent) {
        unit->error_count += m->severity == SEV_ERROR;
        unit->warning_count += m->severity == SEV_WARNING;
    }
}

static __attribute__((format(printf, 6, 0))) void take(struct unit *unit, enum severity severity,
                                                       uint32_t first, uint32_t last,
                                                       const char *option, const char *fmt,
                                                       va_list list)
{
    struct message *m = arena_alloc(unit->arena, sizeof *m);
    char *text = NULL;
    if (vasprintf(&text, fmt, list) < 0)
        text = NULL;
    *m = (struct message){.severity = severity, .first = first, .last = last, .option = option};
    m->text = text ? arena_strndup(unit->arena, text, strlen(text)) : fmt;
    free(text);
    add_message(unit, m);
}

void diag(struct unit *unit, enum severity severity, uint32_t token, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    take(unit, severity, token, token, NULL, fmt, list);
    va_end(list);
}

void diag_range(struct unit *unit, enum severity severity, uint32_t first, uint32_t last,
                const char *option, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    take(unit, severity, first, last, option, fmt, list);
    va_end(list);
}

void diag_fixit_insert(struct unit *unit, uint32_t token, const char *text)
{
    struct message *m = last_message(unit);
    if (!m)
        return;
    if (m->notes.count)
        m = m->notes.item[m->notes.count - 1];
    struct fixit *f = arena_alloc(unit->arena, sizeof *f);
    f->token = token;
    f->text = arena_strndup(unit->arena, text, strlen(text));
    list_add(unit->arena, &m->fixits, f);
}

static const char *const severity_names[] = {"note", "warning", "error"};
static bool plain_json;

void diag_set_json(void)
{
    plain_json = true;
}

void diag_plain(enum severity severity, const char *fmt, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, fmt);
    if (vasprintf(&text, fmt, list) < 0)
        text = NULL;
    va_end(list);
    if (plain_json)
        json_plain(severity_names[severity], NULL, 0, 0, text ? text : fmt, NULL, "bide", stderr);
    else
        fprintf(stderr, "bide: %s: %s\n", severity_names[severity], text ? text : fmt);
    free(text);
}

/* ---- the line on disk ---- */

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* Columns on the screen before the byte `at`: tabs go to every eighth, a character is one. */
static size_t screen_column(const char *line, size_t at)
{
    size_t column = 0;
    for (size_t i = 0; i < at; i++) {
        if (line[i] == '\t')
            column += 8 - column % 8;
        else if (((unsigned char)line[i] & 0xc0) != 0x80)
            column++;
    }
    return column;
}

/* ---- printing ---- */

/* The colour of gcc's name for it, from GCC_COLORS or gcc's default; "" without colours. */
static const char *colour(struct unit *unit, const char *name, const char *otherwise)
{
    if (!unit->options || !unit->options->colour)
        return "";
    const char *set = getenv("GCC_COLORS");
    size_t n = strlen(name);
    for (const char *p = set; p && *p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
        if (!strncmp(p, name, n) && p[n] == '=')
            return arena_printf(unit->arena, "\33[%.*sm\33[K", (int)strcspn(p + n + 1, ":"),
                                p + n + 1);
    }
    return arena_printf(unit->arena, "\33[%sm\33[K", otherwise);
}

static const char *plain(struct unit *unit)
{
    return unit->options && unit->options->colour ? "\33[m\33[K" : "";
}

static const char *severity_colour(struct unit *unit, enum severity severity)
{
    switch (severity) {
    case SEV_NOTE: return colour(unit, "note", "01;36");
    case SEV_WARNING: return colour(unit, "warning", "01;35");
    case SEV_ERROR: break;
    }
    return colour(unit, "error", "01;31");
}

/* What stands in quotes is bold. */
static void print_text(struct unit *unit, const char *text)
{
    const char *bold = colour(unit, "quote", "01");
    bool inside = false;
    for (const char *p = text; *p; p++) {
        bool opens = *p == '\'' && !inside && (p == text || !is_word_char(p[-1]));
        bool closes = *p == '\'' && inside;
        if (closes)
            fputs(plain(unit), stderr);
        fputc(*p, stderr);
        if (opens)
            fputs(bold, stderr);
        inside = (inside || opens) && !closes;
    }
    if (inside)
        fputs(plain(unit), stderr);
}

/* The line with its number; `mark` bytes of it from `at->start` on are coloured. */
static void print_source(struct unit *unit, const struct spot *at, size_t mark,
                         const char *mark_colour)
{
    fprintf(stderr, "%5u | ", at->number);
    size_t column = 0;
    for (size_t i = 0; i < at->length; i++) {
        char c = at->line[i];
        if (i == at->start && mark)
            fputs(mark_colour, stderr);
        if (c == '\t') {
            size_t width = 8 - column % 8;
            fprintf(stderr, "%*s", (int)width, "");
            column += width;
        } else {
            fputc(c, stderr);
            column += ((unsigned char)c & 0xc0) != 0x80;
        }
        if (i + 1 == at->start + mark && mark)
            fputs(plain(unit), stderr);
    }
    fputc('\n', stderr);
}

static void print_caret(struct unit *unit, const struct spot *at, size_t mark,
                        const char *mark_colour)
{
    size_t from = screen_column(at->line, at->start);
    size_t to = screen_column(at->line, at->start + mark);
    fprintf(stderr, "      | %*s%s^", (int)from, "", mark_colour);
    for (size_t i = from + 1; i < to; i++)
        fputc('~', stderr);
    fprintf(stderr, "%s\n", plain(unit));
}

bool diag_fixit_place(struct unit *unit, const struct fixit *f, struct spot *at)
{
    /* What closes stands right after the word before it, not after the blanks. */
    bool closes = *f->text == ')' && f->token > 1;
    if (!place_of(unit, closes ? f->token - 1 : f->token, at))
        return false;
    at->start += closes ? at->width : 0;
    return true;
}

/* What is printed below a line, from `column` on; it stands at the byte place.start. */
struct insertion {
    struct spot place;
    const char *text;
    size_t column;
};

/* The message's fix-its; one that would run into the next on its line takes it in, with what is
 * between them in the source: "bide_block_on(f(1))". */
static uint32_t find_insertions(struct unit *unit, const struct message *m, struct insertion *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->fixits.count; i++) {
        const struct fixit *f = m->fixits.item[i];
        struct insertion new = {.text = f->text};
        struct spot *at = &new.place;
        struct insertion *before = count ? &out[count - 1] : NULL;
        if (!diag_fixit_place(unit, f, at))
            continue;
        new.column = screen_column(at->line, at->start);
        if (before && before->place.line == at->line && before->place.start <= at->start &&
            new.column < before->column + strlen(before->text)) {
            before->text = arena_printf(unit->arena, "%s%.*s%s", before->text,
                                        (int)(at->start - before->place.start),
                                        at->line + before->place.start, new.text);
            before->place.start = at->start;
        } else {
            out[count++] = new;
        }
    }
    return count;
}

static void print_fixits(struct unit *unit, const struct message *m, const char *line)
{
    struct insertion *list = arena_alloc(unit->arena, (m->fixits.count + 1) * sizeof *list);
    uint32_t count = find_insertions(unit, m, list);
    const char *green = colour(unit, "fixit-insert", "32");
    size_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct insertion *n = &list[i];
        int width = (int)strlen(n->text); /* blanks at its end would only end the line */
        while (width > 0 && n->text[width - 1] == ' ')
            width--;
        if (n->place.line != line)
            print_source(unit, &n->place, 0, "");
        line = n->place.line;
        if (written == 0)
            fputs("      | ", stderr);
        fprintf(stderr, "%*s%s%.*s%s", (int)(n->column - written), "", green, width, n->text,
                plain(unit));
        written = n->column + (size_t)width;
        if (i + 1 == count || n[1].place.line != line || n[1].column < written) {
            fputc('\n', stderr);
            written = 0;
        }
    }
}

static void print_option(struct unit *unit, const struct message *m)
{
    if (m->severity == SEV_NOTE || (!m->option && !m->was_warning))
        return;
    const char *bold = severity_colour(unit, m->severity);
    if (!m->option)
        fprintf(stderr, " [%s-Werror%s]", bold, plain(unit));
    else
        fprintf(stderr, " [%s-W%s%s%s]", bold, m->was_warning ? "error=" : "", m->option,
                plain(unit));
}

/* How many bytes from the message's place on are marked: to the last token, or the line's end. */
size_t diag_mark_length(struct unit *unit, const struct message *m, const struct spot *at)
{
    const struct token *first = &unit->token[m->first], *last = &unit->token[m->last];
    struct spot end;
    if (last->line != first->line || last->file != first->file) {
        size_t length = at->length;
        while (length > at->start + 1 && isspace((unsigned char)at->line[length - 1]))
            length--;
        return length - at->start;
    }
    if (m->last > m->first && place_of(unit, m->last, &end) && end.line == at->line &&
        end.start + end.width > at->start)
        return end.start + end.width - at->start;
    return at->width;
}

static void print_message(struct unit *unit, const struct message *m)
{
    const struct token *t = &unit->token[m->first];
    const char *mark_colour = severity_colour(unit, m->severity);
    struct spot at;
    bool found = place_of(unit, m->first, &at);

    fprintf(stderr, "%s%s:%u:", colour(unit, "locus", "01"), t->file ? t->file : "<unknown>",
            found ? at.number : t->line);
    if (found)
        fprintf(stderr, "%zu:", screen_column(at.line, at.start) + 1);
    fprintf(stderr, "%s %s%s: %s", plain(unit), mark_colour, severity_names[m->severity],
            plain(unit));
    print_text(unit, m->text);
    print_option(unit, m);
    fputc('\n', stderr);
    if (!found)
        return;
    size_t mark = diag_mark_length(unit, m, &at);
    print_source(unit, &at, mark, mark_colour);
    print_caret(unit, &at, mark, mark_colour);
    if (m->fixits.count && place_is_written_out(unit, m->first, m->last))
        print_fixits(unit, m, at.line);
}

/* ---- order ---- */

static int compare(const void *a, const void *b)
{
    const struct message *x = *(struct message *const *)a, *y = *(struct message *const *)b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The outermost function around the token, or NULL. */
const struct function *diag_function_at(struct unit *unit, uint32_t token)
{
    for (uint32_t i = 0; i < unit->functions.count; i++) {
        const struct function *f = unit->functions.item[i];
        if (!f->outer && f->name && f->first <= token && token <= f->last)
            return f;
    }
    return NULL;
}

static void print_function(struct unit *unit, const struct message *m,
                           const struct function **current)
{
    const struct function *f = diag_function_at(unit, m->first);
    const char *file = unit->token[m->first].file;
    if (f == *current)
        return;
    fprintf(stderr, "%s%s:%s ", colour(unit, "locus", "01"), file ? file : "<unknown>",
            plain(unit));
    if (f)
        fprintf(stderr, "In function '%s%s%s':\n", colour(unit, "quote", "01"), f->name,
                plain(unit));
    else
        fputs("At top level:\n", stderr);
    *current = f;
}

/* Is it what was printed last, at the same place? */
static bool is_repeated(struct unit *unit, const struct message *m, const struct message *before)
{
    struct spot a, b;
    if (!before || strcmp(m->text, before->text))
        return false;
    return m->first == before->first ||
           (place_of(unit, m->first, &a) && place_of(unit, before->first, &b) && a.line == b.line &&
            a.start == b.start);
}

static void print_with_notes(struct unit *unit, const struct message *m,
                             const struct function **function)
{
    if (unit->options && unit->options->json) {
        json_message(unit, m, stderr);
        return;
    }
    print_function(unit, m, function);
    print_message(unit, m);
    for (uint32_t k = 0; k < m->notes.count; k++)
        print_message(unit, m->notes.item[k]);
}

/* True when there have been as many errors as are wanted. */
static bool is_enough(const struct unit *unit, int errors)
{
    if (!unit->options || !unit->options->max_errors || errors < unit->options->max_errors)
        return false;
    if (!unit->options->json)
        fprintf(stderr, "compilation terminated due to -fmax-errors=%d.\n",
                unit->options->max_errors);
    return true;
}

void diag_flush(struct unit *unit)
{
    const struct function *function = NULL;
    const struct message *before = NULL;
    int errors = 0;
    if (unit->messages.count)
        qsort(unit->messages.item, unit->messages.count, sizeof(void *), compare);
    for (uint32_t i = 0; i < unit->messages.count; i++) {
        const struct message *m = unit->messages.item[i];
        if (m->silent || is_repeated(unit, m, before))
            continue;
        print_with_notes(unit, m, &function);
        before = m;
        errors += m->severity == SEV_ERROR;
        if (is_enough(unit, errors))
            break;
    }
    unit->messages.count = 0;
    fflush(stderr);
}

void diag_drop(struct unit *unit)
{
    unit->messages.count = 0;
    unit->error_count = unit->warning_count = 0;
}
