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
 * Messages are kept, since parser and checks find them in another order, and printed in the order
 * of their places, each with its notes after it. The same message at the same place, as from a
 * macro that repeats its argument, is printed once.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- taking messages ---- */

static void count_message(struct unit *unit, struct message *m)
{
    m->number = unit->messages.count;
    list_add(unit->arena, &unit->messages, m);
    unit->error_count += !m->silent && m->severity == SEV_ERROR;
}

/* Is it a warning that the user's compiler has too, and may give itself? */
static bool is_held(const struct unit *unit, const struct message *m)
{
    return m->option && unit->options && unit->options->compiler_speaks &&
           strncmp(m->option, "bide-", 5) != 0;
}

static void add_message(struct unit *unit, struct message *m)
{
    struct message *before = unit->last_message;
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
    unit->last_message = m;
    if (is_held(unit, m))
        list_add(unit->arena, &unit->held, m);
    else
        count_message(unit, m);
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
    struct message *m = unit->last_message;
    if (!m)
        return;
    if (m->notes.count)
        m = m->notes.item[m->notes.count - 1];
    struct fixit *f = arena_alloc(unit->arena, sizeof *f);
    f->token = token;
    f->text = arena_strndup(unit->arena, text, strlen(text));
    list_add(unit->arena, &m->fixits, f);
}

/* ---- printing ---- */

/* The colour that GCC_COLORS gives to the name, or gcc's default; "" without colours. */
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

/* Prints a message with the words in quotes in bold. */
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

/* The part of a line that is shown. In a line longer than a screen it surrounds the caret, with
 * dots where the line is cut. */
struct window {
    const char *line;
    size_t first, end; /* bytes */
    size_t column;     /* of the first byte */
    size_t shift;      /* columns of the dots before the first byte */
    bool is_cut_behind;
};

enum { SHOWN_COLUMNS = 160, COLUMNS_BEFORE = 60, DOTS = 3 };

/* Byte and column of the first character that begins at the column `wanted` or after it. */
static size_t byte_at_column(const struct spot *at, size_t wanted, size_t *column)
{
    size_t low = 0, high = at->length;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (place_column(at, middle) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < at->length && ((unsigned char)at->line[low] & 0xc0) == 0x80)
        low++;
    *column = place_column(at, low);
    return low;
}

/* The window round the caret, with the `mark` bytes from there on if they fit. */
static struct window find_window(const struct spot *at, size_t mark)
{
    struct window w = {.line = at->line, .end = at->length};
    size_t column = place_column(at, at->start), all = place_column(at, at->length);
    size_t marked = place_column(at, at->start + mark) - column, end_column;
    if (all <= SHOWN_COLUMNS)
        return w;
    size_t before = COLUMNS_BEFORE;
    if (before + marked > SHOWN_COLUMNS - 2 * DOTS)
        before = marked >= SHOWN_COLUMNS - 2 * DOTS ? 2 * DOTS : SHOWN_COLUMNS - 2 * DOTS - marked;
    size_t from = column > before ? column - before : 0;
    if (from + SHOWN_COLUMNS > all)
        from = all - SHOWN_COLUMNS;
    if (from) {
        w.first = byte_at_column(at, from + DOTS, &w.column);
        w.shift = DOTS;
    }
    w.is_cut_behind = from + SHOWN_COLUMNS < all;
    if (w.is_cut_behind)
        w.end = byte_at_column(at, from + SHOWN_COLUMNS - 2 * DOTS, &end_column);
    return w;
}

static bool is_in_window(const struct window *w, const struct spot *at)
{
    return w->line == at->line && at->start >= w->first &&
           (at->start < w->end || (!w->is_cut_behind && at->start == w->end));
}

/* The column of the byte in the window. */
static size_t shown_column(const struct window *w, const struct spot *at, size_t byte)
{
    return w->shift + place_column(at, byte > w->end ? w->end : byte) - w->column;
}

/* Prints the line with its number; `mark` bytes from `at->start` on are coloured. */
static void print_source(struct unit *unit, const struct spot *at, const struct window *w,
                         size_t mark, const char *mark_colour)
{
    size_t column = w->column, end = at->start + mark;
    if (end > w->end)
        end = w->end;
    fprintf(stderr, "%5u | %s", at->number, w->shift ? "..." : "");
    for (size_t i = w->first; i < w->end; i++) {
        size_t next = place_next_column(at->line, at->length, i, column);
        if (i == at->start && mark)
            fputs(mark_colour, stderr);
        if (at->line[i] == '\t')
            fprintf(stderr, "%*s", (int)(next - column), "");
        else
            fputc(at->line[i], stderr);
        column = next;
        if (i + 1 == end && mark)
            fputs(plain(unit), stderr);
    }
    fputs(w->is_cut_behind ? "...\n" : "\n", stderr);
}

static void print_caret(struct unit *unit, const struct spot *at, const struct window *w,
                        size_t mark, const char *mark_colour)
{
    size_t from = shown_column(w, at, at->start);
    size_t to = shown_column(w, at, at->start + mark);
    fprintf(stderr, "      | %*s%s^", (int)from, "", mark_colour);
    for (size_t i = from + 1; i < to; i++)
        fputc('~', stderr);
    fprintf(stderr, "%s\n", plain(unit));
}

/* A fix-it, or several that have grown together, as printed below a line. */
struct insertion {
    struct spot place; /* of its last fix-it */
    const char *text;
    size_t column; /* of its first fix-it */
};

