/*
 * Types, variables and ownership. A variable is visible unless another one hides its name. An
 * aggregate offers its members and elements as places; a pointer offers its target.
 */
#include "smith.h"

#include <stdlib.h>
#include <string.h>

const struct kind_info kinds[K_COUNT] = {
    [K_BOOL] = {"_Bool", "id_b", C_INT, 0, 1},
    [K_CHAR] = {"signed char", "id_c", C_INT, -128, 127},
    [K_UCHAR] = {"unsigned char", "id_uc", C_INT, 0, 255},
    [K_SHORT] = {"short", "id_s", C_INT, -32768, 32767},
    [K_USHORT] = {"unsigned short", "id_us", C_INT, 0, 65535},
    [K_INT] = {"int", "id_i", C_INT, -INT_STORE_MAX, INT_STORE_MAX},
    [K_UINT] = {"unsigned", "id_u", C_UINT, 0, 0},
    [K_ULLONG] = {"unsigned long long", "id_ull", C_UINT, 0, 0},
    [K_LLONG] = {"long long", "id_ll", C_LL, -2147483647, 2147483647},
    [K_DOUBLE] = {"double", "id_d", C_DOUBLE, 0, 0},
    [K_S] = {"struct S", "id_S", C_OTHER, 0, 0},
    [K_P] = {"struct P", "id_P", C_OTHER, 0, 0},
    [K_U] = {"union U", "id_U", C_OTHER, 0, 0},
    [K_K] = {"struct K", "id_K", C_OTHER, 0, 0}, /* packed */
    [K_B] = {"struct B", "id_B", C_OTHER, 0, 0}, /* big */
    [K_C] = {"struct C", "id_C", C_OTHER, 0, 0}, /* cannot be assigned */
    [K_PTR] = {"int *", NULL, C_OTHER, 0, 0},
    [K_VOID] = {"void", NULL, C_OTHER, 0, 0},
};

/* The members of the prelude's types, by path; @ stands for a subscript from 0 to 3. */
static const struct member {
    enum kind of;
    const char *path;
    enum kind kind;
    int bits; /* the width of a bit-field, negative if it is signed */
} members[] = {
    {K_S, ".x", K_INT, 0},      {K_S, ".y", K_SHORT, 0},   {K_S, ".b", K_UINT, 5},
    {K_S, ".c", K_INT, -6},     {K_S, ".z", K_UCHAR, 0},   {K_S, ".w", K_LLONG, 0},
    {K_P, ".s.x", K_INT, 0},    {K_P, ".s.y", K_SHORT, 0}, {K_P, ".s.b", K_UINT, 5},
    {K_P, ".s.w", K_LLONG, 0},  {K_P, ".a[@]", K_INT, 0},  {K_P, ".d", K_DOUBLE, 0},
    {K_P, ".u", K_UINT, 0},     {K_U, ".u", K_UINT, 0},    {K_U, ".c[@]", K_UCHAR, 0},
    {K_K, ".t", K_CHAR, 0},     {K_K, ".x", K_INT, 0},     {K_K, ".u", K_UINT, 0},
    {K_K, ".y", K_SHORT, 0},    {K_K, ".w", K_LLONG, 0},   {K_B, ".a[@]", K_INT, 0},
    {K_B, ".b[@].x", K_INT, 0}, {K_B, ".u", K_UINT, 0},    {K_B, ".b[@].c", K_INT, -6},
    {K_B, ".d", K_DOUBLE, 0},   {K_U, ".h", K_USHORT, 0},  {K_C, ".k", K_INT, 0},
    {K_C, ".v", K_UINT, 0},
};
enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

bool is_aggregate(enum kind kind)
{
    return kind >= K_S && kind <= K_C;
}

struct ownership base, now;
struct var vars[VARS_MAX];
int var_count, class_count;
static int scope_mark;

/* Whether a struct pair is declared in this block. */
bool tag_in_scope(void)
{
    for (int i = scope_mark; i < var_count; i++)
        if (vars[i].kind == K_VOID && vars[i].length == TAG_MARK)
            return true;
    return false;
}

