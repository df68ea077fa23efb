/*
 * http.c: protocol and parsing. A handler takes values out of the request, calls the application,
 * and fills in the response, which is sent when it returns. What is wrong with a request is said in
 * one line, by bide_http_fail. All other errors are returned as they are, and become responses in
 * one place: -ENOENT is a 404, and so on (bide_http_error_json, which main gives to the server).
 */
#include "service.h"

#include <bide/http_layer.h>
#include <bide/json.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- JSON out ---- */

/* Writes a note as an object. The writer keeps its first error, so nobody looks at it here. */
static void write_note(bide_json_writer *w, const bide_sql_rows *rows, size_t row)
{
    bide_json_writer_begin_object(w);
    bide_json_writer_pack(w, "'id':I, 'text':s, 'created':I", bide_sql_get_int(rows, row, NOTE_ID),
                          bide_sql_get_text(rows, row, NOTE_TEXT),
                          bide_sql_get_int(rows, row, NOTE_CREATED));
    if (bide_sql_get(rows, row, NOTE_EXPIRES)->type != BIDE_SQL_NULL)
        bide_json_writer_pack(w, "'expires':I", bide_sql_get_int(rows, row, NOTE_EXPIRES));
    bide_json_writer_end(w);
}

static void release(void *writer)
{
    bide_json_writer_free(writer);
}

/* Replies with what was written, and takes the writer, which lives until it was sent. */
static int reply_written(bide_http_exchange *x, bide_json_writer *w)
{
    size_t size;
    int rc = bide_json_writer_finish(w);
    if (rc < 0) {
        bide_json_writer_free(w);
        return rc;
    }
    const char *data = bide_json_writer_data(w, &size);
    return bide_http_reply_owned(x, 200, "application/json", data, size, release, w);
}

/* ---- JSON in ---- */

struct note_in {
    const char *text;
    int64_t seconds;
};

/* {"text": "...", "seconds": 60}; the second one need not be there. */
static async int read_note(bide_http_exchange *x, struct note_in *note)
{
    const bide_json *j;
    bide_json_failure why = {0};
    int rc = await bide_http_body_json(x, &j);
    if (rc < 0)
        return rc;
    note->seconds = 0;
    if (bide_json_unpack(j, &why, bide_json_need("text", &note->text),
                         bide_json_may("seconds", &note->seconds)) < 0)
        return bide_http_fail(x, 422, "%s", why.text);
    if (note->text[0] == '\0' || strlen(note->text) > TEXT_MAX_BYTES)
        return bide_http_fail(x, 422, "text: it has 1 to %d bytes", TEXT_MAX_BYTES);
    if (note->seconds < 0 || note->seconds > 365 * 86400)
        return bide_http_fail(x, 422, "seconds: at most a year");
    return 0;
}

/* ---- handlers ---- */

static async int list_notes(bide_http_exchange *x)
{
    int64_t after, limit;
    bide_sql_rows *rows = NULL;
    bide_json_writer *w;
    defer {
        bide_sql_rows_free(rows);
    }
    int rc = bide_http_query_i64_or(x, "after", 0, &after); /* no number: 400, which names it */
    if (rc == 0)
        rc = bide_http_query_i64_or(x, "limit", 20, &limit);
    if (rc == 0 && (limit < 1 || limit > LIST_MAX))
        return bide_http_fail(x, 400, "limit: 1 to %d", LIST_MAX);
    if (rc == 0)
        rc = await notes_list(bide_http_state(x), after, limit, &rows);
    if (rc == 0)
        rc = bide_json_writer_new(NULL, &w);
    if (rc < 0)
        return rc;
    bide_json_writer_begin_array(w);
    for (size_t row = 0; row < bide_sql_row_count(rows); row++)
        write_note(w, rows, row);
    bide_json_writer_end(w);
    return reply_written(x, w);
}

static async int add_note(bide_http_exchange *x)
{
    struct note_in note;
    int64_t id = 0;
    char location[40];
    int rc = await read_note(x, &note);
    if (rc == 0)
        rc = await notes_add(bide_http_state(x), note.text, note.seconds, &id);
    if (rc < 0)
        return rc;
    snprintf(location, sizeof location, "/notes/%lld", (long long)id);
    rc = bide_http_header_set(x, "Location", location);
    return rc < 0 ? rc : bide_http_reply_json(x, 201, "{'id':I}", id);
}

