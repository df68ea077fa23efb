/*
 * More statements for the functions of forms.c, with the values that they leave: scopes, futures,
 * pointers to async functions, functions that are cancelled by an error.
 */
#include "smith.h"

#include <string.h>

static int other_than(int k)
{
    return (k + 1 + rng(FORM_VALUES - 1)) % FORM_VALUES;
}

/* A scope whose children borrow; its end waits for all of them. */
static void waiting_scope(void)
{
    int k = rng(FORM_VALUES), m = other_than(k), value = rng(1000), first = form_values[m];
    bool own = percent(40), inner = percent(40);
    put("bide_scope(s) {\n");
    indent++;
    put("bide_scope_spawn(s, late_set(&v%d, v%d + %d, %d));\n", k, k, value, rng(4));
    put("for (int i = 0; i < 3; i++) {\n    if (i == 1)\n        continue;\n");
    put("    bide_scope_spawn(s, late_add(&v%d, i, %d));\n}\n", m, rng(4));
    if (own) {
        put("int own = %d;\nbide_scope_spawn(s, late_add(&own, 1, %d));\n", value, 1 + rng(3));
        put("await late_set(&a[%d], own, 0);\n", k & 3);
        form_array[k & 3] = value;
    }
    if (inner) {
        put("bide_scope(t)\n    bide_scope_spawn(t, late_spawns(s, &v%d, %d));\n", m, rng(3));
        first += 5;
    }
    indent--;
    put("}\n");
    form_values[k] += value;
    form_values[m] = first + 2;
}

/* A scope with children that never end by themselves, left in each way. */
static void left_scope(int number)
{
    int k = rng(FORM_VALUES), value = rng(1000);
    const char *out = text("out%d_%d", number, form_line);
    const char *ways[] = {"bide_scope_cancel(s);", "break;", "continue;", text("goto %s;", out)};
    int way = rng(4);
    bool yields = percent(70);
    put("left = 0;\nfor (int i = 0; i < 2; i++) {\n");
    indent++;
    put("bide_scope(s) {\n");
    indent++;
    put("bide_scope_spawn(s, never(&left));\nbide_scope_spawn(s, never(&left));\n");
    put("defer { v%d = i + %d; }\n", k, value);
    if (yields)
        put("await bide_yield();\n");
    put("%s\n", ways[way]);
    indent--;
    put("}\n");
    if (way == 3) {
        indent--;
        put("}\nif (left == 1000)\n%s:\n    left++;\n", out);
        put("left--;\n");
        form_values[k] = value;
    } else {
        indent--;
        put("}\n");
        form_values[k] = value + (way != 1);
    }
    put("expect(%d, %d, left, 0);\n", number, form_line * 10 + 18);
}

static void try_scope(int number)
{
    int bad = percent(70) ? -5 - rng(100) : 0, k = rng(FORM_VALUES), value = rng(1000);
    put("left = 0;\nbide_try_scope(s, r) {\n");
    indent++;
    put("bide_scope_spawn(s, late(%d, %d));\n", bad, 1 + rng(3));
    if (bad)
        put("bide_scope_spawn(s, never(&left));\n");
    put("bide_scope_spawn(s, late_set(&v%d, %d, 0));\n", k, value);
    indent--;
    put("}\nexpect(%d, %d, r * 10 + left, %d);\n", number, form_line * 10 + 18, bad * 10);
    form_values[k] = value;
}

static void make_scope_form(int number)
{
    switch (rng(3)) {
    case 0: waiting_scope(); break;
    case 1: left_scope(number); break;
    default: try_scope(number); break;
    }
}

