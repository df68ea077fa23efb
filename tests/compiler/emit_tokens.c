/*
 * `bide emit` prints the tokens that `bide cc` compiles: both outputs are made from the same text
 * and cut into declarations of file scope. Each declaration that `bide emit` prints must be in the
 * other output. (Headers are included in the first and copied in the second.) Nothing is compiled,
 * so all programs of run/ are tried.
 */
#include "check.h"
#include "compiler/check/check.h"
#include "compiler/emit/emit.h"
#include "compiler/parse/inside.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

static char *preprocessed(const char *file)
{
    char command[2000], *text = malloc(1 << 24);
    snprintf(command, sizeof command,
             "%s -E -D__BIDE__=1 -isystem %s/include "
             "$(sed -n '1,20s/.*flags: *\\([^*]*\\).*/\\1/p' %s | tr ' ' '\\n' | grep -v bide) %s",
             getenv("CC"), getenv("BUILD"), file, file);
    FILE *f = popen(command, "r");
    size_t n = fread(text, 1, (1 << 24) - 1, f);
    text[n] = 0;
    if (pclose(f) != 0 || n == 0)
        check_fail(__FILE__, __LINE__, command);
    return text;
}

/* Names are bound in the arena, so each unit has its own. */
static char *emitted(struct arena *to, const char *file, const char *text, bool pretty)
{
    struct arena *a = arena_new();
    struct options options = {.input = file, .pretty = pretty, .wrappers = true};
    struct unit u = {.arena = a, .options = &options, .text_length = strlen(text)};
    char *out = NULL;
    size_t size;
    u.text = arena_strndup(a, text, u.text_length);
    target_read(&u); /* a text without facts is of this machine */
    lex(&u);
    parse(&u);
    check(&u);
    if (u.parse_failed || u.error_count)
        check_fail(file, (int)u.token[u.parse_failed_token].line, "understood, and no error");
    FILE *f = open_memstream(&out, &size);
    struct emitted emitted;
    emit(&u, f, &emitted);
    fclose(f);
    char *copy = arena_strndup(to, out, size);
    free(out);
    arena_free(a);
    return copy;
}

static bool is(const struct token *t, const char *text)
{
    return t->length == strlen(text) && memcmp(t->start, text, t->length) == 0;
}

/* Records of frames; in the form for people to read they are macros. */
static bool is_record(const struct token *t)
{
    const struct token *s = t + 1;
    if (is(t, "BIDE_FRAME_RECORD") || is(t, "BIDE_MEMBER_RECORD"))
        return true;
    while (is(s, "__inline__") || is(s, "("))
        s++;
    return is(t, "__asm__") && s->kind == TK_STRING && strstr(s->start, ".bide.frames") &&
           strstr(s->start, ".bide.frames") < s->start + s->length;
}

