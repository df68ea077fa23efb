/*
 * internal.h: how the parts of libbide-sqlite fit together.
 *
 *   work.c   what runs on the pool's thread: open, statements, close; errors
 *   rows.c   results
 *   life.c   the life of a call: its states, and what happens between them
 *   call.c   the future that waits for a call
 *   close.c  the future that ends a handle
 *   sql.c    the public calls, in async C
 *
 * Invariants
 *  - Calls are on the handle's list in the order in which they began. The first has the turn: it
 *    may use the connection. While its job is on the pool, only the pool's thread touches the
 *    connection, except for sqlite3_interrupt.
 *  - The job, the pause and the messages belong to the handle and wake the handle. So a call goes
 *    on, and passes on the turn, whether or not anybody polls it or any other call.
 *  - A call lies in the frame that waits for it. When it has ended it is off the list, and its
 *    result and the text of its error wait in it.
 *  - A call that has the turn makes its transitions on the thread of its own runtime, or on any
 *    worker of it. The list, the states and the wakers are shared by several threads, under the
 *    handle's lock.
 *  - No statement is open between two jobs, so a late interrupt hits nothing.
 *  - Waiting for another connection's lock occupies no thread: the job ends with -EBUSY and is
 *    given to the pool again after a pause.
 */
#ifndef BIDE_EXTRA_SQLITE_INTERNAL_H
#define BIDE_EXTRA_SQLITE_INTERNAL_H

#include "lib/runtime.h"

#include <bide/abi.h>
#include <bide/sqlite.h>

#include <sqlite3.h>

#include "extra/sqlite/life.h"

enum { BIDE__SQL_ERROR_SIZE = 256 };

struct bide_sql {
    struct bide_wakeable self; /* woken by the job and the pause */
    uint32_t lock;
    bool closed;    /* the handle is freed with the last of `calls` */
    uint32_t calls; /* how many have begun and are not GONE */
    struct bide__sql_call *first, *last;
    struct bide__sql_call *working; /* the call whose job it is */
    struct bide_job job;
    bool on_pool;              /* the job was given to the pool */
    struct bide__post post;    /* to the runtime of the first call */
    struct bide__timer pause;  /* of the runtime of the first call, */
    struct bide__wheel *wheel; /* on this wheel */
    sqlite3 *connection;
    struct bide_segment *close_memory; /* for the frame of bide_sql_close; NULL: lent to it */
    bide_sql_options options;          /* with its defaults filled in */
    char error[BIDE__SQL_ERROR_SIZE];  /* of the last failed call whose result was taken */
};

/* ---- rows.c ---- */

bide_sql_rows *bide__sql_rows_new(size_t bytes_max);

/* Empties it, to begin again. */
void bide__sql_rows_clear(bide_sql_rows *rows);

/* Take the columns' names, then each row, then the counts at the end. Return 0, -ENOMEM or
 * -EMSGSIZE. */
int bide__sql_rows_begin(bide_sql_rows *rows, sqlite3_stmt *statement);
int bide__sql_rows_add(bide_sql_rows *rows, sqlite3_stmt *statement);
void bide__sql_rows_end(bide_sql_rows *rows, sqlite3 *connection);

/* ---- life.c ---- */

/* A call, in the frame that waits for it. Its maker sets the first group; the rest begins as
 * zeroes. */
struct bide__sql_call {
    int (*run)(struct bide__sql_call *call); /* called on the pool; returns 0 or a negative errno */
    bide_sql *db;
    const char *text;       /* the path, or the statements not yet run */
    bide_sql_values values; /* for the parameters of the one statement */
    bide_sql_rows *rows;    /* NULL: rows are dropped */
    bool interruptible;     /* `connection` does not change while it runs */
    bool closes;

    bool cancelled;             /* atomic, set once; makes the pool's thread stop as soon as it
                                   can */
    enum bide__sql_state state; /* under the handle's lock */
    struct bide__sql_call *next, *previous;
    struct bide_runtime *runtime; /* on which it began; NULL: none */
    bide_waker waker;             /* a clone, while the call is on the list */
    int64_t end_ns;               /* when it gives up waiting for another connection's lock */
    int pause_ms;
    int result;
    char error[BIDE__SQL_ERROR_SIZE];
};

#ifdef BIDE_CHECK_STATES
/* The pairs of state and event that have occurred, for tests. */
extern _Atomic(bool) bide__sql_seen[BIDE__SQL_STATES][BIDE__SQL_EVENTS];
#endif

/*
 * Makes the transition for an event, and the transitions that follow from it on this thread; all
 * transitions go through here. BEGUN becomes ENTERED if other calls come first. Returns the call's
 * state right after its own transition.
 */
enum bide__sql_state bide__sql_happens(struct bide__sql_call *call, enum bide__sql_event event);

/* Begins a call; `waker` is woken when it ends. */
void bide__sql_begin(struct bide__sql_call *call, bide_waker waker);

/* For a poll of the call's leaf, perhaps in another task than before. Returns true if the call has
 * ended; then its result is taken. */
bool bide__sql_take(struct bide__sql_call *call, bide_waker waker);

/* Asks the call to cancel; returns the leaf's answer. */
enum bide_answer bide__sql_cancel(struct bide__sql_call *call);

/* Makes a handle without a connection. NULL: no memory. */
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
 * Leaf: runs the call when its turn comes and returns its result. Cancelled: a call that has not
 * begun its work is taken off the list; otherwise it is interrupted, and the leaf ends when the
 * thread has stopped.
 */
bide_async int bide__sql_call_run(struct bide__sql_call *call);

#endif
