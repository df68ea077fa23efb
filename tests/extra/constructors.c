/*
 * HTTP clients and SQLite handles, made with each system call failing in turn, and with wrong
 * options: nothing is lost, the stored object is NULL, and the strings of the options stay the
 * caller's, unchanged.
 */
#include <bide/bide.h>
#include <bide/http.h>
#include <bide/sqlite.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing.h"

static char *agent, *proxy, *ca_file;
static bide_http_client *client;
static bide_http_options options;
static bide_sql *db;
static long garbage;

/* The strings are allocated, so that the sanitizer notices a wrong free. */
static void make_options(void)
{
    agent = strdup("my agent");
    proxy = strdup("http://127.0.0.1:1");
    ca_file = strdup("/etc/none.pem");
    options = (bide_http_options){.user_agent = agent, .proxy = proxy, .ca_file = ca_file};
}

static void check_options(void)
{
    CHECK_STR(agent, "my agent");
    CHECK_STR(proxy, "http://127.0.0.1:1");
    CHECK_STR(ca_file, "/etc/none.pem");
    free(agent);
    free(proxy);
    free(ca_file);
}

static int make_client(void)
{
    make_options();
    client = (bide_http_client *)(void *)&garbage;
    int n = bide_http_client_new(&options, &client);
    CHECK((n == 0) == (client != NULL));
    check_options();
    return n;
}

static void free_client(void)
{
    bide_http_client_free(client);
}

static void check_bad(const bide_http_options *bad)
{
    client = (bide_http_client *)(void *)&garbage;
    CHECK_ERR(bide_http_client_new(bad, &client), -EINVAL);
    CHECK(client == NULL);
}

TEST_LIMIT(http_clients, 30)
{
    CHECK(fails_everywhere(make_client, free_client) >= 6);
    make_options();
    bide_http_options bad = options;
    bad.connections_max = -1;
    check_bad(&bad);
    bad = options;
    bad.user_agent = "a\nb";
    check_bad(&bad);
    bad = options;
    bad.proxy = "x://y";
    check_bad(&bad);
    check_options();
}

static async int open_db(const char *path)
{
    bide_sql *own = (bide_sql *)(void *)&garbage;
    int n = await bide_sql_open(path, NULL, &own);
    if (n == 0)
        db = own;
    else if (own != NULL)
        CHECK_EQ(await bide_sql_close(own), 0);
    return n;
}

static int make_db(void)
{
    db = NULL;
    return bide_block_on(open_db(":memory:"));
}

static void close_db(void)
{
    CHECK_EQ(bide_block_on(bide_sql_close(db)), 0);
}

TEST_LIMIT(sqlite_handles, 30)
{
    CHECK(fails_everywhere(make_db, close_db) >= 2);
    db = NULL;
    CHECK_ERR(bide_block_on(open_db("/nowhere/at/all.db")), -ENOENT);
    CHECK(db == NULL);
}
