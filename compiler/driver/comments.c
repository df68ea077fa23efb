/*
 * Comments in preprocessed text, for readers of what bide emit prints.
 *
 * A preprocessor that keeps comments (-C) may give another program: a comment in an argument of a
 * macro becomes part of the string that # makes, and a comment between a macro's name and its
 * parenthesis prevents the expansion. So the text with comments is taken only if it has the same
 * tokens as the text without them.
 */
#include "inside.h"

#include <ctype.h>
#include <string.h>

struct reader {
    const char *begin, *p, *end;
    bool apart; /* there is something before the token */
};

static struct reader reader_of(const struct buffer *text)
{
    return (struct reader){text->data, text->data, text->data + text->length, false};
}

static bool is_in_word(char c)
{
    return is_word_char(c) || c == '.';
}

/* Goes to the next token, past white space, comments and line markers. */
static void skip(struct reader *r)
{
    bool line_begins = r->p == r->begin || r->p[-1] == '\n';
    r->apart = false;
    for (; r->p < r->end; r->apart = true) {
        if (line_begins && r->p[0] == '#' && r->p[1] == ' ' && isdigit((unsigned char)r->p[2])) {
            r->p = line_end(r->p, r->end);
        } else if (isspace((unsigned char)*r->p)) {
            line_begins = *r->p++ == '\n';
        } else if (r->p[0] == '/' && (r->p[1] == '*' || r->p[1] == '/')) {
            r->p = comment_end(r->p, r->end);
        } else {
            return;
        }
    }
}

static size_t token_length(const struct reader *r)
{
    const char *p = r->p;
    if (*p == '"' || *p == '\'')
        return (size_t)(quoted_end(p, r->end) - p);
    while (p < r->end && is_in_word(*p))
        p++;
    return p > r->p ? (size_t)(p - r->p) : 1;
}

/* True for a value of __TIME__, "hh:mm:ss". The clock may tick between the two runs of the
 * preprocessor. */
static bool is_time(const char *p, size_t length)
{
    static const char form[] = "\"00:00:00\"";
    if (length != sizeof form - 1)
        return false;
    for (size_t i = 0; i < length; i++)
        if (form[i] == '0' ? !isdigit((unsigned char)p[i]) : p[i] != form[i])
            return false;
    return true;
}

/* Both tokens have this length. */
static bool same_token(const char *a, const char *b, size_t length)
{
    return !memcmp(a, b, length) || (is_time(a, length) && is_time(b, length));
}

bool comments_change_nothing(const struct buffer *without, const struct buffer *with)
{
    bool word_before = true;
    if (!without->length || !with->length)
        return false;
    struct reader a = reader_of(without), b = reader_of(with);
    for (;;) {
        skip(&a);
        skip(&b);
        if (a.p == a.end || b.p == b.end)
            return a.p == a.end && b.p == b.end;
        size_t length = token_length(&a);
        bool word = is_in_word(*a.p);
        if (length != token_length(&b) || !same_token(a.p, b.p, length))
            return false;
        if (!word && !word_before && a.apart != b.apart) /* "+ +" is not "++" */
            return false;
        word_before = word;
        a.p += length;
        b.p += length;
    }
}
