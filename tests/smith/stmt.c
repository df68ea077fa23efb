/*
 * Statements, declarations and functions. A statement that needs a declaration gets a block of its
 * own where no declaration may stand, as in a block that is jumped into.
 */
#include "smith.h"

#include <string.h>

struct jumps jumps;
bool has_computed, has_undone;
int stmt_budget, label_count;
static int nested_expressions; /* how many statement expressions enclose this place */

int full(void)
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

/* What follows `if (...)` and the like: a block or a single statement. */
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

/* The state that changes while a statement expression is made. */
struct inside {
    struct ownership base, now;
    struct jumps jumps;
    struct scope scope;
};

static bool begin_inside(struct inside *outer, int depth, int nested_max, bool keep_jumps)
{
    if (nested_expressions >= nested_max || depth <= 0 || stmt_budget < 3 || !room_for_vars())
        return false;
    *outer = (struct inside){.base = base, .now = now, .jumps = jumps};
    if (!keep_jumps)
        jumps = (struct jumps){0};
    jumps.can_label = false;
    base = now;
    nested_expressions++;
    put_push();
    put("({\n");
    indent++;
    outer->scope = scope_enter();
    return true;
}

static char *end_inside(struct inside *outer, bool keep_jumps)
{
    scope_leave(outer->scope);
    indent--;
    put("})");
    nested_expressions--;
    if (!keep_jumps)
        jumps = outer->jumps;
    jumps.can_label = outer->jumps.can_label;
    base = outer->base;
    now = outer->now;
    return put_pop();
}

/* `exact`: the type must be int itself, not a narrower one. */
static char *last_value(enum kind kind, int depth, bool exact)
{
    begin_full_expression();
    char *value = make_value(kind, depth);
    if (kind == K_INT)
        value = promoted(value);
    bool plain = strpbrk(value, "abcdefghijklmnopqrstuvwxyz") == NULL;
    if (kind == K_INT && (exact || percent(30) || plain))
        value = text("(%s) + zero", value); /* clang 14 drops calls before a constant value */
    return value;
}

static char *statement_expression(enum kind kind, int depth, bool keep_jumps, bool exact)
{
    struct inside outer;
    if (!begin_inside(&outer, depth, 2, keep_jumps))
        return NULL;
    make_statements(1 + rng(2), 1, true);
    put("%s;\n", last_value(kind, depth - 1, exact));
    return end_inside(&outer, keep_jumps);
}

static void add_to_sum(void)
{
    if (shared_sum == NULL || shared_sum->hider >= 0 || percent(40))
        return;
    begin_full_expression();
    put("%s += %s;\n", shared_sum->name, make_value(K_UINT, 2));
}

char *make_branch_block(enum branch_end end, enum kind kind, long long wait, int depth)
{
    struct inside outer;
    if (!begin_inside(&outer, depth, 3, false))
        return NULL;
    add_to_sum();
    make_statements(1 + rng(3), nested_expressions > 1 ? 1 : 2, true);
    if (end == WAITS_FOREVER) {
        begin_full_expression();
        char *group = percent(25) ? make_waiting_group(depth - 1) : NULL;
        if (group != NULL)
            put("%s;\n", group);
        else if (percent(50))
            put("await wait_forever();\n");
        else
            put("(void)(zero + await wait_forever());\n");
        put("zero;\n");
        return end_inside(&outer, false);
    }
    if (end == ENDS_LATE || end == FAILS_LATE) {
        put("await later(%lld);\n", wait);
        if (percent(30))
            make_statements(1, 1, true);
    }
    if (end == FAILS_LATE)
        put("%lld - zero;\n", failure(wait));
    else if (end == ENDS_WELL && kind <= K_INT)
        put("((%s) & 1023) + zero;\n", last_value(kind, depth - 1, false));
    else if (kind == K_VOID)
        put("(void)zero;\n");
    else
        put("%s;\n", last_value(kind, depth - 1, false));
    return end_inside(&outer, false);
}

char *make_statement_expression(enum kind kind, int depth)
{
    return statement_expression(kind, depth, false, false);
}

char *make_block_of_int(int depth)
{
    return statement_expression(K_INT, depth, false, true);
}

/* Declares the counter of a loop, which nothing else writes. */
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
            i->name, rounds, c);
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
    default: put("for (int %s = %d; await less(0, %s); %s--)\n", n, rounds, n, n); break;
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
    struct ex e;
    char *operand = percent(50) ? text("await id_i(%s)", make_index(4, 3)) : make_index(4, 3);
    if (percent(20) && make_group(2, &e))
        operand = e.text;
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
        if (v != NULL) { /* v has no value yet: make a block that sets it first */
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
    char *t;
    struct ex e;
    if (r < 1 && percent(60) && (t = make_join(full())) != NULL) {
        put("%s;\n", t);
    } else if (r < 1 && make_group(full(), &e)) {
        put("tally(%d, %s);\n", rng(1000), e.text);
    } else if (r < 7) {
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

/* A statement that is one statement expression, which the program may jump out of. */
static void make_jumping_expression(bool may_declare)
{
    struct var *v = may_declare ? declare(fresh_name("v")) : NULL;
    char *t = statement_expression(K_INT, full(), true, false);
    if (v == NULL) {
        put("(void)%s;\n", t ? t : "0");
        return;
    }
    put("int %s = %s;\n", v->name, t ? t : "0");
    define(v, K_INT, 0, new_class(OWN));
}

/* Calls `make`, which may begin with declarations; in a block where they may not stand. */
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
    else if (r < 88 && affordable(20))
        make_compound(depth, false, make_owner_statement);
    else if (r < 91)
        make_compound(depth, false, make_gnu_statement);
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
    recursion_left &= f->partner != NULL;
    if (recursion_left) {
        begin_full_expression();
        char *t = call_partner(2);
        if (t != NULL)
            put("(void)await %s;\n", t);
    }
    if (f->result != K_VOID)
        put("return %s;\n", make_value(f->result, full()));
    indent--;
    put("}\n\n");
}

static void plan(struct function *f, const char *name)
{
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
}

void plan_partners(const char *first, const char *second)
{
    struct function *f = &functions[function_count], *g = f + 1;
    do
        plan(f, first);
    while (!f->recursive);
    do
        plan(g, second);
    while (!g->recursive);
    f->partner = g;
    g->partner = f;
    g->pure = f->pure;
    put("static async %s %s(", kinds[g->result].name, second);
    for (int i = 0; i < g->param_count; i++)
        put("%s%s", i ? ", " : "", kinds[g->param[i]].name);
    put(");\n\n");
}

/* The cost of two functions that call each other: each has one such call, so a level of recursion
 * costs at most both. */
static void add_costs(struct function *f)
{
    f->cost = (cost + 1) * (f->recursive ? 16 : 1);
    f->delay = delay * (f->recursive ? 16 : 1);
    if (f->partner && f->partner < f) {
        f->cost = f->partner->cost += f->cost;
        f->delay = f->partner->delay += f->delay;
    }
}

void make_function(const char *name, int size)
{
    static const char *const begin[] = {"static async ", "async static ", "async ", ""};
    struct function *f = &functions[function_count];
    if (f->partner == NULL)
        plan(f, name);
    current = f;
    var_count = 0;
    class_count = 1;
    cost = 0;
    delay = 0;
    repeats = 1;
    label_count = 0;
    stmt_budget = size;
    jumps = (struct jumps){.can_return = true, .can_label = true};
    has_computed = has_undone = false;
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
    add_costs(f);
    function_count++;
}
