/*
 * sql.c: the public functions, in async C. Each makes a call for the handle's list and waits for
 * it.
 */
#include "internal.h"

bide_async int bide_sql_open(const char *path, const bide_sql_options *options, bide_sql **out)
{
    bool given_away = false;
    *out = NULL;
    bide_sql *db = bide__sql_handle_new(options);
    if (db == NULL)
        return -ENOMEM;
    bide_defer {
        if (!given_away)
            bide_await bide_sql_close(db);
    }
    struct bide__sql_call call = {.run = bide__sql_open, .db = db, .text = path};
    int n = bide_await bide__sql_call_run(&call);
    if (n != -ENOMEM) {
        *out = db;
        given_away = true;
    }
    return n;
}

bide_async int bide_sql_exec(bide_sql *db, const char *sql)
{
    struct bide__sql_call call = {
        .run = bide__sql_exec, .db = db, .text = sql, .interruptible = true};
    return bide_await bide__sql_call_run(&call);
}

bide_async int bide_sql_query(bide_sql *db, const char *sql, bide_sql_values values,
                              bide_sql_rows **rows)
{
    struct bide__sql_call call = {
        .run = bide__sql_query, .db = db, .text = sql, .values = values, .interruptible = true};
    if (rows != NULL) {
        *rows = NULL;
        call.rows = bide__sql_rows_new(db->options.rows_max_bytes);
        if (call.rows == NULL)
            return -ENOMEM;
    }
    bide_defer {
        bide_sql_rows_free(call.rows);
    }
    int n = bide_await bide__sql_call_run(&call);
    if (n == 0 && rows != NULL) {
        *rows = call.rows;
        call.rows = NULL;
    }
    return n;
}

const char *bide_sql_error(const bide_sql *db)
{
    return db == NULL ? "out of memory" : db->error;
}
