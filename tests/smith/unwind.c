/*
 * Functions with deferred blocks, and the log that each must leave.
 *
 * A function is a small tree of statements. The generator prints the tree as C and also runs it;
 * both log characters. The run models a request to cancel at the n-th suspension: outside deferred
 * blocks the function unwinds there; inside one the request waits for the next suspension outside.
 * The program gets a table with the expected log for each n, and tries each n in several ways.
 */
#include "smith.h"

#include <stdlib.h>
#include <string.h>

enum node_kind {
    N_LOG,
    N_STEP,
    N_DEFER,
    N_CLEANUP,
    N_BLOCK,
    N_LOOP,
    N_IF,
    N_BREAK,
    N_CONTINUE,
    N_RETURN,
    N_GOTO,
    N_CALL,
    N_SET,
    N_SHOW,
    N_SWITCH,
    N_BRANCH
};

enum { LOG_MAX = 1500, STEPS_MAX = 40, NESTED_MAX = 4 };

struct node {
    enum node_kind kind;
    int value; /* a character, rounds, the round of a jump (-1: every one), or a function */
    int label; /* N_BLOCK: the label at its end, or -1; N_GOTO: the label it jumps to */
    struct node *body, *orelse, *next;
};

static struct node nodes[600];
static int node_count, next_label, next_value;

struct routine {
    struct node *body;
    bool is_async;
};
static struct routine routines[FUNCTIONS_MAX];
static int routine_count;

/* --- making a tree --- */

static struct {
    int loop_rounds; /* rounds of the innermost loop; 0 outside loops */
    int labels[NESTED_MAX * 2], label_count;
    bool deferred, is_async, in_branch;
} place;

static struct node *make_list(int count, int depth);

static struct node *new_node(enum node_kind kind)
{
    struct node *n = &nodes[node_count++];
    *n = (struct node){.kind = kind, .value = 'a' + next_value++ % 26, .label = -1};
    return n;
}

static struct node *make_defer(int depth)
{
    struct node *n = new_node(N_DEFER);
    int rounds = place.loop_rounds, labels = place.label_count;
    bool deferred = place.deferred;
    place.deferred = true;
    place.loop_rounds = 0;
    place.label_count = 0;
    n->body = make_list(1 + rng(3), depth - 1);
    place.deferred = deferred;
    place.loop_rounds = rounds;
    place.label_count = labels;
    return n;
}

static struct node *make_loop_node(int depth)
{
    struct node *n = new_node(N_LOOP);
    int outer = place.loop_rounds;
    n->value = 1 + rng(3);
    n->label = next_label++;
    place.loop_rounds = n->value;
    n->body = make_list(1 + rng(4), depth - 1);
    place.loop_rounds = outer;
    return n;
}

static struct node *make_block_node(int depth)
{
    struct node *n = new_node(percent(25) ? N_SWITCH : N_BLOCK);
    n->value = rng(3);
    if (n->kind == N_SWITCH) { /* a break here would leave the switch */
        int rounds = place.loop_rounds;
        place.loop_rounds = 0;
        n->body = make_list(1 + rng(3), depth - 1);
        place.loop_rounds = rounds;
        return n;
    }
    if (!place.deferred && place.label_count < NESTED_MAX) {
        n->label = next_label++;
        place.labels[place.label_count++] = n->label;
    }
    n->body = make_list(1 + rng(4), depth - 1);
    if (n->label >= 0)
        place.label_count--;
    return n;
}

/* A group in which one branch has statements of its own, so its log has only one order. */
static struct node *make_branch_node(int depth)
{
    struct node *n = new_node(N_BRANCH);
    int rounds = place.loop_rounds, labels = place.label_count;
    bool inside = place.in_branch;
    n->value = rng(7);
    place.in_branch = true;
    place.loop_rounds = place.label_count = 0;
    n->body = make_list(1 + rng(4), depth - 1);
    place.in_branch = inside;
    place.loop_rounds = rounds;
    place.label_count = labels;
    return n;
}

