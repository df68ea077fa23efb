/*
 * Sockets that talk to a program of others: nc, as a client of a Unix listener, as a Unix listener,
 * and over UDP.
 */
#include <bide/bide.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static pid_t nc;
static bide_stream *pipe_to_nc; /* its stdin and stdout */
static char folder[] = "/tmp/bide-nc-XXXXXX", path[64];

/* Starts nc, whose stdin and stdout are one socket. */
static void start(char *const arguments[])
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    int r = posix_spawnp(&nc, "nc", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (r == ENOENT)
        SKIP("no nc here");
    CHECK_EQ(r, 0);
    close(ends[1]);
    CHECK_EQ(bide_stream_open(ends[0], &pipe_to_nc), 0);
}

static void stop(void)
{
    kill(nc, SIGKILL);
    CHECK_EQ(waitpid(nc, NULL, 0), nc);
    bide_stream_close(pipe_to_nc);
}

static async int read_line(bide_stream *stream, const char *expected)
{
    char line[32] = "";
    CHECK_EQ(await bide_stream_read_exactly(stream, line, strlen(expected), NULL), 0);
    CHECK_STR(line, expected);
    return 0;
}

static async int talk(bide_stream *stream)
{
    CHECK_EQ(await bide_stream_write_all(pipe_to_nc, "from nc\n", 8, NULL), 0);
    CHECK_EQ(await read_line(stream, "from nc\n"), 0);
    CHECK_EQ(await bide_stream_write_all(stream, "to nc\n", 6, NULL), 0);
    CHECK_EQ(await read_line(pipe_to_nc, "to nc\n"), 0);
    return 0;
}

static async int client(void)
{
    bide_unix_listener *listener;
    bide_stream *stream;
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    start((char *[]){"nc", "-U", path, NULL});
    CHECK_EQ(await bide_unix_accept(listener, &stream), 0);
    bide_unix_peer peer;
    CHECK_EQ(bide_unix_peer_of(stream, &peer), 0);
    CHECK_EQ(peer.pid, nc);
    CHECK_EQ(await talk(stream), 0);
    bide_stream_close(stream);
    bide_unix_listener_close(listener);
    stop();
    return 0;
}

static async int server(void)
{
    bide_stream *stream = NULL;
    defer {
        bide_stream_close(stream);
    }
    start((char *[]){"nc", "-lU", path, NULL});
    int r;
    while ((r = await bide_unix_connect(path, &stream)) == -ENOENT || r == -ECONNREFUSED)
        await bide_sleep(BIDE_MS(5)); /* until it listens */
    CHECK_EQ(r, 0);
    CHECK_EQ(await talk(stream), 0);
    stop();
    CHECK_EQ(unlink(path), 0);
    return 0;
}

static async int over_udp(void)
{
    char port[8], data[32] = "";
    bide_address from;
    bide_udp *udp;
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &udp), 0);
    snprintf(port, sizeof port, "%d", bide_udp_port(udp));
    start((char *[]){"nc", "-u", "127.0.0.1", port, NULL});
    CHECK_EQ(await bide_stream_write_all(pipe_to_nc, "from nc\n", 8, NULL), 0);
    CHECK_EQ(await bide_udp_receive(udp, data, sizeof data, &from), 8);
    CHECK_STR(data, "from nc\n");
    CHECK_EQ(await bide_udp_send_to(udp, "to nc\n", 6, &from), 6);
    CHECK_EQ(await read_line(pipe_to_nc, "to nc\n"), 0);
    stop();
    bide_udp_close(udp);
    return 0;
}

static void make_folder(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
}

TEST(nc_is_a_client)
{
    make_folder();
    CHECK_EQ(bide_block_on(client()), 0);
    CHECK_EQ(rmdir(folder), 0);
}

TEST(nc_is_a_server)
{
    make_folder();
    CHECK_EQ(bide_block_on(server()), 0);
    CHECK_EQ(rmdir(folder), 0);
}

TEST(nc_over_udp)
{
    CHECK_EQ(bide_block_on(over_udp()), 0);
}
