/*
 * Cases that check themselves: join, try_join, select, timeout and tasks in a function whose
 * variables have known values. Each statement is interpreted here as it is printed, and checks
 * follow it.
 *
 * A branch takes a number of suspensions (late). Where the outcome depends on it, the numbers are
 * at least three apart, so that the order of polls does not matter.
 */
#include "smith.h"

#include <string.h>

enum { BRANCHES_MAX = 5 };

int form_values[FORM_VALUES], form_array[4], form_line;

struct branch {
    int value, times;
    int target; /* 0 to 4: v0 to v4; 10: an element of a; 20: none; 30: by address; 40: d; 50: s */
    int element;
};

void form_checks(int number)
{
    form_line++;
    for (int i = 0; i < FORM_VALUES; i++)
        put("expect(%d, %d, v%d, %d);\n", number, form_line * 10 + i, i, form_values[i]);
    for (int i = 0; i < 4; i++)
        put("expect(%d, %d, a[%d], %d);\n", number, form_line * 10 + 5 + i, i, form_array[i]);
}

/* Branches with different targets, and times three apart in random order. */
static int make_branches(struct branch *b)
{
    int n = 1 + rng(BRANCHES_MAX), first = rng(2);
    bool used[4] = {false};
    for (int i = 0; i < n; i++) {
        b[i] = (struct branch){.value = rng(1000), .times = (first + i) * 3, .target = i};
        switch (rng(6)) {
        case 0: b[i].target = 20; break;
        case 1: b[i].target = 30; break;
        case 2:
        case 3:
            b[i].element = rng(4);
            if (!used[b[i].element]) {
                used[b[i].element] = true;
                b[i].target = 10;
            }
            break;
        default: break;
        }
    }
    for (int i = n - 1; i > 0; i--) {
        int k = rng(i + 1), t = b[i].times;
        b[i].times = b[k].times;
        b[k].times = t;
    }
    return n;
}

/* An argument with this value: a constant, or an expression of variables that no branch changes. */
static char *argument(int value)
{
    int k = rng(FORM_VALUES);
    switch (rng(4)) {
    case 0: return text("opaque(%d)", value);
    case 1: return text("keep + %d", value - 11);
    case 2: (void)k; return text("fixed[%d] + %d", k & 1, value - (k & 1 ? 22 : 21));
    default: return text("%d", value);
    }
}

static char *branch_text(const struct branch *b, int i)
{
    char *call = text("late(%s, %d)", argument(b->value), b->times);
    switch (b->target) {
    case 10: return text("a[opaque(%d)] = %s", b->element, call);
    case 20: return call;
    case 30: return text("late_set(&v%d, %s, %d)", i, argument(b->value), b->times);
    default: return text("v%d = %s", b->target, call);
    }
}

static char *branch_list(const struct branch *b, int n)
{
    char *t = text("%s", "");
    for (int i = 0; i < n; i++)
        t = text("%s%s%s", t, i ? ", " : "", branch_text(&b[i], i));
    return t;
}

static void done(const struct branch *b, int i)
{
    if (b->target == 10)
        form_array[b->element] = b->value;
    else if (b->target == 30)
        form_values[i] = b->value;
    else if (b->target < 10)
        form_values[b->target] = b->value;
}

static void make_join_form(int number)
{
    struct branch b[BRANCHES_MAX];
    int n = make_branches(b);
    put("await bide_join(%s);\n", branch_list(b, n));
    for (int i = 0; i < n; i++)
        done(&b[i], i);
    form_checks(number);
}

static void make_try_join_form(int number)
{
    struct branch b[BRANCHES_MAX];
    int n = make_branches(b), bad = -1;
    if (percent(70)) {
        bad = rng(n);
        if (b[bad].target == 30)
            b[bad].target = 20;
        b[bad].value = -5 - rng(100);
    }
    put("r = await bide_try_join(%s);\n", branch_list(b, n));
    for (int i = 0; i < n; i++)
        if (bad < 0 || b[i].times <= b[bad].times)
            done(&b[i], i);
    put("expect(%d, %d, r, %d);\n", number, form_line * 10 + 19, bad < 0 ? 0 : b[bad].value);
    form_checks(number);
}

static void make_select_form(int number)
{
    struct branch b[BRANCHES_MAX];
    int n = make_branches(b), winner = 0;
    for (int i = 1; i < n; i++)
        if (b[i].times < b[winner].times)
            winner = i;
    const char *form = percent(50) ? "bide_select" : "bide_select_biased";
    if (percent(50)) {
        put("r = await %s(%s);\n", form, branch_list(b, n));
        put("expect(%d, %d, r, %d);\n", number, form_line * 10 + 19, winner);
        done(&b[winner], winner);
    } else {
        put("switch (await %s(%s)) {\n", form, branch_list(b, n));
        for (int i = 0; i < n; i++)
            put("case %d:\n    v4 = opaque(%d);\n    break;\n", i, 500 + i);
        put("default:\n    v4 = -1;\n}\n");
        done(&b[winner], winner);
        form_values[4] = 500 + winner;
    }
    form_checks(number);
}

static void make_timeout_form(int number)
{
    int value = rng(1000), times = rng(4);
    if (percent(50)) {
        put("r = await bide_timeout(BIDE_S(50), v1 = late(%d, %d));\n", value, times);
        put("expect(%d, %d, r, 0);\n", number, form_line * 10 + 19);
        form_values[1] = value;
    } else {
        put("left = 0;\n");
        put("if (await bide_timeout(BIDE_MS(%d), v1 = never(&left)) == -ETIMEDOUT)\n    v2 = %d;\n",
            rng(3), value);
        put("expect(%d, %d, left, 0);\n", number, form_line * 10 + 19);
        form_values[2] = value;
    }
    form_checks(number);
}

