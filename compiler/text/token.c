/*
 * Questions about tokens that need no parser, and the text of tokens.
 */
#include "inside.h"

#include <string.h>

uint32_t token_closing(const struct token *t, uint32_t i)
{
    int depth = 0;
    for (;; i++) {
        unsigned c = t[i].punct;
        depth += c == '(' || c == '[' || c == '{';
        depth -= c == ')' || c == ']' || c == '}';
        if (depth == 0 || t[i].kind == TK_EOF)
            return i;
    }
}

bool attribute_is(const struct token *t, const char *name)
{
    const char *s = t->text;
    size_t n = t->length;
    if (t->kind != TK_IDENT)
        return false;
    if (n > 4 && memcmp(s, "__", 2) == 0 && memcmp(s + n - 2, "__", 2) == 0) {
        s += 2;
        n -= 4;
    }
    return strlen(name) == n && memcmp(s, name, n) == 0;
}

char *tokens_text(struct unit *u, uint32_t first, uint32_t last)
{
    size_t size = 1;
    for (uint32_t i = first; i <= last; i++)
        size += u->token[i].length + 1;
    char *text = arena_alloc(u->arena, size), *s = text;
    for (uint32_t i = first; i <= last; i++) {
        struct token *t = &u->token[i];
        if (i > first && (t->space || t->at_bol))
            *s++ = ' ';
        memcpy(s, t->start, t->length);
        s += t->length;
    }
    return text;
}
