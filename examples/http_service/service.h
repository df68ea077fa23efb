/*
 * service.h: a service that keeps notes, and the four parts that it is made of.
 *
 *   http.c    protocol and parsing: routes, what comes in, what goes out; it knows no SQL
 *   notes.c   the application: notes in SQLite; it knows no HTTP
 *   jobs.c    what runs beside the requests: notes that have expired are removed
 *   main.c    the beginning and the end: the command line, and a shutdown in good order
 *
 * What they share is `struct service`. It is made once, in main, and outlives all tasks.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <bide/bide.h>
#include <bide/http_route.h>
#include <bide/sqlite.h>

#include <stdatomic.h>
#include <stdint.h>

/* ---- shared state ---- */

/* What has been done so far. Requests may be served on several threads, so these are atomic. */
struct counters {
    _Atomic(uint64_t) requests, failures, microseconds, expired;
};

struct service {
    bide_sql *db; /* calls on it wait for each other, so all tasks may use it */
    struct counters counters;
    bide_shutdown stop;
};

/* ---- notes.c: all return 0 or a negative errno ---- */

enum { TEXT_MAX_BYTES = 10000, LIST_MAX = 100 };

/* Opens the database and makes the table. */
async int notes_open(struct service *s, const char *path);

/* Adds a note, which expires after `seconds`, or never if that is 0. */
async int notes_add(struct service *s, const char *text, int64_t seconds, int64_t *id);

/* -ENOENT: there is no such note. */
async int notes_change(struct service *s, int64_t id, const char *text);
async int notes_remove(struct service *s, int64_t id);

/* One note, or those with greater ids than `after`, at most `limit`. The columns are those of enum
 * column. The caller frees the rows. */
async int notes_find(struct service *s, int64_t id, bide_sql_rows **rows);
async int notes_list(struct service *s, int64_t after, int64_t limit, bide_sql_rows **rows);

enum column { NOTE_ID, NOTE_TEXT, NOTE_CREATED, NOTE_EXPIRES };

/* Removes the notes that have expired; returns how many. */
async int notes_expire(struct service *s);

/* ---- http.c ---- */

/* The routes. The caller drops the router. */
int http_router(struct service *s, bide_http_router **router);

/* ---- jobs.c ---- */

/* Runs until the service ends. */
async int jobs_run(struct service *s, bide_duration period);

#endif
