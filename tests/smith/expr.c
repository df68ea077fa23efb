/*
 * Arithmetic expressions by category. An integer expression knows the interval of its values;
 * bounded() brings it into limits. Operands that C leaves unsequenced are made under a split
 * ownership.
 */
#include "smith.h"

#include <stdlib.h>
#include <string.h>

static int in_macro; /* depth of nesting in arguments of macros */
int in_twice;

static struct ex ex_int(char *t, enum level level, long long lo, long long hi)
{
    return (struct ex){t, level, lo, hi};
}

static struct ex ex_of(char *t, enum level level)
{
    return (struct ex){t, level, 0, 0};
}

char *paren(struct ex e, enum level at_most)
{
    if (e.level > at_most || (e.level != L_POSTFIX && percent(15)))
        return text("(%s)", e.text);
    return e.text;
}

struct ex bounded(struct ex e, long long limit)
{
    if (e.lo >= -limit && e.hi <= limit)
        return e;
    long long m = limit - rng(limit > 100 ? 50 : 1);
    return ex_int(text("%s %% %lld", paren(e, L_MUL), m), L_MUL, e.lo < 0 ? 1 - m : 0,
                  e.hi > 0 ? m - 1 : 0);
}

/* Limited by a mask to values that are not negative. */
struct ex masked(struct ex e, long long mask)
{
    return ex_int(text("%s & %lld", paren(e, L_UNARY), mask), L_OTHER, 0, mask);
}

static long long most(long long a, long long b)
{
    return a > b ? a : b;
}

static long long least(long long a, long long b)
{
    return a < b ? a : b;
}

/* Where a bit-field ends a comma or statement expression, gcc and clang give it different types;
 * adding 0 promotes it in both. */
char *promoted(char *value)
{
    size_t n = strlen(value);
    while (n > 0 && value[n - 1] == ')')
        n--;
    return n > 2 && strncmp(value + n - 2, ".b", 2) == 0 ? text("(%s) + 0", value) : value;
}

typedef struct ex maker(int depth);

/* Two unsequenced operands. */
static void make_pair(maker *left, maker *right, int depth, struct ex *a, struct ex *b)
{
    struct ownership before = now, part[2];
    split(part, 2);
    now = part[0];
    *a = left(depth - 1);
    now = part[1];
    *b = right(depth - 1);
    now = before;
}

char *make_index(int length, int depth)
{
    if (depth <= 0 || percent(40))
        return text("%d", rng(length));
    struct ex e = masked(make_int(depth - 1), length - 1);
    if (percent(40) && affordable(1)) {
        spend(1);
        return text("await id_i(%s)", e.text);
    }
    return e.text;
}

static struct ex literal(void)
{
    static const int special[] = {0, 1, 2, 3, 7, 100, 255, 256, 1000, 32767};
    int v = percent(50) ? special[rng(10)] : rng(300);
    if (percent(20) && v > 0)
        return ex_int(text("-%d", v), L_UNARY, -v, -v);
    return ex_int(text("%d", v), L_POSTFIX, v, v);
}

static struct ex read_place(enum category category, int depth, struct ex otherwise)
{
    struct place p;
    if (!pick_place(category, READ, &p))
        return otherwise;
    place_subscript(&p, depth);
    if (!p.no_address && !p.bit_field && percent(5))
        p.text = text("(*&%s)", p.text);
    return ex_int(p.text, L_POSTFIX, p.lo, p.hi);
}

struct ex leaf_int(int depth)
{
    struct ex e = literal();
    if (percent(20))
        return e;
    if (percent(4))
        return ex_int(text("\"await this\"[%s]", make_index(4, depth)), L_POSTFIX, 0, 127);
    return read_place(C_INT, depth, e);
}

