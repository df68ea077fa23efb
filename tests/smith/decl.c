/*
 * Declarations: qualified, aligned, atomic, static and thread-local variables, arrays initialised
 * by strings, inferred types, types declared in blocks, cleanups, deferred blocks.
 */
#include "smith.h"

#include <string.h>

/* The words before a type. From number 4 on they change the type or the storage. */
static const char *const before_type[] = {
    "const ",          "volatile ",     "_Alignas(32) ",
    "register ",       "_Alignas(64) ", "__attribute__((aligned(128))) ",
    "const volatile ",
};
enum { CONST, VOLATILE, ALIGNED_32, REGISTER, ALIGNED_64, ALIGNED_128, CONST_VOLATILE };

/* An int or a struct S with a cleanup function that tallies it. */
static void declare_cleaned(int depth)
{
    struct var *v = declare(fresh_name("v"));
    enum kind kind = percent(70) ? K_INT : K_S;
    has_undone = true;
    full();
    put("__attribute__((cleanup(note_%s))) %s %s = %s;\n", kind == K_INT ? "int" : "S",
        kinds[kind].name, v->name, make_value(kind, depth));
    define(v, kind, 0, new_class(OWN));
}

static void declare_deferred(int depth)
{
    struct jumps outer = jumps;
    bool recursion = recursion_left;
    jumps = (struct jumps){0};
    recursion_left = false;
    has_undone = true;
    put("defer {\n");
    indent++;
    struct scope scope = scope_enter();
    make_statements(1 + rng(2), depth - 1, true);
    scope_leave(scope);
    indent--;
    put("}\n");
    recursion_left = recursion;
    jumps = outer;
}

/* An array whose length comes from its string. */
static void declare_string(void)
{
    static const char *const texts[] = {"abc", "\\0xy", "a\" \"bc", "\\377\\1z"};
    struct var *v = declare(fresh_name("s"));
    bool plain = percent(50);
    const char *type = plain ? "signed char" : "unsigned char";
    put("%s%s %s[] = \"%s\";\n", percent(20) ? "const " : "", type, v->name, texts[rng(4)]);
    define(v, plain ? K_CHAR : K_UCHAR, 4, new_class(OWN));
    v->read_only = v->no_address = true;
}

static void declare_plain(int depth)
{
    enum kind kind = (enum kind)rng(K_PTR);
    int length = percent(25) ? kind == K_S || kind == K_SHORT ? 2 : 4 : 0;
    if (kind >= K_P)
        length = 0;
    int q = percent(25) ? rng(7) : -1;
    if (q == REGISTER && (length || kind >= K_S))
        q = -1;
    bool is_const = q == CONST || q == CONST_VOLATILE;
    bool may_be_atomic = kind == K_UINT || kind == K_INT || kind == K_LLONG;
    bool atomic = may_be_atomic && !length && q < 0 && percent(25);
    struct var *v = declare(fresh_name("v"));
    char *type =
        text("%s%s%s", q >= 0 ? before_type[q] : "", atomic ? "_Atomic " : "", kinds[kind].name);
    char *name = length ? text("%s[%d]", v->name, length) : text("%s", v->name);
    if (q < 0 && !length && kind < K_C && percent(25)) { /* assigned later, in two branches */
        put("%s %s;\n", type, name);
        full();
        put("if (%s)\n", make_condition(depth));
        put("    %s = %s;\n", v->name, make_value(kind, full()));
        put("else\n");
        put("    %s = %s;\n", v->name, make_value(kind, full()));
    } else if (kind == K_UCHAR && length == 4 && percent(50)) {
        put("%s %s = \"%c\";\n", type, name, 'a' + rng(26));
    } else {
        full();
        bool braces = length > 0 || percent(50);
        put("%s %s = %s;\n", type, name,
            braces ? make_initialiser(kind, length, depth) : make_value(kind, depth));
    }
    define(v, kind, length, new_class(OWN));
    v->read_only |= is_const;
    v->no_address = is_const || q == VOLATILE || q == REGISTER || atomic;
    if ((q == CONST || q == VOLATILE) && !length)
        v->qualifier = before_type[q][0];
    int align = q == ALIGNED_32 ? 32 : q == ALIGNED_64 ? 64 : q == ALIGNED_128 ? 128 : 0;
    if (align)
        put("tally(11, (long long)((uintptr_t)&%s %% %d));\n", v->name, align);
}

static void declare_pointer(int depth)
{
    struct var *v = declare(fresh_name("p"));
    int target = -1, length = 1, seen = 0;
    full();
    for (int i = 0; i < var_count; i++) {
        struct var *t = &vars[i];
        if (t->hider < 0 && t->kind == K_INT && !t->no_address && !t->read_only && t->class != 0 &&
            now.of[t->class] != NONE && rng(++seen) == 0) {
            target = t->class;
            length = t->length == 4 && percent(60) ? 4 : 1;
        }
    }
    char *value = target >= 0 && percent(75) ? make_pointer(target, length, depth) : NULL;
    if (value == NULL) {
        length = percent(50) ? 4 : 1;
        value = length == 4 ? text("(int[4])%s", make_initialiser(K_INT, 4, depth))
                            : text("&(int){%s}", make_value(K_INT, depth));
        target = new_class(OWN);
    }
    put("int *%s = %s;\n", v->name, value);
    define(v, K_PTR, 0, new_class(READ));
    v->target = target;
    v->target_length = length;
}

