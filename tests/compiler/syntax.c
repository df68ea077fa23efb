/*
 * The compiler's lexer and parser: what they must take, the places of tokens and nodes; and text
 * that they do not understand damages nothing else. Types are tested in types.c, messages in err/.
 */
#include "check.h"
#include "compiler/check/check.h"
#include "compiler/emit/emit.h"
#include "compiler/parse/inside.h"

#include <string.h>

static struct options options = {.input = "a.c"};

static struct unit parsed(const char *text)
{
    struct unit u = {.arena = arena_new(), .options = &options, .text = text};
    u.target = target_linux_64;
    u.text_length = strlen(text);
    lex(&u);
    parse(&u);
    check(&u);
    return u;
}

static const char *text_of(const struct unit *u, uint32_t first, uint32_t last)
{
    const struct token *end = &u->token[last];
    const char *start = u->token[first].start;
    return arena_strndup(u->arena, start, (size_t)(end->start + end->length - start));
}

/* ---- the lexer ---- */

TEST(line_markers_say_where_tokens_are)
{
    struct unit u = parsed("# 0 \"dir/a \\\"b\\\".c\"\n"
                           "# 1 \"x.h\" 1 3 4\nint\none;\n"
                           "# 7 \"dir/a \\\"b\\\".c\" 2\n\nint two;\n"
                           "#pragma GCC poison nothing\n#line 70 \"y.l\"\nint three;");
    CHECK_EQ(u.token_count, 11);
    CHECK_STR(u.token[2].file, "x.h");
    CHECK_EQ(u.token[2].line, 2);
    CHECK(u.token[2].in_header && u.token[2].in_system_header && u.token[2].at_bol);
    CHECK_STR(u.token[4].file, "dir/a \"b\".c");
    CHECK_EQ(u.token[4].line, 8);
    CHECK(!u.token[4].in_header && !u.token[4].in_system_header);
    CHECK(!u.token[5].at_bol && u.token[5].space);
    CHECK_STR(u.token[7].file, "y.l");
    CHECK_EQ(u.token[7].line, 70);
    CHECK_EQ(u.token[10].kind, TK_EOF);
    arena_free(u.arena);
}

TEST(every_kind_of_token)
{
    static const struct {
        const char *text;
        enum token_kind kind;
        unsigned punct;
    } tokens[] = {
        {"x$1", TK_IDENT, 0},
        {"\\u00e9t", TK_IDENT, 0},
        {"\xc3\xa9", TK_IDENT, 0},
        {"0x1p-3f", TK_NUMBER, 0},
        {".5e+7", TK_NUMBER, 0},
        {"1.2.3", TK_NUMBER, 0},
        {"u8\"a\\\"b\"", TK_STRING, 0},
        {"L'\\''", TK_CHAR, 0},
        {"U\"\"", TK_STRING, 0},
        {"R\"x()\")x\"", TK_STRING, 0},
        {"...", TK_PUNCT, P_ELLIPSIS},
        {"<<=", TK_PUNCT, P_SHL_ASSIGN},
        {">>=", TK_PUNCT, P_SHR_ASSIGN},
        {"->", TK_PUNCT, P_ARROW},
        {"<:", TK_PUNCT, '['},
        {":>", TK_PUNCT, ']'},
        {"<%", TK_PUNCT, '{'},
        {"%>", TK_PUNCT, '}'},
        {"%:%:", TK_PUNCT, P_HASHHASH},
        {"##", TK_PUNCT, P_HASHHASH},
        {"|=", TK_PUNCT, P_OR_ASSIGN},
        {"^=", TK_PUNCT, P_XOR_ASSIGN},
        {"!=", TK_PUNCT, P_NE},
        {"!", TK_PUNCT, '!'},
        {"<", TK_PUNCT, '<'},
        {"@", TK_PUNCT, '@'},
    };
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        char text[32];
        snprintf(text, sizeof text, "- %s", tokens[i].text);
        struct unit u = parsed(text);
        CHECK_STR(text_of(&u, 2, u.token_count - 2), tokens[i].text);
        CHECK_EQ(u.token_count, 4);
        CHECK_EQ(u.token[2].kind, tokens[i].kind);
        CHECK_EQ(u.token[2].punct, tokens[i].punct);
        arena_free(u.arena);
    }
}

TEST(comments_and_pragmas_are_no_tokens)
{
    struct unit u = parsed("a /* b\n */ // c\n _Pragma(\"d(\") __pragma(e(f)) \\\n g\n# 3\n h");
    CHECK_EQ(u.token_count, 5);
    CHECK_STR(text_of(&u, 2, 2), "g");
    CHECK_EQ(u.token[2].line, 4);
    CHECK_EQ(u.token[3].line, 3);
    arena_free(u.arena);
}