static struct node *make_jump(void)
{
    enum node_kind kind;
    switch (rng(4)) {
    case 0: kind = N_BREAK; break;
    case 1: kind = N_CONTINUE; break;
    case 2: kind = N_GOTO; break;
    default: kind = N_RETURN; break;
    }
    if ((kind <= N_CONTINUE && place.loop_rounds == 0) ||
        (kind == N_GOTO && place.label_count == 0) ||
        (kind == N_RETURN && (place.deferred || place.in_branch)))
        return new_node(N_LOG);
    struct node *n = new_node(kind);
    n->value = place.loop_rounds > 0 && percent(70) ? rng(place.loop_rounds + 1) : -1;
    if (kind == N_RETURN && percent(60))
        n->value = 100; /* outside a loop this jump is printed but never taken */
    if (kind == N_GOTO)
        n->label = place.labels[rng(place.label_count)];
    return n;
}

static struct node *make_node(int depth)
{
    struct node *n;
    int r = rng(100);
    if (depth <= 0 || node_count > 500)
        return new_node(r < 60 && place.is_async ? N_STEP : N_LOG);
    if (r < 20)
        return new_node(place.is_async ? N_STEP : N_LOG);
    if (r < 38)
        return make_defer(depth);
    if (r < 43)
        return new_node(N_CLEANUP);
    if (r < 48 && place.is_async)
        return make_branch_node(depth);
    if (r < 55)
        return make_block_node(depth);
    if (r < 63)
        return make_loop_node(depth);
    if (r < 69) {
        n = new_node(N_IF);
        n->value = rng(2);
        n->body = make_list(1 + rng(2), depth - 1);
        n->orelse = make_list(1 + rng(2), depth - 1);
        return n;
    }
    if (r < 79)
        return make_jump();
    if (r < 86 && routine_count > 0) {
        n = new_node(N_CALL);
        n->value = rng(routine_count);
        if (place.is_async || !routines[n->value].is_async)
            return n;
        n->kind = N_LOG;
        n->value = 'z';
        return n;
    }
    if (r < 93) {
        n = new_node(N_SET);
        n->value = rng(10);
        return n;
    }
    return new_node(r < 97 ? N_SHOW : N_LOG);
}

static struct node *make_list(int count, int depth)
{
    struct node *first = NULL, **end = &first;
    for (int i = 0; i < count; i++) {
        *end = make_node(depth);
        end = &(*end)->next;
    }
    return first;
}

/* --- printing it --- */

static void print_list(struct node *list, int routine);

static void print_jump(const struct node *n, int loop)
{
    const char *test = n->value == 100              ? "opaque(0)"
                       : n->value >= 0 && loop >= 0 ? text("i%d == %d", loop, n->value)
                                                    : "opaque(1)";
    put("if (%s)\n", test);
    indent++;
    if (n->kind == N_BREAK)
        put("break;\n");
    else if (n->kind == N_CONTINUE)
        put("continue;\n");
    else if (n->kind == N_GOTO)
        put("goto out_%d;\n", n->label);
    else
        put("return marked('R', v);\n");
    indent--;
}

static void print_body(struct node *list, int routine);

static void print_branch(struct node *n, int routine)
{
    static const char *const group[] = {
        "await bide_join(({",
        "(void)await bide_select(({",
        "(void)await bide_timeout(BIDE_S(1000000), ({",
        "(void)await bide_select_biased(bide_sleep(BIDE_S(2000000)), ({",
        "(void)await bide_try_join(bide_if(opaque(1), ({",
        "await bide_join(bide_select_biased(({",
        "await bide_join(bide_if(opaque(0), forwarded(1)), bide_join(({",
    };
    static const char *const end[] = {"}))", "}))", "}))", "}))", "})))", "})))", "})))"};
    put("%s\n", group[n->value]);
    indent++;
    print_list(n->body, routine);
    put("opaque(0);\n");
    indent--;
    put("%s;\n", end[n->value]);
}

