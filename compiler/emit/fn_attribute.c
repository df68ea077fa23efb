/*
 * The user's attributes of an async function, for the functions that it becomes. The start function
 * has parameters of its own before the user's, so an attribute with numbers of parameters gets
 * higher numbers.
 */
#include "inside.h"

#include <string.h>

enum { LEADING = 3 }; /* parameters of the start function before the user's */

/* The numbers, in the start function, of the parameters that are pointers; NULL: there are none. */
static const char *all_pointers(struct unit *u, const struct symbol *fn)
{
    const char *s = NULL;
    for (int i = 0; i < fn->type->param_count; i++)
        if (fn->type->param[i].type->kind == TY_POINTER)
            s = arena_printf(u->arena, "%s%s%d", s ? s : "", s ? ", " : "", i + 1 + LEADING);
    return s;
}

static int number_at(const struct token *t)
{
    int n = 0;
    if (t->kind != TK_NUMBER || t->length > 4)
        return -1;
    for (uint32_t i = 0; i < t->length; i++) {
        if (t->start[i] < '0' || t->start[i] > '9')
            return -1;
        n = n * 10 + (t->start[i] - '0');
    }
    return n;
}

/* The attribute with the start function's numbers; NULL: it has no such form. */
static const char *shifted(struct unit *u, const struct symbol *fn, uint32_t name)
{
    const struct token *t = &u->token[name];
    uint32_t end = t[1].punct == '(' ? token_closing(u->token, name + 1) : name;
    if (attribute_is(t, "nonnull") && end <= name + 2) {
        const char *all = all_pointers(u, fn);
        return all ? arena_printf(u->arena, "nonnull(%s)", all) : NULL;
    }
    bool is_format = attribute_is(t, "format");
    if (!is_format && !attribute_is(t, "nonnull"))
        return tokens_text(u, name, end);
    const char *s = is_format ? arena_printf(u->arena, "format(%s", t[2].text) : "nonnull(";
    for (uint32_t i = name + (is_format ? 4 : 2), k = 0; i < end; i += 2, k++) {
        int n = number_at(&u->token[i]);
        unsigned after = u->token[i + 1].punct;
        if (n < 0 || (after != ',' && after != ')'))
            return NULL;
        s = arena_printf(u->arena, "%s%s%d", s, k || is_format ? ", " : "", n ? n + LEADING : 0);
    }
    return arena_printf(u->arena, "%s)", s);
}

bool fn_stays_whole(struct unit *u, const struct symbol *fn)
{
    for (uint32_t i = 0; fn && i < fn->attributes.count; i++) {
        const struct token *t = &u->token[(uint32_t)(uintptr_t)fn->attributes.item[i]];
        if (attribute_is(t, "noinline") || attribute_is(t, "noipa") || attribute_is(t, "optnone"))
            return true;
    }
    return false;
}

const char *fn_attributes_text(struct unit *u, const struct symbol *fn, enum fn_part part)
{
    static const uint8_t wanted[] = {
        [PART_WRAPPER] = FN_ON_WRAPPER, [PART_START] = FN_ON_START, [PART_BODY] = FN_ON_BODY};
    const char *s = "";
    for (uint32_t i = 0; fn && i < fn->attributes.count; i++) {
        uint32_t name = (uint32_t)(uintptr_t)fn->attributes.item[i];
        const struct token *t = &u->token[name];
        if (!(fn_attribute_places(t) & wanted[part]))
            continue;
        uint32_t end = t[1].punct == '(' ? token_closing(u->token, name + 1) : name;
        const char *one = part == PART_START ? shifted(u, fn, name) : tokens_text(u, name, end);
        if (one)
            s = arena_printf(u->arena, "%s__attribute__((%s)) ", s, one);
        if (part == PART_BODY && attribute_is(t, "always_inline"))
            s = arena_printf(u->arena, "%s__inline__ ", s);
    }
    return s;
}
