/*
 * Owners: tasks and futures in variables, arrays and arguments, children of scopes, the blocking
 * pool. In the erased program the call runs at once. For both to print the same, the call touches
 * nothing but its arguments; in a scope also what the rest of the block does not use. And nothing
 * leaves the block early.
 */
#include "smith.h"

#include <string.h>

enum { BY_VALUE = 10 };

static char *int_call(int depth)
{
    char *t = call_by_value(K_INT, depth);
    return t != NULL ? t : text("id_i(%d)", rng(1000));
}

/* Calls of the prelude's functions that take owners, with temporaries as arguments. */
bool make_owned(int depth, struct ex *e)
{
    if (!affordable(8))
        return false;
    spend(8);
    struct ownership before = now, part[3];
    char *arg[3];
    split(part, 3);
    for (int i = 0; i < 3; i++) {
        now = part[i];
        arg[i] = i == 1 ? make_value(K_INT, depth - 1) : int_call(depth - 1);
    }
    now = before;
    *e = (struct ex){.level = L_UNARY, .lo = -INT_STORE_MAX, .hi = INT_STORE_MAX};
    switch (rng(5)) {
    case 0: e->text = text("await joined(bide_spawn(%s))", arg[0]); break;
    case 1: e->text = text("await got(bide_lazy(%s), %s)", arg[2], arg[1]); break;
    case 2:
        e->text = text("await both(bide_spawn(%s), %s, bide_lazy(%s))", arg[0], arg[1], arg[2]);
        break;
    case 3: e->text = text("await bide_blocking(plain(%s, %d))", arg[1], rng(100)); break;
    default:
        e->text = text("await joined(bide_spawn_blocking(plain(%s, %d)))", arg[1], rng(100));
        break;
    }
    return true;
}

static void make_rest_of_block(int depth)
{
    make_statements(rng(3), depth - 1, true);
}

/* Declares an int to hold the result. */
static const char *declare_result(void)
{
    struct var *v = declare(fresh_name("r"));
    put("int %s = 0;\n", v->name);
    define(v, K_INT, 0, new_class(OWN));
    return v->name;
}

static void define_owner(struct var *v)
{
    define(v, K_VOID, BY_VALUE, 0); /* no other statement uses it */
}

static void take_joined(const char *owner, const char *result)
{
    switch (rng(4)) {
    case 0: put("tally(30, await bide_task_join(%s, &%s));\n", owner, result); break;
    case 1: put("%s = await joined(bide_move(%s));\n", result, owner); break;
    case 2:
        put("tally(30, await bide_task_wait(%s));\n", owner);
        put("(void)await bide_task_join(%s, &%s);\n", owner, result);
        break;
    default: /* moved to another variable first */
        put("{\n    bide_task(int) moved = bide_move(%s);\n", owner);
        put("    (void)await bide_task_join(moved, &%s);\n}\n", result);
        break;
    }
}

/* An async block gets const copies of the variables it mentions. Pointers stay out: their targets
 * are not copied. */
static char *make_block_of_copies(const char *form, int depth)
{
    struct ownership before = base;
    struct var *outer = vars_save();
    for (int i = 0; i < var_count; i++) {
        struct var *v = &vars[i];
        v->read_only = v->no_address = true;
        if (v->kind == K_PTR)
            base.of[v->target] = base.of[v->class] = NONE;
        else if (base.of[v->class] == OWN)
            base.of[v->class] = READ;
    }
    base.of[0] = NONE;
    now = base;
    bool recursion = recursion_left;
    struct var *sum = shared_sum;
    recursion_left = false;
    shared_sum = NULL;
    char *t = make_block_of_int(depth);
    recursion_left = recursion;
    shared_sum = sum;
    vars_restore(outer);
    base = before;
    now = base;
    return t != NULL ? text("%s(async %s)", form, t) : text("%s(id_i(%d))", form, rng(100));
}

