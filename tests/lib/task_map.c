/*
 * Task maps: children by their keys, numbers, strings and structs: found, aborted, replaced, told.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "failing.h"
#include "sets.h"

typedef bide_task_map(int, int) numbers;
typedef bide_task_map(const char *, int) names;

/* ---- keys ---- */

static async int by_number(void)
{
    numbers map;
    int key = 7, n = 0;
    CHECK_EQ(bide_task_map_new(0, &map), 0);
    defer {
        await bide_task_map_close(map);
    }
    CHECK_EQ(await bide_task_map_next(map, &key, &n), 0);
    for (int i = 0; i < 100; i++)
        CHECK(bide_task_map_spawn(map, &i, child(100 - i, 1000 + i, 0)) != 0);
    CHECK_EQ(bide_task_map_length(map), 100);
    key = 42;
    uint64_t id = bide_task_map_find(map, &key);
    CHECK(id != 0);
    key = 100;
    CHECK_EQ(bide_task_map_find(map, &key), 0);
    bide_task_end end;
    for (int i = 99; i >= 0; i--) {
        CHECK_EQ(await bide_task_map_next_end(map, &key, &n, &end), 1);
        CHECK_EQ(key, i);
        CHECK_EQ(n, 1000 + i);
        CHECK(i != 42 || end.id == id);
        CHECK_EQ(bide_task_map_find(map, &key), 0);
    }
    CHECK_EQ(bide_task_map_try_next(map, &key, &n), 0);
    return (int)bide_task_map_length(map);
}

TEST(children_are_told_with_their_numbers)
{
    begin();
    CHECK_EQ(bide_block_on(by_number()), 0);
}

static async int by_name(void)
{
    names map;
    int n = 0;
    CHECK_EQ(bide_task_map_new(2, &map), 0);
    defer {
        await bide_task_map_close(map);
    }
    char text[16];
    const char *key = text;
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "n%d", i % 10); /* the map has copies */
        bide_task_map_spawn(map, &key, child(10, i, 0));
    }
    text[0] = 'x';
    CHECK_ERR(bide_task_map_abort(map, &key), -ENOENT);
    key = "n3";
    CHECK_EQ(bide_task_map_abort(map, &key), 0);
    int sum = 0, cancelled = 0;
    for (int rc; (rc = await bide_task_map_next(map, &key, &n)) != 0;) {
        CHECK(key[0] == 'n');
        if (rc == 1)
            CHECK_EQ(key[1] - '0', n);
        else
            CHECK_STR(key, "n3");
        sum += rc == 1 ? n : 0;
        cancelled += rc == -ECANCELED;
    }
    CHECK_EQ(sum, 0 + 1 + 2 + 4);
    CHECK_EQ(cancelled, 1);
    return 0;
}

TEST(keys_may_be_strings)
{
    begin();
    CHECK_EQ(bide_block_on(by_name()), 0);
}

struct place {
    int x, y;
};

static async int by_struct(void)
{
    bide_task_map(struct place, void) map;
    struct place key = {1, 2}, other = {2, 1};
    CHECK_EQ(bide_task_map_new(0, &map), 0);
    bide_task_map_spawn(map, &key, async({ (void)await bide_sleep(BIDE_MS(5)); }));
    CHECK_EQ(bide_task_map_find(map, &other), 0);
    CHECK(bide_task_map_find(map, (&(struct place){1, 2})) != 0);
    CHECK_EQ(await bide_task_map_next(map, &other, NULL), 1);
    CHECK_EQ(other.y, 2);
    await bide_task_map_close(map);
    return 0;
}

TEST(keys_may_be_structs)
{
    begin();
    CHECK_EQ(bide_block_on(by_struct()), 0);
}

/* ---- replaced ---- */

