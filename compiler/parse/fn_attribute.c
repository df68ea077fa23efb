/*
 * The attributes of async functions: which of them mean something for which of the functions that
 * one becomes.
 *
 *   the blocking form     what speaks of its arguments and its result, its place and its assembler
 *                         name; and what we do not know, so that the user's compiler says so
 *   the start function    what compilers check at a call, its parameters counted three further on
 *   the body              what speaks of the code
 *   us                    deprecated, unavailable, warn_unused_result: said at the user's call
 *
 * An await returns later than the start function does, so nothing that is promised of the result
 * (malloc, returns_nonnull, noreturn...) goes there. What would make the function something that
 * starts and ends by itself (constructor, naked), or another's name (alias), is refused.
 */
#include "compiler/lower/inside.h"
#include "inside.h"

#include <string.h>

enum {
    NOWHERE = 0,
    ON_WRAPPER = 1,
    ON_START = 2,
    ON_BODY = 4,
    REFUSED = 8,
    OURS = 16,
    LEADING = 3, /* parameters of the start function before the user's */
};

static const struct {
    const char *name;
    uint8_t where;
} table[] = {
    {"access", ON_WRAPPER},
    {"alias", REFUSED},
    {"alloc_align", ON_WRAPPER},
    {"alloc_size", ON_WRAPPER},
    {"always_inline", ON_BODY},
    {"assume_aligned", ON_WRAPPER},
    {"cold", ON_BODY},
    {"const", NOWHERE},
    {"constructor", REFUSED},
    {"deprecated", OURS},
    {"destructor", REFUSED},
    {"error", ON_START},
    {"flatten", ON_BODY},
    {"format", ON_WRAPPER | ON_START},
    {"format_arg", ON_WRAPPER},
    {"gnu_inline", NOWHERE},
    {"hot", ON_BODY},
    {"ifunc", REFUSED},
    {"interrupt", REFUSED},
    {"leaf", NOWHERE},
    {"malloc", ON_WRAPPER},
    {"minsize", ON_BODY},
    {"naked", REFUSED},
    {"no_instrument_function", ON_BODY},
    {"no_profile_instrument_function", ON_BODY},
    {"no_sanitize", ON_BODY},
    {"no_sanitize_address", ON_BODY},
    {"no_sanitize_thread", ON_BODY},
    {"no_sanitize_undefined", ON_BODY},
    {"no_stack_protector", ON_BODY},
    {"noclone", ON_BODY},
    {"noinline", ON_BODY},
    {"noipa", ON_BODY},
    {"nonnull", ON_WRAPPER | ON_START},
    {"noreturn", NOWHERE},
    {"nothrow", NOWHERE},
    {"optimize", ON_BODY},
    {"optnone", ON_BODY},
    {"overloadable", NOWHERE},
    {"pure", NOWHERE},
    {"returns_nonnull", ON_WRAPPER},
    {"returns_twice", REFUSED},
    {"section", ON_WRAPPER | ON_BODY},
    {"stack_protect", ON_BODY},
    {"target", ON_BODY},
    {"target_clones", REFUSED},
    {"unavailable", OURS},
    {"unused", NOWHERE},
    {"maybe_unused", NOWHERE},
    {"nodiscard", OURS},
    {"visibility", NOWHERE}, /* ours too: see linkage */
    {"warn_unused_result", OURS},
    {"warning", ON_START},
    {"weak", NOWHERE},
    {"weakref", REFUSED},
    {"zero_call_used_regs", ON_BODY},
};

static unsigned places_of(const struct token *t)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (attribute_is(t, table[i].name))
            return table[i].where;
    return ON_WRAPPER;
}

/* ---- what the declarations say ---- */

/* At an opening bracket: its closing one. */
static uint32_t closing(const struct token *t, uint32_t i)
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

static void note_attribute(struct parser *p, struct symbol *s, uint32_t i)
{
    struct token *t = &p->token[i];
    unsigned where = places_of(t);
    if (where & REFUSED)
        diag(p->unit, SEV_ERROR, i,
             "attribute '%s' of an async function, which becomes several functions; put it on a "
             "plain one",
             t->text);
    else if (attribute_is(t, "deprecated") || attribute_is(t, "unavailable"))
        s->deprecated = i;
    else if (where & OURS)
        s->warn_unused = i;
    else if (where)
        list_add(p->arena, &s->attributes, (void *)(uintptr_t)i);
}

/* The names in one list, from after its opening brackets up to `last`. */
static void note_list(struct parser *p, struct symbol *s, uint32_t i, uint32_t last)
{
    const struct token *t = p->token;
    for (; i < last; i++) {
        if (t[i].kind != TK_IDENT)
            continue;
        if (t[i + 1].punct == ':') /* gnu::, in one token or in two */
            continue;
        note_attribute(p, s, i);
        if (t[i + 1].punct == '(')
            i = closing(t, i + 1);
    }
}

void note_fn_attributes(struct parser *p, struct symbol *s, uint32_t first, uint32_t last)
{
    const struct token *t = p->token;
    for (uint32_t i = first; i <= last; i++) {
        bool list = t[i].punct == '(' || t[i].punct == '{';
        if (list) {
            i = closing(t, i);
        } else if ((keyword_at(&p->token[i]) == KW_ATTRIBUTE && t[i + 1].punct == '(' &&
                    t[i + 2].punct == '(') ||
                   (t[i].punct == '[' && t[i + 1].punct == '[')) {
            uint32_t open = t[i].punct == '[' ? i : i + 1, end = closing(t, open);
            note_list(p, s, open + 2, end - 1);
            i = end;
        } else if (keyword_at(&p->token[i]) == KW_ASM && t[i + 1].punct == '(') {
            s->asm_first = i;
            i = s->asm_last = closing(t, i + 1);
        }
    }
}

/* ---- what the emitter writes ---- */

/* Every pointer among the parameters, by its number in the start function; NULL: there is none. */
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

/* The attribute for the start function, its parameters counted on; NULL: it cannot be said. */
static const char *shifted(struct unit *u, const struct symbol *fn, uint32_t name)
{
    const struct token *t = &u->token[name];
    uint32_t end = t[1].punct == '(' ? closing(u->token, name + 1) : name;
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

const char *fn_attributes_text(struct unit *u, const struct symbol *fn, enum fn_part part)
{
    static const uint8_t wanted[] = {
        [PART_WRAPPER] = ON_WRAPPER, [PART_START] = ON_START, [PART_BODY] = ON_BODY};
    const char *s = "";
    for (uint32_t i = 0; fn && i < fn->attributes.count; i++) {
        uint32_t name = (uint32_t)(uintptr_t)fn->attributes.item[i];
        const struct token *t = &u->token[name];
        if (!(places_of(t) & wanted[part]))
            continue;
        uint32_t end = t[1].punct == '(' ? closing(u->token, name + 1) : name;
        const char *one = part == PART_START ? shifted(u, fn, name) : tokens_text(u, name, end);
        if (one)
            s = arena_printf(u->arena, "%s__attribute__((%s)) ", s, one);
        if (part == PART_BODY && attribute_is(t, "always_inline"))
            s = arena_printf(u->arena, "%s__inline__ ", s);
    }
    return s;
}
