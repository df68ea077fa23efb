/*
 * bide_json_writer_flush: a writer's text goes to a stream, a slow peer holds it up, and nothing is
 * lost when it is cancelled or fails. Outside of any runtime, on another one, and at home.
 */
#include <bide/json.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdlib.h>

#include "outside.h"

enum { ITEMS = 60 };

static bide_stream *here, *there;
static bide_writer *to;
static bide_json_writer *w;
static char got[8000];
static size_t got_size;

static void prepare(void)
{
    CHECK_EQ(bide_stream_pair(64, &here, &there), 0);
    CHECK_EQ(bide_writer_new(here, 50, &to), 0);
    CHECK_EQ(bide_json_writer_new(NULL, &w), 0);
    got_size = 0;
}

static void clean(void)
{
    bide_json_writer_free(w);
    bide_writer_free(to);
    bide_stream_close(here);
    bide_stream_close(there);
}

static void check_got(void)
{
    bide_json *j;
    bide_json_failure why = {0};
    int rc = bide_json_parse(got, got_size, NULL, &why, &j);
    if (rc < 0)
        fprintf(stderr, "%.*s\n%s\n", (int)got_size, got, why.text);
    CHECK_EQ(rc, 0);
    CHECK_EQ(bide_json_count(j), ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        int64_t n = -1;
        CHECK_EQ(bide_json_get_i64(bide_json_item(j, i), "n", &n), 0);
        CHECK_EQ(n, i);
    }
    bide_json_free(j);
}

/* ---- a long text ---- */

static size_t most; /* in the buffer */

static async int write_items(void)
{
    bide_json_writer_begin_array(w);
    for (int i = 0; i < ITEMS; i++) {
        bide_json_writer_pack(w, "{s:i, s:s}", "n", i, "text",
                              "as long as it takes to be in the way");
        size_t size;
        bide_json_writer_data(w, &size);
        most = size > most ? size : most;
        int rc = await bide_json_writer_flush(w, to);
        if (rc < 0)
            return rc;
    }
    bide_json_writer_end(w);
    int rc = bide_json_writer_finish(w);
    if (rc == 0)
        rc = await bide_json_writer_flush(w, to);
    if (rc == 0)
        rc = await bide_writer_flush(to);
    if (rc == 0)
        rc = bide_stream_shutdown(here);
    return rc;
}

static async int read_items(void)
{
    ssize_t n;
    while ((n = await bide_stream_read(there, got + got_size, sizeof got - got_size)) > 0)
        got_size += (size_t)n;
    return (int)n;
}

static async int both(void)
{
    return await bide_try_join(write_items(), read_items());
}

TEST(a_slow_peer_holds_the_writer_up)
{
    prepare();
    CHECK_EQ(bide_block_on(both()), 0);
    check_got();
    CHECK(most < 100);
    clean();
}

/* ---- cancelled ---- */

/* Whoever flushes is cancelled somewhere; what was written before is all there, once, and the next
 * flush goes on. */
static async int flush_items(void)
{
    bide_json_writer_begin_array(w);
    for (int i = 0; i < ITEMS; i++)
        bide_json_writer_pack(w, "{s:i}", "n", i);
    bide_json_writer_end(w);
    int rc = await bide_json_writer_flush(w, to);
    if (rc == 0)
        rc = await bide_writer_flush(to);
    return rc;
}

static async int drain_some(void)
{
    ssize_t n = await bide_stream_read(there, got + got_size, 40);
    if (n > 0)
        got_size += (size_t)n;
    return n > 0 ? 0 : (int)n;
}

static async int finish(void)
{
    int rc = await bide_json_writer_flush(w, to);
    if (rc == 0)
        rc = await bide_writer_flush(to);
    if (rc == 0)
        rc = bide_stream_shutdown(here);
    return rc;
}

static async int finish_both(void)
{
    return await bide_try_join(finish(), read_items());
}

static async int flush_for_a_while(int reads)
{
    int rc = 0;
    await bide_select_biased(({ rc = await flush_items(); }), ({
                                 for (int i = 0; i < reads; i++)
                                     await drain_some();
                             }));
    return rc;
}

TEST(a_cancelled_flush_goes_on)
{
    for (int reads = 1; reads < 20; reads++) {
        prepare();
        CHECK_EQ(bide_block_on(flush_for_a_while(reads)), 0);
        CHECK_EQ(bide_block_on(finish_both()), 0);
        check_got();
        clean();
    }
}

/* ---- errors ---- */

TEST(an_error_of_the_stream_loses_nothing)
{
    prepare();
    bide_stream_close(there);
    there = NULL;
    for (int i = 0; i < ITEMS; i++)
        bide_json_writer_begin_array(w);
    size_t before, after;
    bide_json_writer_data(w, &before);
    CHECK_ERR(bide_block_on(bide_json_writer_flush(w, to)), -EPIPE);
    bide_json_writer_data(w, &after);
    CHECK_EQ(after, before);
    clean();
}

TEST(an_error_of_the_writer_is_returned_after_the_text)
{
    prepare();
    bide_json_writer_begin_array(w);
    bide_json_writer_key(w, "a");
    CHECK_ERR(bide_block_on(bide_json_writer_flush(w, to)), -EPROTO);
    CHECK_EQ(bide_writer_buffered(to), 1);
    CHECK_STR(bide_json_writer_data(w, NULL), "");
    CHECK_ERR(bide_block_on(bide_json_writer_flush(w, to)), -EPROTO);
    clean();
}

/* ---- elsewhere ---- */

static async int flushes(void)
{
    bide_json_writer_i64(w, 1);
    return await bide_json_writer_flush(w, to);
}

static const struct row rows[] = {
    /* It has room in the buffer, so nobody waits. */
    {"bide_json_writer_flush", CALL_OF(flushes), 0, 0, 0},
};

TEST(outside_elsewhere_and_at_home)
{
    check_rows(rows, 1, prepare, clean);
    CHECK_EQ(check_covers("json", rows, 1), 1);
}
