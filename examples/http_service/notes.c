/*
 * notes.c: the application. It would be the same behind a command line or a queue of messages:
 * values come in, values go out, and what goes wrong is a negative errno.
 */
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Notes that have expired are gone, even if the job has not removed them yet. */
#define IS_LIVE "(expires IS NULL OR expires > unixepoch())"

/* Tells on stderr what SQLite says, which no client needs to know. */
static int checked(struct service *s, int rc)
{
    if (rc < 0 && rc != -EBUSY && rc != -ECANCELED)
        fprintf(stderr, "the database: %s\n", bide_sql_error(s->db));
    return rc;
}

async int notes_open(struct service *s, const char *path)
{
    int rc = await bide_sql_open(path, NULL, &s->db);
    if (rc == 0)
        rc = await bide_sql_exec(s->db, "CREATE TABLE IF NOT EXISTS notes("
                                        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                                        " text TEXT NOT NULL,"
                                        " created INTEGER NOT NULL,"
                                        " expires INTEGER);"
                                        "CREATE INDEX IF NOT EXISTS by_end ON notes(expires)");
    return checked(s, rc);
}

/* Runs a statement that has no rows. Returns how many it has changed. */
static async int change(struct service *s, const char *sql, bide_sql_values values, int64_t *id)
{
    bide_sql_rows *rows = NULL;
    defer {
        bide_sql_rows_free(rows);
    }
    int rc = await bide_sql_query(s->db, sql, values, &rows);
    if (rc < 0)
        return checked(s, rc);
    if (id != NULL)
        *id = bide_sql_last_id(rows);
    return (int)bide_sql_changes(rows);
}

async int notes_add(struct service *s, const char *text, int64_t seconds, int64_t *id)
{
    int64_t now = time(NULL);
    bide_sql_value expires = seconds > 0 ? bide_sql_int(now + seconds) : bide_sql_null();
    int rc = await change(s, "INSERT INTO notes(text, created, expires) VALUES(?, ?, ?)",
                          BIDE_SQL_VALUES(bide_sql_text(text), bide_sql_int(now), expires), id);
    return rc < 0 ? rc : 0;
}

async int notes_change(struct service *s, int64_t id, const char *text)
{
    int rc = await change(s, "UPDATE notes SET text = ? WHERE id = ? AND " IS_LIVE,
                          BIDE_SQL_VALUES(bide_sql_text(text), bide_sql_int(id)), NULL);
    return rc > 0 ? 0 : rc < 0 ? rc : -ENOENT;
}

async int notes_remove(struct service *s, int64_t id)
{
    int rc = await change(s, "DELETE FROM notes WHERE id = ? AND " IS_LIVE,
                          BIDE_SQL_VALUES(bide_sql_int(id)), NULL);
    return rc > 0 ? 0 : rc < 0 ? rc : -ENOENT;
}

async int notes_find(struct service *s, int64_t id, bide_sql_rows **rows)
{
    int rc = await bide_sql_query(
        s->db, "SELECT id, text, created, expires FROM notes WHERE id = ? AND " IS_LIVE,
        BIDE_SQL_VALUES(bide_sql_int(id)), rows);
    if (rc == 0 && bide_sql_row_count(*rows) == 0) {
        bide_sql_rows_free(*rows);
        *rows = NULL;
        rc = -ENOENT;
    }
    return rc == -ENOENT ? rc : checked(s, rc);
}

async int notes_list(struct service *s, int64_t after, int64_t limit, bide_sql_rows **rows)
{
    return checked(
        s, await bide_sql_query(s->db,
                                "SELECT id, text, created, expires FROM notes"
                                " WHERE id > ? AND " IS_LIVE " ORDER BY id LIMIT ?",
                                BIDE_SQL_VALUES(bide_sql_int(after), bide_sql_int(limit)), rows));
}

async int notes_expire(struct service *s)
{
    return await change(s, "DELETE FROM notes WHERE NOT " IS_LIVE, BIDE_SQL_NONE, NULL);
}
