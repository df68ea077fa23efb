/*
 * bide's types and constants, compared with those of the compiler that builds this test: each row
 * is a static assertion here, and its text goes to bide's parser, which must find the same. DECLARE
 * compiles the declarations that the rows use, and keeps their text.
 */
#include "check.h"
#include "compiler/check/check.h"
#include "compiler/emit/emit.h"
#include "compiler/parse/inside.h"

#include <string.h>

#define DECLARE(name, ...) DECLARE_EXPANDED(name, __VA_ARGS__)
#define DECLARE_EXPANDED(name, ...) \
    __VA_ARGS__                     \
    static const char name[] = #__VA_ARGS__;

/* Compilers warn of the rows. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunused"
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wmultichar"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-braces"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Woverride-init"
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#pragma GCC diagnostic ignored "-Wdiv-by-zero"
#pragma GCC diagnostic ignored "-Wshift-negative-value"
#pragma GCC diagnostic ignored "-Wshift-overflow"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-constant-compare"
#pragma GCC diagnostic ignored "-Wconstant-conversion"
#pragma GCC diagnostic ignored "-Woverflow"

/* clang-format off */
DECLARE(context,
    typedef __SIZE_TYPE__ size;
    typedef __PTRDIFF_TYPE__ difference;
    typedef __WCHAR_TYPE__ wide;
    typedef __CHAR16_TYPE__ utf16;
    typedef int v4 __attribute__((vector_size(16)));
    typedef const int cint;
    typedef cint carr[3];
    typedef int fn_t(int, char);
    enum small { A, B, C = 5, D };
    enum with_negative { N = -1, M };
    enum big { BIG = 0x100000000LL, BIG_2 };
    enum top { U = 0x80000000u };
    enum { ANON = 3, ANON_2 = sizeof(int) * ANON };
    struct bits { int a : 3; unsigned b : 5; _Bool d : 1; unsigned e : 32; };
    struct parts {
        int x;
        union { int y; float z; struct { char c; short s; }; };
        struct { int in; } named;
    };
    extern struct { int q; struct { char *w; } r[3]; } nameless;
    extern char c; extern signed char sc; extern unsigned char uc; extern short s;
    extern unsigned short us; extern int i; extern unsigned u; extern long l;
    extern unsigned long ul; extern long long ll; extern unsigned long long ull;
    extern float f; extern double d; extern long double ld; extern _Bool bo;
    extern _Complex double z; extern _Complex float zf; extern v4 v;
    extern int *p; extern const int *cp; extern void *vp; extern const void *cvp;
    extern struct bits b; extern struct parts *st; extern const struct parts *cst;
    extern enum small e; extern enum with_negative en; extern carr ca; extern fn_t *fp;
    extern int grid[2][3]; extern int (*pg)[3]; int (*returns(int n))(long);
    extern int (*(*table[3])(void))(int); extern _Atomic int atom; extern int *const *pp;
    static const int counted[] = {1, 2, [5] = 3};
    static const char text[] = "ab" "c\x41\101";
)