static void declare_inferred(int depth)
{
    struct var *v = declare(fresh_name("v")), *like;
    int n = rng(10);
    full();
    switch (rng(7)) {
    case 0:
        put("__auto_type %s = (short)(%s);\n", v->name, make_int(depth).text);
        define(v, K_SHORT, 0, new_class(OWN));
        break;
    case 1:
        put("__auto_type %s = %s;\n", v->name, make_value(K_S, depth));
        define(v, K_S, 0, new_class(OWN));
        break;
    case 2:
        spend(1);
        put("__auto_type %s = await id_K(%s);\n", v->name, make_value(K_K, depth));
        define(v, K_K, 0, new_class(OWN));
        break;
    case 3:
        put("__typeof__(await mk_P(g_S, %d)) %s = %s;\n", n, v->name, make_value(K_P, depth));
        define(v, K_P, 0, new_class(OWN));
        break;
    case 4:
        put("__typeof__(({\n    long long t = await id_ll(%d);\n    t;\n})) %s = %s;\n", n, v->name,
            make_value(K_LLONG, depth));
        define(v, K_LLONG, 0, new_class(OWN));
        break;
    case 5:
        if ((like = pick_var(K_INT, 4, READ)) != NULL && !like->read_only && !like->no_address) {
            put("__typeof__(%s) %s = %s;\n", like->name, v->name,
                make_initialiser(K_INT, 4, depth));
            define(v, K_INT, 4, new_class(OWN));
            break;
        } /* fall through */
    default:
        put("__typeof__(await id_i(%d)) %s = %s;\n", n, v->name, make_value(K_INT, depth));
        define(v, K_INT, 0, new_class(OWN));
        break;
    }
}

/* Initialises the two members of v, which count as variables of their own. */
static void define_members(struct var *v, const char *first, enum kind kind, const char *second,
                           enum kind other, int depth)
{
    struct ownership before = now, part[2];
    const char *name = v->name;
    split(part, 2);
    now = part[0];
    put(" %s = {.%s = %s, ", name, second, make_value(other, depth));
    now = part[1];
    put(".%s = %s};\n", first, make_value(kind, depth));
    now = before;
    define(v, K_VOID, TAG_MARK, 0);
    define(declare(text("%s.%s", name, first)), kind, 0, new_class(OWN));
    define(declare(text("%s.%s", name, second)), other, 0, new_class(OWN));
    vars[var_count - 1].hider = vars[var_count - 2].hider = -1;
}

/* A variable of a type that is declared in the block. */
static void declare_with_type(int depth)
{
    bool tagged = tag_in_scope();
    struct var *v = declare(fresh_name("w"));
    const char *name = v->name;
    int n = label_count++;
    full();
    switch (rng(7)) {
    case 0:
        put("struct pair%s {\n    short a;\n    int b;\n}", tagged ? text("%d", n) : "");
        define_members(v, "a", K_SHORT, "b", K_INT, depth);
        break;
    case 1:
        put("enum { %s = %d + (int)sizeof(int) };\n", name, rng(100));
        define(v, K_INT, 0, new_class(READ));
        v->no_address = v->read_only = true;
        break;
    case 2:
        put("struct {\n    signed char a;\n    _Alignas(64) unsigned b;\n}");
        define_members(v, "a", K_CHAR, "b", K_UINT, depth);
        break;
    case 3:
        put("struct {\n    union {\n        long long a;\n        short other;\n    };\n");
        put("    struct {\n        double d;\n    };\n}");
        define_members(v, "a", K_LLONG, "d", K_DOUBLE, depth);
        break;
    case 4:
        put("typedef int row%d[4];\n", n);
        put("row%d %s = %s;\n", n, name, make_initialiser(K_INT, 4, depth));
        define(v, K_INT, 4, new_class(OWN));
        break;
    case 5: {
        struct ownership before = now, part[2];
        split(part, 2);
        now = part[0];
        put("int %s[2][4] = {%s, ", name, make_initialiser(K_INT, 4, depth));
        now = part[1];
        put("[1] = %s};\n", make_initialiser(K_INT, 4, depth));
        now = before;
        define(v, K_VOID, TAG_MARK - 1, 0);
        define(declare(text("%s[0]", name)), K_INT, 4, new_class(OWN));
        define(declare(text("%s[1]", name)), K_INT, 4, new_class(OWN));
        vars[var_count - 1].hider = vars[var_count - 2].hider = -1;
        break;
    }
    default:
        put("typedef short type%d;\n", n);
        put("type%d %s = %s;\n", n, name, make_value(K_SHORT, depth));
        define(v, K_SHORT, 0, new_class(OWN));
        break;
    }
}

static void declare_lasting(void)
{
    static const char *const words[] = {"static", "static _Thread_local", "static __thread",
                                        "_Thread_local static"};
    struct var *v = declare(fresh_name("v"));
    enum kind kind = (enum kind)(K_CHAR + rng(K_UINT));
    put("%s %s %s = %d;\n", words[percent(50) ? 0 : rng(4)], kinds[kind].name, v->name, rng(100));
    define(v, kind, 0, 0);
}

void make_declaration(int depth)
{
    int r = rng(20);
    if (r < 7) {
        declare_plain(depth);
    } else if (r < 10) {
        declare_pointer(depth);
    } else if (r < 12) {
        declare_inferred(depth);
    } else if (r < 14) {
        declare_with_type(depth);
    } else if (r < 15) {
        declare_cleaned(depth);
    } else if (r < 16) {
        declare_deferred(depth);
    } else if (r < 17) {
        declare_string();
    } else if (r < 19 && base.of[0] == OWN) {
        declare_lasting();
    } else { /* two in a declaration: the second initialiser sees the first variable */
        struct var *v = declare(fresh_name("v"));
        full();
        put("int %s = %s, ", v->name, make_value(K_INT, depth));
        define(v, K_INT, 0, new_class(OWN));
        v = declare(fresh_name("v"));
        full();
        put("%s = %s;\n", v->name, make_value(K_INT, depth));
        define(v, K_INT, 0, new_class(OWN));
    }
}
