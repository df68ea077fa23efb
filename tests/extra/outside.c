/*
 * Every async function of bide/http.h and bide/sqlite.h: outside any runtime, on another runtime,
 * and at home. A client that has requests under way belongs to their runtime; a database belongs to
 * none, and without a runtime its calls are made in place.
 */
#include "outside.h"

#include <bide/http_form.h>
#include <bide/http_stream.h>
#include <bide/sqlite.h>
#include <bide/testing.h>

#include "http_server.h"

/* ---- HTTP ---- */

static bide_http_client *client;
static bide_task(int) neighbour;

static async int ask(const char *path)
{
    bide_http_response *response;
    int n = await bide_http_get(client, url(path), &response);
    bide_http_response_free(response);
    return n;
}

static void prepare_client(void)
{
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    neighbour = bide_spawn(ask("/slow/1000"));
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(10))), 0);
    CHECK(!bide_task_finished(neighbour));
}

static void clean_client(void)
{
    bide_http_client_free(client);
    bide_task_detach(neighbour);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

static async int gets(void)
{
    return await ask("/hello");
}

static async int posts(void)
{
    bide_http_response *response;
    int n = await bide_http_post(client, url("/echo"), "text/plain", "x", 1, &response);
    bide_http_response_free(response);
    return n;
}

static async int sends_again(void)
{
    bide_http_response *response;
    bide_http_request request = {.url = url("/hello")};
    int n = await bide_http_send_retry(client, &request, NULL, &response);
    bide_http_response_free(response);
    return n;
}

static async int sends(void)
{
    bide_http_response *response;
    bide_http_request request = {.url = url("/hello")};
    int n = await bide_http_send(client, &request, &response);
    bide_http_response_free(response);
    return n;
}

TEST(requests_outside_elsewhere_and_at_home)
{
    const struct row rows[] = {{"bide_http_send_retry", CALL_OF(sends_again), -ENXIO, -EXDEV, 0},
                               {"bide_http_get", CALL_OF(gets), -ENXIO, -EXDEV, 0},
                               {"bide_http_post", CALL_OF(posts), -ENXIO, -EXDEV, 0},
                               {"bide_http_send", CALL_OF(sends), -ENXIO, -EXDEV, 0}};
    bide_test_time_virtual();
    check_rows(rows, 4, prepare_client, clean_client);
    CHECK(check_covers("http", rows, 4) >= 4);
}

/* ---- streams ---- */

static bide_http_response *opened, *started;
static bide_stream *near_end, *far_end;
static bide_http_parts *parts;

static async int open_two(void)
{
    bide_http_request request = {.url = url("/half/1000")};
    bide_http_request streamed = {.url = url("/echo"), .body_streamed = true, .body_size = 100};
    CHECK_EQ(await bide_http_open(client, &request, &opened), 0);
    CHECK_EQ(bide_http_start(client, &streamed, &started), 0);
    CHECK_EQ(bide_stream_pair(1000, &near_end, &far_end), 0);
    bide_stream_close(far_end);
    CHECK_EQ(bide_http_parts_new(&parts), 0);
    return 0;
}

static void prepare_streams(void)
{
    prepare_client();
    CHECK_EQ(bide_block_on(open_two()), 0);
}

static void clean_streams(void)
{
    bide_http_response_free(opened);
    bide_http_response_free(started);
    bide_stream_close(near_end);
    bide_http_parts_free(parts);
    clean_client();
}

static async int opens(void)
{
    bide_http_response *response;
    bide_http_request request = {.url = url("/hello")};
    int n = await bide_http_open(client, &request, &response);
    bide_http_response_free(response);
    return n;
}

static async int reads(void)
{
    char piece[10];
    ssize_t n = await bide_http_response_read(opened, piece, sizeof piece);
    return n == 2 ? 0 : (int)n;
}

static async int copies(void)
{
    bide_stream *from, *to;
    CHECK_EQ(bide_stream_pair(1000, &from, &to), 0);
    int n = await bide_http_response_copy(opened, to, NULL);
    bide_stream_close(from);
    bide_stream_close(to);
    return n;
}

static async int uploads(void)
{
    ssize_t n = await bide_http_upload(started, "x", 1);
    return n == 1 ? 0 : (int)n;
}

static async int uploads_all(void)
{
    return await bide_http_upload_all(started, "xy", 2, NULL);
}

static async int answers(void)
{
    return await bide_http_answer(opened);
}

static async int sends_from(void)
{
    bide_http_response *response;
    bide_http_request request = {.url = url("/nothing")};
    int n = await bide_http_send_from(client, &request, near_end, &response);
    bide_http_response_free(response);
    return n;
}

static async int sends_parts(void)
{
    bide_http_response *response;
    bide_http_request request = {.url = url("/echo")};
    int n = await bide_http_send_parts(client, &request, parts, &response);
    bide_http_response_free(response);
    return n;
}

TEST(streams_outside_elsewhere_and_at_home)
{
    const struct row rows[] = {
        {"bide_http_open", CALL_OF(opens), -ENXIO, -EXDEV, 0},
        {"bide_http_response_read", CALL_OF(reads), -ENXIO, -EXDEV, 0},
        {"bide_http_response_copy", CALL_OF(copies), -ENXIO, -EXDEV, 0},
        {"bide_http_upload", CALL_OF(uploads), -ENXIO, -EXDEV, 0},
        {"bide_http_upload_all", CALL_OF(uploads_all), -ENXIO, -EXDEV, 0},
        {"bide_http_answer", CALL_OF(answers), -ENXIO, -EXDEV, 0},
        {"bide_http_send_from", CALL_OF(sends_from), -ENXIO, -EXDEV, ROW_SKIP},
    };
    const struct row forms[] = {{"bide_http_send_parts", CALL_OF(sends_parts), -ENXIO, -EXDEV, 0}};
    bide_test_time_virtual();
    check_rows(rows, 7, prepare_streams, clean_streams);
    check_rows(forms, 1, prepare_streams, clean_streams);
    CHECK(check_covers("http_stream", rows, 7) >= 7);
    CHECK(check_covers("http_form", forms, 1) >= 1);
}

/* ---- SQLite ---- */

static bide_sql *db;

static void prepare_database(void)
{
    CHECK_EQ(bide_block_on(bide_sql_open(":memory:", NULL, &db)), 0);
}

static void clean_database(void)
{
    CHECK_EQ(bide_block_on(bide_sql_close(db)), 0);
    db = NULL;
}

static async int opens_and_closes(void)
{
    bide_sql *other = NULL;
    int n = await bide_sql_open(":memory:", NULL, &other);
    CHECK_EQ(await bide_sql_close(other), 0);
    return n;
}

static async int executes(void)
{
    return await bide_sql_exec(db, "CREATE TABLE t (x)");
}

static async int queries(void)
{
    bide_sql_rows *rows = NULL;
    int n = await bide_sql_query(db, "SELECT 41 + 1", BIDE_SQL_NONE, &rows);
    if (n == 0)
        n = (int)bide_sql_get_int(rows, 0, 0);
    bide_sql_rows_free(rows);
    return n;
}

TEST(databases_outside_elsewhere_and_at_home)
{
    const struct row rows[] = {{"bide_sql_open", CALL_OF(opens_and_closes), 0, 0, 0},
                               {"bide_sql_close", CALL_OF(opens_and_closes), 0, 0, 0},
                               {"bide_sql_exec", CALL_OF(executes), 0, 0, 0},
                               {"bide_sql_query", CALL_OF(queries), 42, 42, 42}};
    check_rows(rows, 4, prepare_database, clean_database);
    CHECK(check_covers("sqlite", rows, 4) >= 4);
}
