/*
 * Whether a preprocessed text has async code, or only tells of async functions. A plain file may
 * include headers that declare some: it is not translated for that, and calls their blocking forms.
 * Headers that define some, or use other words of the language, make it an async file.
 */
#include "parse.h"

#include <string.h>

static bool is_header(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot && (!strcmp(dot, ".h") || !strcmp(dot, ".hh") || !strcmp(dot, ".hpp"));
}

/* Behind `async`: does a body come before the declaration ends? */
static bool has_body(const struct unit *u, uint32_t i)
{
    while (i < u->token_count && u->token[i].punct != ';' && u->token[i].punct != '{')
        i++;
    return i < u->token_count && u->token[i].punct == '{';
}

bool has_async_code(const struct unit *u)
{
    for (uint32_t i = 1; i < u->token_count; i++) {
        const struct token *t = &u->token[i];
        if (t->kind != TK_IDENT || !(name_of(t->text)->flags & NAME_ASYNC))
            continue;
        if (!t->in_header || !is_header(t->file))
            return true;
        switch (token_keyword(t)) {
        case KW_NONE: break; /* the tag of an owner's type */
        case KW_ASYNC:
        case KW_CANCEL_RETURNS:
            if (has_body(u, i))
                return true;
            break;
        default: return true;
        }
    }
    return false;
}
