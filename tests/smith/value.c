/*
 * Values of every type: structs, conditions, initialisers; effects, pointers.
 */
#include "smith.h"

#include <string.h>

enum { VOID_CASTS = 20 }; /* in 100 effects */

static char *make_struct(enum kind kind, int depth)
{
    struct var *v = pick_var(kind, 0, READ);
    if (depth <= 0 && v != NULL)
        return text("%s", v->name);
    char *t;
    switch (depth <= 0 ? 3 : rng(7)) {
    case 0:
        if (v != NULL)
            return text("%s", v->name);
        break;
    case 1:
    case 2:
        if ((t = call_returning(kind, depth)) != NULL)
            return text("await %s", t);
        break;
    case 3: return text("((%s)%s)", kinds[kind].name, make_initialiser(kind, 0, depth - 1));
    case 4: {
        char *c = make_condition(depth - 1);
        char *a = make_struct(kind, depth - 1), *b = make_struct(kind, depth - 1);
        return text("(%s) ? (%s) : (%s)", c, a, b);
    }
    case 5: t = make_effect(depth - 1); return text("(%s, %s)", t, make_struct(kind, depth - 1));
    default:
        if ((v = pick_var(kind, 0, OWN)) != NULL && affordable(1)) {
            spend(1);
            struct ownership before = now;
            now.of[v->class] = READ;
            t = text("(%s = %s)", v->name, make_struct(kind, depth - 1));
            now = before;
            return t;
        }
        if (in_twice == 0 && (t = make_statement_expression(kind, depth)) != NULL)
            return t;
        break;
    }
    v = pick_var(kind, 0, READ);
    return v != NULL ? text("%s", v->name)
                     : text("((%s)%s)", kinds[kind].name, make_initialiser(kind, 0, 0));
}

char *make_value(enum kind kind, int depth)
{
    struct ex e;
    switch (kind) {
    case K_BOOL: return make_condition(depth);
    case K_VOID: /* K_VOID stands for a bit-field */ return masked(make_int(depth), 15).text;
    case K_INT: return paren(bounded(make_int(depth), INT_STORE_MAX), L_ASSIGN);
    case K_UINT: e = make_uint(depth); return text("(unsigned)%s", paren(e, L_UNARY));
    case K_ULLONG:
        e = make_uint(depth);
        return text("(unsigned long long)%s * 3u", paren(e, L_UNARY));
    case K_LLONG: return paren(bounded(make_ll(depth), 1000003), L_ASSIGN);
    case K_DOUBLE: return text("fold(%s)", paren(make_double(depth), L_ASSIGN));
    case K_S:
    case K_P:
    case K_U:
    case K_K:
    case K_B:
    case K_C: return make_struct(kind, depth);
    default:
        e = make_int(depth);
        if (e.lo >= kinds[kind].lo && e.hi <= kinds[kind].hi && percent(50))
            return paren(e, L_ASSIGN);
        return text("(%s)(%s)", kinds[kind].name, e.text);
    }
}

char *make_condition(int depth)
{
    struct ex e;
    switch (rng(5)) {
    case 0: {
        char *call = call_returning(K_BOOL, depth);
        if (call != NULL)
            return text("await %s", call);
        break;
    }
    case 1:
        if (depth > 0) {
            char *a = make_condition(depth - 1), *b = make_condition(depth - 1);
            return text("(%s) %s (%s)", a, percent(50) ? "&&" : "||", b);
        }
        break;
    case 2: e = make_int(depth); return text("%s & 1", paren(e, L_UNARY));
    default: break;
    }
    e = make_int(depth);
    return text("%s %s %d", paren(e, L_MUL), percent(50) ? ">" : "!=", rng(50) - 10);
}