bool room_for_vars(void)
{
    return var_count < VARS_MAX - 8 && class_count < CLASSES_MAX - 8;
}

struct var *vars_save(void)
{
    struct var *saved = malloc(sizeof vars);
    if (saved == NULL)
        abort();
    memcpy(saved, vars, sizeof vars);
    return saved;
}

void vars_restore(struct var *saved)
{
    memcpy(vars, saved, sizeof vars);
    free(saved);
}

struct scope scope_enter(void)
{
    struct scope s = {var_count, class_count, scope_mark};
    scope_mark = var_count;
    return s;
}

void scope_leave(struct scope s)
{
    var_count = s.vars;
    class_count = s.classes;
    scope_mark = s.outer_mark;
    for (int i = 0; i < var_count; i++)
        if (vars[i].hider >= var_count)
            vars[i].hider = -1;
}

/* The length of the name before the first member access. */
static size_t root_length(const char *name)
{
    return strcspn(name, ".[");
}

static bool same_root(const char *a, const char *b)
{
    size_t n = root_length(a);
    return n == root_length(b) && strncmp(a, b, n) == 0;
}

const char *fresh_name(const char *stem)
{
    static const char *const pool[] = {
        "a",     "b",     "c",  "x",     "y",    "n",      "h",     "p",      "q",    "s",    "t",
        "group", "value", "cx", "frame", "args", "result", "state", "parent", "poll", "next", "fn",
    };
    if (percent(40)) {
        const char *name = pool[rng(sizeof pool / sizeof pool[0])];
        for (int i = scope_mark;; i++) {
            if (i == var_count)
                return name;
            if (same_root(vars[i].name, name))
                break;
        }
    }
    return text("%s%d", stem, label_count++);
}

struct var *declare(const char *name)
{
    for (int i = 0; i < var_count; i++)
        if (vars[i].hider < 0 && same_root(vars[i].name, name))
            vars[i].hider = var_count;
    vars[var_count] = (struct var){.name = name, .kind = K_VOID, .hider = -1};
    return &vars[var_count++];
}

void define(struct var *v, enum kind kind, int length, int class)
{
    v->kind = kind;
    v->length = length;
    v->class = class;
    v->read_only = kind == K_C;
}

int new_class(enum access access)
{
    base.of[class_count] = access;
    now.of[class_count] = access;
    return class_count++;
}

