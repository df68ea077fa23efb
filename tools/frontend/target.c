/*
 * The front end as a libFuzzer target: lexer, parser, checks and warnings for one preprocessed
 * text, after a short prelude. With BIDE_FUZZ_EMIT in the environment, also the lowering of a text
 * without errors. Nothing is printed and no file is read. tools/fuzz-frontend builds and runs it.
 */
#include "compiler/check/check.h"
#include "compiler/emit/emit.h"
#include "compiler/warn/warn.h"

#include <stdlib.h>
#include <string.h>

static const char prelude[] =
    "# 1 \"prelude.h\"\n"
    "typedef unsigned long size_t; typedef struct { long long ns; } bide_duration;\n"
    "struct bide_cx; struct bide_frame; struct bide_job; struct bide_fn; struct bide__scope;\n"
    "bide_async void bide_yield(void); bide_async int bide_sleep(bide_duration);\n"
    "extern int printf(const char *, ...); extern void *malloc(size_t); extern void free(void *);\n"
    "extern int *__errno_location(void); extern int open(const char *, int, ...);\n"
    "bide_async int step(int); bide_async void rest(void); extern int suspends;\n"
    "# 1 \"input.c\"\n";

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_text(struct unit *u)
{
    lex(u);
    parse(u);
    if (u->parse_failed)
        return;
    check(u);
    if (u->parse_failed || u->error_count)
        return;
    warn(u);
    if (u->error_count || !getenv("BIDE_FUZZ_EMIT"))
        return;
    FILE *out = fopen("/dev/null", "we");
    if (!out)
        abort();
    struct emitted emitted = {0};
    emit(u, out, &emitted);
    fclose(out);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct options options = {.input = "input.c", .wrappers = true};
    struct unit u = {.arena = arena_new(), .options = &options};
    char *text = malloc(sizeof prelude + size);
    if (!text)
        abort();
    memcpy(text, prelude, sizeof prelude - 1);
    memcpy(text + sizeof prelude - 1, data, size);
    text[sizeof prelude - 1 + size] = '\0';
    u.text = text;
    u.text_length = strlen(text); /* up to the first zero byte, as for a file */
    u.target = target_linux_64;
    read_text(&u);
    diag_drop(&u);
    arena_free(u.arena);
    free(text);
    return 0;
}
