/*
 * bide/json.h without memory: each allocation of each call fails in turn, and nothing is lost. What
 * jansson's memory and its seed are.
 */
#include <bide/json.h>
#include <bide/testing.h>

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bide_json *tree;

static void parse_tree(void)
{
    static const char text[] =
        "{\"a\":[1,2.5,\"x\",true,null,{\"b\":{\"c\":[[],{}]}}],\"d\":\"a longer text\","
        "\"e\":1,\"f\":2,\"g\":3,\"h\":4,\"i\":5,\"j\":6,\"k\":7,\"l\":8,\"m\":9,\"n\":10,"
        "\"o\":[1,2,3,4,5,6,7,8,9,10,11,12]}";
    CHECK_EQ(bide_json_parse(text, strlen(text), NULL, NULL, &tree), 0);
}

/* ---- each returns 0 or -ENOMEM ---- */

static int parses(void)
{
    static const char text[] = "{\"a\":[1,2.5,\"x\\n\",true,null,{\"b\":{\"c\":[[],{}]}}],\"d\":"
                               "\"text\",\"e\":[1,2,3,4,5,6,7,8,9,10],\"f\":0,\"g\":0,\"h\":0,"
                               "\"i\":0,\"j\":0,\"k\":0,\"l\":0}";
    bide_json *j = tree;
    bide_json_failure why = {0};
    int rc = bide_json_parse(text, strlen(text), NULL, &why, &j);
    CHECK((rc == 0) == (j != NULL));
    if (rc < 0)
        CHECK_STR(why.text, "out of memory");
    bide_json_free(j);
    return rc;
}

static int parses_nonsense(void)
{
    bide_json *j;
    int rc = bide_json_parse("{\"a\":[1,\"x\",}", 13, NULL, NULL, &j);
    CHECK(j == NULL);
    return rc == -EBADMSG ? 0 : rc;
}

static int packs(void)
{
    bide_json *j = tree;
    bide_json_failure why = {0};
    int rc = bide_json_pack(&j, &why, "{s:i,s:I,s:f,s:s,s:[nb{}O],s:n}", "a", 1, "b", (int64_t)2,
                            "c", 0.5, "d", "text", "e", true, tree, "f");
    CHECK((rc == 0) == (j != NULL));
    if (rc < 0)
        CHECK_STR(why.text, "out of memory");
    bide_json_free(j);
    return rc;
}

static int copies(void)
{
    bide_json *copy = tree;
    int rc = bide_json_copy(tree, &copy);
    CHECK((rc == 0) == (copy != NULL));
    CHECK(rc < 0 || bide_json_equal(tree, copy));
    bide_json_free(copy);
    return rc;
}

static int sets(void)
{
    bide_json *j;
    bide_json_failure why;
    int rc = bide_json_pack(&j, &why, "{}");
    if (rc == 0)
        rc = bide_json_set_text(j, "a.b[].c", "text");
    if (rc == 0)
        rc = bide_json_set_double(j, "a.b[0].d", 1.5);
    if (rc == 0)
        rc = bide_json_set_i64(j, "e", 1);
    bide_json *part;
    if (rc == 0 && (rc = bide_json_pack(&part, NULL, "[ii]", 1, 2)) == 0)
        rc = bide_json_set(j, "a.x.y.z", part);
    bide_json_free(j);
    return rc;
}

static int writes(void)
{
    bide_json_writer *w;
    int rc = bide_json_writer_new(NULL, &w);
    if (rc < 0)
        return rc;
    bide_json_writer_begin_array(w);
    for (int i = 0; i < 50; i++)
        bide_json_writer_text(w, "some text \x01\x02\x03 and more text");
    bide_json_writer_end(w);
    rc = bide_json_writer_finish(w);
    CHECK((rc == 0) == (bide_json_writer_error(w)[0] == 0));
    bide_json_writer_free(w);
    return rc;
}

static int dumps(void)
{
    bide_json_writer *w;
    int rc = bide_json_dump(tree, &(bide_json_writer_options){.sorted = true, .indent = 2}, &w);
    CHECK((rc == 0) == (w != NULL));
    bide_json_writer_free(w);
    return rc;
}

