/*
 * Where a token stands in the file on disk. The preprocessed text keeps lines but not columns:
 * blanks are collapsed and macros expanded. So a token's place is that of the same word in the
 * line, the k-th if the token is the line's k-th of that text. A call of a macro over several
 * lines has all its tokens at its first: they are looked for in the lines behind it too, as far as
 * a parenthesis is open or the line ends in a backslash.
 *
 * A macro that repeats its argument has more of the word than the line: then it is the last one. A
 * token that is not there at all came from the macro's body: its place is the word after the
 * last token before it that is there, which is the macro's name as a rule.
 */
#define _GNU_SOURCE
#include "bide.h"

#include <ctype.h>
#include <string.h>

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

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

/* The next word of a line from *p on, past blanks and comments: its length, 0 at the end. */
static size_t next_word(const char **p, const char *end)
{
    const char *q = *p;
    while (q < end) {
        if (isspace((unsigned char)*q)) {
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
    *p = q;
    if (q == end)
        return 0;
    if (*q == '"' || *q == '\'')
        return quoted_length(q, end);
    if (!is_word_char(*q))
        return punctuator_length(q, end);
    const char *word = q;
    bool number = isdigit((unsigned char)*q);
    while (q < end && (is_word_char(*q) || (number && *q == '.') ||
                       (number && (*q == '+' || *q == '-') && strchr("eEpP", q[-1]))))
        q++;
    if (q < end && (*q == '"' || *q == '\'') && q - word <= 2 && strspn(word, "LuU8") >= 1)
        return (size_t)(q - word) + quoted_length(q, end);
    return (size_t)(q - word);
}

/* A line that begins inside a comment: its words come after the comment's end. */
static const char *after_open_comment(const char *line, size_t length)
{
    const char *close = memmem(line, length, "*/", 2);
    const char *open = memmem(line, length, "/*", 2);
    return close && (!open || close < open) ? close + 2 : line;
}

/* `async` in the file is `bide_async` in the preprocessed text. */
static bool same_word(const struct token *t, const char *word, size_t length)
{
    if (t->length == length && !memcmp(t->start, word, length))
        return true;
    return t->length == length + 5 && !memcmp(t->start, "bide_", 5) &&
           !memcmp(t->start + 5, word, length);
}

static bool same_text(const struct token *a, const struct token *b)
{
    return a->length == b->length && !memcmp(a->start, b->start, a->length);
}

static bool same_line(const struct token *a, const struct token *b)
{
    return a->line == b->line && a->file == b->file;
}

/* How many of this text are before it in its line. */
static int rank_in_line(struct unit *unit, uint32_t token)
{
    const struct token *t = &unit->token[token];
    int rank = 0;
    for (uint32_t i = token - 1; i > 0 && same_line(&unit->token[i], t); i--)
        rank += same_text(&unit->token[i], t);
    return rank;
}

/* The first token after the line of this one, if in the same file; else NULL. */
static const struct token *next_line_token(struct unit *unit, uint32_t token)
{
    const struct token *t = &unit->token[token];
    while (++token < unit->token_count && same_line(&unit->token[token], t))
        ;
    const struct token *next = token < unit->token_count ? &unit->token[token] : t;
    return next->file == t->file && next->line > t->line ? next : NULL;
}

/* The next line may be a part of this one for the preprocessor. `*depth`: how many parentheses are
 * open before it, then at its end. */
static bool goes_on(struct unit *unit, const char *file, uint32_t number, int *depth)
{
    size_t length;
    const char *line = source_line(unit, file, number, &length);
    if (!line)
        return false;
    const char *p = after_open_comment(line, length), *end = line + length;
    for (size_t n; (n = next_word(&p, end)) > 0; p += n) {
        if (*p == '(')
            ++*depth;
        else if (*p == ')' && *depth)
            --*depth;
    }
    return *depth || (length && line[length - 1] == '\\');
}

/* Looks for t in one line; counts `*rank` down at each like it. True: this is the one. `before`:
 * only up to that token. */
static bool find_in_line(struct unit *unit, const struct token *t, uint32_t number, int *rank,
                         const struct token *before, struct spot *out)
{
    size_t length;
    const char *line = source_line(unit, t->file, number, &length);
    if (!line)
        return false;
    const char *p = after_open_comment(line, length), *end = line + length;
    for (size_t n; (n = next_word(&p, end)) > 0; p += n) {
        if (before && same_word(before, p, n))
            return false;
        if (!same_word(t, p, n))
            continue;
        *out = (struct spot){line, length, number, (size_t)(p - line), n};
        if ((*rank)-- == 0)
            return true;
    }
    return false;
}

/* The token itself. `out->line` is NULL when it is not there. */
static void find_token(struct unit *unit, uint32_t token, struct spot *out)
{
    enum { MOST_LINES = 100 };
    const struct token *t = &unit->token[token], *next = next_line_token(unit, token);
    int rank = rank_in_line(unit, token), depth = 0;
    uint32_t last = next && next->line - t->line < MOST_LINES ? next->line : t->line;
    for (uint32_t number = t->line; number <= last; number++) {
        const struct token *before = number > t->line && number == last ? next : NULL;
        if (find_in_line(unit, t, number, &rank, before, out))
            return;
        if (!goes_on(unit, t->file, number, &depth))
            return;
    }
}

/* The word at or after `from`; the line's first word when there is none. */
static void take_word_from(struct spot *out, size_t from)
{
    const char *p = from ? out->line + from : after_open_comment(out->line, out->length);
    const char *end = out->line + out->length;
    size_t n = next_word(&p, end);
    if (!n) {
        p = out->line;
        n = next_word(&p, end);
    }
    out->start = n ? (size_t)(p - out->line) : 0;
    out->width = n ? n : 1;
}

bool place_of(struct unit *unit, uint32_t token, struct spot *out)
{
    const struct token *t = &unit->token[token];
    *out = (struct spot){0};
    if (!t->start)
        return false;
    find_token(unit, token, out);
    for (uint32_t i = token - 1; !out->line && i > 0 && same_line(&unit->token[i], t); i--) {
        find_token(unit, i, out);
        if (out->line)
            take_word_from(out, out->start + out->width);
    }
    if (out->line)
        return true;
    out->number = t->line;
    out->line = source_line(unit, t->file, t->line, &out->length);
    if (out->line)
        take_word_from(out, 0);
    return out->line != NULL;
}

bool place_is_written_out(struct unit *unit, uint32_t first, uint32_t last)
{
    const char *p = NULL, *end = NULL;
    for (uint32_t i = first; i <= last; i++) {
        const struct token *t = &unit->token[i];
        if (i == first || !same_line(t, t - 1)) {
            struct spot at;
            if (!place_of(unit, i, &at))
                return false;
            p = at.line + at.start;
            end = at.line + at.length;
        }
        size_t n = next_word(&p, end);
        if (!n || !same_word(t, p, n))
            return false;
        p += n;
    }
    return true;
}
