/*
 * Types: making, comparing and converting them as in ISO C 6.2.5, 6.2.7, 6.3.1 and 6.7.6, with
 * GNU's additions. Types are shared, and only their tags are completed later. No size or layout is
 * computed: only the widths of the integer types are known, from struct target.
 */
#include "inside.h"

#include <string.h>

struct type type_error_[1] = {{.kind = TY_ERROR, .length = -1}};

struct type *type_basic(struct unit *u, enum type_kind kind)
{
    static struct type basic[TY_LDOUBLE + 1];
    (void)u;
    if (kind == TY_ERROR || kind == TY_BITINT || kind == TY_UBITINT || kind > TY_LDOUBLE)
        return type_error_;
    basic[kind].kind = kind;
    basic[kind].length = -1;
    return &basic[kind];
}

struct type *type_new(struct unit *u, enum type_kind kind)
{
    struct type *t = arena_alloc(u->arena, sizeof *t);
    t->kind = kind;
    t->length = -1;
    return t;
}

struct type *type_named(struct unit *u, enum type_kind kind, const char *name)
{
    struct type *t = type_new(u, kind);
    t->name = name;
    return t;
}

struct type *type_pointer(struct unit *u, struct type *base)
{
    struct type *t = type_new(u, TY_POINTER);
    t->base = base;
    t->variable = base->variable;
    return t;
}

struct type *type_array(struct unit *u, struct type *element, int64_t length)
{
    struct type *t = type_new(u, TY_ARRAY);
    t->base = element;
    t->length = length;
    t->variable = element->variable;
    return t;
}

struct type *type_function(struct unit *u, struct type *result)
{
    struct type *t = type_new(u, TY_FUNCTION);
    t->base = result;
    return t;
}

/* An array has the qualifiers of its elements. */
static unsigned quals_of(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return t->quals;
}

struct type *type_in_space(struct unit *u, struct type *t, uint32_t first, uint32_t last)
{
    if (t->space_first == first || t->kind == TY_ERROR)
        return t;
    struct type *copy = arena_alloc(u->arena, sizeof *copy);
    *copy = *t;
    copy->space_first = first;
    copy->space_last = last;
    return copy;
}

static struct type *with_quals(struct unit *u, struct type *t, unsigned quals)
{
    if (quals_of(t) == quals || t->kind == TY_ERROR || t->kind == TY_FUNCTION)
        return t;
    struct type *copy = arena_alloc(u->arena, sizeof *copy), *top = copy;
    *copy = *t;
    for (; copy->kind == TY_ARRAY; copy = copy->base) {
        copy->alias = NULL;
        struct type *element = arena_alloc(u->arena, sizeof *element);
        *element = *copy->base;
        copy->base = element;
    }
    copy->quals = (uint8_t)quals;
    /* a typedef with more qualifiers cannot name the type: print what it stands for */
    while (copy->alias && quals_of(copy->alias->type) & ~quals)
        copy->alias = copy->alias->type->alias;
    return top;
}

struct type *type_qualified(struct unit *u, struct type *t, unsigned quals)
{
    return with_quals(u, t, quals_of(t) | quals);
}

struct type *type_unqualified(struct unit *u, struct type *t)
{
    return type_in_space(u, with_quals(u, t, 0), 0, 0);
}

/* ---- kinds ---- */

bool type_is_error(const struct type *t)
{
    return t->kind == TY_ERROR;
}

bool type_is_integer(const struct type *t)
{
    return (t->kind >= TY_BOOL && t->kind <= TY_UBITINT) || t->kind == TY_ENUM;
}

bool type_is_arithmetic(const struct type *t)
{
    return (t->kind >= TY_BOOL && t->kind <= TY_COMPLEX) || t->kind == TY_ENUM;
}

bool type_is_scalar(const struct type *t)
{
    return type_is_arithmetic(t) || t->kind == TY_POINTER;
}

bool type_is_aggregate(const struct type *t)
{
    return t->kind == TY_STRUCT || t->kind == TY_UNION || t->kind == TY_ARRAY;
}

bool type_has_const_member(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return (t->kind == TY_STRUCT || t->kind == TY_UNION) && t->tag->has_const_member;
}

