/*
 * Zero is good in every member of every struct of options: each is filled with zeroes, byte by
 * byte, and used.
 */
#include <bide/codec.h>
#include <bide/fs.h>
#include <bide/http.h>
#include <bide/net.h>
#include <bide/process.h>
#include <bide/runtime.h>
#include <bide/shutdown.h>
#include <bide/sqlite.h>
#include <bide/udp.h>
#include <bide/unix.h>

#include <stdio.h>
#include <unistd.h>

#include "http_server.h"

static async int answers(int n)
{
    await bide_yield();
    return n;
}

TEST(a_runtime)
{
    bide_runtime_options options;
    bide_histogram_options histograms;
    bide_runtime *rt;

    memset(&options, 0, sizeof(options));
    memset(&histograms, 0, sizeof(histograms));
    options.histograms = histograms;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(answers(7)), 7);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static async int shuts_down(bide_shutdown *shutdown)
{
    bide_shutdown_options options;

    memset(&options, 0, sizeof(options));
    return await bide_shutdown_run(shutdown, &options, NULL);
}

TEST(a_shutdown)
{
    bide_shutdown shutdown;

    memset(&shutdown, 0, sizeof(shutdown));
    CHECK_EQ(bide_block_on(shuts_down(&shutdown)), 0);
    CHECK(bide_shutdown_begun(&shutdown));
}

TEST(sockets)
{
    bide_udp_options udp_options;
    bide_unix_options unix_options;
    bide_udp *udp;
    bide_unix_listener *listener;
    char name[32];

    memset(&udp_options, 0, sizeof(udp_options));
    memset(&unix_options, 0, sizeof(unix_options));
    CHECK_EQ(bide_udp_open(&udp_options, NULL, &udp), 0);
    bide_udp_close(udp);
    snprintf(name, sizeof(name), "@bide-zeroes-%d", (int)getpid());
    CHECK_EQ(bide_unix_listen(name, &unix_options, &listener), 0);
    bide_unix_listener_close(listener);
}

TEST(processes)
{
    bide_process_options options;
    bide_collect_options collect;
    bide_output *output;
    const char *const argv[] = {"echo", "x", NULL};

    memset(&options, 0, sizeof(options));
    memset(&collect, 0, sizeof(collect));
    CHECK_EQ(bide_block_on(bide_process_output(argv, &options, &collect, &output)), 0);
    CHECK_STR(output->out, "x\n");
    bide_output_free(output);
}

TEST(a_codec_of_lengths)
{
    bide_length_options options;
    bide_codec codec;
    char bytes[8];

    memset(&options, 0, sizeof(options));
    CHECK_EQ(bide_codec_length(&options, &codec), 0);
    CHECK_EQ(codec.encode(&codec, "abc", 3, bytes, sizeof(bytes)), 7);
    CHECK(memcmp(bytes, "\0\0\0\3abc", 7) == 0);
}

TEST(files)
{
    bide_file_options file_options;
    bide_tree_options tree_options;
    bide_file *file;
    bide_entry *entry;

    memset(&file_options, 0, sizeof(file_options));
    memset(&tree_options, 0, sizeof(tree_options));
    CHECK_EQ(bide_block_on(bide_file_open("/proc/self/stat", &file_options, &file)), 0);
    bide_file_free(file);
    bide_iter(bide_entry *) all = bide_iter_of_tree("/proc/self", &tree_options);
    CHECK_EQ(bide_block_on(bide_next(all, &entry)), 1);
    bide_entry_free(entry);
    bide_iter_drop(all);
}

static async int fetches(bide_http_client *client)
{
    bide_http_request request;
    bide_http_response *answer = NULL;

    memset(&request, 0, sizeof(request));
    request.url = url("/hello"); /* all that a request must have */
    int n = await bide_http_send(client, &request, &answer);
    int status = bide_http_status(answer);
    bide_http_response_free(answer);
    return n == 0 ? status : n;
}

static async int retries(bide_http_client *client)
{
    bide_http_request request;
    bide_http_retry retry;
    bide_http_response *answer = NULL;

    memset(&request, 0, sizeof(request));
    memset(&retry, 0, sizeof(retry));
    request.url = url("/hello");
    int n = await bide_http_send_retry(client, &request, &retry, &answer);
    int status = bide_http_status(answer);
    bide_http_response_free(answer);
    return n == 0 ? status : n;
}

TEST(an_http_client_and_a_request)
{
    bide_http_options options;
    bide_http_client *client;

    memset(&options, 0, sizeof(options));
    unsetenv("http_proxy"); /* with zero in `proxy` this would be used */
    server_start();
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    CHECK_EQ(bide_block_on(fetches(client)), 200);
    CHECK_EQ(bide_block_on(retries(client)), 200);
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

static async int asks(void)
{
    bide_sql_options options;
    bide_sql_values none;
    bide_sql *db = NULL;
    bide_sql_rows *rows = NULL;

    memset(&options, 0, sizeof(options));
    memset(&none, 0, sizeof(none));
    CHECK_EQ(await bide_sql_open(":memory:", &options, &db), 0);
    CHECK_EQ(await bide_sql_query(db, "SELECT 42", none, &rows), 0);
    int n = (int)bide_sql_get_int(rows, 0, 0);
    bide_sql_rows_free(rows);
    CHECK_EQ(await bide_sql_close(db), 0);
    return n;
}

TEST(a_database)
{
    CHECK_EQ(bide_block_on(asks()), 42);
}

static async int connects(void)
{
    bide_resolve_options wanted;
    bide_tcp_options options;
    bide_tcp_listener *listener;
    bide_address_list *list;
    bide_stream *stream;

    memset(&wanted, 0, sizeof(wanted));
    memset(&options, 0, sizeof(options));
    CHECK_EQ(bide_tcp_listen_with("127.0.0.1", 0, &options, &listener), 0);
    defer {
        bide_tcp_listener_close(listener);
    }
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    CHECK_EQ(await bide_resolve("127.0.0.1", port, &wanted, &list), 0);
    bide_address_list_free(list);
    int r = await bide_tcp_connect_with("127.0.0.1", port, &options, &stream);
    bide_stream_close(stream);
    return r;
}

TEST(a_name_a_listener_and_a_connection)
{
    CHECK_EQ(bide_block_on(connects()), 0);
}
