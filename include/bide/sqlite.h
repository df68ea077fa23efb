/*
 * bide/sqlite.h: SQLite, on the blocking pool. Link with -lbide-sqlite.
 *
 *     bide_sql *db = NULL;
 *     defer { await bide_sql_close(db); }
 *     int n = await bide_sql_open("people.db", NULL, &db);
 *     ...
 *     bide_sql_rows *rows = NULL;
 *     defer { bide_sql_rows_free(rows); }
 *     n = await bide_sql_query(db, "SELECT nickname FROM people WHERE login = ?",
 *                              BIDE_SQL_VALUES(bide_sql_text(login)), &rows);
 *     if (n == 0 && bide_sql_row_count(rows) > 0)
 *         puts(bide_sql_get_text(rows, 0, 0));
 *
 * SQLite blocks, so every call runs on a thread of the blocking pool while the executor goes on.
 * The calls on one handle run one after another, in the order in which they began; a handle is a
 * connection that no two threads use at once. So tasks may share a handle, but not a transaction: a
 * BEGIN of one task would include the statements of another. Give several statements to one
 * bide_sql_exec, or open a handle for each task. A call that has begun goes on while its runtime
 * runs, whether or not somebody awaits it: if it is in a future (bide/future.h) that nobody drives,
 * it has its result when it is next driven, and it holds up no other call. What the call was given
 * stays borrowed until it has ended.
 *
 * Tasks of any runtime, even of several at once, may call the async functions; but a call whose
 * runtime does not run meanwhile holds up those after it. The other functions may be called on any
 * thread, for one object by one thread at a time. SQLite uses its own allocator, results use
 * bide's.
 */
#ifndef BIDE_SQLITE_H
#define BIDE_SQLITE_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_sql bide_sql;
typedef struct bide_sql_rows bide_sql_rows;

/* ---- values ---- */

typedef enum bide_sql_type {
    BIDE_SQL_NULL,
    BIDE_SQL_INT,
    BIDE_SQL_REAL,
    BIDE_SQL_TEXT,
    BIDE_SQL_BLOB
} __attribute__((__mode__(__SI__))) bide_sql_type;

typedef struct bide_sql_value {
    bide_sql_type type;
    union {
        int64_t integer;
        double real;
        const void *data; /* of a text or blob: `size` bytes; in results a zero byte follows them */
    };
    size_t size;
} bide_sql_value;

/* These make a value. They do not copy texts and blobs, which must stay unchanged until the call
 * has ended. */

/* SQL's NULL. */
static __inline__ bide_sql_value bide_sql_null(void)
{
    bide_sql_value v = {BIDE_SQL_NULL, {0}, 0};
    return v;
}

/* A whole number. */
static __inline__ bide_sql_value bide_sql_int(int64_t integer)
{
    bide_sql_value v = {BIDE_SQL_INT, {integer}, 0};
    return v;
}

/* A number with a fraction. */
static __inline__ bide_sql_value bide_sql_real(double real)
{
    bide_sql_value v = {BIDE_SQL_REAL, {0}, 0};
    v.real = real;
    return v;
}

/* `size` bytes. */
static __inline__ bide_sql_value bide_sql_blob(const void *data, size_t size)
{
    bide_sql_value v = {BIDE_SQL_BLOB, {0}, size};
    v.data = data;
    return v;
}

/* `text` is UTF-8. NULL becomes SQL's NULL. */
static __inline__ bide_sql_value bide_sql_text(const char *text)
{
    bide_sql_value v = {BIDE_SQL_NULL, {0}, 0};
    if (text != NULL) {
        v = bide_sql_blob(text, strlen(text));
        v.type = BIDE_SQL_TEXT;
    }
    return v;
}

/* The values for a statement's parameters, in order. */
typedef struct bide_sql_values {
    const bide_sql_value *values;
    size_t count;
} bide_sql_values;

#define BIDE_SQL_NONE ((bide_sql_values){NULL, 0})
#define BIDE_SQL_VALUES(...)                                  \
    ((bide_sql_values){(const bide_sql_value[]){__VA_ARGS__}, \
                       sizeof((const bide_sql_value[]){__VA_ARGS__}) / sizeof(bide_sql_value)})

/* ---- handles ---- */

/* Zero in a member means the default. */
typedef struct bide_sql_options {
    bool read_only;
    bide_duration
        busy_timeout;      /* how long to wait for another connection's lock; 0: 5 s; negative: not
                              at all */
    size_t rows_max_bytes; /* of one result's rows; 0: 64 MiB */
} bide_sql_options;