/* The function type in a handle: T (**)(struct TAG *), or with a second parameter. */
static const struct type *in_handle(const struct type *t, const char *tag, int count)
{
    if (t->kind != TY_POINTER || t->base->kind != TY_POINTER || t->base->base->kind != TY_FUNCTION)
        return NULL;
    const struct type *f = t->base->base;
    if (f->param_count != count || f->variadic || f->param[0].type->kind != TY_POINTER)
        return NULL;
    const struct type *s = f->param[0].type->base;
    if (s->kind != TY_STRUCT || !s->tag->name || strcmp(s->tag->name, tag) != 0)
        return NULL;
    return f;
}

static struct type *owned(const struct type *t, const char *tag)
{
    const struct type *f = in_handle(t, tag, 1);
    return f ? f->base : NULL;
}

struct type *type_task_result(const struct type *t)
{
    return owned(t, "bide__task");
}

struct type *type_future_result(const struct type *t)
{
    return owned(t, "bide__future");
}

static const char map_tag[] = "bide__task_map";

struct type *type_set_result(const struct type *t, const char *tag)
{
    const struct type *f = in_handle(t, tag, strcmp(tag, map_tag) == 0 ? 2 : 1);
    return f ? f->base : NULL;
}

struct type *type_map_key(const struct type *t)
{
    const struct type *f = in_handle(t, map_tag, 2);
    return f ? f->param[1].type : NULL;
}

struct type *type_reference_target(const struct type *t)
{
    if (t->kind != TY_POINTER || t->base->kind != TY_POINTER || !(t->base->quals & Q_CONST) ||
        t->base->base->kind != TY_FUNCTION)
        return NULL;
    return t->base->base;
}

struct type *type_reference(struct unit *u, const struct type *function)
{
    struct type *f = type_new(u, TY_FUNCTION);
    *f = *function;
    f->is_async = true;
    f->alias = NULL;
    return type_pointer(u, type_qualified(u, type_pointer(u, f), Q_CONST));
}

bool type_is_owner(const struct type *t)
{
    return type_task_result(t) || type_future_result(t);
}

bool type_holds_owner(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return type_is_owner(t);
}

bool type_holds_future(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return type_future_result(t) != NULL;
}

/* ---- integers ---- */

/* The kind of an integer; of an enumeration, that of its integer type. */
static enum type_kind integer_kind(const struct type *t)
{
    if (t->kind == TY_ENUM)
        return t->tag->enum_type ? t->tag->enum_type->kind : TY_UINT;
    return t->kind;
}

bool type_is_bit_precise(const struct type *t)
{
    return t->kind == TY_BITINT || t->kind == TY_UBITINT;
}

unsigned type_width(struct unit *u, const struct type *t)
{
    const struct target *g = &u->target;
    switch (integer_kind(t)) {
    case TY_BOOL: return 1;
    case TY_CHAR:
    case TY_SCHAR:
    case TY_UCHAR: return 8;
    case TY_SHORT:
    case TY_USHORT: return (unsigned)g->size_short * 8;
    case TY_INT:
    case TY_UINT: return (unsigned)g->size_int * 8;
    case TY_LONG:
    case TY_ULONG: return (unsigned)g->size_long * 8;
    case TY_LLONG:
    case TY_ULLONG: return (unsigned)g->size_llong * 8;
    case TY_INT128:
    case TY_UINT128: return 128;
    case TY_BITINT:
    case TY_UBITINT: return t->length > 0 ? (unsigned)t->length : 0;
    default: return 0;
    }
}

bool type_is_unsigned(struct unit *u, const struct type *t)
{
    switch (integer_kind(t)) {
    case TY_CHAR: return u->target.char_unsigned;
    case TY_BOOL:
    case TY_UCHAR:
    case TY_USHORT:
    case TY_UINT:
    case TY_ULONG:
    case TY_ULLONG:
    case TY_UINT128:
    case TY_UBITINT: return true;
    default: return false;
    }
}

struct type *type_bits(struct unit *u, unsigned bits, bool is_unsigned)
{
    static const enum type_kind order[] = {TY_SCHAR, TY_SHORT, TY_INT,
                                           TY_LONG,  TY_LLONG, TY_INT128};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct type *t = type_basic(u, order[i]);
        if (type_width(u, t) == bits)
            return is_unsigned ? type_basic(u, order[i] + 1) : t;
    }
    return type_error_;
}

/* The conversion rank (ISO C 6.3.1.1): a wider type ranks higher. Of equally wide types a
 * bit-precise one ranks lowest, then the order is that of the language. */
