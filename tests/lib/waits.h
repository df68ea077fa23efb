/*
 * waits.h: tables of waits. Each row is a wait that is cancelled at each of its suspensions and at
 * each wake, and finds no memory at each of its calls. Nothing is lost, and nothing is done twice.
 *
 * In a row a task *holds* what the wait wants and *releases* it later. A wait that was cancelled,
 * or had no memory, is made once more where no request comes; after that the row looks whether all
 * is as if nothing had happened.
 */
#ifndef TESTS_LIB_WAITS_H
#define TESTS_LIB_WAITS_H

#include <bide/bide.h>
#include <bide/testing.h>

#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "check.h"

struct row {
    const char *name;                /* of the function that waits */
    void (*prepare)(void);           /* in the task that waits; may be NULL */
    void (*hold)(void);              /* in another one; may be NULL */
    bide_async_fn(void, void) waits; /* once more if it did not return */
    bide_async_fn(void, void) release;
    bide_async_fn(void, void) check; /* after the wait has returned */
};

#define ROW(name, prepare, hold, waits, release, check)                          \
    {                                                                            \
        name, prepare, hold, bide_ref(waits), bide_ref(release), bide_ref(check) \
    }

/* ---- a row ---- */

static atomic_bool is_held, may_release;
static bide_task(void) helper;
static bool has_returned;

static async void help(const struct row *row)
{
    if (row->hold != NULL)
        row->hold();
    is_held = true;
    while (!may_release)
        await bide_yield();
    await bide_yield();
    await bide_yield();
    await (*row->release)();
}

static async void begin(const struct row *row)
{
    is_held = may_release = has_returned = false;
    if (row->prepare != NULL)
        row->prepare();
    helper = bide_spawn(help(row));
    while (!is_held)
        await bide_yield();
}

static async void end(const struct row *row)
{
    may_release = true;
    if (!has_returned)
        await (*row->waits)();
    CHECK_EQ(await bide_task_wait(helper), 0);
    await (*row->check)();
}

async int wait_once_of(void *state);
extern const struct bide_fn bide__desc_wait_once_of;

async int wait_once_of(void *state)
{
    const struct row *row = state;
    may_release = true;
    await (*row->waits)();
    has_returned = true;
    return 0;
}

static inline void before(void *state)
{
    bide_block_on(begin(state));
}

static inline void after(void *state, const struct cancel_run *run)
{
    if (run->error == 0)
        CHECK(has_returned);
    else if (run->room_size == 0)
        CHECK_ERR(run->error, -ECANCELED);
    bide_block_on(end(state));
}

/* On one thread each wait has to wait. */
static inline void cancel_rows(const struct row *rows, size_t count)
{
    int rounds = getenv("BIDE_TEST_FLAVOUR") != NULL ? 3 : 1;
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            struct row row = rows[i];
            fprintf(stderr, "%s\n", row.name);
            unsigned n = cancel_everywhere(&bide__desc_wait_once_of, &row, before, after);
            CHECK(n > 0 || getenv("BIDE_TEST_FLAVOUR") != NULL);
        }
}

static inline void starve_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct row row = rows[i];
        fprintf(stderr, "%s\n", row.name);
        CHECK(starve_everywhere(&bide__desc_wait_once_of, &row, before, after) > 0);
    }
}

/* ---- is the table complete? ---- */

static inline bool has_row(const struct row *rows, size_t count, const char *name, size_t length)
{
    if (strncmp(name, "bide__", 6) == 0) /* private: a macro makes another name of it */
        return true;
    for (size_t i = 0; i < count; i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            return true;
    fprintf(stderr, "%.*s has no row\n", (int)length, name);
    return false;
}

/* Has each async function of the header a row? */
static inline void check_header(const struct row *rows, size_t count, const char *header)
{
    const char *folder = getenv("SRC");
    char path[4096], line[512];
    int found = 0;
    if (folder == NULL)
        SKIP("SRC is not set");
    snprintf(path, sizeof path, "%s/include/bide/%s", folder, header);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *from = strncmp(line, "bide_must_use ", 14) == 0 ? line + 14 : line;
        const char *end = strchr(from, '('), *name = end;
        if (strncmp(from, "bide_async ", 11) != 0 || end == NULL)
            continue;
        while (isalnum((unsigned char)name[-1]) || name[-1] == '_')
            name--;
        CHECK(has_row(rows, count, name, (size_t)(end - name)));
        found++;
    }
    fclose(file);
    CHECK(found > 1);
}

#endif
