/*
 * bench/compiler.c: what the tool costs.
 *
 *   compiler [--tsv] [PART OF A NAME]      (in the tree's root, by ./x bench compiler)
 *
 * The front end: CPU time of the lexer, parser and checker for preprocessed text in memory, every
 * function body included. A row is nanoseconds a line; 1000 divided by it is the rate in millions
 * of lines a second. Lines are those of the text, as wc counts them.
 *
 * The driver: `bide cc CC` and CC alone, in turn. Each figure is the CPU time of all processes of
 * one command, in nanoseconds. For a file without async words both compile the same file; for the
 * examples CC alone compiles the output of `bide emit`, so that the difference is the tool's own
 * work. The largest example also has a pair of rows for wall time, because clang loads while the
 * preprocessor is at work: with an idle core that costs only CPU time. CC is $CC, or gcc.
 */
#define _GNU_SOURCE
#include "common/measure.h"

#include "compiler/check/check.h"
#include "compiler/driver/inside.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *cc;
static const char *folder; /* for files that the benchmark writes */

/* ---- commands ---- */

static void run_shell(long n, const char *command)
{
    for (long i = 0; i < n; i++) {
        if (system(command) != 0) {
            fprintf(stderr, "failed: %s\n", command);
            exit(1);
        }
    }
}

static void run(long n, const char *form, const char *argument)
{
    char command[4096];
    snprintf(command, sizeof command, "cd \"$SRC\" && export T='%s' CC='%s' && %s %s", folder, cc,
             form, argument);
    run_shell(n, command);
}

#define OBJECT        "-O2 -c -o \"$T/out.o\" -isystem include -Iexamples/catbot "
#define WITHOUT       "$CC " OBJECT
#define WITH          "\"$BUILD/bin/bide\" cc $CC " OBJECT
#define EMITTED(name) "\"$T/" name ".c\""
#define EXAMPLE(name) "examples/catbot/" name ".c"

static void plain_without(long n)
{
    run(n, WITHOUT, "\"$T/plain.c\"");
}

static void plain_with(long n)
{
    run(n, WITH, "\"$T/plain.c\"");
}

static void bot_without(long n)
{
    run(n, WITHOUT, EMITTED("bot"));
}

static void bot_with(long n)
{
    run(n, WITH, EXAMPLE("bot"));
}

static void main_without(long n)
{
    run(n, WITHOUT, EMITTED("main"));
}

static void main_with(long n)
{
    run(n, WITH, EXAMPLE("main"));
}

/* ---- the front end ---- */

enum { MAX_FILES = 128 };

static struct buffer headers, program[MAX_FILES];
static size_t program_count;

static void read_text(const char *path, struct buffer *into)
{
    if (buffer_read_file(into, path) < 0 || !into->length) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
}

static void front(const struct buffer *text)
{
    struct arena *arena = arena_new();
    struct unit *u = arena_alloc(arena, sizeof *u);
    struct options options = {.input = "text", .force = true};
    u->arena = arena;
    u->options = &options;
    u->text = text->data;
    u->text_length = text->length;
    if (!target_read(u))
        exit(1);
    lex(u);
    parse(u);
    check(u);
    if (u->parse_failed || u->error_count) {
        diag_flush(u);
        fprintf(stderr, "the front end did not understand the text\n");
        exit(1);
    }
    arena_free(arena);
}

static long lines_of(const struct buffer *text)
{
    long lines = 0;
    for (size_t i = 0; i < text->length; i++)
        lines += text->data[i] == '\n';
    return lines;
}

/* measure() divides by the number of operations, which are lines here. */
enum { REPEATS = 4 };

static void front_headers(long n)
{
    for (long lines = lines_of(&headers); n > 0; n -= lines)
        front(&headers);
}

static long program_lines(void)
{
    long lines = 0;
    for (size_t i = 0; i < program_count; i++)
        lines += lines_of(&program[i]);
    return lines;
}

static void front_program(long n)
{
    for (long lines = program_lines(); n > 0; n -= lines)
        for (size_t i = 0; i < program_count; i++)
            front(&program[i]);
}

/* ---- main ---- */

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void prepare(void)
{
    static const char plain[] = "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n";
    FILE *f = fopen(path_of("plain.c"), "w");
    if (!f || fputs(plain, f) < 0 || fclose(f) != 0)
        exit(1);
    run(1, "\"$BUILD/bin/bide\" emit -o \"$T/bot.c\"", EXAMPLE("bot"));
    run(1, "\"$BUILD/bin/bide\" emit -o \"$T/main.c\"", EXAMPLE("main"));
    /* The headers that the tree uses, as one text. */
    run(1, "cat */*.c */*/*.c | grep -h '^#include <' | sort -u", ">\"$T/headers.c\"");
    run(1, "$CC -D_GNU_SOURCE -D__BIDE__=1 -isystem include -E \"$T/headers.c\"",
        ">\"$T/headers.i\"");
    /* The compiler's own files, each with its headers. */
    run(1, "for f in compiler/*.c; do $CC -D__BIDE__=1 -isystem include -include bide/target.h -E",
        "$f -o \"$T/$(basename \"$f\")\".i || exit 1; done");
    read_text(path_of("headers.i"), &headers);
    glob_t found = {0};
    glob(path_of("*.c.i"), 0, NULL, &found);
    while (program_count < found.gl_pathc && program_count < MAX_FILES) {
        read_text(found.gl_pathv[program_count], &program[program_count]);
        program_count++;
    }
    globfree(&found);
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/bide-bench-XXXXXX";
    char remove[64];
    cc = getenv("CC") ? getenv("CC") : "gcc";
    folder = mkdtemp(path);
    if (!folder || !getenv("SRC") || !getenv("BUILD")) {
        fprintf(stderr, "run it as: ./x bench compiler\n");
        return 1;
    }
    prepare();
    const struct workload workloads[] = {
        {.name = "front end, a line of headers",
         .run = front_headers,
         .n = 4 * REPEATS * lines_of(&headers)},
        {.name = "front end, a line of a program",
         .run = front_program,
         .n = REPEATS * program_lines()},
        {.name = "plain file, CC", .run = plain_without, .n = 4, .time = CHILDREN_TIME},
        {.name = "plain file, bide cc CC",
         .run = plain_with,
         .n = 4,
         .time = CHILDREN_TIME,
         .than = "plain file, CC"},
        {.name = "catbot/bot.c emitted, CC -O2", .run = bot_without, .n = 1, .time = CHILDREN_TIME},
        {.name = "catbot/bot.c, bide cc CC -O2",
         .run = bot_with,
         .n = 1,
         .time = CHILDREN_TIME,
         .than = "catbot/bot.c emitted, CC -O2"},
        {.name = "catbot/main.c emitted, CC -O2",
         .run = main_without,
         .n = 1,
         .time = CHILDREN_TIME},
        {.name = "catbot/main.c, bide cc CC -O2",
         .run = main_with,
         .n = 1,
         .time = CHILDREN_TIME,
         .than = "catbot/main.c emitted, CC -O2"},
        {.name = "the former, time that passes", .run = main_without, .n = 1, .time = WALL_TIME},
        {.name = "the latter, time that passes",
         .run = main_with,
         .n = 1,
         .time = WALL_TIME,
         .than = "the former, time that passes"},
    };
    int status = measure(workloads, sizeof workloads / sizeof *workloads, argc, argv);
    snprintf(remove, sizeof remove, "rm -rf '%s'", folder);
    run_shell(1, remove);
    return status;
}