struct declarations {
    char **item;
    const char **file;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The tokens of a text by declarations, with a blank after each token. */
static struct declarations cut(struct arena *to, const char *text)
{
    struct arena *a = arena_new();
    struct declarations d = {0};
    struct unit u = {.arena = a, .options = &(struct options){0}, .text_length = strlen(text)};
    u.text = arena_strndup(a, text, u.text_length);
    lex(&u);
    char *buffer = malloc(3 * u.text_length + 100), *s = buffer;
    d.item = malloc((u.token_count + 1) * sizeof *d.item);
    d.file = malloc((u.token_count + 1) * sizeof *d.file);
    int depth = 0;
    bool body = false;
    for (struct token *t = &u.token[1]; t->kind != TK_EOF; t++) {
        if (is_record(t)) {
            while (!is(t, ";"))
                t++;
            continue;
        }
        unsigned c = t->punct;
        if (depth == 0 && c == '{')
            body = t[-1].punct == ')';
        depth += c == '{' || c == '(' || c == '[';
        depth -= c == '}' || c == ')' || c == ']';
        s += is(t, "NULL") ? sprintf(s, "( void * ) 0 ")
                           : sprintf(s, "%.*s ", (int)t->length, t->start);
        if (depth == 0 && (c == ';' || (c == '}' && body))) {
            d.file[d.count] = arena_strndup(to, t->file, strlen(t->file));
            d.item[d.count++] = arena_strndup(to, buffer, (size_t)(s - buffer));
            s = buffer;
            body = false;
        }
    }
    free(buffer);
    arena_free(a);
    return d;
}

static void find(const char *program, const char *what, const char *item, char **all, size_t count)
{
    if (bsearch(&item, all, count, sizeof *all, compare))
        return;
    fprintf(stderr, "%s: %s:\n%s\n", program, what, item);
    check_fail(__FILE__, __LINE__, "the same tokens");
}

static void compare_forms(const char *program)
{
    struct arena *a = arena_new();
    char *text = preprocessed(program);
    struct declarations flat = cut(a, emitted(a, program, text, false));
    struct declarations pretty = cut(a, emitted(a, program, text, true));
    char **sorted[2];
    size_t n[2] = {flat.count, pretty.count};
    for (int i = 0; i < 2; i++) {
        sorted[i] = malloc((n[i] + 1) * sizeof(char *));
        memcpy(sorted[i], i ? pretty.item : flat.item, n[i] * sizeof(char *));
        qsort(sorted[i], n[i], sizeof(char *), compare);
    }
    size_t own = 0;
    for (size_t i = 0; i < pretty.count; i++)
        find(program, "only in what emit prints", pretty.item[i], sorted[0], n[0]);
    for (size_t i = 0; i < flat.count; i++)
        if (strcmp(flat.file[i], program) == 0 && ++own)
            find(program, "only in what is compiled", flat.item[i], sorted[1], n[1]);
    CHECK(own > 0);
    for (int i = 0; i < 2; i++)
        free(sorted[i]);
    free(flat.item), free(flat.file), free(pretty.item), free(pretty.file);
    free(text);
    arena_free(a);
}

/* The programs of run/. If ONLY is set: those whose topic, name or TOPIC/NAME is ONLY. */
static void find_programs(glob_t *found)
{
    static const char *const forms[] = {"%s/tests/compiler/run/%s.c",
                                        "%s/tests/compiler/run/*/%s.c",
                                        "%s/tests/compiler/run/%s/*.c"};
    const char *only = getenv("ONLY");
    char pattern[1000];
    *found = (glob_t){0};
    for (int i = 0; i < (only ? 3 : 1); i++) {
        snprintf(pattern, sizeof pattern, forms[i], getenv("SRC"), only ? only : "*/*");
        glob(pattern, i ? GLOB_APPEND : 0, NULL, found);
    }
    CHECK(found->gl_pathc > 0);
}

TEST_LIMIT(emit_prints_the_tokens_that_cc_compiles, 120)
{
    glob_t found;
    find_programs(&found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        compare_forms(found.gl_pathv[i]);
    globfree(&found);
}

/* A token beside a generated text must not become one token with it. */
TEST(generated_text_is_apart_from_its_neighbours)
{
    static const char head[] = "# 1 \"a.c\"\n"
                               "struct bide__task;\n"
                               "bide_async int f(int a);\n";
    static const char *const bodies[] = {
        "if (a) a = 1; else bide_task_detach(t[a]);",
        "do bide_task_detach(t[a]); while (0);",
        "if (a) ; else { bide_task_detach(t[a]); }",
        "a = a +bide_await f(a)+ +a; a = a -bide_await f(a)- -a;",
        "a = a &bide_await f(a)& *&a; return-bide_await f(a);",
        "a = 1? 0x1e +bide_await f(a):.5e+1 +bide_await f(a);",
        "return!bide_await f(a)&&!bide_await f(-bide_await f(a));",
        "goto x; x:bide_await f(a); for (;;bide_await f(a)) break;",
        "int k =-bide_await f(a); return sizeof k+bide_await f(a);",
        "a+=bide_await f(a)?-bide_await f(a): +bide_await f(a);",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct arena *a = arena_new();
        char *text = arena_printf(
            a,
            "%sbide_async int g(int a, int (**t[3])(struct bide__task *))\n{\n%s\nreturn a;\n}\n",
            head, bodies[i]);
        struct declarations flat = cut(a, emitted(a, "a.c", text, false));
        struct declarations pretty = cut(a, emitted(a, "a.c", text, true));
        CHECK_EQ(flat.count, pretty.count);
        for (size_t k = 0; k < flat.count; k++)
            CHECK_STR(pretty.item[k], flat.item[k]);
        free(flat.item), free(flat.file), free(pretty.item), free(pretty.file);
        arena_free(a);
    }
}