/* ---- the parser ---- */

/* Bodies that must be understood; each is put into a function with a parameter x. */
static const char *const bodies[] = {
    "typedef int T; T (y) = 3, *z = &y; { int T = 1; T * y; } T: ; T q; goto T;",
    "struct { int a, b : 3, : 0; union { int c; }; } s = {1, .c = 2}, t[] = {[0].a = 1, {2}};",
    "enum { A, B = A + 3, C } e = C; switch (e) { case A ... B: case C: break; default:; }",
    "for (int i = 0, *p = &i; i < *p; i++, p++) if (i) continue; else break; do ; while (0);",
    "void *l[] = {&&a, &&b}; goto *l[x]; a: b: ;",
    "int v[x], (*pv)[x] = &v, w[2][x]; sizeof(int[x]); typeof(v) u; (*pv)[0] = w[1][0];",
    "int (*f)(int, ...) = 0, (*(*g[2])(void))(int) = {0}; f ? f(1, 2) : (*g[0])()(3);",
    "__extension__ ({ int y = x; y; }); (void)__extension__ (long)x; ({;});",
    "asm volatile(\"nop\"); asm(\"\" : \"=r\"(x), [n] \"+m\"(x) : \"0\"(1) : \"memory\", \"cc\");",
    "asm goto(\"\" : : \"r\"(x) : : out); out: __attribute__((unused)); return;",
    "char s[] = \"a\" \"b\", t[4] = {\"abc\"}; const char *p = s + (x ? 1 : 0), *q = x ? s : t;",
    "__auto_type y = x; typeof(y) z = y; __typeof__(int *) p = &z; _Atomic(int) a; _Atomic int b;",
    "_Alignas(16) char a; _Alignas(double) int b __attribute__((aligned(8)));",
    "static _Thread_local int c; extern __thread int d;",
    "_Static_assert(1, \"\"); struct s; struct s { struct s *next; };",
    "__attribute__((unused)) int y;",
    "int f(int), g(), (*h)(int (int), int (*)(int)); extern int k; register int r asm(\"r12\");",
    "__builtin_offsetof(struct { int a[3]; }, a[1]); __builtin_types_compatible_p(int, long[]);",
    "__builtin_va_list ap; __builtin_va_arg(ap, char *)[0]; __builtin_choose_expr(1, x, \"\");",
    "_Generic(x, int: 1, default: 2, char *: 3) + _Alignof(int) + __alignof__(x) + sizeof x++;",
    "{ __label__ a; goto a; a: ; } if (x) a: b: c: ; while (x) switch (x) case 1: x--;",
    "(int[]){1, 2}[0]; &(struct { int a; }){1}; ((x)); (x) + (x); (int)+x; (int)(x); -x - -x;",
    "union __attribute__((transparent_union)) { int *a; char *b; } u; __real__ (1.0i * x);",
    "x = x ?: 3; x <<= 1, x ^= 2; x++ + ++x; !~-+x; *&x; x[&x]; 1 ? 2 : 3 ? 4 : 5; x = x = x;",
    "long long unsigned int a; int long b; signed c; _Complex float d; unsigned __int128 e;",
    "int volatile const *const restrict volatile p = 0; const int *(*const q)[3] = 0;",
    "int y __attribute__((cleanup(f))) = 1, __attribute__((unused)) z; [[maybe_unused]] int w;",
};

TEST(bodies_are_understood)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct arena *a = arena_new();
        struct unit u =
            parsed(arena_printf(a, "void f(int x) {\n{ bide_defer; }\n%s\n;}", bodies[i]));
        CHECK_STR(u.parse_failed ? bodies[i] : "", "");
        CHECK_EQ(u.functions.count, 1);
        CHECK_EQ(u.error_count, 0);
        arena_free(u.arena);
        arena_free(a);
    }
}