static void one_task(int depth)
{
    struct var *v = declare(fresh_name("task"));
    begin_full_expression();
    char *made = percent(25)   ? make_block_of_copies("bide_spawn", depth)
                 : percent(20) ? text("bide_spawn_blocking(plain(%s, 3))", make_value(K_INT, 2))
                               : text("bide_spawn(%s)", int_call(2));
    put("bide_task(int) %s = %s;\n", v->name, made);
    define_owner(v);
    make_rest_of_block(depth);
    const char *r = declare_result();
    take_joined(v->name, r);
}

static void one_future(int depth)
{
    struct var *v = declare(fresh_name("future"));
    begin_full_expression();
    char *made =
        percent(25) ? make_block_of_copies("bide_lazy", depth) : text("bide_lazy(%s)", int_call(2));
    put("bide_future(int) %s = %s;\n", v->name, made);
    define_owner(v);
    make_rest_of_block(depth);
    const char *r = declare_result();
    begin_full_expression();
    switch (rng(4)) {
    case 0: put("%s = await bide_get(%s);\n", r, v->name); break;
    case 1: put("%s = await got(bide_move(%s), %d);\n", r, v->name, rng(100)); break;
    case 2: put("await bide_join(rest(), %s = bide_get(%s));\n", r, v->name); break;
    default:
        put("tally(31, await WITHIN(BIDE_S(3000000000), %s = bide_get(%s)));\n", r, v->name);
        break;
    }
}

static void many_owners(int depth)
{
    struct var *v = declare(fresh_name("owners"));
    const char *n = v->name, *i = text("k%d", label_count++);
    bool tasks = percent(50);
    int count = 1 + rng(3);
    double outer = repeats;
    put("bide_%s(int) %s[%d];\n", tasks ? "task" : "future", n, count);
    define_owner(v);
    put("for (int %s = 0; %s < %d; %s++)\n", i, i, count, i);
    repeats *= count;
    begin_full_expression();
    put("    %s[%s] = bide_%s(%s);\n", n, i, tasks ? "spawn" : "lazy", int_call(2));
    repeats = outer;
    make_rest_of_block(depth);
    const char *r = declare_result();
    spend(count * 2);
    put("for (int %s = %d; %s >= 0; %s--) {\n", i, count - 1, i, i);
    if (tasks)
        put("    int one = 0;\n    (void)await bide_task_join(%s[%s], &one);\n", n, i);
    else
        put("    int one = await bide_get(%s[%s]);\n", n, i);
    put("    %s = (%s * 3 + one %% 1000) %% 10007;\n}\n", r, r);
}

/* Tasks that are detached and futures that are dropped: their calls have no visible effect. */
static void let_go(int depth)
{
    struct var *v = declare(fresh_name("loose"));
    begin_full_expression();
    bool task = percent(50);
    put("bide_%s(int) %s = bide_%s(quiet(%s));\n", task ? "task" : "future", v->name,
        task ? "spawn" : "lazy", make_value(K_INT, 2));
    define_owner(v);
    if (percent(40))
        put("%s = bide_%s(quiet(%d));\n", v->name, task ? "spawn" : "lazy", rng(100));
    make_rest_of_block(depth);
    put("(void)%s;\n", v->name); /* the result is ignored on purpose */
    if (percent(50))
        put("bide_%s(%s);\n", task ? "task_detach" : "drop", v->name);
}

/* A scope whose children may borrow what the rest of the block does not use. */
static void with_children(int depth)
{
    struct ownership before = base, part[3];
    const char *s = text("s%d", label_count++);
    begin_full_expression();
    split(part, 3);
    put("CHILDREN(%s) {\n", s);
    indent++;
    struct scope scope = scope_enter();
    for (int i = 0; i < 2; i++) {
        base = now = part[i];
        begin_full_expression();
        char *t = call_effect(2);
        if (t != NULL)
            put("bide_scope_spawn(%s, %s);\n", s, t);
    }
    base = part[2];
    make_rest_of_block(depth);
    scope_leave(scope);
    indent--;
    put("}\n");
    base = now = before;
}

void make_owner_statement(int depth)
{
    static void (*const makers[])(int) = {one_task, one_future, many_owners, let_go, with_children};
    struct jumps outer = jumps;
    jumps = (struct jumps){0};
    has_undone = true;
    spend(8);
    makers[rng(5)](depth);
    jumps = outer;
}
