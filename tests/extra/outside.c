/*
 * Every async function of bide/http.h and bide/sqlite.h: outside any runtime, on another runtime,
 * and at home. A client that has requests under way belongs to their runtime; a database belongs to
 * none, and without a runtime its calls are made in place.
 */
#include "outside.h"

#include <bide/http.h>
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
    const struct row rows[] = {{"bide_http_get", CALL_OF(gets), -ENXIO, -EXDEV, 0},
                               {"bide_http_post", CALL_OF(posts), -ENXIO, -EXDEV, 0},
                               {"bide_http_send", CALL_OF(sends), -ENXIO, -EXDEV, 0}};
    bide_test_time_virtual();
    check_rows(rows, 3, prepare_client, clean_client);
    CHECK(check_covers("http", rows, 3) >= 3);
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