TEST(declarations_before_a_function_are_understood)
{
    static const char text[] =
        "__extension__ typedef struct { long q; } fsid;\n"
        "extern int printf(const char *restrict, ...) __asm__(\"p\")\n"
        "    __attribute__((format(printf, 1, 2)));\n"
        "void (*signal(int, void (*)(int)))(int);\n"
        "static inline __attribute__((always_inline)) int one(void) { return 1; }\n"
        "int old(a, b) int a; char *b; { return a + *b; }\n"
        "asm(\".globl x\");\n_Static_assert(1, \"\");;\n"
        "int table[] = {[2] = 1, 2}, *names[2] = {0, (int[]){1}}, n = sizeof(int);\n"
        "typedef int fn(int), *pi; fn known; struct s { fn *f; } g = {.f = known};\n"
        "typedef __attribute__((vector_size(16))) float v4; v4 add(v4 a, v4 b);\n"
        "bide_async fsid f(fn *a, pi b, v4 c, struct s d)\n{ return (fsid){table[1]}; }\n";
    struct unit u = parsed(text);
    const struct function *f = u.functions.item[0];
    CHECK(!u.parse_failed);
    CHECK_EQ(u.functions.count, 1);
    CHECK_STR(type_print(&u, f->type, "f"), "fsid f(fn *, pi, v4, struct s)");
    CHECK_STR(text_of(&u, f->declarator_first, f->declarator_last),
              "f(fn *a, pi b, v4 c, struct s d)");
    arena_free(u.arena);
}

TEST(what_is_not_understood_spoils_nothing)
{
    struct unit u = parsed("@interface X;\ntypedef strange(^ ! block)(int);\n"
                           "typedef struct { int a @ 3; } kept;\n"
                           "int g(void) { not C at all ( }; }\n"
                           "unknown_t h(unknown_t *p), *i;\n"
                           "bide_async int f(kept *k) { kept *l = k; return l != 0; }\n");
    CHECK(!u.parse_failed);
    CHECK_EQ(u.functions.count, 1);
    CHECK_EQ(u.items.count, 1);
    arena_free(u.arena);
}

TEST(async_code_that_is_not_understood_is_left_to_the_compiler)
{
    struct unit u = parsed("int a;\nbide_async int f(void) { return int; }\n"
                           "bide_async int g(void) { return 1; }\n");
    CHECK(u.parse_failed);
    CHECK_STR(text_of(&u, u.parse_failed_token, u.parse_failed_token), "int");
    CHECK_EQ(u.functions.count, 1);
    CHECK_EQ(u.error_count, 0);
    arena_free(u.arena);
}

TEST(plain_bodies_are_not_parsed)
{
    struct unit u = parsed("bide_async int f(void);\nint g(void) { return 1; }\n"
                           "int h(void) { return bide_block_on(f()); }\nstruct t { int f; };\n"
                           "int k(struct t *t) { return t->f; }\n");
    CHECK_EQ(u.functions.count, 2); /* h, and k for its member's name */
    CHECK_EQ(u.items.count, 2);
    CHECK_EQ(((struct item *)u.items.item[0])->kind, ITEM_ASYNC_DECL);
    CHECK_STR(((struct item *)u.items.item[1])->function->name, "h");
    arena_free(u.arena);
}

/* ---- what lowering reads from the tree ---- */

static struct symbol *local(const struct unit *u, const char *name)
{
    const struct function *f = u->functions.item[0];
    for (uint32_t i = 0; i < f->locals.count; i++) {
        struct symbol *s = f->locals.item[i];
        if (s->name && strcmp(s->name, name) == 0)
            return s;
    }
    check_fail(__FILE__, __LINE__, name);
}

TEST(variables_whose_address_is_taken)
{
    struct unit u = parsed(
        "struct s { int m; int a[2]; }; int g(const void *);\n"
        "bide_async int f(int no1, int yes1) {\n"
        "struct s yes2, yes3, no2, yes4; int no3[2], yes5[2], no4, yes6, no5; char yes7[3];\n"
        "__builtin_va_list yes8; int *no6 = &yes1;\n"
        "g(&yes2.m); g(yes3.a); no2.a[1] = no3[0]; g(&(&yes4)->m); g(yes5); sizeof(&no4);\n"
        "asm(\"\" : \"=m\"(yes6)); *no6 = no5; (void)yes8; (void)(yes7 + 1); g(no6);\n"
        "return no1; }");
    static const char *const yes[] = {"yes1", "yes2", "yes3", "yes4",
                                      "yes5", "yes6", "yes7", "yes8"};
    static const char *const no[] = {"no1", "no2", "no3", "no4", "no5", "no6"};
    CHECK(!u.parse_failed);
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        CHECK_STR(local(&u, yes[i])->address_taken ? "" : yes[i], "");
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        CHECK_STR(local(&u, no[i])->address_taken ? no[i] : "", "");
    arena_free(u.arena);
}

