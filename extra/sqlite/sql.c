/*
 * sql.c: the calls, in async C. Each waits for its turn, has its work done on the pool, and, as
 * long as another connection holds a lock that it needs, tries again after a pause.
 */
#include "internal.h"

#include <bide/time.h>

enum { PAUSE_MS_MIN = 1, PAUSE_MS_MAX = 64 };

/* Has the work done, with the turn. */
static bide_async int run(struct bide__sql_work *work)
{
    bide_sql *db = work->db;
    int64_t end_ns = bide__deadline(db->options.busy_timeout);
    int pause_ms = PAUSE_MS_MIN;
    for (;;) {
        int n = bide_await bide__sql_step(work);
        if (n != -EBUSY || bide__clock_ns() >= end_ns)
            return n;
        bide_await bide_sleep(BIDE_MS(pause_ms));
        if (pause_ms < PAUSE_MS_MAX)
            pause_ms *= 2;
    }
}

static bide_async int run_in_turn(struct bide__sql_work *work)
{
    bide_sender *turn = work->db->turn;
    int n = bide_await bide_channel_reserve(turn);
    if (n < 0)
        return n;
    bide_defer {
        bide_channel_unreserve(turn);
    }
    return bide_await run(work);
}

void bide__sql_free_handle(bide_sql *db)
{
    bide_sender_drop(db->turn);
    bide_receiver_drop(db->turn_keeper);
    bide__reserve_free(db->close_memory);
    bide__free(db, sizeof *db);
}

static bide_sql *new_handle(const bide_sql_options *options)
{
    bide_sql *db = bide__alloc(sizeof *db);
    if (db == NULL)
        return NULL;
    *db = (bide_sql){0};
    if (options != NULL)
        db->options = *options;
    if (db->options.busy_timeout.ns == 0)
        db->options.busy_timeout = BIDE_S(5);
    if (db->options.rows_max_bytes == 0)
        db->options.rows_max_bytes = (size_t)64 << 20;
    db->close_memory = bide__reserve_new(bide__sql_close_frame_size());
    if (db->close_memory == NULL || bide_channel_new(1, 1, NULL, &db->turn, &db->turn_keeper) < 0) {
        bide__sql_free_handle(db);
        return NULL;
    }
    return db;
}

bide_async int bide_sql_open(bide_sql **out, const char *path, const bide_sql_options *options)
{
    bool given_away = false;
    *out = NULL;
    bide_sql *db = new_handle(options);
    if (db == NULL)
        return -ENOMEM;
    bide_defer {
        if (!given_away)
            bide_await bide_sql_close(db);
    }
    struct bide__sql_work work = {.run = bide__sql_open, .db = db, .text = path};
    int n = bide_await bide__sql_step(&work);
    if (n != -ENOMEM) {
        *out = db;
        given_away = true;
    }
    return n;
}

bide_async int bide_sql_exec(bide_sql *db, const char *sql)
{
    struct bide__sql_work work = {
        .run = bide__sql_exec, .db = db, .text = sql, .interruptible = true};
    return bide_await run_in_turn(&work);
}

bide_async int bide_sql_query(bide_sql *db, bide_sql_rows **rows, const char *sql,
                              bide_sql_values values)
{
    struct bide__sql_work work = {
        .run = bide__sql_query, .db = db, .text = sql, .values = values, .interruptible = true};
    if (rows != NULL) {
        *rows = NULL;
        work.rows = bide__sql_rows_new(db->options.rows_max_bytes);
        if (work.rows == NULL)
            return -ENOMEM;
    }
    bide_defer {
        bide_sql_rows_free(work.rows);
    }
    int n = bide_await run_in_turn(&work);
    if (n == 0 && rows != NULL) {
        *rows = work.rows;
        work.rows = NULL;
    }
    return n;
}

const char *bide_sql_error(const bide_sql *db)
{
    return db == NULL ? "out of memory" : db->error;
}
