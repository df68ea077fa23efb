/*
 * The words of a line on disk, and of the lines after it that the preprocessor takes as a part of
 * it: those are inside a parenthesis that the line opens, or follow a backslash. place.c looks for
 * the tokens of the preprocessed text among these words.
 *
 * Columns on the screen are counted as gcc counts them: tab stops are 8 columns apart, and a
 * character takes no column, one, or two. Each line keeps the columns of some of its bytes, so
 * that a column at the end of a long line costs no more than one at its beginning.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <string.h>

enum { STEP = 64 }; /* the column is kept once for this many bytes */

static size_t quoted_length(const char *p, const char *end)
{
    const char *q = p + 1;
    while (q < end && *q != *p)
        q += *q == '\\' && q + 1 < end ? 2 : 1;
    return (size_t)((q < end ? q + 1 : end) - p);
}

static size_t punctuator_length(const char *p, const char *end)
{
    static const char *const many[] = {"<<=", ">>=", "...", "->", "++", "--", "<<", ">>",
                                       "<=",  ">=",  "==",  "!=", "&&", "||", "*=", "/=",
                                       "%=",  "+=",  "-=",  "&=", "^=", "|=", "##"};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        size_t n = strlen(many[i]);
        if ((size_t)(end - p) >= n && !memcmp(p, many[i], n))
            return n;
    }
    return 1;
}

static const char *after_blanks(const char *q, const char *end)
{
    while (q < end) {
        if (isspace((unsigned char)*q) || (*q == '\\' && q + 1 == end)) {
            q++;
        } else if (end - q > 1 && q[0] == '/' && q[1] == '/') {
            q = end;
        } else if (end - q > 1 && q[0] == '/' && q[1] == '*') {
            const char *close = memmem(q + 2, (size_t)(end - q - 2), "*/", 2);
            q = close ? close + 2 : end;
        } else {
            break;
        }
    }
    return q;
}

/* The next word of a line from *p on, past blanks and comments: its length, 0 at the end. */
static size_t next_word(const char **p, const char *end)
{
    const char *q = *p = after_blanks(*p, end);
    if (q == end)
        return 0;
    if (*q == '"' || *q == '\'')
        return quoted_length(q, end);
    if (!is_word_char(*q) && !(*q == '.' && end - q > 1 && isdigit((unsigned char)q[1])))
        return punctuator_length(q, end);
    const char *word = q;
    bool number = isdigit((unsigned char)*q) || *q == '.';
    while (q < end && (is_word_char(*q) || (number && *q == '.') ||
                       (number && (*q == '+' || *q == '-') && strchr("eEpP", q[-1]))))
        q++;
    if (q < end && (*q == '"' || *q == '\'') && q - word <= 2 && strspn(word, "LuU8") >= 1)
        return (size_t)(q - word) + quoted_length(q, end);
    return (size_t)(q - word);
}

/* The words of a line that begins inside a comment come after the comment. */
static const char *after_open_comment(const char *line, size_t length)
{
    const char *close = memmem(line, length, "*/", 2);
    const char *open = memmem(line, length, "/*", 2);
    return close && (!open || close < open) ? close + 2 : line;
}

/* `async` in the file is `bide_async` in the preprocessed text. */
bool place_same_word(const struct token *t, const char *word, size_t length)
{
    if (t->length == length && !memcmp(t->start, word, length))
        return true;
    return t->length == length + 5 && !memcmp(t->start, "bide_", 5) &&
           !memcmp(t->start + 5, word, length);
}

/* ---- columns ---- */

/* Columns of a character: no column for combining ones, two for East Asian and pictographic ones.
 */
static int width_of(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        int width;
    } ranges[] = {
        {0x300, 0x36f, 0},     {0x483, 0x489, 0},     {0x591, 0x5bd, 0},     {0x610, 0x61a, 0},
        {0x64b, 0x65f, 0},     {0x1100, 0x115f, 2},   {0x1ab0, 0x1aff, 0},   {0x1dc0, 0x1dff, 0},
        {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},   {0x231a, 0x231b, 2},   {0x2e80, 0x303e, 2},
        {0x3041, 0xa4cf, 2},   {0xa960, 0xa97f, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},
        {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
        {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2},
        {0x1fa70, 0x1faff, 2}, {0x20000, 0x3fffd, 2}, {0xe0100, 0xe01ef, 0}};
    for (size_t i = 0; c >= 0x300 && i < sizeof ranges / sizeof *ranges; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return ranges[i].width;
    }
    return 1;
}

