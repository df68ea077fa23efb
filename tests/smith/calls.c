/* Calls of the prelude's helpers and of the finished functions of the case. */
#include "smith.h"

#include <stdlib.h>
#include <string.h>

struct function functions[FUNCTIONS_MAX];
int function_count;
struct function *current;
double cost, repeats, delay;
bool recursion_left;
static bool by_value;

enum { COST_MAX = 3000, DELAY_MAX = 1000 };

void spend(double amount)
{
    cost += amount * repeats;
}

bool affordable(double amount)
{
    return cost + amount * repeats <= COST_MAX;
}

/* `params` has a character for each parameter: d the address of an int that the caller owns, r the
 * address of one that is only read, a an owned array of 4 ints, S P U structs, i c s u l f values
 * of the types int, char, short, unsigned, long long and double. */
struct helper {
    const char *name, *params;
    enum kind result;
    double cost;
};

static const struct helper helpers[] = {
    {"id_b", "b", K_BOOL, 1},
    {"less", "ii", K_BOOL, 1},
    {"id_c", "c", K_CHAR, 1},
    {"id_uc", "h", K_UCHAR, 1},
    {"at", "ri", K_UCHAR, 1},
    {"id_s", "s", K_SHORT, 1},
    {"id_us", "t", K_USHORT, 1},
    {"id_i", "i", K_INT, 1},
    {"add", "di", K_INT, 2},
    {"swap", "dd", K_INT, 2},
    {"sum", "Ai", K_INT, 4},
    {"get_S", "S", K_INT, 1},
    {"plain_bridge", "ii", K_INT, 2},
    {"get_P", "Pi", K_INT, 2},
    {"deep", "nS", K_INT, 300},
    {"ack", "m", K_INT, 60},
    {"wide", "icsulfSi", K_INT, 2},
    {"id_u", "u", K_UINT, 1},
    {"get_U", "U", K_UINT, 1},
    {"id_ull", "v", K_ULLONG, 1},
    {"id_ll", "l", K_LLONG, 1},
    {"mix_ll", "lc", K_LLONG, 2},
    {"id_d", "f", K_DOUBLE, 1},
    {"half", "fi", K_DOUBLE, 2},
    {"id_S", "S", K_S, 1},
    {"mk_S", "ii", K_S, 1},
    {"mix_S", "Si", K_S, 2},
    {"mk_P", "Si", K_P, 2},
    {"id_P", "P", K_P, 1},
    {"mk_U", "u", K_U, 1},
    {"id_U", "U", K_U, 1},
    {"set", "di", K_VOID, 1},
    {"fill", "ai", K_VOID, 4},
    {"rest", "", K_VOID, 1},
    {"nop", "f", K_VOID, 1},
    {"big", "i", K_INT, 3},
    {"pair", "UP", K_S, 3},
    {"id_K", "k", K_K, 1},
    {"mk_K", "iS", K_K, 1},
    {"get_K", "k", K_INT, 1},
    {"id_B", "B", K_B, 1},
    {"mk_B", "iS", K_B, 2},
    {"get_B", "Bi", K_INT, 1},
    {"id_C", "K", K_C, 1},
    {"mk_C", "iu", K_C, 1},
    {"get_C", "K", K_INT, 1},
};
enum { HELPER_COUNT = sizeof helpers / sizeof helpers[0] };

/* The address of an int, or of 4, with this access, whose class is not yet in `used`. */
static char *make_target(int length, enum access access, bool *used, bool world, int depth)
{
    int seen = 0, class = -1;
    for (int i = 0; i < var_count; i++) {
        struct var *v = &vars[i];
        int c = v->kind == K_PTR ? v->target : v->class;
        int has = v->kind == K_PTR ? v->target_length : v->length == 4 ? 4 : 1;
        if (v->hider >= 0 || (v->kind != K_INT && v->kind != K_PTR) || v->no_address ||
            (v->kind == K_INT && access == OWN && v->read_only) || has < length || used[c] ||
            now.of[c] < access || (c == 0 && !world) || now.of[v->class] == NONE)
            continue;
        if (rng(++seen) == 0)
            class = c;
    }
    if (class < 0)
        return NULL;
    if (access == OWN)
        used[class] = true;
    return make_pointer(class, length, depth);
}