static async int replaces(void)
{
    numbers map;
    int key = 1, n = 0;
    CHECK_EQ(bide_task_map_new(0, &map), 0);
    defer {
        await bide_task_map_close(map);
    }
    bide_task_map_spawn(map, &key, child(1000, 5, 0));
    await bide_sleep(BIDE_MS(1));
    bide_task_map_spawn(map, &key, child(50, 6, 0));
    CHECK_EQ(bide_task_map_length(map), 1);
    CHECK_EQ(await bide_task_map_next(map, &key, &n), 1); /* nothing of the first one */
    CHECK_EQ(n, 6);
    CHECK_EQ(await bide_task_map_next(map, &key, &n), 0);
    /* one that has ended, but was not told, makes way likewise */
    bide_task_map_spawn(map, &key, child(1, 7, 0));
    await bide_sleep(BIDE_MS(50));
    bide_task_map_spawn(map, &key, child(1, 8, 0));
    CHECK_EQ(await bide_task_map_next(map, &key, &n), 1);
    CHECK_EQ(n, 8);
    CHECK_EQ(await bide_task_map_next(map, &key, &n), 0);
    CHECK_EQ(seen.begun, 4);
    CHECK_EQ(seen.alive, 0);
    return 0;
}

TEST(a_new_child_takes_the_place_of_the_old_one)
{
    begin();
    CHECK_EQ(bide_block_on(replaces()), 0);
}

/* ---- all at once ---- */

static async int all_at_once(void)
{
    numbers map;
    int key, n = 0;
    CHECK_EQ(bide_task_map_new(0, &map), 0);
    for (key = 0; key < 3; key++)
        bide_task_map_spawn(map, &key, child(20, key, 0));
    bide_task_map_detach_all(map);
    CHECK_EQ(bide_task_map_length(map), 0);
    CHECK_EQ(await bide_task_map_next(map, &key, &n), 0);
    for (key = 0; key < 3; key++)
        bide_task_map_spawn(map, &key, child(1000, key, 0));
    bide_task_map_abort_all(map);
    for (int i = 0; i < 3; i++)
        CHECK_ERR(await bide_task_map_next(map, &key, &n), -ECANCELED);
    for (key = 0; key < 3; key++)
        bide_task_map_spawn(map, &key, child(1000, key, 0));
    bide_task_map_free(map);
    bide_task_map_free((numbers)NULL);
    await bide_task_map_close((numbers)NULL);
    await bide_sleep(BIDE_MS(100));
    CHECK_EQ(seen.alive, 0);
    return seen.ended;
}

TEST(all_are_detached_aborted_or_freed)
{
    begin();
    CHECK_EQ(bide_block_on(all_at_once()), 3);
}

/* ---- cancelled, and without memory ---- */

static int told;

async int scenario(void *state);
extern const struct bide_fn bide__desc_scenario;

async int scenario(void *state)
{
    (void)state;
    names map;
    const char *key = "one";
    int rc = bide_task_map_new(2, &map), n = 0;
    if (rc < 0)
        return rc;
    defer {
        await bide_task_map_close(map);
    }
    bide_task_map_spawn(map, &key, child(2, 1, 0));
    key = "two";
    bide_task_map_spawn(map, &key, child(1, 1, 0));
    key = "one";
    bide_task_map_spawn(map, &key, child(3, 1, 0));
    while ((rc = await bide_task_map_next(map, &key, &n)) > 0)
        told += n;
    return rc;
}

static void before(void *state)
{
    (void)state;
    told = 0;
    memset(&seen, 0, sizeof seen);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_ERR(run->error, run->error != 0 ? -ECANCELED : 0);
    CHECK_EQ(seen.begun, 3);
    CHECK_EQ(seen.alive, 0);
    CHECK(run->error != 0 || told == 2);
}

TEST(cancelled_at_every_suspension)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_scenario, NULL, before, after) >= cancel_least(2));
}

static async int whole(void)
{
    return await scenario(NULL);
}

TEST(no_memory_at_any_site)
{
    unsigned nth = 0;
    bide_test_time_virtual();
    for (bool more = true; more;) {
        before(NULL);
        alloc_fails(++nth);
        more = alloc_has_failed(bide_block_on(whole()));
        CHECK(more || told == 2);
        CHECK_EQ(seen.alive, 0);
    }
    CHECK(nth > 4);
}