static void make_task_form(int number)
{
    int value = rng(1000), k = rng(FORM_VALUES);
    put("{\n");
    indent++;
    switch (rng(4)) {
    case 0: /* the argument is evaluated by the spawn */
        put("bide_task(int) task = bide_spawn(late(v%d + %d, %d));\n", k, value, rng(4));
        value += form_values[k];
        put("v%d = 3;\nr = await bide_task_join(task, &v0);\n", k);
        form_values[k] = 3;
        form_values[0] = value;
        break;
    case 1:
        put("left = 0;\nint *there = &left;\nbide_task(int) task = bide_spawn(never(there));\n");
        put("await bide_yield();\nbide_task_abort(task);\nr = await bide_task_wait(task);\n");
        put("expect(%d, %d, r, -ECANCELED);\nr = left;\n", number, form_line * 10 + 18);
        break;
    case 2: { /* an async block has copies of the variables it uses */
        int e = rng(4);
        put("bide_task(int) task = bide_spawn(async ({\n    int x = await late(v%d, %d);\n", k,
            rng(3));
        put("    for (int i = 0; i < 3; i++)\n        x += await late(a[%d], i);\n    x;\n}));\n",
            e);
        value = form_values[k] + 3 * form_array[e];
        put("v%d = 4;\na[%d] = 5;\nr = await bide_task_join(task, &v1);\n", k, e);
        form_values[k] = 4;
        form_array[e] = 5;
        form_values[1] = value;
        break;
    }
    default:
        put("bide_task(int) tasks[3];\nfor (int i = 0; i < 3; i++)\n");
        put("    tasks[i] = bide_spawn(late(i + %d, i));\n", value);
        put("r = 0;\nfor (int i = 2; i >= 0; i--) {\n    int x = 0;\n");
        put("    r |= await bide_task_join(tasks[i], &x);\n    v3 = v3 * 2 %% 1000 + x;\n}\n");
        for (int i = 2; i >= 0; i--)
            form_values[3] = form_values[3] * 2 % 1000 + value + i;
        break;
    }
    put("expect(%d, %d, r, 0);\n", number, form_line * 10 + 19);
    indent--;
    put("}\n");
    form_checks(number);
}

/* Arguments and targets are evaluated before any branch runs, from left to right. */
static void make_order_form(int number)
{
    int t = rng(4);
    put("v0 = 0;\nawait bide_join(a[v0++] = late(8, %d), v1 = late(v0++, %d), "
        "a[v0++] = late(9, 1), late_set(&v2, v0, %d));\n",
        t, rng(4), rng(4));
    form_array[0] = 8;
    form_values[1] = 1;
    form_array[2] = 9;
    form_values[0] = form_values[2] = 3;
    form_checks(number);
    put("v2 = await late(await late(v0, 1) * 10, 1) + await bide_select(late(1, 9), v3 = late(%d, "
        "2));\n",
        t);
    form_values[2] = form_values[0] * 10 + 1;
    form_values[3] = t;
    form_checks(number);
}

static void make_mixed_form(int number)
{
    int value = rng(100), t = rng(4);
    switch (rng(5)) {
    case 0:
        put("v0 = await bide_blocking(plain_work(v1, %d));\n", value);
        form_values[0] = form_values[1] * 100 + value;
        break;
    case 1:
        put("await bide_join(s = late_S(%d, %d), d = late_d(v2, %d));\n", value, t, rng(4));
        put("expect(%d, %d, s.x + (int)d, %d);\n", number, form_line * 10 + 19,
            value + form_values[2]);
        break;
    case 2:
        put("r = await bide_select(v0 = late_two(&v3, %d, %d), never(&left));\n", value, t);
        put("expect(%d, %d, r, 0);\n", number, form_line * 10 + 19);
        form_values[0] = value * 10 + 1;
        form_values[3] = value;
        break;
    case 3:
        put("for (int i = 0; i < 4; i++)\n");
        put("    await bide_join(a[i] = late(i * v4, i), v1 = late(i, 3 - i));\n");
        for (int i = 0; i < 4; i++)
            form_array[i] = i * form_values[4];
        form_values[1] = 3;
        break;
    default: /* the loser is cancelled with a group inside */
        put("left = 0;\nr = await bide_select_biased(late_two(&left, 1, 30), late(1, %d));\n", t);
        put("expect(%d, %d, r * 10 + left, 10);\n", number, form_line * 10 + 19);
        break;
    }
    form_checks(number);
}

void make_forms_case(int number)
{
    static void (*const makers[])(int) = {make_join_form,    make_try_join_form, make_select_form,
                                          make_timeout_form, make_task_form,     make_order_form,
                                          make_mixed_form,   make_further_form,  make_further_form,
                                          make_further_form};
    memset(form_values, 0, sizeof form_values);
    memset(form_array, 0, sizeof form_array);
    form_line = 1;
    put_push();
    put("static async void case%d(void)\n{\n", number);
    indent++;
    put("int v0 = 0, v1 = 0, v2 = 0, v3 = 0, v4 = 0, a[4] = {0}, r = 0, left = 0, keep = 11;\n");
    put("const int fixed[2] = {21, 22};\nstruct S s = {0};\ndouble d = 0;\n");
    for (int n = 4 + rng(8); n > 0; n--) {
        int k = rng(4);
        if (percent(30)) {
            form_values[k] = rng(100);
            put("v%d = %d;\n", k, form_values[k]);
        }
        makers[rng(10)](number);
    }
    put("(void)keep, (void)fixed, (void)s, (void)d, (void)left, (void)r;\nend_forms(%d);\n",
        number);
    indent--;
    put("}\n\n");
    char *t = put_pop();
    put("/* ---- case %d ---- */\n\n%s", number, t);
}