static struct ex binary_int(int depth)
{
    struct ex a, b;
    make_pair(make_int, make_int, depth, &a, &b);
    switch (rng(11)) {
    case 0:
    case 1:
        a = bounded(a, 100000000);
        b = bounded(b, 100000000);
        return ex_int(text("%s + %s", paren(a, L_ADD), paren(b, L_MUL)), L_ADD, a.lo + b.lo,
                      a.hi + b.hi);
    case 2:
        a = bounded(a, 100000000);
        b = bounded(b, 100000000);
        return ex_int(text("%s - %s", paren(a, L_ADD), paren(b, L_UNARY)), L_ADD, a.lo - b.hi,
                      a.hi - b.lo);
    case 3: {
        a = bounded(a, 30000);
        b = bounded(b, 30000);
        long long m = most(-a.lo, a.hi) * most(-b.lo, b.hi);
        return ex_int(text("%s * %s", paren(a, L_MUL), paren(b, L_UNARY)), L_MUL, -m, m);
    }
    case 4: {
        b = masked(b, 127);
        long long m = most(-a.lo, a.hi);
        return ex_int(text("%s / ((%s) + 1)", paren(a, L_MUL), b.text), L_MUL, -m, m);
    }
    case 5:
        b = masked(b, 255);
        return ex_int(text("%s %% ((%s) + 1)", paren(a, L_MUL), b.text), L_MUL, -255, 255);
    case 6:
        return ex_int(text("%s & %s", paren(a, L_UNARY), paren(masked(b, 1023), L_UNARY)), L_OTHER,
                      0, 1023);
    case 7:
        return ex_int(
            text("%s ^ %s", paren(bounded(a, 32767), L_UNARY), paren(bounded(b, 32767), L_UNARY)),
            L_OTHER, -32768, 32767);
    case 8:
        return ex_int(text("(%s) << (%s)", masked(a, 255).text, masked(b, 7).text), L_OTHER, 0,
                      255 << 7);
    case 9:
        return ex_int(text("%s >> (%s)", paren(a, L_UNARY), masked(b, 15).text), L_OTHER,
                      least(a.lo, 0), most(a.hi, 0));
    default: {
        static const char *const op[] = {"<", ">", "<=", ">=", "==", "!="};
        return ex_int(text("%s %s %s", paren(a, L_MUL), op[rng(6)], paren(b, L_MUL)), L_OTHER, 0,
                      1);
    }
    }
}

static struct ex compare_others(int depth)
{
    static const char *const op[] = {"<", ">", "<=", ">=", "==", "!="};
    static maker *const makers[] = {make_uint, make_ll, make_double};
    struct ex a, b;
    maker *m = makers[rng(3)];
    make_pair(m, m, depth, &a, &b);
    return ex_int(text("%s %s %s", paren(a, L_MUL), op[rng(6)], paren(b, L_MUL)), L_OTHER, 0, 1);
}

/* An operator with a sequence point between its operands. */
static struct ex sequenced_int(int depth)
{
    switch (rng(6)) {
    case 0: {
        char *a = make_condition(depth - 1), *b = make_condition(depth - 1);
        return ex_int(text("(%s) %s (%s)", a, percent(50) ? "&&" : "||", b), L_OTHER, 0, 1);
    }
    case 1:
    case 2: {
        char *c = make_condition(depth - 1);
        struct ex a = make_int(depth - 1), b = make_int(depth - 1);
        const char *fmt = "(%s) ? %s : %s";
        if (in_macro == 0 && percent(20))
            fmt = "PICK((%s), %s, %s)";
        else if (percent(10))
            fmt = "__builtin_expect((%s), 1) ? %s : %s";
        char *left = paren(a, L_OTHER), *right = paren(b, L_OTHER);
        char *t = fmt[0] == 'P'   ? text("PICK((%s), (%s), (%s))", c, left, right)
                  : fmt[0] == '_' ? text("__builtin_expect((%s), 1) ? %s : %s", c, left, right)
                                  : text("(%s) ? %s : %s", c, left, right);
        return ex_int(t, fmt[0] == 'P' ? L_POSTFIX : L_ASSIGN, least(a.lo, b.lo), most(a.hi, b.hi));
    }
    case 3: {
        struct ex a = make_int(depth - 1), b = make_int(depth - 1);
        return ex_int(text("%s ?: %s", paren(a, L_MUL), paren(b, L_MUL)), L_ASSIGN,
                      least(a.lo, b.lo), most(a.hi, b.hi));
    }
    default: {
        char *a = make_effect(depth - 1);
        struct ex b = make_int(depth - 1);
        return ex_int(text("%s, %s", a, promoted(paren(b, L_ASSIGN))), L_COMMA, b.lo, b.hi);
    }
    }
}