static void print_body(struct node *list, int routine)
{
    put("{\n");
    indent++;
    print_list(list, routine);
    indent--;
    put("}\n");
}

static int print_loop = -1; /* number of the counter of the innermost loop */

static bool goes_to(const struct node *list, int label)
{
    for (; list != NULL; list = list->next)
        if ((list->kind == N_GOTO && list->label == label) || goes_to(list->body, label) ||
            goes_to(list->orelse, label))
            return true;
    return false;
}

static void print_node(struct node *n, int routine)
{
    int loop = print_loop;
    switch (n->kind) {
    case N_LOG: put("mark('%c');\n", n->value); break;
    case N_STEP: put("await step();\n"); break;
    case N_SET: put("v = %d;\n", n->value); break;
    case N_SHOW: put("mark('0' + v);\n"); break;
    case N_CLEANUP:
        put("char c%d __attribute__((cleanup(mark_cleanup))) = '%c';\n", (int)(n - nodes),
            n->value);
        break;
    case N_DEFER:
        put("defer ");
        print_loop = -1;
        print_body(n->body, routine);
        print_loop = loop;
        break;
    case N_BLOCK:
        print_body(n->body, routine);
        if (goes_to(n->body, n->label))
            put("out_%d:;\n", n->label);
        break;
    case N_SWITCH:
        put("switch (opaque(%d)) {\ncase 7:\n    mark('!');\n    break;\ncase %d: ", n->value,
            n->value);
        print_body(n->body, routine);
        put("    break;\n}\n");
        break;
    case N_LOOP:
        put("for (int i%d = 0; i%d < %d; i%d++)\n", n->label, n->label, n->value, n->label);
        print_loop = n->label;
        print_body(n->body, routine);
        print_loop = loop;
        break;
    case N_IF:
        put("if (opaque(%d))\n", n->value);
        print_body(n->body, routine);
        put("else\n");
        print_body(n->orelse, routine);
        break;
    case N_BRANCH:
        print_loop = -1;
        print_branch(n, routine);
        print_loop = loop;
        break;
    case N_CALL:
        put("mark('0' + %sunwind%d_f%d());\n", routines[n->value].is_async ? "await " : "", routine,
            n->value);
        break;
    default: print_jump(n, loop); break;
    }
}

static void print_list(struct node *list, int routine)
{
    for (; list != NULL; list = list->next)
        print_node(list, routine);
}

/* --- running it --- */

static struct {
    char log[LOG_MAX + 1];
    int length, steps, stop_at, shield;
    bool pending;
} run;

enum outcome { NORMAL, BREAK, CONTINUE, RETURN, GOTO, CANCELLED };

struct activation {
    int v, result, label;
};

static void run_log(int c)
{
    if (run.length < LOG_MAX)
        run.log[run.length++] = (char)c;
    run.log[run.length] = '\0';
}

static enum outcome run_list(struct node *list, struct activation *a, int round);

static enum outcome run_step(void)
{
    if (++run.steps == run.stop_at)
        run.pending = true;
    return run.pending && run.shield == 0 ? CANCELLED : NORMAL;
}

static enum outcome run_routine(int number, int *result)
{
    struct activation a = {0, 7, 0};
    enum outcome o = run_list(routines[number].body, &a, -1);
    *result = a.result;
    return o == CANCELLED ? CANCELLED : NORMAL;
}

static enum outcome run_loop(struct node *n, struct activation *a)
{
    for (int i = 0; i < n->value; i++) {
        enum outcome o = run_list(n->body, a, i);
        if (o == BREAK)
            break;
        if (o != NORMAL && o != CONTINUE)
            return o;
    }
    return NORMAL;
}

