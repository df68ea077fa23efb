/*
 * Statements, declarations, functions. What needs a declaration where none may stand (a block that
 * is jumped into) gets a block of its own.
 */
#include "smith.h"

#include <string.h>

struct jumps jumps;
int stmt_budget, label_count;
static int nested_expressions; /* statement expressions round the place */

/* Begins a full expression; how deep it may go. */
static int full(void)
{
    begin_full_expression();
    return stmt_budget <= 0 ? 1 : 1 + rng(4);
}

static char *condition(void)
{
    return make_condition(full());
}

void make_block(int count, int depth)
{
    struct scope scope = scope_enter();
    put("{\n");
    indent++;
    make_statements(count, depth, true);
    if (percent(60))
        scope_tally(scope);
    indent--;
    put("}\n");
    scope_leave(scope);
}

static void make_expression_statement(void);

/* After if (...) and the like: a block or a single statement. */
static void make_controlled(int count, int depth)
{
    if (percent(15)) {
        indent++;
        make_expression_statement();
        indent--;
    } else {
        make_block(count, depth);
    }
}

static char *statement_expression(enum kind kind, int depth, bool keep_jumps)
{
    if (nested_expressions >= 2 || depth <= 0 || stmt_budget < 3 || !room_for_vars())
        return NULL;
    struct ownership outer_base = base, outer_now = now;
    struct jumps outer_jumps = jumps;
    if (!keep_jumps)
        jumps = (struct jumps){0};
    jumps.can_label = false;
    base = now;
    nested_expressions++;
    put_push();
    put("({\n");
    indent++;
    struct scope scope = scope_enter();
    make_statements(1 + rng(2), 1, true);
    begin_full_expression();
    char *value = make_value(kind, depth - 1);
    if (kind == K_INT)
        value = promoted(value);
    if (kind == K_INT && (percent(30) || strpbrk(value, "abcdefghijklmnopqrstuvwxyz") == NULL))
        value = text("(%s) + zero", value); /* clang 14 drops calls before a constant value */
    put("%s;\n", value);
    scope_leave(scope);
    indent--;
    put("})");
    char *t = put_pop();
    nested_expressions--;
    if (!keep_jumps)
        jumps = outer_jumps;
    jumps.can_label = outer_jumps.can_label;
    base = outer_base;
    now = outer_now;
    return t;
}

char *make_statement_expression(enum kind kind, int depth)
{
    return statement_expression(kind, depth, false);
}

/* --- declarations --- */

