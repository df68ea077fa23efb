/*
 * internal.h: how the parts of libbide-sqlite hang together.
 *
 *   work.c   what runs on the pool's thread: open, statements, close; errors
 *   rows.c   results
 *   life.c   the life of a call: its states, and what happens between them
 *   call.c   the future that waits for a call
 *   close.c  the future that ends a handle
 *   sql.c    the public calls, in async C
 *
 * Invariants
 *  - Calls stand on the handle's list in the order in which they began. The first has the turn: the
 *    connection is its. While its job is on the pool, only the pool's thread touches that, but for
 *    sqlite3_interrupt.
 *  - The job, the pause and the messages are the handle's, and what they wake is the handle. So a
 *    call goes on, and gives the turn to the next, whether or not somebody polls it or any other.
 *  - A call is a part of the frame that waits for it. When it has ended it is off the list, and its
 *    result and the text of its error wait in it.
 *  - What happens to a call at its turn happens on the thread of its own runtime. Only the list,
 *    the states and the wakers are seen by several threads, under the handle's lock.
 *  - No statement is open between two jobs, so a late interrupt hits nothing.
 *  - Waiting for another connection's lock takes no thread: the job ends with -EBUSY and is given
 *    to the pool again after a pause.
 */
#ifndef BIDE_EXTRA_SQLITE_INTERNAL_H
#define BIDE_EXTRA_SQLITE_INTERNAL_H

#include "runtime/internal.h"

#include <bide/abi.h>
#include <bide/sqlite.h>

#include <sqlite3.h>

#include "extra/sqlite/life.h"

enum { BIDE__SQL_ERROR_SIZE = 256 };

struct bide_sql {
    struct bide_wakeable self; /* what the job and the pause wake */
    uint32_t lock;
    bool closed;    /* it goes with the last of `calls` */
    uint32_t calls; /* that have begun and are not GONE */
    struct bide__sql_call *first, *last;
    struct bide__sql_call *working; /* whose job it is */
    struct bide_job job;
    struct bide__post post;   /* to the runtime of the first call */
    struct bide__timer pause; /* on that runtime */
    sqlite3 *connection;
    struct bide_segment *close_memory; /* for the frame of bide_sql_close; NULL: it was lent */
    bide_sql_options options;          /* with its defaults filled in */
    char error[BIDE__SQL_ERROR_SIZE];  /* of the last call that was taken and had failed */
};

/* ---- rows.c ---- */

bide_sql_rows *bide__sql_rows_new(size_t bytes_max);

/* Begins it anew. */
void bide__sql_rows_clear(bide_sql_rows *rows);

/* Take the columns' names, a row, the counts at the end. 0, -ENOMEM or -EMSGSIZE. */
int bide__sql_rows_begin(bide_sql_rows *rows, sqlite3_stmt *statement);
int bide__sql_rows_add(bide_sql_rows *rows, sqlite3_stmt *statement);
void bide__sql_rows_end(bide_sql_rows *rows, sqlite3 *connection);

/* ---- life.c ---- */

/* A call, in the frame that waits for it. Zeroes but for the first group. */
struct bide__sql_call {
    int (*run)(struct bide__sql_call *call); /* on the pool: 0 or a negative errno */
    bide_sql *db;
    const char *text;       /* the path, or what is left to run of the statements */
    bide_sql_values values; /* of the one statement */
    bide_sql_rows *rows;    /* NULL: rows are dropped */
    bool interruptible;     /* the connection stays as it is while it runs */
    bool closes;

    bool cancelled;             /* atomic: set once; the pool's thread gives up as soon as it can */
    enum bide__sql_state state; /* under the handle's lock */
    struct bide__sql_call *next, *previous;
    struct bide_runtime *runtime; /* of whoever polls it; NULL: none */
    bide_waker waker;             /* a clone, while it is listed */
    int64_t end_ns;               /* when it gives up waiting for another's lock */
    int pause_ms;
    int result;
    char error[BIDE__SQL_ERROR_SIZE];
};

#ifdef BIDE_CHECK_STATES
/* The pairs that there have been, for tests. */
extern _Atomic(bool) bide__sql_seen[BIDE__SQL_STATES][BIDE__SQL_EVENTS];
#endif

/* An event has come: the one transition, and what follows from it on this thread. BEGUN becomes
 * ENTERED if others are before it. Returns the call's state right after it. */
enum bide__sql_state bide__sql_happens(struct bide__sql_call *call, enum bide__sql_event event);

/* Begins a call that `waker` waits for. */
void bide__sql_begin(struct bide__sql_call *call, bide_waker waker);

/* The call is polled, perhaps in another task than before. True: it has ended and was taken. */
bool bide__sql_take(struct bide__sql_call *call, bide_waker waker);

/* It is asked to cancel. */
enum bide_answer bide__sql_cancel(struct bide__sql_call *call);

/* A handle without a connection. NULL: no memory. */
bide_sql *bide__sql_handle_new(const bide_sql_options *options);

/* ---- work.c: on the pool's thread ---- */

int bide__sql_open(struct bide__sql_call *call);
int bide__sql_exec(struct bide__sql_call *call);
int bide__sql_query(struct bide__sql_call *call);
int bide__sql_close(struct bide__sql_call *call);

/* ---- close.c ---- */

size_t bide__sql_close_frame_size(void);

/* ---- call.c ---- */

/*
 * Leaf: has the call done at its turn and returns its result. Cancelled: as the call can be, it is
 * taken off the list or interrupted; in that case the leaf ends when the thread has stopped.
 */
bide_async int bide__sql_call_run(struct bide__sql_call *call);

#endif