/* The right side of an assignment to p, and its operator. */
static char *assigned_int(struct place *p, int depth, const char **op)
{
    static const char *const narrow[] = {"+=", "-=", "*=", "|=", "^=", "&="};
    static const char *const any[] = {"/=", "%=", ">>=", "+=", "-="};
    if (percent(45)) {
        *op = "=";
        return make_value(p->bit_field ? K_VOID : p->kind, depth - 1);
    }
    if (p->kind == K_BOOL) {
        *op = percent(50) ? "&=" : "|=";
        return make_condition(depth - 1);
    }
    struct ex e = make_int(depth - 1);
    if (p->kind < K_INT || p->bit_field) {
        *op = narrow[rng(6)];
        return paren(bounded(e, 10000), L_ASSIGN);
    }
    *op = any[rng(5)];
    if ((*op)[0] == '/' || (*op)[0] == '%')
        return text("(%s) + 1", masked(e, 63).text);
    if ((*op)[0] == '>')
        return masked(e, 7).text;
    return paren(bounded(e, 100), L_ASSIGN);
}

static char *assigned_other(struct place *p, enum category category, int depth, const char **op)
{
    static const char *const unsigned_op[] = {"+=", "-=", "*=", "|=", "^=", "&=", ">>=", "%="};
    if (category == C_LL || category == C_DOUBLE || percent(40)) {
        *op = "=";
        return make_value(p->kind, depth - 1);
    }
    *op = unsigned_op[rng(8)];
    if ((*op)[0] == '>')
        return masked(make_int(depth - 1), 15).text;
    if ((*op)[0] == '%')
        return text("(%s | 1u)", paren(make_uint(depth - 1), L_UNARY));
    return paren(make_uint(depth - 1), L_ASSIGN);
}

/* An assignment, ++ or --; false if nothing may be written here. */
bool make_assignment(enum category category, int depth, struct ex *e)
{
    struct place p;
    if (!affordable(1) || !pick_place(category, OWN, &p))
        return false;
    spend(1);
    /* gcc and clang give an assignment to a bit-field different types, and clang 14 gives an
     * assignment to an _Atomic no value. */
    const char *cast = p.bit_field ? "(int)" : "";
    bool may_be = p.kind == K_UINT || p.kind == K_INT || p.kind == K_LLONG;
    bool atomic = may_be && p.no_address && strpbrk(p.text, "[@#") == NULL;
    struct ownership before = now, part[2];
    now.of[p.class] = READ;
    e->lo = p.lo;
    e->hi = p.hi;
    if (category != C_LL && category != C_DOUBLE && p.kind != K_BOOL && percent(25)) {
        static const char *const form[] = {"%s++", "%s--", "++%s", "--%s"};
        int k = rng(4);
        place_subscript(&p, depth - 1);
        e->level = k < 2 ? L_POSTFIX : L_UNARY;
        char *t = k < 2 ? text("%s%s", p.text, form[k] + 2) : text("%.2s%s", form[k], p.text);
        e->text = cast[0] ? text("%s(%s)", cast, t) : t;
        if (atomic)
            *e = ex_of(text("(%s, %s)", t, p.text), L_POSTFIX);
        now = before;
        return true;
    }
    split(part, 2);
    now = part[0];
    place_subscript(&p, depth - 1);
    now = part[1];
    const char *op;
    char *value =
        category == C_INT ? assigned_int(&p, depth, &op) : assigned_other(&p, category, depth, &op);
    now = before;
    e->level = L_ASSIGN;
    e->text = text("%s %s %s", p.text, op, value);
    if (cast[0]) {
        e->level = L_UNARY;
        e->text = text("%s(%s)", cast, e->text);
    }
    if (atomic)
        *e = ex_of(text("(%s, %s)", e->text, p.text), L_POSTFIX);
    return true;
}