TEST(nodes_know_their_tokens)
{
    struct unit u = parsed("bide_async int g(int);\nbide_async int f(int x) {\n"
                           "x = bide_await g(x + 1) * (x ? 2 : 3), x++;\nreturn x; }");
    const struct function *f = u.functions.item[0];
    const struct stmt *s = f->body->list[0];
    const struct expr *assign = s->expr->a, *product = assign->b;
    CHECK_STR(text_of(&u, s->first, s->last), "x = bide_await g(x + 1) * (x ? 2 : 3), x++;");
    CHECK_STR(text_of(&u, assign->first, assign->last), "x = bide_await g(x + 1) * (x ? 2 : 3)");
    CHECK_STR(text_of(&u, product->a->first, product->a->last), "bide_await g(x + 1)");
    CHECK_STR(text_of(&u, product->b->first, product->b->last), "(x ? 2 : 3)");
    CHECK_STR(text_of(&u, s->expr->b->first, s->expr->b->last), "x++");
    CHECK(s->has_await && assign->has_await && product->a->has_await);
    CHECK(!product->b->has_await && !f->body->list[1]->has_await && f->body->has_await);
    CHECK(s->parent == f->body);
    arena_free(u.arena);
}

TEST(jumps_know_their_targets)
{
    struct unit u = parsed("bide_async int f(int x) {\n"
                           "for (;;) { switch (x) { case 1: continue; default: break; } break; }\n"
                           "{ __label__ l; goto l; l: ; }\nl: goto l; }");
    const struct function *f = u.functions.item[0];
    struct stmt **list = f->body->list, *loop = list[0], *choice = loop->body->list[0];
    CHECK(choice->body->list[0]->target == choice);
    CHECK(choice->body->list[0]->body->target == loop);
    CHECK(choice->body->list[1]->body->target == choice);
    CHECK(loop->body->list[1]->target == loop);
    CHECK(list[1]->list[1]->target == list[1]->list[2]);
    CHECK(list[2]->body->target == list[2]);
    arena_free(u.arena);
}

TEST(blocks_know_what_they_capture)
{
    struct unit u = parsed("struct bide__task;\nbide_async int g(int);\nint global;\n"
                           "bide_async int f(int a, int b) { static int c; int d[2] = {0}, e = 1;\n"
                           "bide_spawn(bide_async({ int h = a;\n"
                           "    bide_spawn(bide_async({ d[0] + h; })); c + global; }));\n"
                           "return b + e; }");
    const struct function *f = u.functions.item[0], *outer = u.functions.item[1],
                          *inner = u.functions.item[2];
    CHECK_EQ(u.functions.count, 3);
    CHECK_STR(inner->name, "f_block_2");
    CHECK(outer->outer == f && inner->outer == outer);
    CHECK_EQ(outer->captures.count, 2);
    CHECK_EQ(inner->captures.count, 2);
    CHECK(outer->captures.item[0] == local(&u, "a") && outer->captures.item[1] == local(&u, "d"));
    CHECK(local(&u, "a")->captured && !local(&u, "b")->captured && !local(&u, "e")->captured);
    CHECK_STR(type_print(&u, outer->result, ""), "int");
    arena_free(u.arena);
}

/* ---- bounds ---- */

static char *repeated(struct arena *a, const char *text, int times)
{
    size_t n = strlen(text);
    char *s = arena_alloc(a, n * (size_t)times + 1);
    for (int i = 0; i < times; i++)
        memcpy(s + n * (size_t)i, text, n);
    return s;
}

/* No kind of nesting overflows the C stack. */
TEST(deep_nesting_is_refused)
{
    static const char *const nests[] = {
        "(",           "x+",          "-",        "x=",          "x?",
        "x,",          "x[",          "x(",       "{",           "if(x)",
        "if(x);else ", "l:",          "case 1:",  "({",          "(int)",
        "sizeof ",     "int(*",       "struct{",  "typeof(",     "_Generic(x,default:",
        "bide_await ", "bide_defer ", "while(x)", "int(*p)(int("};
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        struct unit u = parsed(arena_printf(a, "bide_async int f(int x) { switch (x) { %s 1; }}",
                                            repeated(a, nests[i], 20000)));
        CHECK_STR(u.parse_failed ? "" : nests[i], "");
        arena_free(u.arena);
    }
    arena_free(a);
}

TEST(long_lists_are_no_nesting)
{
    static const char *const lists[] = {"x++;", "int y; {}", "switch (x) { case 1: ; default: ; }",
                                        "if (x) x--; else x++;", "x = \"a\" \"b\"[0];"};
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct unit u = parsed(arena_printf(a, "bide_async int f(int x) { %s return 1; }",
                                            repeated(a, lists[i], 20000)));
        CHECK(!u.parse_failed);
        arena_free(u.arena);
    }
    arena_free(a);
}