static char *make_helper_argument(char param, bool *used, int depth)
{
    switch (param) {
    case 'd': return make_target(1, OWN, used, true, depth);
    case 'a': return make_target(4, OWN, used, true, depth);
    case 'r': return make_target(1, READ, used, true, depth);
    case 'A': return make_target(4, READ, used, true, depth);
    case 'b': return make_value(K_BOOL, depth);
    case 'c': return make_value(K_CHAR, depth);
    case 'h': return make_value(K_UCHAR, depth);
    case 's': return make_value(K_SHORT, depth);
    case 't': return make_value(K_USHORT, depth);
    case 'i': return make_value(K_INT, depth);
    case 'u': return make_value(K_UINT, depth);
    case 'v': return make_value(K_ULLONG, depth);
    case 'l': return make_value(K_LLONG, depth);
    case 'f': return make_value(K_DOUBLE, depth);
    case 'S': return make_value(K_S, depth);
    case 'P': return make_value(K_P, depth);
    case 'U': return make_value(K_U, depth);
    case 'K': return make_value(K_C, depth);
    case 'k': return make_value(K_K, depth);
    case 'B': return make_value(K_B, depth);
    case 'n': return text("%d", rng(percent(20) ? 200 : 8));
    case 'm': return text("%d", rng(4));
    default: abort();
    }
}

static char *call_this_helper(const struct helper *h, int depth)
{
    struct ownership before = now, part[8];
    bool used[CLASSES_MAX] = {false};
    int n = (int)strlen(h->params);
    char *t = text("%s(", h->name);
    split(part, 8);
    for (int i = 0; i < n; i++) {
        bool address = strchr("drAa", h->params[i]) != NULL;
        now = address ? before : part[i];
        char *arg = make_helper_argument(h->params[i], used, depth - 1);
        now = before;
        if (arg == NULL)
            return NULL;
        t = text("%s%s%s", t, i ? ", " : "", arg);
    }
    return text("%s)", t);
}

char *call_helper(enum kind kind, int depth)
{
    const struct helper *h = NULL;
    int seen = 0;
    for (int i = 0; i < HELPER_COUNT; i++)
        if (helpers[i].result == kind && affordable(helpers[i].cost) &&
            (!by_value || strpbrk(helpers[i].params, "drAa") == NULL) &&
            (helpers[i].cost < 50 || percent(5)) && rng(++seen) == 0)
            h = &helpers[i];
    if (h == NULL)
        return NULL;
    double spent = cost;
    bool only = by_value;
    spend(h->cost);
    by_value = false;
    char *t = call_this_helper(h, depth);
    by_value = only;
    if (t == NULL)
        cost = spent;
    return t;
}

static char *call_function(const struct function *f, int depth, bool self)
{
    struct ownership before = now, part[8];
    bool used[CLASSES_MAX] = {false};
    char *t = text("%s(", f->name);
    split(part, 8);
    for (int i = 0; i < f->param_count; i++) {
        char *arg;
        if (i == 0 && f->recursive) {
            arg = self ? text("%s - 1", "depth") : text("%d", rng(5));
        } else if (f->param[i] == K_PTR) {
            now = before;
            arg = make_target(f->param_length[i], OWN, used, false, depth);
        } else {
            now = part[i];
            arg = make_value(f->param[i], depth > 2 ? 2 : depth - 1);
        }
        now = before;
        if (arg == NULL)
            return NULL;
        t = text("%s%s%s", t, i ? ", " : "", arg);
    }
    return text("%s)", t);
}