static struct ex awaited(char *call, enum category category)
{
    (void)category;
    return ex_of(text("await %s", call), L_UNARY);
}

static struct ex await_int(int depth)
{
    enum kind k = (enum kind)(K_BOOL + rng(K_INT + 1));
    if (percent(50))
        k = K_INT;
    char *call = call_returning(k, depth);
    if (call == NULL)
        return leaf_int(0);
    struct ex e = awaited(call, C_INT);
    e.lo = kinds[k].lo;
    e.hi = kinds[k].hi;
    return e;
}

/* A member of a struct value or an element of a compound literal. */
static struct ex part_int(int depth)
{
    enum kind k = (enum kind)(K_S + rng(5));
    struct place m = {0};
    if (percent(25)) {
        char *list = make_initialiser(K_INT, 4, depth - 1);
        struct ownership before = now, part[2];
        split(part,
              2); /* the list was made with the whole ownership, so the subscript may only read */
        for (int c = 0; c < class_count; c++)
            now.of[c] = before.of[c] == READ ? READ : NONE;
        char *index = make_index(4, depth - 1);
        now = before;
        return ex_int(text("((int[4])%s)[%s]", list, index), L_POSTFIX, kinds[K_INT].lo,
                      kinds[K_INT].hi);
    }
    if (!pick_member(k, C_INT, &m))
        return leaf_int(0);
    char *value = NULL;
    if (percent(60) && (value = call_returning(k, depth - 1)) != NULL)
        value = text("(await %s)", value);
    else if (percent(50))
        value = text("((%s)%s)", kinds[k].name, make_initialiser(k, 0, depth - 1));
    else
        value = text("(%s)", make_value(k, depth - 1));
    for (char *at; (at = strchr(m.text, '@')) != NULL;)
        m.text = text("%.*s%d%s", (int)(at - m.text), m.text, rng(4), at + 1);
    return ex_int(text("%s%s", value, m.text), L_POSTFIX, m.lo, m.hi);
}

