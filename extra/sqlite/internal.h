/*
 * internal.h: how the parts of libbide-sqlite hang together.
 *
 *   work.c   what runs on the pool's thread: open, statements, close; errors
 *   rows.c   results
 *   step.c   the future that gets work done on the pool, and interrupts it
 *   close.c  the future that ends a handle
 *   sql.c    the calls, in async C: their order, and waiting for locks
 *
 * Invariants
 *  - Whoever has reserved the one place of db->turn has the handle: the connection, the error text.
 *    While its work is on the pool, only the pool's thread touches them, but for sqlite3_interrupt.
 *  - No statement is open between two pieces of work, so a late interrupt hits nothing.
 *  - Waiting for another connection's lock takes no thread: the work ends with -EBUSY and is given
 *    to the pool again after a pause.
 */
#ifndef BIDE_EXTRA_SQLITE_INTERNAL_H
#define BIDE_EXTRA_SQLITE_INTERNAL_H

#include "runtime/internal.h"

#include <bide/sqlite.h>
#include <bide/sync.h>

#include <sqlite3.h>

struct bide_sql {
    sqlite3 *connection;
    bide_sender *turn; /* of a channel with one place */
    bide_receiver *turn_keeper;
    struct bide_segment *close_memory; /* for the frame of bide_sql_close; NULL: it was lent */
    bide_sql_options options;          /* with its defaults filled in */
    char error[256];
};

/* ---- rows.c ---- */

bide_sql_rows *bide__sql_rows_new(size_t bytes_max);

/* Begins it anew. */
void bide__sql_rows_clear(bide_sql_rows *rows);

/* Take the columns' names, a row, the counts at the end. 0, -ENOMEM or -EMSGSIZE. */
int bide__sql_rows_begin(bide_sql_rows *rows, sqlite3_stmt *statement);
int bide__sql_rows_add(bide_sql_rows *rows, sqlite3_stmt *statement);
void bide__sql_rows_end(bide_sql_rows *rows, sqlite3 *connection);

/* ---- work.c ---- */

/* For the pool. In the frame of the call, which waits for it. */
struct bide__sql_work {
    int (*run)(struct bide__sql_work *work); /* 0 or a negative errno */
    bide_sql *db;
    const char *text;       /* the path, or what is left to run of the statements */
    bide_sql_values values; /* of the one statement */
    bide_sql_rows *rows;    /* NULL: rows are dropped */
    int result;
    bool interruptible; /* the connection stays as it is while it runs */
    bool cancelled;     /* atomic: set once, by the task; the thread gives up as soon as it can */
};

int bide__sql_open(struct bide__sql_work *work);
int bide__sql_exec(struct bide__sql_work *work);
int bide__sql_query(struct bide__sql_work *work);
int bide__sql_close(struct bide__sql_work *work);

/* ---- sql.c ---- */

/* What a handle consists of besides the connection. */
void bide__sql_free_handle(bide_sql *db);

/* ---- close.c ---- */

size_t bide__sql_close_frame_size(void);

/* ---- step.c ---- */

/*
 * Leaf: runs the work once, on the pool, and returns work->result. A request to cancel interrupts
 * it; the leaf ends when the thread has stopped, cancelled if that was why.
 */
bide_async int bide__sql_step(struct bide__sql_work *work);

#endif
