/*
 * The attributes of an async function, among the tokens of its declarations.
 */
#include "inside.h"

#include <string.h>

static void note_attribute(struct parser *p, struct symbol *s, uint32_t i)
{
    struct token *t = &p->token[i];
    unsigned where = fn_attribute_places(t);
    if (where & FN_REFUSED)
        diag(p->unit, SEV_ERROR, i,
             "attribute '%s' of an async function, which becomes several functions; put it on a "
             "plain one",
             t->text);
    else if (attribute_is(t, "deprecated") || attribute_is(t, "unavailable"))
        s->deprecated = i;
    else if (where & FN_OURS)
        s->warn_unused = i;
    else if (where)
        list_add(p->arena, &s->attributes, (void *)(uintptr_t)i);
}

/* The attributes of one list: the tokens from after its opening brackets up to `last`. */
static void note_list(struct parser *p, struct symbol *s, uint32_t i, uint32_t last)
{
    const struct token *t = p->token;
    for (; i < last; i++) {
        if (t[i].kind != TK_IDENT)
            continue;
        if (t[i + 1].punct == ':') /* the `gnu` of gnu:: */
            continue;
        note_attribute(p, s, i);
        if (t[i + 1].punct == '(')
            i = token_closing(t, i + 1);
    }
}

void note_fn_attributes(struct parser *p, struct symbol *s, uint32_t first, uint32_t last)
{
    const struct token *t = p->token;
    for (uint32_t i = first; i <= last; i++) {
        bool list = t[i].punct == '(' || t[i].punct == '{';
        if (list) {
            i = token_closing(t, i);
        } else if ((token_keyword(&p->token[i]) == KW_ATTRIBUTE && t[i + 1].punct == '(' &&
                    t[i + 2].punct == '(') ||
                   (t[i].punct == '[' && t[i + 1].punct == '[')) {
            uint32_t open = t[i].punct == '[' ? i : i + 1, end = token_closing(t, open);
            note_list(p, s, open + 2, end - 1);
            i = end;
        } else if (token_keyword(&p->token[i]) == KW_ASM && t[i + 1].punct == '(') {
            s->asm_first = i;
            i = s->asm_last = token_closing(t, i + 1);
        }
    }
}