static enum outcome run_jump(const struct node *n, struct activation *a, int round)
{
    bool taken = n->value == 100 ? false : n->value >= 0 && round >= 0 ? round == n->value : true;
    if (!taken)
        return NORMAL;
    a->label = n->label;
    if (n->kind == N_RETURN) {
        run_log('R');
        a->result = a->v;
        return RETURN;
    }
    return n->kind == N_BREAK ? BREAK : n->kind == N_CONTINUE ? CONTINUE : GOTO;
}

static enum outcome run_node(struct node *n, struct activation *a, int round)
{
    enum outcome o;
    int result;
    switch (n->kind) {
    case N_LOG: run_log(n->value); return NORMAL;
    case N_STEP: return run_step();
    case N_SET: a->v = n->value; return NORMAL;
    case N_SHOW: run_log('0' + a->v); return NORMAL;
    case N_BRANCH: return run_list(n->body, a, -1);
    case N_LOOP: return run_loop(n, a);
    case N_SWITCH: return run_list(n->body, a, round);
    case N_IF: return run_list(n->value ? n->body : n->orelse, a, round);
    case N_BLOCK:
        o = run_list(n->body, a, round);
        return o == GOTO && a->label == n->label ? NORMAL : o;
    case N_CALL:
        o = run_routine(n->value, &result);
        if (o == NORMAL)
            run_log('0' + result);
        return o;
    default: return run_jump(n, a, round);
    }
}

/* The activation keeps a stack of what its blocks have to undo. */
static enum outcome run_list(struct node *list, struct activation *a, int round)
{
    struct node *undo[64];
    int count = 0;
    enum outcome o = NORMAL;
    for (; list != NULL && o == NORMAL; list = list->next) {
        if (list->kind == N_DEFER || list->kind == N_CLEANUP)
            undo[count++] = list;
        else
            o = run_node(list, a, round);
    }
    while (count > 0) {
        struct node *n = undo[--count];
        if (n->kind == N_CLEANUP) {
            run_log(n->value);
            continue;
        }
        run.shield++;
        run_list(n->body, a, -1);
        run.shield--;
    }
    return o;
}

static void run_again(int number, int stop_at)
{
    int result;
    memset(&run, 0, sizeof run);
    run.stop_at = stop_at;
    if (run_routine(number, &result) == NORMAL)
        run_log('0' + result);
    else
        run_log('!');
}

/* --- the case --- */

static void make_routine(int number, bool is_async)
{
    memset(&place, 0, sizeof place);
    place.is_async = is_async;
    struct routine *r = &routines[number];
    r->is_async = is_async;
    r->body = make_list(3 + rng(6), 4);
    routine_count = number + 1;
}

void make_unwind_case(int number)
{
    int count, tries = 0;
    do { /* until the log is neither empty nor too long */
        node_count = next_label = next_value = routine_count = 0;
        count = 1 + rng(3);
        for (int i = 0; i < count; i++)
            make_routine(i, i == count - 1 || percent(75));
        run_again(count - 1, 0);
    } while (++tries < 1000 &&
             (run.steps < 1 || run.steps > STEPS_MAX || run.length >= LOG_MAX / 2));
    put_push();
    for (int i = 0; i < count; i++) {
        put("%s int unwind%d_f%d(void)\n{\n", routines[i].is_async ? "static async" : "static",
            number, i);
        indent++;
        put("int v = 0;\n");
        print_list(routines[i].body, number);
        put("(void)v;\nreturn 7;\n");
        indent--;
        put("}\n\n");
    }
    int steps = run.steps;
    put("static const char *const expected%d[] = {\n", number);
    for (int stop = 0; stop <= steps; stop++) {
        run_again(count - 1, stop);
        put("    \"%s\",\n", run.log);
    }
    put("};\n\n");
    put("TRY_UNWINDING(%d, unwind%d_f%d, expected%d)\n\n", number, number, count - 1, number);
    put("static async void case%d(void)\n{\n    await try%d();\n}\n\n", number, number);
    char *t = put_pop();
    put("/* ---- case %d ---- */\n\n%s", number, t);
}