size_t place_next_column(const char *line, size_t length, size_t at, size_t column)
{
    unsigned char c = (unsigned char)line[at];
    if (c == '\t')
        return column + 8 - column % 8;
    if ((c & 0xc0) == 0x80)
        return column;
    int more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    uint32_t code = more ? c & (0x3fU >> more) : c;
    for (int i = 1; i <= more && at + (size_t)i < length; i++)
        code = code << 6 | ((unsigned char)line[at + (size_t)i] & 0x3f);
    return column + (size_t)width_of(code);
}

size_t place_column(const struct spot *at, size_t byte)
{
    const struct line_text *text = at->text;
    size_t i = text->column ? byte / STEP * STEP : 0;
    size_t column = text->column ? text->column[byte / STEP] : 0;
    for (; i < byte; i++)
        column = place_next_column(text->line, text->length, i, column);
    return column;
}

static void measure(struct arena *arena, struct line_text *text)
{
    size_t column = 0;
    if (text->length < 4 * (size_t)STEP)
        return;
    text->column = arena_alloc(arena, (text->length / STEP + 1) * sizeof *text->column);
    for (size_t i = 0; i <= text->length; i++) {
        if (i % STEP == 0)
            text->column[i / STEP] = (uint32_t)column;
        if (i < text->length)
            column = place_next_column(text->line, text->length, i, column);
    }
}

/* ---- words ---- */

static void add_word(struct arena *arena, struct words *w, const struct line_text *text, size_t at,
                     size_t length)
{
    if (w->count == w->room) {
        struct word *more = arena_alloc(arena, (2 * w->room + 16) * sizeof *more);
        if (w->count)
            memcpy(more, w->word, w->count * sizeof *more);
        w->word = more;
        w->room = 2 * w->room + 16;
    }
    w->word[w->count++] = (struct word){text, (uint32_t)at, (uint32_t)length, 0};
}

/* Reads the words of one line, up to the token `before`. True: the next line belongs to it. */
static bool read_line(struct unit *unit, const char *file, uint32_t number,
                      const struct token *before, int *depth, struct words *out)
{
    struct line_text *text = arena_alloc(unit->arena, sizeof *text);
    text->line = source_line(unit, file, number, &text->length);
    text->number = number;
    if (!text->line)
        return false;
    measure(unit->arena, text);
    if (!out->first_line)
        out->first_line = text;
    const char *p = after_open_comment(text->line, text->length);
    const char *end = text->line + text->length;
    for (size_t n; (n = next_word(&p, end)) > 0; p += n) {
        if (before && place_same_word(before, p, n))
            return false;
        if (*p == '(')
            ++*depth;
        else if (*p == ')' && *depth)
            --*depth;
        add_word(unit->arena, out, text, (size_t)(p - text->line), n);
    }
    return *depth || (text->length && end[-1] == '\\');
}

/* Notes the partner of each bracket. */
static void pair_brackets(struct arena *arena, struct words *w)
{
    uint32_t *open = arena_alloc(arena, (w->count + 1) * sizeof *open), depth = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        char c = w->word[i].length == 1 ? w->word[i].text->line[w->word[i].start] : 0;
        if (c == '(' || c == '[' || c == '{') {
            open[depth++] = i;
        } else if ((c == ')' || c == ']' || c == '}') && depth) {
            uint32_t other = open[--depth];
            w->word[i].partner = other + 1;
            w->word[other].partner = i + 1;
        }
    }
}

void place_read_words(struct unit *unit, const struct token *t, const struct token *next,
                      struct words *out)
{
    enum { MOST_LINES = 1000 };
    bool ends = next && next->file == t->file && next->line > t->line;
    uint32_t last = ends && next->line - t->line < MOST_LINES ? next->line : t->line;
    int depth = 0;
    for (uint32_t number = t->line; number <= last; number++) {
        const struct token *before = number > t->line && number == last ? next : NULL;
        if (!read_line(unit, t->file, number, before, &depth, out))
            break;
    }
    pair_brackets(unit->arena, out);
}