void scope_tally(struct scope s)
{
    for (int i = s.vars; i < var_count; i++) {
        struct var *v = &vars[i];
        if (v->hider >= 0 || v->kind == K_VOID || base.of[v->class] == NONE)
            continue;
        if (v->kind == K_PTR && base.of[v->target] == NONE)
            continue;
        static const char *const show[K_COUNT] = {
            [K_DOUBLE] = "tally_d(%d, %s%s);\n", [K_S] = "tally_S(%d, %s%s);\n",
            [K_P] = "tally_P(%d, %s%s);\n",      [K_U] = "tally(%d, %s%s.u);\n",
            [K_PTR] = "tally(%d, *%s%s);\n",     [K_C] = "tally(%d, %s%s.k);\n",
            [K_K] = "tally_K(%d, %s%s);\n",      [K_B] = "tally_B(%d, &%s%s);\n",
        };
        const char *fmt = show[v->kind] ? show[v->kind] : "tally(%d, (long long)%s%s);\n";
        int id = 100 + rng(900);
        if (v->qualifier && percent(50))
            put("tally(%d, _Generic(&%s, const %s *: 1, volatile %s *: 2, default: 3));\n", id,
                v->name, kinds[v->kind].name, kinds[v->kind].name);
        for (int k = 0; k < (v->length ? v->length : 1); k++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            put(fmt, id, v->name, v->length ? text("[%d]", k) : "");
#pragma GCC diagnostic pop
    }
}

void begin_full_expression(void)
{
    for (int c = 0; c < class_count; c++) {
        now.of[c] = base.of[c];
        if (now.of[c] == OWN && percent(c == 0 ? 15 : 40))
            now.of[c] = READ;
    }
}

void split(struct ownership *operand, int n)
{
    for (int i = 0; i < n; i++)
        operand[i] = now;
    for (int c = 0; c < class_count; c++) {
        if (now.of[c] != OWN)
            continue;
        int owner = rng(n);
        for (int i = 0; i < n; i++)
            if (i != owner)
                operand[i].of[c] = NONE;
    }
}

struct var *pick_var(enum kind kind, int length, enum access access)
{
    struct var *found = NULL;
    int seen = 0;
    for (int i = 0; i < var_count; i++) {
        struct var *v = &vars[i];
        if (v->hider >= 0 || v->kind != kind || v->length != length || now.of[v->class] < access ||
            (access == OWN && v->read_only))
            continue;
        if (rng(++seen) == 0)
            found = v;
    }
    return found;
}

static void set_member(struct place *place, const struct member *m)
{
    place->kind = m->kind;
    place->lo = kinds[m->kind].lo;
    place->hi = kinds[m->kind].hi;
    place->bit_field = m->bits != 0;
    place->no_address |= m->of == K_K;
    if (m->bits < 0) {
        place->lo = -(1 << (-m->bits - 1));
        place->hi = -place->lo - 1;
    } else if (m->bits > 0) {
        place->lo = 0;
        place->hi = (1 << m->bits) - 1;
    }
}

/* The category of a member after promotion: a bit-field narrower than int becomes an int. */
static enum category member_category(const struct member *m)
{
    return m->bits ? C_INT : kinds[m->kind].category;
}

bool pick_member(enum kind kind, enum category category, struct place *place)
{
    int seen = 0;
    for (int i = 0; i < MEMBER_COUNT; i++) {
        const struct member *m = &members[i];
        if (m->of != kind || member_category(m) != category || rng(++seen) != 0)
            continue;
        set_member(place, m);
        place->text = text("%s", m->path);
    }
    return seen > 0;
}

/* Whether v has a place of this category. Fills in `place`, with @ for a subscript. */
static bool offers(struct var *v, enum category category, enum access access, struct place *place)
{
    *place = (struct place){.kind = v->kind, .class = v->class, .no_address = v->no_address};
    const char *element = v->length ? v->length == 4 ? "[@]" : "[#]" : "";
    if (v->kind == K_PTR) {
        if (category != C_INT || now.of[v->target] < access || v->length)
            return false;
        place->class = v->target;
        place->kind = K_INT;
        place->text = v->target_length == 4 ? text("%s[@]", v->name) : text("(*%s)", v->name);
    } else if (is_aggregate(v->kind)) {
        if (!pick_member(v->kind, category, place))
            return false;
        place->text = text("%s%s%s", v->name, element, place->text);
        place->class = v->class;
        return true;
    } else if (kinds[v->kind].category == category) {
        place->text = text("%s%s", v->name, element);
    } else {
        return false;
    }
    place->lo = kinds[place->kind].lo;
    place->hi = kinds[place->kind].hi;
    return true;
}

bool pick_place(enum category category, enum access access, struct place *place)
{
    int seen = 0;
    for (int i = 0; i < var_count; i++) {
        struct var *v = &vars[i];
        struct place one;
        enum access of_var = v->kind == K_PTR ? READ : access;
        if (v->hider >= 0 || now.of[v->class] < of_var ||
            (access == OWN && v->read_only && v->kind != K_PTR) ||
            !offers(v, category, access, &one))
            continue;
        if (rng(++seen) == 0)
            *place = one;
    }
    return seen > 0;
}

void place_subscript(struct place *place, int depth)
{
    for (char *at; (at = strpbrk(place->text, "@#")) != NULL;) {
        char *index = make_index(*at == '@' ? 4 : 2, depth);
        place->text = text("%.*s%s%s", (int)(at - place->text), place->text, index, at + 1);
    }
}