/*
 * The errors of all functions below, in addition to those that their comments name:
 *   -EINVAL    SQLite does not understand the statement, or it and its values do not go together
 *   -EEXIST    a PRIMARY KEY or UNIQUE constraint forbids it; -EDOM: another constraint does
 *   -EBUSY     another connection held its lock for the whole busy_timeout
 *   -ENOSPC    the disk is full; -EIO: it failed; -EROFS: it, or the handle, is read-only
 *   -ENOENT    the file cannot be opened; -EACCES and others of open(2) likewise
 *   -EBADMSG   the file is no database, or damaged
 *   -EMSGSIZE  the result is larger than rows_max_bytes, or a value is too large for SQLite
 *   -ENOMEM, and -EPROTO for what has no place here
 */

/*
 * Opens the database file at `path`, creating it if it does not exist; ":memory:" is a private
 * database in memory. `options` may be NULL. *db must be NULL before the call. Returns 0 or an
 * error; in both cases the caller must close *db. After an error, only bide_sql_error and
 * bide_sql_close may be called with it; after -ENOMEM *db is NULL. Cancelled: nothing is open and
 * *db is NULL. (If the database was open before the request to cancel, the call returns 0.)
 */
bide_must_use bide_async int bide_sql_open(const char *path, const bide_sql_options *options,
                                           bide_sql **db bide_gives(bide_sql_close));

/*
 * Waits for earlier calls, closes the database, which rolls back an open transaction, and frees the
 * handle. No calls may follow; a call that has ended in a future that nobody drives may still be
 * got. NULL is ignored. Returns 0. Cancelled, even by a shutdown past its deadline: it closes all
 * the same. An await of it does not fail for lack of memory, since what it needs was put aside when
 * the handle was opened. Only if a task has to be made for it may there be no memory. Then nothing
 * has happened and the handle is as good as before: a call in plain code returns -ENOMEM (or
 * -ENXIO), and bide_spawn fails as for any call.
 */
bide_async int bide_sql_close(bide_sql *db);

/*
 * Runs all statements of `sql`, one after another, up to the first that fails; their rows are
 * dropped. Other calls on the handle run before or after all of them. Returns 0 or an error.
 *
 * Cancelled: the running statement is interrupted, and the call ends when its thread has stopped.
 * That statement had no effect; those before it took effect. In an explicit transaction, an
 * interrupted INSERT, UPDATE or DELETE rolls back the whole transaction. (If all statements were
 * done before the request to cancel, the call returns its result.)
 */
bide_must_use bide_async int bide_sql_exec(bide_sql *db, const char *sql);

/*
 * Runs one statement with `values` for its parameters (?, ?1, :name). `values` and what they point
 * to are only read, until the call has ended. Returns 0 and stores the result in *rows, which the
 * caller frees with bide_sql_rows_free; if `rows` is NULL the rows are dropped. On an error *rows
 * is NULL. Cancelled: as for bide_sql_exec; there is no result.
 */
bide_must_use bide_async int bide_sql_query(bide_sql *db, const char *sql, bide_sql_values values,
                                            bide_sql_rows **rows bide_gives(bide_sql_rows_free));

/*
 * What went wrong in the last call on this handle that returned an error, as text for people. Read
 * it before the next await. The text belongs to the handle. For a NULL handle it is "out of
 * memory".
 */
const char *bide_sql_error(const bide_sql *db);

/* ---- results ---- */

/* Frees a result. NULL is ignored. */
void bide_sql_rows_free(bide_sql_rows *rows);

/* The size of the result. A statement such as INSERT has neither rows nor columns. */
size_t bide_sql_row_count(const bide_sql_rows *rows);
size_t bide_sql_column_count(const bide_sql_rows *rows);

/* How many rows an INSERT, UPDATE or DELETE changed; and the rowid of the last row inserted. */
int64_t bide_sql_changes(const bide_sql_rows *rows);
int64_t bide_sql_last_id(const bide_sql_rows *rows);

/* Rows and columns count from 0 and must exist. What these return belongs to the result. */
const char *bide_sql_column_name(const bide_sql_rows *rows, size_t column);
const bide_sql_value *bide_sql_get(const bide_sql_rows *rows, size_t row, size_t column);

/* The value as one type: NULL if it is not a text, 0 if it is not a number. bide_sql_get_int rounds
 * a real number towards zero, and returns 0 if that does not fit. */
const char *bide_sql_get_text(const bide_sql_rows *rows, size_t row, size_t column);
int64_t bide_sql_get_int(const bide_sql_rows *rows, size_t row, size_t column);
double bide_sql_get_real(const bide_sql_rows *rows, size_t row, size_t column);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
