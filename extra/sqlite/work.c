/*
 * work.c: what runs on the pool's thread.
 *
 * Work is interrupted in two ways, since neither suffices: sqlite3_interrupt works at once, but
 * does nothing before a statement runs; the progress handler, called every PROGRESS_STEPS
 * instructions of SQLite's machine, sees the flag whenever it was set.
 */
#include "internal.h"

#include <stdio.h>

enum { PROGRESS_STEPS = 1000 };

static bool is_cancelled(const struct bide__sql_call *call)
{
    return __atomic_load_n(&call->cancelled, __ATOMIC_ACQUIRE);
}

static int on_progress(void *call)
{
    return is_cancelled(call);
}

/* ---- errors ---- */

static int system_error(sqlite3 *connection, int otherwise)
{
    int error = connection == NULL ? 0 : sqlite3_system_errno(connection);
    return error > 0 ? -error : otherwise;
}

static int errno_of(sqlite3 *connection, int code)
{
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE ||
        code == SQLITE_CONSTRAINT_ROWID)
        return -EEXIST;
    if (code == SQLITE_IOERR_NOMEM)
        return -ENOMEM;
    switch (code & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE: return -EINVAL;
    case SQLITE_CONSTRAINT: return -EDOM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return -EBUSY;
    case SQLITE_FULL: return -ENOSPC;
    case SQLITE_IOERR: return system_error(connection, -EIO) == -ENOSPC ? -ENOSPC : -EIO;
    case SQLITE_READONLY: return -EROFS;
    case SQLITE_CANTOPEN: return system_error(connection, -ENOENT);
    case SQLITE_PERM:
    case SQLITE_AUTH: return -EACCES;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return -EBADMSG;
    case SQLITE_TOOBIG: return -EMSGSIZE;
    case SQLITE_NOMEM: return -ENOMEM;
    case SQLITE_INTERRUPT: return -ECANCELED;
    default: return -EPROTO;
    }
}

static int fail_with(struct bide__sql_call *call, int error, const char *text)
{
    snprintf(call->error, sizeof call->error, "%s", text);
    return error;
}

/* Records SQLite's own error and returns it as an errno; 0 for SQLITE_OK. */
static int fail(struct bide__sql_call *call, int code)
{
    sqlite3 *connection = call->db->connection;
    if (code == SQLITE_OK)
        return 0;
    const char *text = connection != NULL ? sqlite3_errmsg(connection) : "out of memory";
    return fail_with(call, errno_of(connection, code), text);
}

/* ---- statements ---- */

static int bind_value(sqlite3_stmt *statement, int i, const bide_sql_value *v)
{
    switch (v->type) {
    case BIDE_SQL_INT: return sqlite3_bind_int64(statement, i, v->integer);
    case BIDE_SQL_REAL: return sqlite3_bind_double(statement, i, v->real);
    case BIDE_SQL_TEXT:
        return sqlite3_bind_text64(statement, i, v->data, v->size, SQLITE_STATIC, SQLITE_UTF8);
    case BIDE_SQL_BLOB:
        /* A NULL pointer would become SQL's NULL. */
        return sqlite3_bind_blob64(statement, i, v->size > 0 ? v->data : "", v->size,
                                   SQLITE_STATIC);
    case BIDE_SQL_NULL: break;
    }
    return sqlite3_bind_null(statement, i);
}

static int bind_values(struct bide__sql_call *call, sqlite3_stmt *statement)
{
    size_t count = (size_t)sqlite3_bind_parameter_count(statement);
    if (call->values.count != count) {
        char text[80];
        snprintf(text, sizeof text, "the statement has %zu parameters, but %zu values were given",
                 count, call->values.count);
        return fail_with(call, -EINVAL, text);
    }
    for (size_t i = 0; i < count; i++) {
        int code = bind_value(statement, (int)i + 1, &call->values.values[i]);
        if (code != SQLITE_OK)
            return fail(call, code);
    }
    return 0;
}

/* Runs a statement to its end. */
static int run_statement(struct bide__sql_call *call, sqlite3_stmt *statement)
{
    int n = bind_values(call, statement);
    if (n == 0 && call->rows != NULL)
        n = bide__sql_rows_begin(call->rows, statement);
    while (n == 0) {
        int code = sqlite3_step(statement);
        if (code == SQLITE_DONE)
            break;
        if (code != SQLITE_ROW)
            return fail(call, code);
        if (call->rows != NULL)
            n = bide__sql_rows_add(call->rows, statement);
    }
    if (n == -EMSGSIZE)
        fail_with(call, n, "the result is larger than rows_max_bytes");
    else if (n == -ENOMEM)
        fail_with(call, n, "out of memory");
    else if (n == 0 && call->rows != NULL)
        bide__sql_rows_end(call->rows, call->db->connection);
    return n;
}

/* Compiles the next statement of call->text; *statement is NULL if there is only white space and
 * comments. *rest is what follows. Returns 0 or a negative errno. */
static int prepare(struct bide__sql_call *call, sqlite3_stmt **statement, const char **rest)
{
    if (is_cancelled(call))
        return -ECANCELED;
    sqlite3_progress_handler(call->db->connection, PROGRESS_STEPS, on_progress, call);
    return fail(call, sqlite3_prepare_v2(call->db->connection, call->text, -1, statement, rest));
}

static void finalize(struct bide__sql_call *call, sqlite3_stmt *statement)
{
    sqlite3_finalize(statement);
    sqlite3_progress_handler(call->db->connection, 0, NULL, NULL);
}

int bide__sql_exec(struct bide__sql_call *call)
{
    int n = 0;
    while (n == 0 && *call->text != '\0') {
        sqlite3_stmt *statement = NULL;
        const char *rest = call->text;
        n = prepare(call, &statement, &rest);
        if (n == 0 && statement != NULL)
            n = run_statement(call, statement);
        finalize(call, statement);
        if (n == 0)
            call->text = rest;
    }
    return n;
}

int bide__sql_query(struct bide__sql_call *call)
{
    sqlite3_stmt *statement = NULL, *more = NULL;
    const char *text = call->text, *rest = text;
    if (call->rows != NULL)
        bide__sql_rows_clear(call->rows);
    int n = prepare(call, &statement, &rest);
    if (n == 0 && statement == NULL)
        n = fail_with(call, -EINVAL, "there is no statement");
    if (n == 0) {
        call->text = rest;
        n = prepare(call, &more, &rest);
        call->text = text;
    }
    if (n == 0 && more != NULL)
        n = fail_with(call, -EINVAL, "there is more than one statement");
    if (n == 0)
        n = run_statement(call, statement);
    sqlite3_finalize(more);
    finalize(call, statement);
    return n;
}

/* ---- open and close ---- */

int bide__sql_open(struct bide__sql_call *call)
{
    bide_sql *db = call->db;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |=
        db->options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_threadsafe() == 0)
        return fail_with(call, -EPROTO, "this SQLite was built for one thread");
    int n = fail(call, sqlite3_open_v2(call->text, &db->connection, flags, NULL));
    /* SQLite reads the file only at the first statement, so run one now to detect a file that is
     * not a database. */
    if (n == 0) {
        call->text = "PRAGMA schema_version";
        n = bide__sql_exec(call);
    }
    return n == -EBUSY ? 0 : n;
}

int bide__sql_close(struct bide__sql_call *call)
{
    sqlite3_close(call->db->connection);
    call->db->connection = NULL;
    return 0;
}