static void make_future_form(int number)
{
    int value = rng(1000), k = rng(FORM_VALUES), m = other_than(k);
    put("{\n");
    indent++;
    switch (rng(4)) {
    case 0: /* bide_lazy evaluates the arguments; a get that loses is done again */
        put("bide_future(int) f = bide_lazy(late(v%d + %d, %d));\n", m, value, rng(12));
        put("v%d = 3;\nint turns = 0;\n", m);
        put("while (await bide_select%s(v%d = bide_get(f), late(1, %d)) == 1)\n    turns++;\n",
            percent(50) ? "_biased" : "", k, 1 + rng(3));
        put("r = turns < 20;\nexpect(%d, %d, r, 1);\n", number, form_line * 10 + 18);
        value += form_values[m];
        form_values[m] = 3;
        form_values[k] = value;
        break;
    case 1: /* dropped while it runs: by bide_drop, at the end of the scope, by an assignment */
        put("left = 0;\nbide_future(int) f = bide_lazy(never(&left));\n");
        put("(void)await bide_select_biased(v%d = bide_get(f), late(1, %d));\n", k, 1 + rng(3));
        switch (rng(3)) {
        case 0: put("bide_drop(f);\n"); break;
        case 1: put("{\n    bide_future(int) g = bide_move(f);\n    (void)g;\n}\n"); break;
        default:
            put("f = bide_lazy(late(%d, 2));\nv%d = await bide_get(f);\n", value, k);
            form_values[k] = value;
            break;
        }
        put("expect(%d, %d, left, 0);\n", number, form_line * 10 + 18);
        break;
    case 2:
        put("bide_future(int) fs[3];\nfor (int i = 0; i < 3; i++)\n");
        put("    fs[i] = bide_lazy(late(i * %d, i));\n", value);
        put("await bide_join(a[0] = bide_get(fs[2]), late(0, 1), a[1] = bide_get(fs[0]));\n");
        put("v%d = await bide_get(fs[1]);\n", k);
        form_array[0] = 2 * value;
        form_array[1] = 0;
        form_values[k] = value;
        break;
    default: /* an async block has copies of the variables it uses */
        put("bide_future(int) f = bide_lazy(async({\n    int x = await late(v%d, 1);\n", m);
        put("    x + await late(a[%d], 2) + %d;\n}));\n", k & 3, value);
        put("v%d = %d;\n", m, value);
        put("r = await bide_timeout(BIDE_S(9), v%d = bide_get(f));\n", k);
        put("expect(%d, %d, r, 0);\n", number, form_line * 10 + 18);
        value += form_values[m] + form_array[k & 3];
        form_values[m] = value - form_values[m] - form_array[k & 3];
        form_values[k] = value;
        break;
    }
    indent--;
    put("}\n");
}

static void make_reference_form(int number)
{
    int value = rng(1000), k = rng(FORM_VALUES), m = other_than(k), t = rng(4);
    (void)number;
    put("{\n");
    indent++;
    switch (rng(4)) {
    case 0:
        put("bide_async_fn(int, int, int) fn = %s;\n",
            percent(50) ? "bide_ref(late)" : "v0 == 1000001 ? bide_ref(twice) : bide_ref(late)");
        put("v%d = %d;\nv%d += await (*fn)(%d, %d);\n", k, value, k, value, t);
        form_values[k] = 2 * value;
        break;
    case 1:
        put("for (int i = 0; i < 2; i++)\n    v%d = await (*table[opaque(1)])(%d, %d) + i;\n", k,
            value, t);
        form_values[k] = 2 * value + 1;
        break;
    case 2:
        put("struct {\n    bide_async_fn(int, int, int) fn;\n    int n;\n}");
        put(" const item = {bide_ref(twice), %d};\n", value);
        put("await bide_join(v%d = (*item.fn)(item.n, %d), v%d = (*table[0])(%d, 2));\n", k, t, m,
            value);
        form_values[k] = 2 * value;
        form_values[m] = value;
        break;
    default:
        put("bide_task(int) task = bide_spawn((*table[1])(v%d, %d));\nv%d = 9;\n", k, t, k);
        put("(void)await bide_task_join(task, &v%d);\n", m);
        form_values[m] = 2 * form_values[k];
        form_values[k] = 9;
        break;
    }
    indent--;
    put("}\n");
}

/* A cancelled bide_cancel_returns function runs to its end; every further await fails at once. */
static void make_polite_form(int number)
{
    int times = rng(3), k = rng(FORM_VALUES), value = rng(100);
    put("left = 0;\n");
    switch (rng(3)) {
    case 0:
        put("r = await bide_select_biased(v%d = polite(&left, %d), late(1, %d));\n", k, times,
            8 + rng(3));
        put("expect(%d, %d, r * 1000 + left, 1011);\n", number, form_line * 10 + 18);
        break;
    case 1:
        put("r = await bide_timeout(BIDE_MS(%d), v%d = calls_polite(&left, %d));\n", 1 + rng(3), k,
            times);
        put("expect(%d, %d, r == -ETIMEDOUT, 1);\n", number, form_line * 10 + 18);
        put("expect(%d, %d, left, 111);\n", number, form_line * 10 + 17);
        break;
    default: /* not cancelled */
        put("v%d = await polite_ends(%d, %d);\n", k, value, times);
        form_values[k] = value;
        break;
    }
}

void make_further_form(int number)
{
    switch (rng(4)) {
    case 0: make_scope_form(number); break;
    case 1: make_future_form(number); break;
    case 2: make_reference_form(number); break;
    default: make_polite_form(number); break;
    }
    form_checks(number);
}