static bool takes_pointer(const struct function *f)
{
    for (int i = 0; i < f->param_count; i++)
        if (f->param[i] == K_PTR)
            return true;
    return false;
}

/* A call of a function of the case, or a level of recursion. `any`: whatever its result is. */
static char *call_case_function(enum kind kind, int depth, bool any)
{
    const struct function *next = current->partner && percent(80) ? current->partner : current;
    if (recursion_left && !by_value && next->result == kind && repeats <= 2 &&
        (current->pure || now.of[0] == OWN) && percent(50)) {
        recursion_left = false;
        char *t = call_function(next, depth, true);
        recursion_left = t == NULL;
        return t;
    }
    const struct function *f = NULL;
    int seen = 0;
    for (int i = 0; i < function_count; i++) {
        struct function *g = &functions[i];
        if ((any || g->result == kind) && affordable(g->cost) && g != current->partner &&
            delay + g->delay * repeats < DELAY_MAX && (g->pure || now.of[0] == OWN) &&
            (!by_value || (g->pure && !takes_pointer(g))) && rng(++seen) == 0)
            f = g;
    }
    if (f == NULL)
        return NULL;
    double spent = cost, delayed = delay;
    spend(f->cost);
    delay += f->delay * repeats;
    bool only = by_value;
    by_value = false;
    char *t = call_function(f, depth, false);
    by_value = only;
    if (t == NULL) {
        cost = spent;
        delay = delayed;
    }
    return t;
}

/* A call that may run at the same time as other statements. */
char *call_by_value(enum kind kind, int depth)
{
    by_value = true;
    char *t = call_returning(kind, depth);
    by_value = false;
    return t;
}

char *call_partner(int depth)
{
    recursion_left = false;
    return call_function(current->partner, depth, true);
}

char *call_returning(enum kind kind, int depth)
{
    char *t = percent(45) ? call_case_function(kind, depth, false) : NULL;
    return t != NULL ? t : call_helper(kind, depth);
}

char *call_effect(int depth)
{
    char *t = percent(40) ? call_case_function(K_VOID, depth, true) : NULL;
    return t != NULL ? t : call_helper(percent(70) ? K_VOID : K_INT, depth);
}

static const struct function *pick_function(void)
{
    const struct function *f = NULL;
    int seen = 0;
    for (int i = 0; i < function_count; i++) {
        struct function *g = &functions[i];
        if (affordable(g->cost) && g != current->partner &&
            delay + g->delay * repeats < DELAY_MAX && (g->pure || now.of[0] == OWN) &&
            rng(++seen) == 0)
            f = g;
    }
    return f;
}

void make_pointer_call(int depth)
{
    static const struct function helper[] = {
        {.name = "id_S", .result = K_S, .param = {K_S}, .param_count = 1, .cost = 1},
        {.name = "get_B", .result = K_INT, .param = {K_B, K_INT}, .param_count = 2, .cost = 1},
        {.name = "rest", .result = K_VOID, .cost = 1},
    };
    begin_full_expression();
    const struct function *f = pick_function();
    if (f == NULL || percent(30))
        f = &helper[rng(3)];
    const char *name = fresh_name("fn");
    char *types = text("%s", kinds[f->result].name);
    for (int i = 0; i < f->param_count; i++)
        types = text("%s, %s", types, kinds[f->param[i]].name);
    put("bide_async_fn(%s%s) %s%s = bide_ref(%s);\n", types, f->param_count ? "" : ", void",
        percent(30) ? "const " : "", name, f->name);
    declare(name);
    struct function by_pointer = *f;
    by_pointer.name = text("(*%s)", name);
    spend(f->cost);
    delay += f->delay * repeats;
    char *t = call_function(&by_pointer, depth, false);
    if (t != NULL && percent(30))
        put("await bide_join(rest(), %s);\n", t);
    else if (t != NULL)
        put("%sawait %s;\n", f->result == K_VOID ? "" : "(void)", t);
    else
        put("(void)%s;\n", name);
}