/* A list of initialisers, which C evaluates in any order. */
char *make_initialiser(enum kind kind, int length, int depth)
{
    static const struct {
        enum kind of;
        const char *name;
        enum kind kind;
    } items[] = {
        {K_S, ".x", K_INT},    {K_S, ".y", K_SHORT},  {K_S, ".b", K_VOID},     {K_S, ".c", K_VOID},
        {K_S, ".z", K_UCHAR},  {K_S, ".w", K_LLONG},  {K_P, ".s", K_S},        {K_P, ".a", K_PTR},
        {K_P, ".d", K_DOUBLE}, {K_P, ".u", K_UINT},   {K_U, ".u", K_UINT},     {K_P, ".s.x", K_INT},
        {K_P, ".a[2]", K_INT}, {K_C, ".k", K_INT},    {K_C, ".v", K_UINT},     {K_K, ".t", K_CHAR},
        {K_K, ".x", K_INT},    {K_K, ".w", K_LLONG},  {K_K, ".y", K_SHORT},    {K_B, ".a", K_PTR},
        {K_B, ".b[1]", K_S},   {K_B, ".d", K_DOUBLE}, {K_B, ".b[2].x", K_INT},
    };
    enum { ITEMS = sizeof items / sizeof items[0] };
    struct ownership before = now, part[8];
    char *t = text("{");
    int n = 0;
    split(part, 8);
    if (length > 0) {
        for (int i = 0; i < length; i++) {
            now = part[n++ & 7];
            if (i > 0 && percent(15))
                break; /* the rest stays zero */
            bool nested = is_aggregate(kind) && percent(60);
            char *v = nested ? make_initialiser(kind, 0, depth - 1) : make_value(kind, depth - 1);
            t = percent(25) ? text("%s%s[%d] = %s", t, i ? ", " : "", i, v)
                            : text("%s%s%s", t, i ? ", " : "", v);
        }
    } else if (is_aggregate(kind)) {
        bool nested_out = kind == K_P && percent(30); /* name .s.x and .a[2] instead of .s and .a */
        bool both = kind == K_B;
        for (int i = 0; i < ITEMS && n < 8; i++) {
            bool inner = strchr(items[i].name + 1, '.') || strchr(items[i].name, '[');
            bool outer = items[i].kind == K_S || items[i].kind == K_PTR;
            if (items[i].of != kind || (!both && inner && !nested_out) || (outer && nested_out) ||
                (kind != K_U && percent(20)))
                continue;
            now = part[n];
            char *v = items[i].kind == K_PTR                ? make_initialiser(K_INT, 4, depth - 1)
                      : items[i].kind == K_S && percent(50) ? make_initialiser(K_S, 0, depth - 1)
                                                            : make_value(items[i].kind, depth - 1);
            t = text("%s%s%s = %s", t, n ? ", " : "", items[i].name, v);
            n++;
        }
        if (n == 0)
            t = text("{0");
    } else {
        now = before;
        return make_value(kind, depth);
    }
    now = before;
    return text("%s}", t);
}

char *make_effect(int depth)
{
    static const enum category categories[] = {C_INT, C_INT, C_UINT, C_LL, C_DOUBLE};
    struct ex e;
    char *call;
    if (depth > 1 && percent(10)) {
        char *c = make_condition(depth - 1);
        if (percent(50))
            return text("(%s) && (%s, 1)", c, make_effect(depth - 1));
        char *a = make_effect(depth - 1), *b = make_effect(depth - 1);
        return text("(%s) ? (void)(%s) : (void)(%s)", c, a, b);
    }
    const char *cast = percent(VOID_CASTS) ? "(void)" : "";
    if (percent(60) && make_assignment(categories[rng(5)], depth > 0 ? depth : 1, &e))
        return cast[0] ? text("(void)(%s)", e.text) : paren(e, L_ASSIGN);
    if (depth > 0 && in_twice == 0 && percent(12) && (call = make_join(depth)) != NULL)
        return call;
    if ((call = call_effect(depth)) != NULL)
        return text("%sawait %s", cast, call);
    return text("(void)(%s)", leaf_int(0).text);
}

char *make_pointer(int target, int length, int depth)
{
    static char unused;
    int seen = 0;
    char *found = &unused;
    for (int i = 0; i < var_count; i++) {
        struct var *v = &vars[i];
        bool is_target = v->class == target && v->kind == K_INT && !v->no_address &&
                         (length == 4 ? v->length == 4 : true);
        bool is_same = v->kind == K_PTR && v->target == target && v->target_length >= length &&
                       now.of[v->class] != NONE;
        if (v->hider >= 0 || (!is_target && !is_same) || rng(++seen) != 0)
            continue;
        if (is_same)
            found = text("%s", v->name);
        else if (v->length == 4)
            found = length == 4 ? text("%s", v->name) : text("&%s[%d]", v->name, rng(4));
        else
            found = text("&%s", v->name);
    }
    if (found == &unused)
        return NULL;
    if (depth > 0 && percent(30) && affordable(1)) {
        spend(1);
        return text("await id_p(%s)", found);
    }
    return found;
}