#define TYPES \
    T(int, c + c) T(int, +s) T(int, ~uc) T(int, -bo) T(int, us << 3) T(unsigned, u + i) \
    T(__typeof__(1L + 1u), l + u) T(unsigned long long, ul + ll) T(long long, ll + i) \
    T(long, l << u) T(float, i + f) T(double, f * d) T(long double, d + ld) T(int, !f) \
    T(int, f < d) T(_Complex double, z + 1) T(_Complex float, zf * f) T(_Complex double, zf + d) \
    T(float, __real__ zf) T(_Complex double, ~z) T(v4, v + v) T(int, v[1]) T(v4, -v) \
    T(int *, p + 1) T(int *, 1 + p) T(difference, p - p) T(int, p[1]) T(int, 1[p]) \
    T(const int, *cp) T(const int *, &*cp) T(int **, &p) T(int *const, *pp) T(int, p == cp) \
    T(int, b.a + 1) T(int, b.b + 1) T(int, b.d + 1) T(unsigned, b.e + 1) T(int, -b.b) \
    T(unsigned, (b.b = 1) ^ 1u) T(int, (b.b = 1) ^ 1) T(int, (i, b.b) - 1) T(int, st->x) \
    T(int, st->y) T(float, st->z) T(char, st->c) T(int *, &st->named.in) T(const int *, &cst->x) \
    T(const short *, &cst->s) T(short, (*st).s) T(struct parts, st[1]) \
    T(__typeof__(nameless.r[0])[3], nameless.r) T(char *, nameless.r[1].w) T(int *, &nameless.q) \
    T(int *, i ? p : 0) T(int *, i ? 0 : p) T(const int *, i ? p : cp) T(void *, i ? p : vp) \
    T(const void *, i ? cvp : p) T(double, i ? 1 : 2.0) T(int, i ? c : s) T(unsigned, i ? u : i) \
    T(struct parts, i ? *st : *cst) T(long, i ?: l) T(char *, i ? "a" : "bc") \
    T(const int *, i ? (const int *)vp : (void *)0) T(void, i ? (void)0 : (void)1) \
    T(enum small, e) T(unsigned, e + 1) T(int, A) T(__typeof__(BIG), BIG) T(unsigned, U) \
    T(int, en + 1) T(int, N) T(unsigned, (enum top)1 + 1) T(unsigned, -e) T(int, 1) \
    T(unsigned, 1u) T(long, 1l) T(unsigned long long, 1ull) T(long, 2147483648) \
    T(unsigned, 0x80000000) T(unsigned long, 0xffffffffffffffff) T(double, 1.0) T(float, 1.f) \
    T(long double, 1e3L) T(double, 0x1p3) T(int, 'a') T(wide, L'a') T(utf16, u'a') \
    T(char[4], "abc") T(char[3], u8"\u00e9") T(wide[3], L"\U0001F600x") \
    T(utf16[4], u"\U0001F600x") T(char[5], "a\0b" "c") T(char(*)[4], &"abc") T(char, *"a") \
    T(size, sizeof i) T(size, _Alignof(int)) T(size, __builtin_offsetof(struct parts, s)) \
    T(const int[3], ca) T(const int(*)[3], &ca) T(const int, *ca) T(int[2][3], grid) \
    T(int[3], grid[1]) T(int[3], *grid) T(int(*)[3], grid + 1) T(int[3], *pg) T(int, (*pg)[1]) \
    T(int(*)[3], &grid[1]) T(int (*)(int, char), fp) T(fn_t, *fp) T(int, fp(1, 'a')) \
    T(int, (**fp)(1, 'a')) T(fn_t *, &*fp) T(int (*(int))(long), returns) \
    T(int (*)(long), returns(1)) T(int, returns(1)(2)) T(int(long), *returns(1)) \
    T(int (*(*)(void))(int), table[0]) T(int (*)(int), table[0]()) T(int, (*table[1])()(3)) \
    T(int, (int){1}) T(int[3], (int[]){1, 2, 3}) T(char[4], (char[]){"abc"}) \
    T(float, (struct parts){.y = 1}.z) T(int[3][2], (int[][2]){{1, 2}, 3, 4, 5}) \
    T(struct parts[2], (struct parts[]){1, 2, 3, {4}}) \
    T(int[4], (int[]){[3] = 1, [1 ... 2] = 2, 7}) \
    T(const char *[4], (const char *[]){"a", [ANON] = "b"}) T(char, (char)i) T(void, (void)i) \
    T(int *, (int *const)p) T(int (*)[3], (int (*)[3])vp) T(int, i = 1) T(char, c += 1) \
    T(char, c++) T(short, ++s) T(int *, p++) T(long, (i, l)) T(char, (c)) \
    T(double, _Generic(i, int: 1.0, default: p)) T(int *, _Generic(c, int: 1, char: p)) \
    T(unsigned, _Generic("a", char *: 1u, default: 2)) \
    T(long, _Generic(cp, int *: 2, const int *: 1l)) \
    T(float, _Generic(e, unsigned: 1.0f, default: 'x')) \
    T(unsigned, _Generic(*cp, int: u, default: l)) T(int *, __builtin_choose_expr(1, p, i)) \
    T(int, __builtin_choose_expr(0, p, i)) T(long, __builtin_expect(i, 1)) \
    T(size, __builtin_strlen("a")) T(int, __builtin_clz(u)) \
    T(_Bool, __builtin_add_overflow(i, 1, &i)) T(void *, __builtin_memcpy(p, cp, 1)) \
    T(int, __atomic_load_n(p, 0)) T(long, __atomic_fetch_add(&l, 1, 0)) \
    T(_Bool, __sync_bool_compare_and_swap(p, 1, 2)) T(int, atom + 1) T(const int[6], counted) \
    T(const char[6], text) T(long, __extension__ l) T(int, (__typeof__(p[0]))1) \
    T(int *, (__typeof__(int *))vp) T(int, ANON_2)

/* Constants of C, computed by both. */
#define VALUES \
    V(1 + 2 * 3 - 4 / 2 % 3) V(-1 < 0u) V(-1 >> 1) V(-1u >> 31) V((unsigned char)~0) V(5 / -2) \
    V(-5 % 3) V(0x7fffffff + 0u) V(~0ull == -1) V(!5) V(5 && 0) V(0 || 3) V('a' + 1) \
    V((long)-1 < (unsigned)1) V(-1L < 1u) V((char)-1) V(10000000000 * 2) V(3 > 2 > 1) \
    V(sizeof(int) - 5 > 0) V((int)sizeof(long)) V(1 ? -1 : 1u) V((short)0x8000) V(0 ? 1L : 2) \
    V((_Bool)256) V(-(unsigned char)1) V(7 & 3 | 8 ^ 1) V((unsigned short)65536 + 1) V('\377') \
    V('\x41') V('\0') V('ab') V(L'\u00e9') V(0b101) V(017) V(ANON_2) V(D) V(N) V(M) \
    V(BIG_2 > BIG) V(U / 2) V(sizeof(char[ANON])) V(sizeof counted / sizeof *counted) \
    V(sizeof "abc") V(sizeof text) V(__builtin_types_compatible_p(int, const int)) \
    V(__builtin_types_compatible_p(int *, const int *)) \
    V(__builtin_types_compatible_p(enum small, unsigned)) \
    V(__builtin_types_compatible_p(int[], int[3])) V(__builtin_types_compatible_p(fn_t, int())) \
    V(_Generic(1, int: 7, default: 8)) V(__builtin_choose_expr(sizeof(int) == 4, 1, 2)) \
    V((int)(char)300)

