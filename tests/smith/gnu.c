/*
 * Macros that are whole statements, with awaits in their bodies and arguments; extensions of gcc
 * and clang: inline asm next to awaits, arrays of variable length that are dead at every await; and
 * functions declared in blocks.
 */
#include "smith.h"

#include <string.h>

/* A whole variable of type int that the statement owns, or NULL. */
static struct var *own_int(void)
{
    struct var *v = pick_var(K_INT, 0, OWN);
    return v != NULL && !v->read_only ? v : NULL;
}

static void make_asm(int depth)
{
    (void)depth;
    full();
    struct var *v = own_int();
    struct place p;
    if (v == NULL) {
        put("__asm__ volatile(\"\" ::: \"memory\");\n");
        return;
    }
    now.of[v->class] = NONE;
    if (!pick_place(C_INT, READ, &p))
        p.text = text("%d", rng(100));
    now.of[v->class] = OWN;
    place_subscript(&p, 0);
    switch (rng(v->no_address ? 4 : 5)) {
    case 0: put("__asm__(\"\" : \"+r\"(%s));\n", v->name); break;
    case 1:
        put("__asm__ volatile(\"\" : \"=r\"(%s) : \"0\"((int)%s) : \"memory\");\n", v->name,
            p.text);
        break;
    case 2:
        put("__asm__(\"\" : [to] \"=r\"(%s) : [from] \"0\"((int)%s));\n", v->name, p.text);
        break;
    case 3: {
        const char *label = text("asm_%d", label_count++);
        put("__asm__ goto(\"\" : : \"r\"((int)%s) : : %s);\n", p.text, label);
        put("%s = %d;\n", v->name, rng(100));
        put("%s:\n    tally(40, 1);\n", label);
        break;
    }
    default:
        put("__asm__ volatile(\"\" : \"+m\"(%s) : \"r\"((long long)%s) : \"cc\");\n", v->name,
            p.text);
        break;
    }
}

/* An array that is filled and summed up without a suspension. Its length may await. */
static void make_variable_length(int depth)
{
    struct var *v = declare(fresh_name("r"));
    const char *sum = v->name;
    int id = label_count++;
    full();
    put("int %s = %s;\n", sum, make_value(K_INT, depth));
    define(v, K_INT, 0, new_class(OWN));
    const char *size = text("n%d", id), *array = text("vla%d", id), *i = text("k%d", id);
    bool rows = percent(30);
    put("{\n");
    indent++;
    full();
    put("int %s = 1 + (%s);\n", size, make_index(8, depth));
    put("%s %s[%s]%s;\n", percent(50) ? "int" : "long long", array, size, rows ? "[2]" : "");
    put("for (int %s = 0; %s < %s; %s++)\n", i, i, size, i);
    put("    %s[%s]%s = (%s + %s) %% 1000;\n", array, i, rows ? "[1]" : "", sum, i);
    put("for (int %s = 0; %s < %s; %s++)\n", i, i, size, i);
    put("    %s = (%s * 3 + (int)%s[%s]%s) %% 10007;\n", sum, sum, array, i, rows ? "[1]" : "");
    put("tally(41, (long long)(sizeof %s / sizeof %s[0]));\n", array, array);
    indent--;
    put("}\n");
}

/* Functions declared in a scope of their own, so that their names hide others only there. */
static void make_block_functions(int depth)
{
    struct var *v = declare(fresh_name("r"));
    const char *fn = text("fn%d", label_count++);
    put("int plain(int, int);\n");
    put(percent(50) ? "async int id_i(int);\n" : "async short id_s(short v), id_s(short);\n");
    put("int (*%s)(int, int) = %s;\n", fn, percent(50) ? "plain" : "&plain");
    full();
    struct ownership before = now, part[2];
    split(part, 2);
    now = part[0];
    char *first = make_value(K_INT, depth);
    now = part[1];
    put("int %s = (*%s)(%s, %s);\n", v->name, fn, first, make_value(K_INT, depth));
    now = before;
    define(v, K_INT, 0, new_class(OWN));
    make_statements(1, depth - 1, true);
}

static void make_macro_statement(int depth)
{
    struct var *v, *w;
    struct jumps outer = jumps;
    double outer_repeats = repeats;
    int rounds = 1 + rng(3);
    char *t;
    full();
    switch (rng(4)) {
    case 0:
        put("UNLESS (%s)\n", make_condition(depth));
        make_block(1 + rng(2), depth - 1);
        return;
    case 1:
        if ((v = own_int()) == NULL)
            break;
        now.of[v->class] = READ;
        if ((t = call_helper(K_INT, 2)) == NULL)
            break;
        put("INTO(%s, %s);\n", v->name, t);
        return;
    case 2:
        if ((v = own_int()) == NULL || (w = own_int()) == NULL || !affordable(1))
            break;
        spend(1);
        put("SWAP_INTS(%s, %s);\n", v->name, w->name);
        return;
    default: break;
    }
    repeats *= rounds;
    jumps.can_break = jumps.can_continue = true;
    put_push();
    make_block(1 + rng(3), depth - 1);
    t = put_pop();
    put("REPEAT(%d, %s)\n", rounds, t);
    repeats = outer_repeats;
    memcpy(outer.forward_used, jumps.forward_used, sizeof outer.forward_used);
    jumps = outer;
}

void make_gnu_statement(int depth)
{
    switch (rng(9)) {
    case 8: make_pointer_call(depth); break;
    case 5:
    case 6:
    case 7: make_macro_statement(depth); break;
    case 0:
    case 1: make_asm(depth); break;
    case 2: make_block_functions(depth); break;
    default: make_variable_length(depth); break;
    }
}
