/*
 * outside.h: tables of async calls: what each returns where no runtime runs, and on another runtime
 * than that of its objects.
 *
 * A row's call is an `async int name(void)` that uses objects that `prepare` has made on the home
 * runtime. Each call is made three times, each time with new objects: polled by hand, outside any
 * runtime; on a second runtime; and at home. ROW_SKIP: it is not made there.
 */
#ifndef BIDE_TESTS_OUTSIDE_H
#define BIDE_TESTS_OUTSIDE_H

#include "check.h"

#include <bide/abi.h>
#include <bide/bide.h>
#include <bide/core.h>
#include <bide/runtime.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_SKIP = -1000000 };

struct row {
    const char *name; /* of the function of the library that it calls */
    const struct bide_fn *call;
    int outside, elsewhere, home;
};

/* The descriptor of an async function. */
#define CALL_OF(f) ((const struct bide_fn *)(const void *)bide_ref(f))

static bide_runtime *row_home, *row_other;

/* ---- an executor with no runtime ---- */

struct outside {
    struct bide_wakeable wakeable;
    bool woken;
    struct bide_chain chain;
    _Alignas(16) char room[1 << 16];
};

static void outside_refers(struct bide_wakeable *w)
{
    (void)w;
}

static void outside_wakes(struct bide_wakeable *w, unsigned branch)
{
    (void)branch;
    ((struct outside *)(void *)w)->woken = true;
}

static void *outside_segment(size_t *size)
{
    return malloc(*size);
}

static void outside_segment_free(void *segment, size_t size)
{
    (void)size;
    free(segment);
}

/* Polls the call until it ends; it must not wait for something that nothing brings about. */
static int run_outside(const struct bide_fn *call)
{
    static const struct bide_waker_vtable vtable = {outside_refers, outside_wakes, outside_wakes,
                                                    outside_refers};
    static const struct bide_memory memory = {outside_segment, outside_segment_free};
    static struct outside task;
    int result = 1;

    task = (struct outside){.wakeable.vtable = &vtable, .woken = true};
    bide_chain_init(&task.chain, task.room, sizeof(task.room), &result);
    CHECK(bide_chain_begin(&task.chain, call) != NULL);
    for (;;) {
        struct bide_turn turn = {.memory = &memory, .budget = 128, .woken = UINT32_MAX};
        struct bide_cx cx = {
            .chain = &task.chain, .waker = bide_waker_make(&task.wakeable, 0), .turn = &turn};
        CHECK(task.woken);
        task.woken = false;
        bool is_over = bide_chain_poll(&cx) == BIDE_READY;
        bide_turn_end(&turn);
        if (is_over)
            return result;
    }
}

/* ---- the rows ---- */

static int run_on(bide_runtime *rt, const struct bide_fn *call)
{
    int result = 1;
    bide_runtime *before = bide_runtime_enter(rt);
    bide__block_on(call, NULL, &result);
    bide_runtime_enter(before);
    return result;
}

static void check_place(const struct row *row, const char *place, int got, int expected)
{
    if (got == expected)
        return;
    fprintf(stderr, "%s %s: got %d, expected %d\n", row->name, place, got, expected);
    check_fail(__FILE__, __LINE__, row->name);
}

/* `prepare` and `clean` run with the home runtime entered. */
static void check_row(const struct row *row, void (*prepare)(void), void (*clean)(void))
{
    bide_runtime_enter(row_home);
    for (int place = 0; place < 3; place++) {
        const int expected[] = {row->outside, row->elsewhere, row->home};
        static const char *const names[] = {"outside", "elsewhere", "at home"};
        if (expected[place] == ROW_SKIP)
            continue;
        prepare();
        int got = place == 0   ? run_outside(row->call)
                  : place == 1 ? run_on(row_other, row->call)
                               : run_on(row_home, row->call);
        clean();
        check_place(row, names[place], got, expected[place]);
    }
    bide_runtime_enter(NULL);
}

static void check_rows(const struct row *rows, size_t count, void (*prepare)(void),
                       void (*clean)(void))
{
    CHECK_EQ(bide_runtime_new(NULL, &row_home), 0);
    CHECK_EQ(bide_runtime_new(NULL, &row_other), 0);
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i], prepare, clean);
    CHECK_EQ(bide_runtime_shutdown(row_home, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_shutdown(row_other, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(row_home), 0);
    CHECK_EQ(bide_runtime_free(row_other), 0);
}

/* ---- nothing is forgotten ---- */

/* Fails if the header declares an async function that has no row. Returns the number of its async
 * functions. */
static int check_covers(const char *header, const struct row *rows, size_t count)
{
    char path[4096], line[512];
    int functions = 0;
    const char *tree = getenv("SRC");
    if (tree == NULL)
        SKIP("SRC does not name the source tree");
    snprintf(path, sizeof(path), "%s/include/bide/%s.h", tree, header);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *word = strstr(line, "bide_async "), *end = word, *name;
        if (word == NULL || line[0] == ' ' || (end = strchr(word, '(')) == NULL)
            continue;
        for (name = end; name[-1] == '_' || (name[-1] >= 'a' && name[-1] <= 'z'); name--)
            ;
        size_t length = (size_t)(end - name), i = 0;
        functions++;
        while (i < count &&
               (strlen(rows[i].name) != length || strncmp(rows[i].name, name, length) != 0))
            i++;
        if (i == count)
            fprintf(stderr, "no row for %.*s\n", (int)length, name);
        CHECK(i < count);
    }
    fclose(file);
    return functions;
}

#endif
