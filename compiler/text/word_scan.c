/*
 * Does a preprocessed text have async code, or does it only mention async functions? A plain file
 * may include headers that declare async functions, or define static ones. It is not translated
 * for that: it calls their blocking forms. But a header that defines async functions for the whole
 * program (say, a library in one header) makes the file that includes it an async file.
 */
#include "inside.h"

#include <string.h>

static bool is_header(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot && (!strcmp(dot, ".h") || !strcmp(dot, ".hh") || !strcmp(dot, ".hpp"));
}

/* Does the declaration with the token i define a function that is not static? */
static bool defines_for_all(const struct unit *u, uint32_t i)
{
    uint32_t k = i;
    while (k > 1 && u->token[k - 1].punct != ';' && u->token[k - 1].punct != '}')
        k--;
    for (; k < u->token_count && u->token[k].punct != ';' && u->token[k].punct != '{'; k++) {
        if (token_keyword(&u->token[k]) == KW_STATIC)
            return false;
    }
    return k < u->token_count && u->token[k].punct == '{';
}

bool has_name(const struct unit *u, const char *name)
{
    const char *text = intern(u->arena, name, strlen(name));
    for (uint32_t i = 1; i < u->token_count; i++) {
        if (u->token[i].kind == TK_IDENT && u->token[i].text == text)
            return true;
    }
    return false;
}

bool has_async_code(const struct unit *u)
{
    for (uint32_t i = 1; i < u->token_count; i++) {
        const struct token *t = &u->token[i];
        if (t->kind != TK_IDENT || !(name_of(t->text)->flags & NAME_ASYNC))
            continue;
        if (!t->in_header || !is_header(t->file))
            return true;
        if (token_keyword(t) == KW_ASYNC && defines_for_all(u, i))
            return true;
    }
    return false;
}