static unsigned rank(struct unit *u, const struct type *t)
{
    unsigned order;
    switch (integer_kind(t)) {
    case TY_BITINT:
    case TY_UBITINT: order = 0; break;
    case TY_BOOL: order = 1; break;
    case TY_CHAR:
    case TY_SCHAR:
    case TY_UCHAR: order = 2; break;
    case TY_SHORT:
    case TY_USHORT: order = 3; break;
    case TY_INT:
    case TY_UINT: order = 4; break;
    case TY_LONG:
    case TY_ULONG: order = 5; break;
    case TY_LLONG:
    case TY_ULLONG: order = 6; break;
    default: order = 7; break;
    }
    return 8 * type_width(u, t) + order;
}

struct type *type_promote(struct unit *u, struct type *t)
{
    if (!type_is_integer(t) || type_is_bit_precise(t))
        return type_unqualified(u, t);
    struct type *i = type_basic(u, TY_INT);
    if (rank(u, t) >= rank(u, i))
        return t->kind == TY_ENUM ? type_basic(u, integer_kind(t)) : type_unqualified(u, t);
    if (type_is_unsigned(u, t) && type_width(u, t) >= type_width(u, i))
        return type_basic(u, TY_UINT);
    return i;
}

/* Of a real floating type: the one with the higher rank wins. 0: it is not floating. */
static int floating_rank(const struct type *t)
{
    static const struct {
        const char *name;
        int rank;
    } named[] = {
        {"__fp16", 1},      {"__bf16", 2},       {"_Float16", 3},    {"_Float32", 11},
        {"_Float32x", 21},  {"_Float64", 22},    {"_Float64x", 31},  {"__float80", 31},
        {"__ibm128", 32},   {"_Float128", 41},   {"__float128", 40}, {"_Decimal32", 50},
        {"_Decimal64", 51}, {"_Decimal128", 52},
    };
    switch (t->kind) {
    case TY_FLOAT: return 10;
    case TY_DOUBLE: return 20;
    case TY_LDOUBLE: return 30;
    case TY_FLOATN:
        for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
            if (strcmp(named[i].name, t->name) == 0)
                return named[i].rank;
        return 45;
    default: return 0;
    }
}

static struct type *unsigned_of(struct unit *u, struct type *t)
{
    if (t->kind != TY_BITINT)
        return type_basic(u, t->kind + 1);
    struct type *copy = arena_alloc(u->arena, sizeof *copy);
    *copy = *t;
    copy->kind = TY_UBITINT;
    copy->alias = NULL;
    return copy;
}

static struct type *usual_integer(struct unit *u, struct type *a, struct type *b)
{
    a = type_promote(u, a);
    b = type_promote(u, b);
    /* a _BitInt whose width is not known */
    if (!type_width(u, a) || !type_width(u, b))
        return type_error_;
    bool au = type_is_unsigned(u, a), bu = type_is_unsigned(u, b);
    unsigned ar = rank(u, a), br = rank(u, b);
    if (au == bu)
        return ar >= br ? a : b;
    if (bu) {
        struct type *t = a;
        unsigned r = ar;
        a = b, b = t;
        ar = br, br = r;
    }
    /* a is unsigned, b signed */
    if (ar >= br)
        return a;
    return type_width(u, b) > type_width(u, a) ? b : unsigned_of(u, b);
}

static struct type *usual_real(struct unit *u, struct type *a, struct type *b)
{
    int ar = floating_rank(a), br = floating_rank(b);
    if (!ar && !br)
        return usual_integer(u, a, b);
    struct type *t = type_unqualified(u, ar >= br ? a : b);
    if (t->kind == TY_FLOATN && floating_rank(t) == 1)
        return type_basic(u, TY_FLOAT);
    return t;
}

struct type *type_usual(struct unit *u, struct type *a, struct type *b)
{
    if (a->kind == TY_VECTOR || b->kind == TY_VECTOR)
        return type_unqualified(u, a->kind == TY_VECTOR ? a : b);
    if (!type_is_arithmetic(a) || !type_is_arithmetic(b))
        return type_error_;
    bool complex = a->kind == TY_COMPLEX || b->kind == TY_COMPLEX;
    struct type *real =
        usual_real(u, a->kind == TY_COMPLEX ? a->base : a, b->kind == TY_COMPLEX ? b->base : b);
    if (!complex)
        return real;
    struct type *t = type_new(u, TY_COMPLEX);
    t->base = real;
    return t;
}