/* The message's fix-its. A fix-it that would run into the next on its line takes it in, with the
 * source between them: "bide_block_on(f(1))". */
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
        new.column = place_column(at, at->start);
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

/* `w`: the window that has been printed last. */
static void print_fixits(struct unit *unit, const struct message *m, struct window w)
{
    struct insertion *list = arena_alloc(unit->arena, (m->fixits.count + 1) * sizeof *list);
    uint32_t count = find_insertions(unit, m, list);
    const char *green = colour(unit, "fixit-insert", "32");
    size_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct insertion *n = &list[i], *next = i + 1 < count ? n + 1 : NULL;
        int width = (int)strlen(n->text); /* blanks at its end would only end the line */
        while (width > 0 && n->text[width - 1] == ' ')
            width--;
        if (!is_in_window(&w, &n->place) || n->column < w.column) {
            w = find_window(&n->place, 0);
            if (n->column < w.column) /* too long for any window */
                continue;
            print_source(unit, &n->place, &w, 0, "");
        }
        size_t column = w.shift + n->column - w.column;
        if (written == 0)
            fputs("      | ", stderr);
        fprintf(stderr, "%*s%s%.*s%s", (int)(column - written), "", green, width, n->text,
                plain(unit));
        written = column + (size_t)width;
        if (!next || !is_in_window(&w, &next->place) ||
            w.shift + next->column - w.column < written) {
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

static void print_message(struct unit *unit, const struct message *m)
{
    const struct token *t = &unit->token[m->first];
    const char *mark_colour = severity_colour(unit, m->severity);
    struct spot at;
    bool found = place_of(unit, m->first, &at);

    fprintf(stderr, "%s%s:%u:", colour(unit, "locus", "01"), t->file ? t->file : "<unknown>",
            found ? at.number : t->line);
    if (found)
        fprintf(stderr, "%zu:", place_column(&at, at.start) + 1);
    fprintf(stderr, "%s %s%s: %s", plain(unit), mark_colour, severity_names[m->severity],
            plain(unit));
    print_text(unit, m->text);
    print_option(unit, m);
    fputc('\n', stderr);
    if (!found || m->is_bare)
        return;
    size_t mark = diag_mark_length(unit, m, &at);
    struct window w = find_window(&at, mark);
    print_source(unit, &at, &w, mark, mark_colour);
    print_caret(unit, &at, &w, mark, mark_colour);
    if (m->fixits.count && place_is_written_out(unit, m->first, m->last))
        print_fixits(unit, m, w);
}

/* ---- order ---- */

static int compare(const void *a, const void *b)
{
    const struct message *x = *(struct message *const *)a, *y = *(struct message *const *)b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
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

/* Does it say the same as the message printed last, at the same place? */
static bool is_repeated(struct unit *unit, const struct message *m, const struct message *before)
{
    struct spot a, b;
    if (!before || strcmp(m->text, before->text))
        return false;
    return m->first == before->first ||
           (place_of(unit, m->first, &a) && place_of(unit, before->first, &b) && a.line == b.line &&
            a.start == b.start);
}

/* Adds gcc's note "in expansion of macro", before the other notes, to a message about a name that
 * came from a macro. Not for macros of system headers, nor if the message itself names the macro.
 */
static void note_macro(struct unit *unit, struct message *m)
{
    const char *name = place_macro(unit, m->first);
    struct list notes = m->notes;
    if (!name || unit->token[m->first].kind != TK_IDENT || unit->token[m->first].in_system_header ||
        strstr(m->text, arena_printf(unit->arena, "'%s'", name)))
        return;
    struct message *note = arena_alloc(unit->arena, sizeof *note);
    *note = (struct message){.severity = SEV_NOTE, .first = m->first, .last = m->first};
    note->text = arena_printf(unit->arena, "in expansion of macro '%s'", name);
    note->is_bare = true;
    m->notes = (struct list){0};
    list_add(unit->arena, &m->notes, note);
    for (uint32_t i = 0; i < notes.count; i++)
        list_add(unit->arena, &m->notes, notes.item[i]);
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

/* Have there been -fmax-errors errors? */
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
        struct message *m = unit->messages.item[i];
        if (m->silent || is_repeated(unit, m, before))
            continue;
        note_macro(unit, m);
        print_with_notes(unit, m, &function);
        before = m;
        errors += m->severity == SEV_ERROR;
        if (is_enough(unit, errors))
            break;
    }
    unit->messages.count = 0;
    unit->last_message = NULL;
    fflush(stderr);
}

bool diag_take_held(struct unit *unit, const char *option, const struct line_span *span)
{
    bool found = false;
    for (uint32_t i = 0; i < unit->held.count; i++) {
        struct message *m = unit->held.item[i];
        const struct token *t = &unit->token[m->first];
        if (!strcmp(m->option, option) && t->file && line_span_has(span, t->file, t->line))
            found = m->taken = true;
    }
    return found;
}

void diag_release(struct unit *unit, const char *option)
{
    for (uint32_t i = 0; i < unit->held.count; i++) {
        struct message *m = unit->held.item[i];
        if (m->taken || strcmp(m->option, option))
            continue;
        m->taken = true;
        count_message(unit, m);
    }
}

void diag_drop(struct unit *unit)
{
    unit->messages.count = 0;
    unit->undeclared = (struct map){0};
    unit->last_message = NULL;
    unit->error_count = 0;
}