static void declare_plain(int depth)
{
    enum kind kind = (enum kind)rng(K_PTR);
    int length = percent(25) ? kind == K_S || kind == K_SHORT ? 2 : 4 : 0;
    if (kind >= K_P)
        length = 0;
    static const char *const quals[] = {"const ", "volatile ", "_Alignas(32) ", "register "};
    int q = percent(25) ? rng(4) : -1;
    if (q == 3 && (length || kind >= K_S))
        q = -1;
    bool atomic = kind == K_UINT && !length && q < 0 && percent(30);
    struct var *v = declare(fresh_name("v"));
    char *type = text("%s%s%s", q >= 0 ? quals[q] : "", atomic ? "_Atomic " : "", kinds[kind].name);
    char *name = length ? text("%s[%d]", v->name, length) : text("%s", v->name);
    if (q < 0 && !length && kind < K_C && percent(25)) { /* set later, in two branches */
        put("%s %s;\n", type, name);
        put("if (%s)\n", condition());
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
    v->read_only |= q == 0;
    v->no_address = q == 0 || q == 1 || q == 3 || atomic;
    if (q == 2)
        put("tally(11, (long long)((uintptr_t)&%s %% 32));\n", v->name);
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
    struct var *v = declare(fresh_name("v"));
    full();
    switch (rng(3)) {
    case 0:
        put("__auto_type %s = (short)(%s);\n", v->name, make_int(depth).text);
        define(v, K_SHORT, 0, new_class(OWN));
        break;
    case 1:
        put("__auto_type %s = %s;\n", v->name, make_value(K_S, depth));
        define(v, K_S, 0, new_class(OWN));
        break;
    default:
        put("__typeof__(await id_i(%d)) %s = %s;\n", rng(10), v->name, make_value(K_INT, depth));
        define(v, K_INT, 0, new_class(OWN));
        break;
    }
}

/* A type of the block: two members that are variables of their own to us. */
static void declare_with_type(int depth)
{
    struct var *v = declare(fresh_name("w"));
    const char *name = v->name;
    int n = label_count++;
    full();
    struct ownership before = now, part[2];
    switch (rng(3)) {
    case 0:
        split(part, 2);
        put("struct pair%s {\n    short a;\n    int b;\n}", tag_in_scope() ? text("%d", n) : "");
        now = part[0];
        put(" %s = {.b = %s, ", name, make_value(K_INT, depth));
        now = part[1];
        put(".a = %s};\n", make_value(K_SHORT, depth));
        now = before;
        define(v, K_VOID, TAG_MARK, 0);
        define(declare(text("%s.a", name)), K_SHORT, 0, new_class(OWN));
        define(declare(text("%s.b", name)), K_INT, 0, new_class(OWN));
        vars[var_count - 1].hider = vars[var_count - 2].hider = -1;
        break;
    case 1:
        put("enum { %s = %d + (int)sizeof(int) };\n", name, rng(100));
        define(v, K_INT, 0, new_class(READ));
        v->no_address = v->read_only = true;
        break;
    default:
        put("typedef short type%d;\n", n);
        put("type%d %s = %s;\n", n, name, make_value(K_SHORT, depth));
        define(v, K_SHORT, 0, new_class(OWN));
        break;
    }
}

void make_declaration(int depth)
{
    int r = rng(10);
    if (r < 4) {
        declare_plain(depth);
    } else if (r < 6) {
        declare_pointer(depth);
    } else if (r < 7) {
        declare_inferred(depth);
    } else if (r < 8) {
        declare_with_type(depth);
    } else if (r < 9 && base.of[0] == OWN) {
        struct var *v = declare(fresh_name("v"));
        enum kind kind = (enum kind)(K_CHAR + rng(K_UINT));
        put("static %s %s = %d;\n", kinds[kind].name, v->name, rng(100));
        define(v, kind, 0, 0);
    } else { /* the second initialiser sees the first variable */
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

/* A loop's counter: nothing else writes it. */
static struct var *declare_counter(const char *fmt)
{
    struct var *v = declare(fresh_name("i"));
    if (fmt)
        put("int %s = %s;\n", v->name, fmt);
    define(v, K_INT, 0, new_class(READ));
    v->read_only = v->no_address = true;
    return v;
}

/* --- loops and branches --- */

static void loop_body(int depth, bool braces)
{
    struct jumps outer = jumps;
    jumps.can_break = jumps.can_continue = true;
    if (braces)
        make_block(1 + rng(3), depth - 1);
    else
        make_controlled(1 + rng(3), depth - 1);
    outer.can_label = jumps.can_label;
    memcpy(outer.forward_used, jumps.forward_used, sizeof outer.forward_used);
    jumps = outer;
}

static void make_while(int depth, int rounds)
{
    struct var *i = declare_counter("0");
    char *c = condition();
    bool helper = percent(50);
    if (helper)
        spend(rounds + 1);
    if (percent(50)) {
        put(helper ? "while (await less(%s++, %d) && (%s))\n" : "while (%s++ < %d && (%s))\n",
            i->name,
            rounds, c);
        loop_body(depth, false);
    } else {
        put("do\n");
        loop_body(depth, false);
        begin_full_expression();
        c = make_condition(2);
        put(helper ? "while (await less(++%s, %d) && (%s));\n" : "while (++%s < %d && (%s));\n",
            i->name, rounds, c);
    }
}

static void make_for(int depth, int rounds)
{
    struct scope scope = scope_enter();
    struct var *i = declare_counter(NULL);
    const char *n = i->name;
    spend(rounds * 2);
    switch (rng(4)) {
    case 0:
        put("for (int %s = await id_i(0); await less(%s, %d); %s += await id_i(1))\n", n, n, rounds,
            n);
        break;
    case 1: {
        struct var *j = declare(fresh_name("j"));
        full();
        char *first = make_value(K_INT, 2);
        define(j, K_INT, 0, new_class(OWN));
        char *test = condition();
        full();
        char *step = make_effect(2);
        put("for (int %s = 0, %s = %s; %s < %d && (%s); %s++, %s)\n", n, j->name, first, n, rounds,
            test, n, step);
        break;
    }
    case 2:
        put("for (int %s = 0;; %s += 1) {\n", n, n);
        indent++;
        put("if (%s >= %d || %s)\n    break;\n", n, rounds, condition());
        loop_body(depth, true);
        indent--;
        put("}\n");
        scope_leave(scope);
        return;
    default:
        put("for (int %s = %d; await less(0, %s); %s--)\n", n, rounds, n, n);
        break;
    }
    loop_body(depth, false);
    scope_leave(scope);
}

static void make_loop(int depth)
{
    double outer = repeats;
    int rounds = 1 + rng(4);
    repeats *= rounds + 1;
    if (percent(50))
        make_while(depth, rounds);
    else
        make_for(depth, rounds);
    repeats = outer;
}

static void make_if(int depth)
{
    put("if (%s)\n", condition());
    make_controlled(1 + rng(2), depth - 1);
    if (percent(40)) {
        put("else if (%s)\n", condition());
        make_controlled(1, depth - 1);
    }
    if (percent(50)) {
        put("else\n");
        make_controlled(1 + rng(2), depth - 1);
    }
}

static void make_switch(int depth)
{
    int cases = 2 + rng(3), at_default = rng(cases + 1);
    full();
    char *operand = percent(50) ? text("await id_i(%s)", make_index(4, 3)) : make_index(4, 3);
    spend(1);
    put("switch (%s) {\n", operand);
    struct jumps outer = jumps;
    jumps.can_break = true;
    struct scope scope = scope_enter();
    struct var *v = NULL;
    if (percent(30)) {
        v = declare(fresh_name("v"));
        put("    int %s;\n", v->name);
    }
    for (int i = 0; i <= cases; i++) {
        if (i == at_default)
            put("default:\n");
        else if (i == cases)
            put("case %d ... %d:\n", i, i + 20);
        else if (percent(80))
            put("case %d:\n", i);
        else
            put("case %d:\ncase %d:\n", i, i + 100);
        indent++;
        if (v != NULL) { /* indeterminate until then: a block that sets it first */
            put("%s = %s;\n", v->name, make_value(K_INT, full()));
            define(v, K_INT, 0, new_class(OWN));
        }
        if (percent(50))
            make_block(1 + rng(2), depth - 1);
        else
            make_statements(1 + rng(2), depth - 1, false);
        if (v != NULL) {
            put("tally(13, %s);\n", v->name);
            v->kind = K_VOID;
        }
        if (percent(65))
            put("break;\n");
        indent--;
    }
    scope_leave(scope);
    put("}\n");
    memcpy(outer.forward_used, jumps.forward_used, sizeof outer.forward_used);
    jumps = outer;
}

/* --- jumps out --- */

static void make_return(void)
{
    put("tally(14, %d);\n", label_count);
    if (current->result == K_VOID)
        put("return;\n");
    else
        put("return %s;\n", make_value(current->result, full()));
}

static bool make_jump_out(void)
{
    char *c = condition();
    int choice = rng(5);
    if (choice == 0 && jumps.can_break) {
        put("if (%s)\n    break;\n", c);
    } else if (choice == 1 && jumps.can_continue) {
        put("if (%s)\n    continue;\n", c);
    } else if (choice == 2 && jumps.forward_count > 0) {
        int k = rng(jumps.forward_count);
        jumps.forward_used[k] = true;
        put("if (%s)\n    goto %s;\n", c, jumps.forward[k]);
    } else if (choice == 3 && jumps.back_count > 0) {
        int k = rng(jumps.back_count);
        put("if (%s++ < 2 && (%s))\n    goto %s;\n", jumps.back_fuel[k], c, jumps.back[k]);
    } else if (choice == 4 && jumps.can_return) {
        put("if (%s) {\n", c);
        indent++;
        make_return();
        indent--;
        put("}\n");
    } else {
        return false;
    }
    return true;
}

/* --- statements --- */

static void make_expression_statement(void)
{
    int r = rng(10);
    if (r < 7) {
        put("%s;\n", make_effect(full()));
    } else if (r == 7 && base.of[0] == OWN) {
        put("trace(%d, %s);\n", rng(1000), make_value(K_INT, full()));
    } else if (r == 8) {
        spend(1);
        put("await rest();\n");
    } else {
        put("tally(%d, %s);\n", rng(1000), make_value(K_INT, full()));
    }
}

/* A statement expression that is the whole of a statement may be jumped out of. */
static void make_jumping_expression(bool may_declare)
{
    struct var *v = may_declare ? declare(fresh_name("v")) : NULL;
    char *t = statement_expression(K_INT, full(), true);
    if (v == NULL) {
        put("(void)%s;\n", t ? t : "0");
        return;
    }
    put("int %s = %s;\n", v->name, t ? t : "0");
    define(v, K_INT, 0, new_class(OWN));
}

/* Makes a statement that may begin with declarations. */
static void make_compound(int depth, bool may_declare, void (*make)(int depth))
{
    struct scope scope = {0, 0, 0};
    if (!may_declare) {
        scope = scope_enter();
        put("{\n");
        indent++;
    }
    make(depth);
    if (!may_declare) {
        indent--;
        put("}\n");
        scope_leave(scope);
    }
}

void make_statement(int depth, bool may_declare)
{
    stmt_budget--;
    if (depth <= 0 || stmt_budget <= 0 || !room_for_vars()) {
        make_expression_statement();
        return;
    }
    int r = rng(100);
    if (r < 30 && may_declare)
        make_declaration(1 + rng(3));
    else if (r < 52)
        make_expression_statement();
    else if (r < 58)
        make_if(depth);
    else if (r < 66)
        make_compound(depth, may_declare, make_loop);
    else if (r < 71)
        make_switch(depth);
    else if (r < 74)
        make_block(1 + rng(3), depth - 1);
    else if (r < 82)
        make_compound(depth, may_declare, make_jump_statement);
    else if (r < 85)
        make_jumping_expression(may_declare);
    else if (!make_jump_out())
        make_expression_statement();
}

void make_statements(int count, int depth, bool may_declare)
{
    for (int i = 0; i < count; i++)
        make_statement(depth, may_declare);
}

/* --- functions --- */

static void declare_param(struct function *f, int i, char **list)
{
    const char *name = f->recursive && i == 0 ? "depth" : fresh_name("a");
    struct var *v = declare(name);
    enum kind kind = f->param[i];
    const char *qual = kind < K_PTR && percent(15) ? percent(50) ? "const " : "volatile " : "";
    if (kind == K_PTR)
        *list = text("%s%sint *%s", *list, i ? ", " : "", name);
    else
        *list = text("%s%s%s%s %s", *list, i ? ", " : "", qual, kinds[kind].name, name);
    define(v, kind, 0, new_class(kind == K_PTR ? READ : OWN));
    v->read_only |= qual[0] == 'c' || (f->recursive && i == 0);
    v->no_address = qual[0] != '\0' || v->read_only;
    if (f->recursive && i == 0)
        base.of[v->class] = READ;
    if (kind == K_PTR) {
        v->target = new_class(OWN);
        v->target_length = f->param_length[i];
    }
}

static void declare_world(void)
{
    static const struct {
        const char *name;
        enum kind kind;
        int length;
    } globals[] = {{"g_i", K_INT, 0}, {"g_a", K_INT, 4}, {"g_u", K_UINT, 0}, {"g_S", K_S, 0}};
    for (int i = 0; i < 4; i++)
        define(declare(globals[i].name), globals[i].kind, globals[i].length, 0);
}

static void make_body(struct function *f)
{
    struct scope scope = {0, 0, 0};
    put("{\n");
    indent++;
    recursion_left = false;
    if (f->recursive) {
        put("if (depth <= 0) {\n");
        indent++;
        make_return();
        indent--;
        put("}\n");
    }
    recursion_left = f->recursive;
    while (stmt_budget > 0)
        make_statement(3, true);
    scope_tally(scope);
    if (f->result != K_VOID)
        put("return %s;\n", make_value(f->result, full()));
    indent--;
    put("}\n\n");
}

void make_function(const char *name, int size)
{
    static const char *const begin[] = {"static async ", "async static ", "async ", ""};
    struct function *f = &functions[function_count];
    *f = (struct function){.name = name, .pure = percent(60), .recursive = percent(20)};
    f->result = (enum kind)(percent(40) ? K_INT : rng(K_COUNT));
    if (f->result == K_PTR)
        f->result = K_VOID;
    f->param_count = rng(6) + f->recursive;
    if (f->param_count > 6)
        f->param_count = 6;
    for (int i = 0; i < f->param_count; i++) {
        f->param[i] = i == 0 && f->recursive ? K_INT : (enum kind)rng(K_PTR + 1);
        f->param_length[i] = percent(40) ? 4 : 1;
    }
    current = f;
    var_count = 0;
    class_count = 1;
    cost = 0;
    repeats = 1;
    label_count = 0;
    stmt_budget = size;
    jumps = (struct jumps){.can_return = true, .can_label = true};
    base.of[0] = f->pure ? NONE : OWN;
    if (!f->pure)
        declare_world();
    char *list = text("%s", "");
    for (int i = 0; i < f->param_count; i++)
        declare_param(f, i, &list);
    bool after = percent(10);
    const char *words = after ? begin[3] : begin[rng(3)];
    char *head = text("%s%s%s %s(%s)", words, kinds[f->result].name, after ? " async" : "", name,
                      f->param_count ? list : "void");
    put("%s;\n\n%s\n", head, head);
    make_body(f);
    f->cost = (cost + 1) * (f->recursive ? 16 : 1);
    function_count++;
}
