/*
 * bide_html_parse, cancelled: before it begins, while it waits for a thread, while a thread parses,
 * and when that has ended. And outside any runtime, and on several at once.
 */
#include "outside.h"

#include <bide/bide.h>
#include <bide/html.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"

enum { SIZE = 200000 };

static char *data;
static bide_html *html;

static void prepare(void)
{
    data = malloc(SIZE);
    memset(data, 'x', SIZE);
    for (size_t at = 0; at + 100 < SIZE; at += 100)
        memcpy(data + at, "<p class=a><b>b</b>", 19);
}

static void release(void)
{
    free(data);
}

/* ---- everywhere ---- */

async int parse_it(void *state);
extern const struct bide_fn bide__desc_parse_it;

async int parse_it(void *state)
{
    (void)state;
    return await bide_html_parse(data, SIZE, NULL, NULL, &html);
}

static void before(void *state)
{
    (void)state;
    prepare();
    html = (bide_html *)(void *)data;
}

/* The bytes may be freed as soon as the call is over. */
static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    memset(data, 0, SIZE);
    free(data);
    if (run->error != 0) {
        CHECK_ERR(run->error, run->room_size > 0 ? -ENOMEM : -ECANCELED);
        CHECK(run->room_size > 0 || html == NULL);
    } else {
        CHECK_ERR(run->result, 0);
        CHECK(html != NULL);
        bide_html_free(html);
    }
}

TEST_LIMIT(cancelled_everywhere, 30)
{
    CHECK(cancel_everywhere(&bide__desc_parse_it, NULL, before, after) > 0);
}

TEST_LIMIT(without_memory_for_its_frames, 30)
{
    CHECK(starve_everywhere(&bide__desc_parse_it, NULL, before, after) > 0);
}

/* ---- while a thread parses ---- */

static sem_t begun, go;
static void *(*real_alloc)(size_t, size_t);
static pthread_t home;
static int allocations, stopping_at;

/* Holds up the pool's thread in the middle of a page. */
static void *slow_alloc(size_t size, size_t align)
{
    if (!pthread_equal(pthread_self(), home) && ++allocations == stopping_at) {
        sem_post(&begun);
        sem_wait(&go);
    }
    return real_alloc(size, align);
}

/* It does not await: the thread is in the middle of the page. */
static void wait_for_thread(void)
{
    sem_wait(&begun);
}

static async int parse_and_stop(void)
{
    return await bide_html_parse(data, SIZE, NULL, NULL, &html);
}

static async int cancel_in_the_middle(void)
{
    bide_task(int) task = bide_spawn(parse_and_stop());
    for (int i = 0; i < 3; i++)
        await bide_yield();
    wait_for_thread();
    bide_task_abort(task);
    for (int i = 0; i < 3; i++)
        await bide_yield();
    bool early = bide_task_finished(task);
    sem_post(&go);
    int error = await bide_task_cancel(task);
    CHECK(!early);
    return error;
}

TEST(cancelled_while_a_thread_parses)
{
    prepare();
    home = pthread_self();
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    stopping_at = 5;
    real_alloc = (void *(*)(size_t, size_t))bide_test_replace("alloc", (void (*)(void))slow_alloc);
    CHECK_ERR(bide_block_on(cancel_in_the_middle()), -ECANCELED);
    CHECK(html == NULL);
    /* It ended long before the page did. */
    CHECK(allocations < stopping_at + 3);
    free(data);
}

/* ---- without a runtime, and on others ---- */

static async int parses(void)
{
    bide_html *own;
    int rc = await bide_html_parse("<p>", 3, NULL, NULL, &own);
    bide_html_free(own);
    return rc;
}

static async int parses_large(void)
{
    bide_html *own;
    int rc = await bide_html_parse(data, SIZE, NULL, NULL, &own);
    bide_html_free(own);
    return rc;
}

TEST(outside_elsewhere_and_at_home)
{
    const struct row rows[] = {{"bide_html_parse", CALL_OF(parses), 0, 0, 0},
                               {"bide_html_parse", CALL_OF(parses_large), 0, 0, 0}};
    check_rows(rows, 2, prepare, release);
    CHECK_EQ(check_covers("html", rows, 2), 1);
}
