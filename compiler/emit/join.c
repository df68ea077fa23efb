/*
 * Two tokens of the output may come from different places: generated text, the user's text, a name
 * that replaces another. A blank separates them if they would become one token, or a comment.
 */
#include "inside.h"

#include <ctype.h>
#include <string.h>

/* Part of an identifier or a number? `\` begins a universal character name. */
static bool is_in_word(char c)
{
    return is_word_char(c) || c == '.' || c == '\\';
}

void output_note(struct output *o, const char *s, size_t n)
{
    size_t i = n;
    while (i > 0 && is_in_word(s[i - 1]))
        i--;
    if (i > 0 || !o->word)
        o->word = i < n ? s[i] : 0;
    o->last = s[n - 1];
}

static bool word_takes(char first, char last, char next)
{
    bool number = isdigit((unsigned char)first) || first == '.';
    if (next == '.')
        return number;
    if (next == '+' || next == '-')
        return number && strchr("eEpP", last);
    if (next == '"' || next == '\'') /* L"x", and 1'000 */
        return number || strchr("LuU8R", last);
    return is_in_word(next);
}

static bool punctuators_merge(char last, char next)
{
    static const char *const pairs[] = {
        "++", "+=", "--", "-=", "->", "&&", "&=", "||", "|=", "<<", "<=", "<:", "<%", ">>",
        ">=", "==", "!=", "*=", "/=", "//", "/*", "%=", "%:", "%>", "^=", "##", "::", ":>",
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][0] == last && pairs[i][1] == next)
            return true;
    return false;
}

void output_join(struct output *o, char next)
{
    bool merges = o->word ? word_takes(o->word, o->last, next) : punctuators_merge(o->last, next);
    if (merges)
        output_put(o, " ", 1);
}
