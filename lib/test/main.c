/*
 * lib/test/main.c: bide_test_main: which tests run, and what is printed.
 *
 * The tests are in the order in which their files have them, and the files as the linker has put
 * them.
 */
#include "lib/async.h"

#include "lib/test/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATUS_USAGE = 2, WHY_MAX = 200 };

struct bide__test_run bide__test_run = {.no_fork = true}; /* as long as there is no run */

static struct bide__test *first;
static struct bide__test **last = &first;

void bide__test_add(struct bide__test *test)
{
    *last = test;
    last = &test->next;
}

/* ---- the arguments ---- */

struct arguments {
    const char *program;
    char **texts;
    int text_count;
    bool list;
};

/* The last part of a path. */
static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool read_seed(void)
{
    const char *text = getenv("BIDE_TEST_SEED");
    char *end;

    bide__test_run.seed = bide__process_random() >> 32 | 1; /* short, and not 0 */
    if (text == NULL || *text == '\0')
        return true;
    errno = 0;
    bide__test_run.seed = strtoull(text, &end, 10);
    if (errno == 0 && *end == '\0' && *text >= '0' && *text <= '9' && bide__test_run.seed != 0)
        return true;
    fprintf(stderr, "BIDE_TEST_SEED is not a number from 1 on: %s\n", text);
    return false;
}

static bool read_arguments(struct arguments *a, int argc, char **argv)
{
    const char *no_fork = getenv("BIDE_TEST_NOFORK");
    int i = 1;

    *a = (struct arguments){.program = argc > 0 ? argv[0] : "test"};
    bide__test_run.no_fork = no_fork != NULL && *no_fork != '\0';
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0)
            a->list = true;
        else if (strcmp(argv[i], "--tap") == 0)
            bide__test_run.tap = true;
        else {
            fprintf(stderr, "usage: %s [--list] [--tap] [TEXT...]\n", a->program);
            return false;
        }
    }
    a->texts = argv + i;
    a->text_count = argc > i ? argc - i : 0;
    return read_seed();
}

static bool is_wanted(const struct arguments *a, const struct bide__test *test)
{
    for (int i = 0; i < a->text_count; i++)
        if (strstr(test->name, a->texts[i]) != NULL)
            return true;
    return a->text_count == 0;
}

/* ---- what is printed ---- */

/* In the protocol what a test has printed is a comment. */
static void print_output(const struct bide__output *output, const char *margin)
{
    const char *at = output->text, *end = at + output->size;

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((line_end != NULL ? line_end : end) - at);
        printf("%s%.*s\n", margin, (int)size, at);
        at += size + 1;
    }
}

static void print_again(const struct arguments *a, const struct bide__test *test,
                        const char *margin)
{
    printf("%sagain: BIDE_TEST_SEED=%llu %s %s\n", margin, (unsigned long long)bide__test_run.seed,
           a->program, test->name);
}

static void print_outcome(const struct arguments *a, const struct bide__test *test, unsigned number,
                          enum bide__outcome outcome, const char *why,
                          const struct bide__output *output)
{
    const char *margin = bide__test_run.tap ? "# " : "";

    if (bide__test_run.tap)
        printf("%s %u - %s%s\n", outcome == BIDE__FAILED ? "not ok" : "ok", number, test->name,
               outcome == BIDE__SKIPPED ? " # SKIP" : "");
    else if (outcome == BIDE__SKIPPED)
        printf("SKIPPED %s\n", test->name);
    if (outcome == BIDE__FAILED)
        printf("%s%s %s (%s:%u): %s\n", margin, bide__test_run.tap ? "failed" : "FAILED",
               test->name, test->file, test->line, why);
    if (outcome != BIDE__PASSED)
        print_output(output, margin);
    if (outcome == BIDE__FAILED)
        print_again(a, test, margin);
    fflush(stdout);
}

/* ---- the run ---- */

static enum bide__outcome run(const struct arguments *a, const struct bide__test *test,
                              unsigned number)
{
    enum bide__outcome outcome = BIDE__PASSED;
    struct bide__output output = {0};
    char why[WHY_MAX] = "";

    if (bide__test_run.no_fork)
        bide__test_body(test);
    else
        outcome = bide__process_run(test, why, sizeof(why), &output);
    print_outcome(a, test, number, outcome, why, &output);
    bide__process_forget(&output);
    return outcome;
}

static unsigned count_wanted(const struct arguments *a, bool list)
{
    unsigned n = 0;
    for (const struct bide__test *test = first; test != NULL; test = test->next) {
        if (!is_wanted(a, test))
            continue;
        n++;
        if (list)
            puts(test->name);
    }
    return n;
}

int bide_test_main(int argc, char **argv)
{
    struct arguments a;
    unsigned count[3] = {0, 0, 0}, number = 0;

    if (!read_arguments(&a, argc, argv))
        return STATUS_USAGE;
    unsigned wanted = count_wanted(&a, a.list);
    if (a.list)
        return 0;
    if (wanted == 0) {
        fprintf(stderr, "there is no such test; --list shows the names\n");
        return STATUS_USAGE;
    }
    if (bide__test_run.tap)
        printf("1..%u\n", wanted);
    for (const struct bide__test *test = first; test != NULL; test = test->next)
        if (is_wanted(&a, test))
            count[run(&a, test, ++number)]++;
    if (!bide__test_run.tap)
        printf("%s: %u passed, %u failed, %u skipped\n", base_of(a.program), count[BIDE__PASSED],
               count[BIDE__FAILED], count[BIDE__SKIPPED]);
    bide__test_run.no_fork = true;
    if (count[BIDE__FAILED] > 0)
        return 1;
    return count[BIDE__PASSED] > 0 ? 0 : BIDE__STATUS_SKIPPED;
}