/* On some targets a va_list is an array. What it is as a value only the compiler knows. */
static struct type *va_list_value(struct unit *u, const struct type *t)
{
    return type_named(u, TY_BUILTIN,
                      arena_printf(u->arena, "__typeof__((void)0, *(%s *)0)", t->name));
}

struct type *type_decay(struct unit *u, struct type *t)
{
    if (t->kind == TY_BUILTIN && ends_with(t->name, "va_list"))
        return va_list_value(u, t);
    if (t->kind == TY_ARRAY)
        return type_pointer(u, t->base);
    if (t->kind == TY_FUNCTION)
        return type_pointer(u, t);
    return type_unqualified(u, t);
}

/* ---- comparing ---- */

/* `steps` bounds the work for types that grow exponentially; beyond it they count as alike. */
struct comparison {
    int depth;
    int steps;
};

static bool same(struct comparison *c, const struct type *a, const struct type *b);

/* Could a call without a prototype pass these parameters? */
static bool fits_oldstyle(const struct type *f)
{
    for (int i = 0; i < f->param_count; i++) {
        enum type_kind k = f->param[i].type->kind;
        if ((k >= TY_BOOL && k <= TY_USHORT) || k == TY_FLOAT)
            return false;
    }
    return !f->variadic;
}

static bool same_params(struct comparison *c, const struct type *a, const struct type *b)
{
    bool alike = true;
    if (a->oldstyle && b->oldstyle)
        return true;
    if (a->oldstyle || b->oldstyle)
        return fits_oldstyle(a->oldstyle ? b : a);
    if (a->param_count != b->param_count || a->variadic != b->variadic)
        return false;
    c->depth++;
    for (int i = 0; i < a->param_count && alike; i++) {
        /* a parameter's own qualifiers do not matter */
        struct type pa = *a->param[i].type, pb = *b->param[i].type;
        pa.quals = pb.quals = 0;
        alike = same(c, &pa, &pb);
    }
    c->depth--;
    return alike;
}

/* Are a and b alike, their bases not counted? */
static bool same_level(struct comparison *c, const struct type *a, const struct type *b)
{
    if (a->quals != b->quals || a->kind != b->kind)
        return false;
    switch (a->kind) {
    case TY_FLOATN:
    case TY_BUILTIN: return a->name == b->name || strcmp(a->name, b->name) == 0;
    case TY_BITINT:
    case TY_UBITINT:
    case TY_ARRAY:
    case TY_VECTOR: return a->length == b->length || a->length < 0 || b->length < 0;
    case TY_ENUM:
    case TY_STRUCT:
    case TY_UNION: return a->tag == b->tag;
    case TY_FUNCTION: return same_params(c, a, b);
    default: return true;
    }
}

static bool enum_matches(const struct type *a, const struct type *b)
{
    return a->kind == TY_ENUM && b->kind != TY_ENUM && a->quals == b->quals &&
           integer_kind(a) == b->kind;
}

static bool same(struct comparison *c, const struct type *a, const struct type *b)
{
    while (c->depth < TYPE_DEPTH_MAX && c->steps-- > 0) {
        if (a == b || a->kind == TY_ERROR || b->kind == TY_ERROR)
            return true;
        if (enum_matches(a, b) || enum_matches(b, a))
            return true;
        if (!same_level(c, a, b))
            return false;
        if (!a->base || !b->base)
            return a->base == b->base;
        a = a->base;
        b = b->base;
    }
    return true;
}

bool type_compatible(const struct type *a, const struct type *b)
{
    struct comparison c = {.steps = 100000};
    return same(&c, a, b);
}

bool type_is_signed(struct unit *u, const struct type *t)
{
    switch (t->kind) {
    case TY_CHAR: return !u->target.char_unsigned;
    case TY_SCHAR:
    case TY_SHORT:
    case TY_INT:
    case TY_LONG:
    case TY_LLONG: return true;
    case TY_BITINT: /* only without padding bits */
        return t->length == 8 || t->length == 16 || t->length == 32 || t->length == 64;
    case TY_ENUM: return t->tag->enum_type && type_is_signed(u, t->tag->enum_type);
    default: return false;
    }
}