static async int show_note(bide_http_exchange *x)
{
    int64_t id;
    bide_sql_rows *rows = NULL;
    bide_json_writer *w;
    defer {
        bide_sql_rows_free(rows);
    }
    int rc = bide_http_path_i64(x, "id", &id);
    if (rc == 0)
        rc = await notes_find(bide_http_state(x), id, &rows);
    if (rc == 0)
        rc = bide_json_writer_new(NULL, &w);
    if (rc < 0)
        return rc;
    write_note(w, rows, 0);
    return reply_written(x, w);
}

static async int change_note(bide_http_exchange *x)
{
    struct note_in note;
    int64_t id;
    int rc = bide_http_path_i64(x, "id", &id);
    if (rc == 0)
        rc = await read_note(x, &note);
    if (rc == 0)
        rc = await notes_change(bide_http_state(x), id, note.text);
    return rc < 0 ? rc : bide_http_reply_status(x, 204);
}

static async int remove_note(bide_http_exchange *x)
{
    int64_t id;
    int rc = bide_http_path_i64(x, "id", &id);
    if (rc == 0)
        rc = await notes_remove(bide_http_state(x), id);
    return rc < 0 ? rc : bide_http_reply_status(x, 204);
}

static async int show_counters(bide_http_exchange *x)
{
    struct service *s = bide_http_state(x);
    return bide_http_reply_json(x, 200,
                                "{'requests':U, 'failures':U, 'microseconds':U, 'expired':U}",
                                (uint64_t)s->counters.requests, (uint64_t)s->counters.failures,
                                (uint64_t)s->counters.microseconds, (uint64_t)s->counters.expired);
}

/* Takes three seconds, to see the service end with a request under way. */
static async int slow(bide_http_exchange *x)
{
    int rc = await bide_sleep(BIDE_S(3));
    return rc < 0 ? rc : bide_http_reply_text(x, 200, "done\n");
}

/* ---- middleware ---- */

/* Counts the requests and their time. It is a function like a handler, round all others. */
static async int count(bide_http_exchange *x)
{
    struct service *s = bide_http_state(x);
    bide_instant begin = bide_now();
    int rc = await bide_http_next(x);
    s->counters.requests++;
    s->counters.failures += rc < 0 || bide_http_reply_status_of(x) >= 500;
    s->counters.microseconds += (uint64_t)(bide_elapsed(begin).ns / 1000);
    return rc;
}

static const bide_http_timeout_options in_time = {.after = BIDE_S(10)};

static const bide_http_layer layers[] = {
    {bide_ref(bide_http_layer_log), NULL},    /* a line on stderr for each request */
    {bide_ref(bide_http_layer_timing), NULL}, /* Server-Timing: app;dur=1.204 */
    {bide_ref(count), NULL},
    {bide_ref(bide_http_layer_timeout), &in_time},
};

static const bide_http_route routes[] = {
    {.method = "GET", .path = "/notes", .handler = bide_ref(list_notes)},
    {.method = "POST", .path = "/notes", .handler = bide_ref(add_note)},
    {.method = "GET", .path = "/notes/{id}", .handler = bide_ref(show_note)},
    {.method = "PUT", .path = "/notes/{id}", .handler = bide_ref(change_note)},
    {.method = "DELETE", .path = "/notes/{id}", .handler = bide_ref(remove_note)},
    {.method = "GET", .path = "/counters", .handler = bide_ref(show_counters)},
    {.method = "GET", .path = "/slow", .handler = bide_ref(slow)},
};

int http_router(struct service *s, bide_http_router **router)
{
    bide_http_router_failure why;
    const bide_http_router_options options = {
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .layers = layers,
        .layer_count = sizeof layers / sizeof *layers,
        .state = s,
        .failure = &why,
    };
    int rc = bide_http_router_new(&options, router);
    if (rc < 0)
        fprintf(stderr, "the routes: %s\n", why.text);
    return rc;
}
