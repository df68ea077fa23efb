/*
 * Statements with labels. No jump enters the scope of a variable: a block that is jumped into
 * declares nothing at its own level.
 */
#include "smith.h"

#include <string.h>

static const char *fresh_label(const char *stem)
{
    static const char *const stems[] = {"resume_", "defer_", "next_", "L"};
    return text("%s%d", percent(40) ? stems[rng(4)] : stem, label_count++);
}

static const char *fresh_counter(bool some)
{
    struct var *v = declare(text("fuel%d", label_count++));
    begin_full_expression();
    if (some)
        put("int %s = (%s) + 1;\n", v->name, make_index(4, 3));
    else
        put("int %s = 0;\n", v->name);
    define(v, K_INT, 0, new_class(READ));
    v->read_only = v->no_address = true;
    return v->name;
}

/* Restores the jumps that the outer body may make; a label that was used stays used. */
static void jumps_restore(struct jumps *outer)
{
    memcpy(outer->forward_used, jumps.forward_used, sizeof outer->forward_used);
    jumps = *outer;
}

static void make_forward(int depth)
{
    if (jumps.forward_count == 8)
        return;
    int k = jumps.forward_count++;
    jumps.forward[k] = fresh_label("out_");
    jumps.forward_used[k] = false;
    const char *label = jumps.forward[k];
    put_push();
    make_block(2 + rng(3), depth - 1);
    char *block = put_pop();
    jumps.forward_count = k;
    bool local = jumps.forward_used[k] && percent(40);
    if (local) {
        put("{\n");
        indent++;
        put("__label__ %s;\n", label);
    }
    put("%s", block);
    if (jumps.forward_used[k])
        put("%s:;\n", label);
    if (local) {
        indent--;
        put("}\n");
    }
}

static void make_backward(int depth)
{
    if (jumps.back_count == 8)
        return;
    int k = jumps.back_count++;
    double outer = repeats;
    jumps.back_fuel[k] = fresh_counter(false);
    jumps.back[k] = fresh_label("again_");
    repeats *= 3;
    put("%s:;\n", jumps.back[k]);
    make_block(2 + rng(2), depth - 1);
    begin_full_expression();
    put("if (%s++ < 2 && (%s))\n    goto %s;\n", jumps.back_fuel[k], make_condition(2),
        jumps.back[k]);
    jumps.back_count = k;
    repeats = outer;
}

/* A goto into the middle of a loop, past its test and the start of its body. */
static void make_goto_in(int depth)
{
    static const char *const heads[] = {"while (%s < 3) {\n", "for (; %s < 3;) {\n", "do {\n",
                                        "if (%s == 7) {\n", "switch (%s) {\ncase 0:\n"};
    const char *n = fresh_counter(false);
    const char *label = fresh_label("in_");
    struct jumps outer = jumps;
    double outer_repeats = repeats;
    int head = rng(5);
    begin_full_expression();
    put("if (%s)\n    goto %s;\n", make_condition(3), label);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    put(heads[head], n);
#pragma GCC diagnostic pop
    indent++;
    repeats *= 4;
    put("%s++;\n", n);
    if (head != 3)
        jumps.can_break = true;
    if (head < 2)
        jumps.can_continue = true;
    if (head == 2)
        jumps.can_continue = false;
    make_statements(1, depth - 1, false);
    put("%s:\n", label);
    put("%s++;\n", n);
    make_statements(1 + rng(2), depth - 1, false);
    indent--;
    if (head == 2)
        put("} while (%s < 3);\n", n);
    else
        put("}\n");
    jumps_restore(&outer);
    repeats = outer_repeats;
}

static void make_duff(int depth)
{
    const char *n = fresh_counter(true);
    struct jumps outer = jumps;
    double outer_repeats = repeats;
    repeats *= 4;
    jumps.can_break = jumps.can_continue = true;
    begin_full_expression();
    put(percent(50) ? "switch (await id_i(%s)) {\n" : "switch (%s) {\n", make_index(4, 2));
    put("case 0:\n");
    indent++;
    put("do {\n");
    indent++;
    make_statements(1, depth - 1, false);
    indent--;
    for (int i = 3; i >= 1; i--) {
        put(i == 2 && percent(30) ? "default:\n" : "case %d:\n", i);
        indent++;
        make_statements(1, depth - 1, false);
        indent--;
    }
    begin_full_expression();
    if (percent(50)) {
        spend(1);
        put("} while (await less(1, %s--) && (%s));\n", n, make_condition(2));
    } else {
        put("} while (--%s > 0);\n", n);
    }
    indent--;
    put("}\n");
    jumps_restore(&outer);
    repeats = outer_repeats;
}

static void make_computed(int depth)
{
    const char *again = percent(60) ? fresh_counter(false) : NULL;
    struct var *v = declare(fresh_name("table"));
    has_computed = true;
    const char *label[4];
    for (int i = 0; i < 4; i++)
        label[i] = fresh_label("way_");
    put("%svoid *const %s[] = {&&%s, &&%s, &&%s, &&%s};\n", percent(50) ? "static " : "", v->name,
        label[0], label[1], label[2], label[3]);
    begin_full_expression();
    put("goto *%s[%s];\n", v->name, make_index(4, 3));
    struct jumps outer = jumps;
    double outer_repeats = repeats;
    if (again)
        repeats *= 4;
    for (int i = 0; i < 4; i++) {
        put("%s:\n", label[i]);
        indent++;
        make_statements(1 + rng(2), depth - 1, false);
        if (again && percent(60)) {
            begin_full_expression();
            put("if (%s++ < 3)\n    goto *%s[%s];\n", again, v->name, make_index(4, 2));
        }
        if (i < 3 && percent(70))
            put("goto %s;\n", label[3]);
        indent--;
    }
    repeats = outer_repeats;
    jumps_restore(&outer);
}

void make_jump_statement(int depth)
{
    switch (rng(6)) {
    case 0:
        if (jumps.can_label && !(has_computed && has_undone)) {
            make_computed(depth);
            return;
        }
        make_forward(depth);
        return;
    case 1: make_backward(depth); return;
    case 2: make_goto_in(depth); return;
    case 3: make_duff(depth); return;
    default: make_forward(depth); return;
    }
}