static struct ex converted_int(int depth)
{
    switch (rng(6)) {
    case 4: {
        struct ex a, b;
        make_pair(make_int, make_int, depth, &a, &b);
        return ex_int(text("plain(%s, %s)", paren(bounded(a, INT_STORE_MAX), L_ASSIGN),
                           paren(bounded(b, INT_STORE_MAX), L_ASSIGN)),
                      L_POSTFIX, -30010, 30010);
    }
    case 0:
        return ex_int(text("(int)(%s %% 1000u)", paren(make_uint(depth - 1), L_UNARY)), L_UNARY, 0,
                      999);
    case 1:
        return ex_int(text("(int)(%s %% 1000)", paren(make_ll(depth - 1), L_UNARY)), L_UNARY, -999,
                      999);
    case 2: {
        static const char *const types[] = {"signed char", "short", "unsigned char", "_Bool"};
        static const long long limit[][2] = {{-128, 127}, {-32768, 32767}, {0, 255}, {0, 1}};
        int t = rng(4);
        return ex_int(text("(%s)(%s)", types[t], make_int(depth - 1).text), L_UNARY, limit[t][0],
                      limit[t][1]);
    }
    case 3: {
        static const char *const form[] = {
            "(int)sizeof(await id_ll(%d))",
            "(int)sizeof(await id_S(g_S)) + %d",
            "(int)(sizeof(__typeof__(await id_c(%d))))",
            "_Generic(await id_d(%d), int: 1, double: 2, default: 3)",
            "_Generic(1, int: await id_i(%d), default: 0)",
            "_Generic(await id_i(2), int: await id_i(%d), struct S: 3, default: 0)",
            "_Generic(await mk_S(%d, 2), struct S: await id_c(7), default: plain)",
            "__builtin_types_compatible_p(__typeof__(await id_K((struct K){%d})), struct K)",
            "__builtin_choose_expr(1, await id_i(%d), 0)",
            "(int)_Alignof(long long) + %d",
            "(int)__builtin_offsetof(struct P, a) + %d",
        };
        int f = rng(11), n = rng(100);
        if (f >= 4 && f < 9)
            spend(1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        return ex_int(text(form[f], n), L_ADD, 0, 500);
#pragma GCC diagnostic pop
    }
    default: {
        struct ex e = make_int(depth - 1);
        return ex_int(text("__extension__ (%s)", e.text), L_UNARY, e.lo, e.hi);
    }
    }
}

static struct ex unary_int(int depth)
{
    struct ex e = make_int(depth - 1);
    switch (rng(4)) {
    case 0: return ex_int(text("- %s", paren(e, L_UNARY)), L_UNARY, -e.hi, -e.lo);
    case 1: return ex_int(text("~(%s + 0)", paren(e, L_ADD)), L_UNARY, -e.hi - 1, -e.lo - 1);
    case 2: return ex_int(text("!%s", paren(e, L_UNARY)), L_UNARY, 0, 1);
    default: return ex_int(text("+ %s", paren(e, L_UNARY)), L_UNARY, e.lo, e.hi);
    }
}

/* A macro that expands its arguments more than once. */
static struct ex macro_twice(int depth)
{
    struct ex a, b = {0};
    in_twice++;
    repeats *= 2;
    bool most_of = percent(50);
    if (most_of) {
        make_pair(make_int, make_int, depth - 1, &a, &b);
        a = ex_int(text("MOST((%s), (%s))", a.text, b.text), L_POSTFIX, least(a.lo, b.lo),
                   most(a.hi, b.hi));
    } else {
        a = bounded(make_int(depth - 2), 30000);
        a = ex_int(text("AGAIN((%s))", a.text), L_POSTFIX, a.lo, a.hi);
    }
    repeats /= 2;
    in_twice--;
    return a;
}

static struct ex macro_int(int depth)
{
    if (in_macro > 1 || !affordable(3))
        return leaf_int(0);
    struct ex a, b;
    if (depth > 1 && percent(30))
        return macro_twice(depth);
    in_macro++;
    if (percent(50)) {
        a = bounded(make_int(depth - 1), 30000);
        a.text = percent(50) ? text("SQUARE(%s)", paren(a, L_ASSIGN))
                             : text("LATER(%s) * 1", paren(a, L_ASSIGN));
        a = ex_int(a.text, L_MUL, -900000000, 900000000);
        spend(2);
    } else {
        make_pair(make_int, make_int, depth, &a, &b);
        a = bounded(a, 1000000);
        b = bounded(b, 1000000);
        a = ex_int(text("BOTH(%s, %s)", paren(a, L_ASSIGN), paren(b, L_ASSIGN)), L_POSTFIX,
                   a.lo + b.lo, a.hi + b.hi);
        spend(2);
    }
    in_macro--;
    return a;
}

/* A leaf may be a call whose arguments are leaves again. A struct has so many that this would not
 * end without a limit. */
static struct ex leaf_or_await(void)
{
    enum { NESTED_MAX = 12 };
    static int nested;
    if (!percent(20) || nested == NESTED_MAX)
        return leaf_int(0);
    nested++;
    struct ex e = await_int(0);
    nested--;
    return e;
}

struct ex make_int(int depth)
{
    struct ex e;
    if (depth <= 0)
        return leaf_or_await();
    int r = rng(100);
    if (r < 10)
        return leaf_int(depth);
    if (r < 32)
        return binary_int(depth);
    if (r < 37)
        return compare_others(depth);
    if (r < 49)
        return sequenced_int(depth);
    if (r < 58 && make_assignment(C_INT, depth, &e))
        return e;
    if (r < 76)
        return await_int(depth);
    if (r < 82)
        return part_int(depth);
    if (r < 87)
        return converted_int(depth);
    if (r < 91)
        return unary_int(depth);
    if (r < 93)
        return macro_int(depth);
    if (r < 96 && in_twice == 0 && make_group(depth, &e))
        return e;
    if (r < 97 && make_owned(depth, &e))
        return e;
    if (in_twice == 0) {
        char *t = make_statement_expression(K_INT, depth);
        if (t != NULL)
            return ex_int(t, L_POSTFIX, kinds[K_INT].lo, kinds[K_INT].hi);
    }
    return leaf_int(depth);
}

struct ex make_uint(int depth)
{
    struct ex a, b;
    int n = rng(1000);
    if (depth <= 0 || percent(20))
        return read_place(C_UINT, depth, ex_of(text("%du", n), L_POSTFIX));
    char *call;
    switch (rng(7)) {
    case 0:
        if ((call = call_returning(percent(70) ? K_UINT : K_ULLONG, depth)) != NULL)
            return awaited(call, C_UINT);
        break;
    case 1:
        if (make_assignment(C_UINT, depth, &a))
            return a;
        break;
    case 2: return ex_of(text("(unsigned)(%s)", make_int(depth - 1).text), L_UNARY);
    case 3:
        call = make_condition(depth - 1);
        a = make_uint(depth - 1);
        b = make_uint(depth - 1);
        return ex_of(text("(%s) ? %s : %s", call, paren(a, L_OTHER), paren(b, L_OTHER)), L_ASSIGN);
    case 4:
        a = make_uint(depth - 1);
        return ex_of(text("%s >> (%s)", paren(a, L_UNARY), masked(literal(), 15).text), L_OTHER);
    default: {
        static const char *const op[] = {"+", "-", "*", "^", "|", "&"};
        make_pair(make_uint, make_uint, depth, &a, &b);
        return ex_of(text("%s %s %s", paren(a, L_UNARY), op[rng(6)], paren(b, L_UNARY)), L_OTHER);
    }
    }
    return ex_of(text("%du", n), L_POSTFIX);
}

struct ex make_ll(int depth)
{
    struct ex a, b;
    long long n = (long long)rng(100000) * 7919;
    if (depth <= 0 || percent(20))
        return read_place(C_LL, depth, ex_int(text("%lldLL", n), L_POSTFIX, n, n));
    char *call;
    switch (rng(5)) {
    case 0:
        if ((call = call_returning(K_LLONG, depth)) != NULL)
            return ex_int(text("await %s", call), L_UNARY, kinds[K_LLONG].lo, kinds[K_LLONG].hi);
        break;
    case 1:
        if (make_assignment(C_LL, depth, &a))
            return a;
        break;
    case 2:
        a = make_int(depth - 1);
        return ex_int(text("(long long)(%s)", a.text), L_UNARY, a.lo, a.hi);
    default:
        make_pair(make_ll, make_int, depth, &a, &b);
        a = bounded(a, 1LL << 40);
        b = bounded(b, 1000);
        if (percent(50))
            return ex_int(text("%s * (%s)", paren(a, L_UNARY), b.text), L_MUL, -(1LL << 50),
                          1LL << 50);
        return ex_int(text("%s - (%s)", paren(a, L_MUL), b.text), L_ADD, a.lo - 1000, a.hi + 1000);
    }
    return ex_int(text("%lldLL", n), L_POSTFIX, n, n);
}

struct ex make_double(int depth)
{
    struct ex a, b;
    if (depth <= 0 || percent(20))
        return read_place(C_DOUBLE, depth, ex_of(text("%d.25", rng(100)), L_POSTFIX));
    char *call;
    switch (rng(5)) {
    case 0:
        if ((call = call_returning(K_DOUBLE, depth)) != NULL)
            return awaited(call, C_DOUBLE);
        break;
    case 1:
        if (make_assignment(C_DOUBLE, depth, &a))
            return a;
        break;
    case 2: return ex_of(text("(double)(%s) / 8", make_int(depth - 1).text), L_MUL);
    default:
        make_pair(make_double, make_double, depth > 2 ? 2 : depth, &a, &b);
        return ex_of(text("%s %c %s", paren(a, L_UNARY), "+-*"[rng(3)], paren(b, L_UNARY)),
                     L_OTHER);
    }
    return ex_of(text("%d.5", rng(100)), L_POSTFIX);
}