static unsigned fails_at_each(int (*call)(void))
{
    unsigned nth = 0;
    for (uint64_t failed = 1; failed > 0;) {
        CHECK_EQ(bide_test_fail("alloc", ++nth, -ENOMEM, 1), 0);
        int rc = call();
        failed = bide_test_failed("alloc");
        CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
        CHECK_ERR(rc, failed > 0 ? -ENOMEM : 0);
    }
    return nth - 1;
}

TEST(each_allocation_fails)
{
    parse_tree();
    CHECK(fails_at_each(parses) > 30);
    CHECK(fails_at_each(parses_nonsense) > 3);
    CHECK(fails_at_each(packs) > 30);
    CHECK(fails_at_each(copies) > 30);
    CHECK(fails_at_each(sets) > 10);
    CHECK(fails_at_each(writes) > 3);
    CHECK(fails_at_each(dumps) > 4);
    bide_json_free(tree);
}

/* ---- jansson beside us ---- */

TEST(blocks_are_those_of_malloc)
{
    json_t *root = json_loads("{\"a\":[1,2]}", 0, NULL);
    char *text = json_dumps(root, JSON_COMPACT);
    CHECK_STR(text, "{\"a\":[1,2]}");
    free(text);
    json_decref(root);
    /* A block of the size of what the door takes as pages. */
    char *large = malloc(65536);
    memset(large, 'x', 65535);
    large[65535] = 0;
    root = json_array();
    CHECK_EQ(json_array_append_new(root, json_string(large)), 0);
    text = json_dumps(root, JSON_COMPACT);
    CHECK_EQ(strlen(text), 65539);
    free(text);
    json_decref(root);
    free(large);
}

static int own_blocks;

static void *own_alloc(size_t size)
{
    own_blocks++;
    return malloc(size);
}

TEST(a_program_may_have_an_allocator_of_its_own)
{
    bide_json *j;
    json_set_alloc_funcs(own_alloc, free);
    CHECK_EQ(bide_json_parse("{\"a\":1}", 7, NULL, NULL, &j), 0);
    CHECK(own_blocks > 0);
    bide_json_free(j);
}

/* The order in which jansson's table has names says nothing, but how they are spread does: with a
 * seed of another process it is another one. That is not seen from outside; but the seed is asked
 * for when the library is loaded, and a program cannot set another one after that. */
TEST(the_seed_was_set_before_the_program_began)
{
    json_malloc_t alloc;
    json_free_t release;
    json_get_alloc_funcs(&alloc, &release);
    CHECK(alloc != malloc && release != free);
    bide_test_watch();
    bide_json *j;
    CHECK_EQ(bide_json_parse("{\"a\":1}", 7, NULL, NULL, &j), 0);
    CHECK_EQ(bide_test_calls("getrandom"), 0);
    CHECK_EQ(bide_test_calls("open"), 0);
    CHECK(bide_test_calls("alloc") > 2);
    bide_json_free(j);
}

/* ---- threads ---- */

static void *read_tree(void *argument)
{
    const bide_json *j = argument;
    long sum = 0;
    for (int i = 0; i < 2000; i++) {
        int n = 0;
        CHECK_EQ(bide_json_get_int(j, "o[3]", &n), 0);
        sum += n;
        CHECK_EQ(bide_json_get_int(j, "n", &n), 0);
        bide_json_each each = bide_json_each_of(j);
        const char *name;
        const bide_json *value;
        while (bide_json_each_next(&each, &name, &value) > 0)
            sum += (long)bide_json_count(value);
        bide_json *copy;
        CHECK_EQ(bide_json_copy(bide_json_get(j, "a"), &copy), 0);
        bide_json_free(copy);
    }
    return (void *)(sum != 0 ? argument : NULL);
}

TEST(threads_read_one_tree)
{
    pthread_t threads[3];
    parse_tree();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, read_tree, tree), 0);
    for (int i = 0; i < 3; i++) {
        void *result;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK(result == tree);
    }
    bide_json_free(tree);
}