#define T(t, ...)                                                                        \
    _Static_assert(__builtin_types_compatible_p(__typeof__(__VA_ARGS__), __typeof__(t)), \
                   #__VA_ARGS__ " is " #t);
static void rows(void)
{
    TYPES
}
#undef T

#define T(t, ...) \
    "__builtin_types_compatible_p(__typeof__(" #__VA_ARGS__ "), __typeof__(" #t "));\n"
static const char type_rows[] = TYPES;
#undef T

#define V(...) #__VA_ARGS__ ";\n"
static const char value_rows[] = VALUES;
#undef V

#define V(...) (long long)(__VA_ARGS__),
static const long long values[] = {VALUES};
#undef V

static const struct target target = {
    .size_short = sizeof(short),
    .size_int = sizeof(int),
    .size_long = sizeof(long),
    .size_llong = sizeof(long long),
    .size_pointer = sizeof(void *),
    .char_unsigned = (char)-1 > 0,
    .has_asm = true,
    .has_typeof = true,
    .has_inline = true,
    .is_c99 = true,
    .size_type = sizeof(__SIZE_TYPE__) == sizeof(long) ? TY_ULONG : TY_UINT,
    .ptrdiff_type = sizeof(__PTRDIFF_TYPE__) == sizeof(long) ? TY_LONG : TY_INT,
    .wchar_type = (__WCHAR_TYPE__)-1 > 0 ? TY_UINT : TY_INT,
    .char16_type = TY_USHORT,
    .char32_type = TY_UINT,
};

/* The statements of a function with these rows in it. */
static struct stmt *parse_rows(struct unit *u, struct options *options, const char *text)
{
    u->arena = arena_new();
    u->options = options;
    u->target = target;
    u->text = arena_printf(u->arena, "%s\nvoid rows(void) {\nbide_defer;\n%s}\n", context, text);
    u->text_length = strlen(u->text);
    lex(u);
    parse(u);
    CHECK(!u->parse_failed);
    CHECK_EQ(u->functions.count, 1);
    return ((struct function *)u->functions.item[0])->body;
}

static char *row_text(const struct unit *u, const struct expr *e)
{
    const char *start = u->token[e->first].start;
    const struct token *last = &u->token[e->last];
    return arena_strndup(u->arena, start, (size_t)(last->start + last->length - start));
}

TEST(types_are_those_of_the_compiler)
{
    struct unit u = {0};
    struct options options = {.input = "rows.c"};
    struct stmt *body = parse_rows(&u, &options, type_rows);
    rows();
    CHECK(body->count > 150);
    for (int i = 1; i < body->count; i++) {
        const struct expr *e = body->list[i]->expr;
        CHECK_STR(e->is_constant && e->value == 1 ? "" : row_text(&u, e), "");
    }
    arena_free(u.arena);
}

TEST(constants_are_those_of_the_compiler)
{
    struct unit u = {0};
    struct options options = {.input = "rows.c"};
    struct stmt *body = parse_rows(&u, &options, value_rows);
    CHECK_EQ(body->count - 1, (int)(sizeof values / sizeof values[0]));
    for (int i = 1; i < body->count; i++) {
        const struct expr *e = body->list[i]->expr;
        CHECK_STR(e->is_constant ? "" : row_text(&u, e), "");
        CHECK_EQ(e->value, values[i - 1]);
    }
    arena_free(u.arena);
}

/* A printed type means the type from which it was printed. */
TEST(a_printed_type_is_the_type)
{
    struct unit u = {0}, again = {0};
    struct options options = {.input = "rows.c"};
    struct stmt *body = parse_rows(&u, &options, type_rows);
    char *printed = arena_printf(u.arena, "%s", "");
    for (int i = 1; i < body->count; i++) {
        const struct expr *e = body->list[i]->expr;
        char *row =
            row_text(&u, e); /* __builtin_types_compatible_p(__typeof__(E), __typeof__(T)) */
        *(strstr(row, "), __typeof__(") + 1) = 0;
        printed = arena_printf(u.arena, "%s%s, %s);\n", printed, row, type_print(&u, e->to, ""));
    }
    body = parse_rows(&again, &options, printed);
    for (int i = 1; i < body->count; i++) {
        const struct expr *e = body->list[i]->expr;
        CHECK_STR(e->is_constant && e->value == 1 ? "" : row_text(&again, e), "");
    }
    arena_free(again.arena);
    arena_free(u.arena);
}
