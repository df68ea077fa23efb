/*
 * bide/unix.h: connections, their files, names and peers; two processes; datagrams.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

static bide_unix_listener *listener;
static bide_unix_datagram *one, *other;
static bide_stream *near, *far;
static char folder[] = "/tmp/bide-unix-XXXXXX", path[64], text[BIDE_ADDRESS_MAX];
static char abstract[64];

/* Makes a folder for one test; the names are new ones. */
static void begin(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(abstract, sizeof abstract, "@bide-%s", strrchr(folder, '-'));
}

static void end(void)
{
    CHECK_EQ(rmdir(folder), 0); /* it is empty */
}

static bool exists(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0;
}

static void close_both(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
}

/* ---- connections ---- */

static async int talk(const char *name)
{
    char buffer[16] = "";
    bide_address address;
    CHECK_EQ(bide_unix_listen(name, NULL, &listener), 0);
    CHECK_EQ(await bide_unix_connect(name, &near), 0);
    CHECK_EQ(await bide_unix_accept(listener, &far), 0);
    CHECK_EQ(await bide_stream_write_all(near, "ping", 4, NULL), 0);
    CHECK_EQ(await bide_stream_read_exactly(far, buffer, 4, NULL), 0);
    CHECK_STR(buffer, "ping");
    CHECK_EQ(await bide_stream_write(far, "pong!", 5), 5);
    CHECK_EQ(await bide_stream_read(near, buffer, sizeof buffer), 5);
    CHECK_STR(buffer, "pong!");

    CHECK_EQ(bide_unix_peer_address(near, &address), 0);
    CHECK_EQ(bide_address_text(&address, text, sizeof text), 0);
    CHECK_STR(text, name);
    CHECK_EQ(bide_unix_local_address(far, &address), 0);
    CHECK_EQ(bide_address_text(&address, text, sizeof text), 0);
    CHECK_STR(text, name);
    CHECK_EQ(bide_unix_local_address(near, &address), 0);
    CHECK_EQ(bide_address_text(&address, text, sizeof text), 0);
    CHECK_STR(text, "");

    CHECK_EQ(bide_stream_shutdown(near), 0);
    CHECK_EQ(await bide_stream_read(far, buffer, sizeof buffer), 0);
    CHECK_EQ(await bide_stream_write(far, "late", 4), 4);
    CHECK_EQ(await bide_stream_read_exactly(near, buffer, 4, NULL), 0);
    bide_stream_close(far);
    CHECK_EQ(await bide_stream_read(near, buffer, sizeof buffer), 0);
    CHECK_ERR(await bide_stream_write(near, "x", 1), -EPIPE);
    bide_stream_close(near);
    bide_unix_listener_close(listener);
    CHECK_ERR(await bide_unix_connect(name, &near), name[0] == '@' ? -ECONNREFUSED : -ENOENT);
    CHECK(near == NULL);
    return 0;
}

TEST(two_ends_talk)
{
    begin();
    CHECK_EQ(bide_block_on(talk(path)), 0);
    end();
    bide_unix_listener_close(NULL);
}

TEST(abstract_names_are_no_files)
{
    begin();
    CHECK_EQ(bide_block_on(talk(abstract)), 0);
    end();
}

static async int of_pair(void)
{
    char buffer[16] = "";
    CHECK_EQ(bide_unix_pair(&near, &far), 0);
    CHECK_EQ(await bide_stream_write_all(near, "there", 5, NULL), 0);
    CHECK_EQ(await bide_stream_read(far, buffer, sizeof buffer), 5);
    CHECK_STR(buffer, "there");
    CHECK_EQ(await bide_stream_write_all(far, "back!", 5, NULL), 0);
    CHECK_EQ(await bide_stream_read(near, buffer, sizeof buffer), 5);
    CHECK_STR(buffer, "back!");
    CHECK_EQ(fcntl(bide_stream_fd(near), F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(bide_stream_fd(far), F_GETFD), FD_CLOEXEC);
    close_both();
    return 0;
}

TEST(a_pair)
{
    CHECK_EQ(bide_block_on(of_pair()), 0);
}

static async int connect_one(const char *name)
{
    bide_stream *s = NULL;
    defer {
        bide_stream_close(s);
    }
    int r = await bide_unix_connect(name, &s);
    return r == 0 ? await bide_stream_write_all(s, "x", 1, NULL) : r;
}

/* The queue of the listener is full; the fourth has to try again. */
static async int full_queue(void)
{
    enum { COUNT = 5 };
    bide_unix_options options = {.backlog = 1};
    bide_task(int) tasks[COUNT];
    CHECK_EQ(bide_unix_listen(path, &options, &listener), 0);
    for (int i = 0; i < COUNT; i++)
        tasks[i] = bide_spawn(connect_one(path));
    await bide_sleep(BIDE_S(1));
    for (int i = 0; i < COUNT; i++) {
        char byte;
        CHECK_EQ(await bide_unix_accept(listener, &far), 0);
        CHECK_EQ(await bide_stream_read(far, &byte, 1), 1);
        bide_stream_close(far);
    }
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(await bide_task_wait(tasks[i]), 0);
    bide_unix_listener_close(listener);
    return 0;
}

TEST(a_full_queue_is_waited_for)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(full_queue()), 0);
    end();
}

static async int who(void)
{
    bide_unix_peer peer;
    bide_tcp_listener *tcp;
    bide_stream *a, *b;
    CHECK_EQ(bide_unix_pair(&near, &far), 0);
    CHECK_EQ(bide_unix_peer_of(near, &peer), 0);
    CHECK_EQ(peer.pid, getpid());
    CHECK_EQ(peer.uid, geteuid());
    CHECK_EQ(peer.gid, getegid());
    close_both();

    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &tcp), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(tcp), &near), 0);
    CHECK_ERR(bide_unix_peer_of(near, &peer), -EAFNOSUPPORT);
    CHECK_EQ(peer.pid, -1);
    bide_stream_close(near);
    bide_tcp_listener_close(tcp);
    CHECK_EQ(bide_stream_pair(1, &a, &b), 0);
    CHECK_ERR(bide_unix_peer_of(a, &peer), -ENOTSOCK);
    bide_address address;
    CHECK_ERR(bide_unix_peer_address(a, &address), -ENOTSOCK);
    bide_stream_close(a);
    bide_stream_close(b);
    return 0;
}

TEST(who_the_peer_is)
{
    CHECK_EQ(bide_block_on(who()), 0);
}

/* ---- files ---- */

static mode_t mode_of(const char *name)
{
    struct stat status;
    CHECK_EQ(lstat(name, &status), 0);
    CHECK(S_ISSOCK(status.st_mode));
    return status.st_mode & 07777;
}

static int watched_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    int r = bind(fd, address, size);
    if (r < 0)
        return -errno;
    CHECK_EQ(mode_of(path) & ~0600u, 0); /* at no time more than what is asked for */
    return 0;
}

TEST(a_file_has_the_mode_that_was_asked_for)
{
    static const mode_t modes[] = {0600, 0666, 0777, 0420};
    begin();
    umask(022);
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    CHECK_EQ(mode_of(path), 0755);
    bide_unix_listener_close(listener);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        bide_unix_options options = {.mode = modes[i]};
        CHECK_EQ(bide_unix_listen(path, &options, &listener), 0);
        CHECK_EQ(mode_of(path), modes[i]);
        bide_unix_listener_close(listener);
        CHECK_EQ(bide_unix_datagram_bind(path, &options, &one), 0);
        CHECK_EQ(mode_of(path), modes[i]);
        bide_unix_datagram_close(one);
    }
    umask(0);
    bide_unix_options options = {.mode = 0600};
    bide_test_replace("bind", (void (*)(void))watched_bind);
    CHECK_EQ(bide_unix_listen(path, &options, &listener), 0);
    bide_unix_listener_close(listener);
    end();
}

TEST(a_file_that_is_to_stay)
{
    bide_unix_options keep = {.keep = true};
    begin();
    CHECK_EQ(bide_unix_listen(path, &keep, &listener), 0);
    bide_unix_listener_close(listener);
    CHECK(exists(path));
    CHECK_ERR(bide_unix_listen(path, NULL, &listener), -EADDRINUSE);
    CHECK(listener == NULL);
    CHECK(exists(path));
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(bide_unix_datagram_bind(path, &keep, &one), 0);
    bide_unix_datagram_close(one);
    CHECK_EQ(unlink(path), 0);
    end();
}

TEST(the_file_of_another_stays)
{
    bide_unix_listener *second;
    begin();
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(bide_unix_listen(path, NULL, &second), 0);
    bide_unix_listener_close(listener);
    CHECK(exists(path));
    bide_unix_listener_close(second);
    CHECK(!exists(path));

    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    CHECK_EQ(unlink(path), 0);
    bide_unix_listener_close(listener);
    end();
}

TEST(a_child_of_fork_removes_nothing)
{
    int status;
    begin();
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        bide_unix_listener_close(listener);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK(exists(path));
    bide_unix_listener_close(listener);
    end();
}

/* What a process leaves behind when it is killed. */
static void leave_stale(int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);
    memcpy(address.sun_path, path, strlen(path));
    CHECK_EQ(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(close(fd), 0);
}

static async int stale(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    bide_unix_options replace = {.replace_stale = true};
    bide_unix_listener *second = NULL;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        leave_stale(types[i]);
        CHECK_ERR(await bide_unix_connect(path, &near), -ECONNREFUSED);
        CHECK_ERR(bide_unix_listen(path, NULL, &listener), -EADDRINUSE);
        CHECK_EQ(bide_unix_listen(path, &replace, &listener), 0);
        CHECK_EQ(await bide_unix_connect(path, &near), 0);
        CHECK_EQ(await bide_unix_accept(listener, &far), 0);
        close_both();

        /* Now it is not stale; its listener does not notice the question. */
        CHECK_ERR(bide_unix_listen(path, &replace, &second), -EADDRINUSE);
        CHECK_ERR(bide_unix_datagram_bind(path, &replace, &one), -EADDRINUSE);
        CHECK(second == NULL && one == NULL && exists(path));
        int r = 1;
        CHECK_ERR(await bide_timeout(BIDE_MS(1), r = bide_unix_accept(listener, &far)), -ETIMEDOUT);
        CHECK_EQ(r, 1);
        bide_unix_listener_close(listener);
    }
    leave_stale(SOCK_DGRAM);
    CHECK_EQ(bide_unix_datagram_bind(path, &replace, &one), 0);
    CHECK_ERR(bide_unix_datagram_bind(path, &replace, &other), -EADDRINUSE);
    bide_unix_datagram_close(one);
    return 0;
}

TEST(a_stale_socket_is_replaced_if_wanted)
{
    begin();
    CHECK_EQ(bide_block_on(stale()), 0);
    end();
}

TEST(what_is_no_socket_is_not_replaced)
{
    bide_unix_options replace = {.replace_stale = true};
    begin();
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(close(fd), 0);
    CHECK_ERR(bide_unix_listen(path, &replace, &listener), -EADDRINUSE);
    CHECK(exists(path));
    CHECK_EQ(unlink(path), 0);

    char target[80];
    snprintf(target, sizeof target, "%s/target", folder);
    leave_stale(SOCK_STREAM);
    CHECK_EQ(rename(path, target), 0);
    CHECK_EQ(symlink(target, path), 0);
    CHECK_ERR(bide_unix_listen(path, &replace, &listener), -EADDRINUSE);
    CHECK(exists(path) && exists(target));
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(unlink(target), 0);

    /* Whether it is stale cannot be found out. */
    leave_stale(SOCK_STREAM);
    CHECK_EQ(bide_test_fail("socket", 2, -EMFILE, 1), 0);
    CHECK_ERR(bide_unix_listen(path, &replace, &listener), -EADDRINUSE);
    CHECK_EQ(bide_test_fail("unlink", 1, -EACCES, 1), 0);
    CHECK_ERR(bide_unix_listen(path, &replace, &listener), -EACCES);
    CHECK(exists(path));
    CHECK_EQ(unlink(path), 0);
    end();
}

/* ---- errors ---- */

static async int names(void)
{
    char longest[109], folder_of[80];
    memset(longest, 'n', sizeof longest);
    longest[108] = '\0';
    CHECK_ERR(bide_unix_listen("", NULL, &listener), -EINVAL);
    CHECK_ERR(bide_unix_listen(longest, NULL, &listener), -ENAMETOOLONG);
    CHECK_ERR(await bide_unix_connect("", &near), -EINVAL);
    CHECK_ERR(await bide_unix_connect(longest, &near), -ENAMETOOLONG);
    CHECK_ERR(bide_unix_datagram_bind("", NULL, &one), -EINVAL);
    CHECK(listener == NULL && near == NULL && one == NULL);
    longest[107] = '\0';
    CHECK_ERR(await bide_unix_connect(longest, &near), -ENOENT);
    longest[0] = '@';
    CHECK_EQ(bide_unix_listen(longest, NULL, &listener), 0);
    CHECK_EQ(await bide_unix_connect(longest, &near), 0);
    bide_stream_close(near);
    bide_unix_listener_close(listener);
    snprintf(folder_of, sizeof folder_of, "%s/none/socket", folder);
    CHECK_ERR(bide_unix_listen(folder_of, NULL, &listener), -ENOENT);
    CHECK_ERR(await bide_unix_connect("/dev/null", &near), -ECONNREFUSED);
    return 0;
}

TEST(names_that_are_none)
{
    begin();
    CHECK_EQ(bide_block_on(names()), 0);
    end();
}

static int make_listener(void)
{
    bide_unix_options options = {.mode = 0600, .keep = false};
    listener = (bide_unix_listener *)(void *)text;
    int r = bide_unix_listen(path, &options, &listener);
    CHECK((r == 0) == (listener != NULL));
    CHECK((r == 0) == exists(path));
    return r;
}

static void unmake_listener(void)
{
    bide_unix_listener_close(listener);
}

static int make_kept(void)
{
    bide_unix_options options = {.keep = true};
    int r = bide_unix_listen(path, &options, &listener);
    CHECK((r == 0) == exists(path));
    return r;
}

static void unmake_kept(void)
{
    bide_unix_listener_close(listener);
    CHECK_EQ(unlink(path), 0);
}

static int make_datagram(void)
{
    bide_unix_options options = {.mode = 0600};
    one = (bide_unix_datagram *)(void *)text;
    int r = bide_unix_datagram_bind(path, &options, &one);
    CHECK((r == 0) == (one != NULL));
    CHECK((r == 0) == exists(path));
    return r;
}

static void unmake_datagram(void)
{
    bide_unix_datagram_close(one);
}

static int make_pair(void)
{
    near = far = (bide_stream *)(void *)text;
    int r = bide_unix_pair(&near, &far);
    CHECK((r == 0) == (near != NULL) && (r == 0) == (far != NULL));
    return r;
}

static int make_datagram_pair(void)
{
    one = other = (bide_unix_datagram *)(void *)text;
    int r = bide_unix_datagram_pair(&one, &other);
    CHECK((r == 0) == (one != NULL) && (r == 0) == (other != NULL));
    return r;
}

static void unmake_datagram_pair(void)
{
    bide_unix_datagram_close(one);
    bide_unix_datagram_close(other);
}

TEST(nothing_is_left_when_the_making_fails)
{
    static const char *const calls[] = {"fchmod", "chmod", "lstat", "bind", "socket"};
    begin();
    CHECK(fails_everywhere(make_listener, unmake_listener) >= 4);
    CHECK(fails_everywhere(make_kept, unmake_kept) >= 4);
    CHECK(fails_everywhere(make_datagram, unmake_datagram) >= 4);
    CHECK(fails_everywhere(make_pair, close_both) >= 2);
    CHECK(fails_everywhere(make_datagram_pair, unmake_datagram_pair) >= 2);
    int before = open_descriptors();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK_EQ(bide_test_fail(calls[i], 1, -EIO, 1), 0);
        CHECK_ERR(make_listener(), -EIO);
        CHECK_EQ(bide_test_fail(calls[i], 1, -EIO, 1), 0);
        CHECK_ERR(make_datagram(), -EIO);
        CHECK_EQ(bide_test_fail(calls[i], 0, 0, 0), 0);
        CHECK_EQ(open_descriptors(), before);
    }
    CHECK_EQ(bide_test_fail("socketpair", 1, -EMFILE, 2), 0);
    CHECK_ERR(make_pair(), -EMFILE);
    CHECK_ERR(make_datagram_pair(), -EMFILE);
    end();
}

static async int connecting_fails(const char *call, int error)
{
    int before = open_descriptors();
    CHECK_EQ(bide_test_fail(call, 1, error, 1), 0);
    CHECK_ERR(await bide_unix_connect(path, &near), error);
    CHECK(near == NULL);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}

TEST(a_connection_that_cannot_be_made)
{
    begin();
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    CHECK_EQ(bide_block_on(connecting_fails("socket", -EMFILE)), 0);
    CHECK_EQ(bide_block_on(connecting_fails("connect", -EACCES)), 0);
    bide_unix_listener_close(listener);
    end();
}

static async int accept_one(void)
{
    bide_stream *s;
    return await bide_unix_accept(listener, &s);
}

static async int result_of(bide_task(int) task)
{
    int n = 1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

static async int closed_under_accept(void)
{
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    bide_task(int) task = bide_spawn(accept_one());
    await bide_sleep(BIDE_MS(1));
    bide_unix_listener_close(listener);
    CHECK_ERR(await result_of(bide_move(task)), -EBADF);
    return 0;
}

TEST(an_accept_ends_when_its_listener_is_closed)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(closed_under_accept()), 0);
    end();
}

/* ---- two processes ---- */

static async int serve(void)
{
    bide_reader *reader;
    bide_unix_peer peer;
    char *line;
    size_t size;
    CHECK_EQ(await bide_unix_accept(listener, &far), 0);
    CHECK_EQ(bide_unix_peer_of(far, &peer), 0);
    CHECK_EQ(bide_reader_new(far, 100, &reader), 0);
    while (await bide_reader_line(reader, &line, &size) > 0) {
        line[size] = '\n';
        CHECK_EQ(await bide_stream_write_all(far, line, size + 1, NULL), 0);
    }
    bide_reader_free(reader);
    bide_stream_close(far);
    return peer.pid;
}

static async int ask(void)
{
    char answer[6] = "";
    CHECK_EQ(await bide_unix_connect(path, &near), 0);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(await bide_stream_write_all(near, "hello\n", 6, NULL), 0);
        CHECK_EQ(await bide_stream_read_exactly(near, answer, 6, NULL), 0);
        CHECK(memcmp(answer, "hello\n", 6) == 0);
    }
    bide_stream_close(near);
    return 0;
}

/* The child makes a runtime of its own, before this process has one. */
TEST(two_processes_talk)
{
    int status, gate[2];
    char byte;
    if (check_has_workers())
        SKIP("this process has a runtime, which a child of fork cannot use");
    begin();
    CHECK_EQ(pipe(gate), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_EQ(read(gate[0], &byte, 1), 1);
        exit(bide_block_on(ask()));
    }
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    CHECK_EQ(write(gate[1], "x", 1), 1);
    CHECK_EQ(bide_block_on(serve()), child);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    bide_unix_listener_close(listener);
    close(gate[0]);
    close(gate[1]);
    end();
}

/* ---- datagrams ---- */

static async int datagrams(void)
{
    char buffer[16], second[80];
    bide_address to, from;
    snprintf(second, sizeof second, "%s/second", folder);
    CHECK_EQ(bide_unix_datagram_bind(path, NULL, &one), 0);
    CHECK_EQ(bide_unix_datagram_bind(second, NULL, &other), 0);
    CHECK_EQ(bide_address_of_path(second, &to), 0);
    CHECK_EQ(await bide_unix_datagram_send_to(one, "ping", 4, &to), 4);
    CHECK_EQ(await bide_unix_datagram_receive(other, buffer, sizeof buffer, &from), 4);
    CHECK(memcmp(buffer, "ping", 4) == 0);
    CHECK_EQ(bide_address_text(&from, text, sizeof text), 0);
    CHECK_STR(text, path);
    CHECK_EQ(await bide_unix_datagram_send_to(other, "", 0, &from), 0);
    CHECK_EQ(await bide_unix_datagram_receive(one, buffer, sizeof buffer, NULL), 0);
    CHECK_ERR(await bide_unix_datagram_send(one, "x", 1), -ENOTCONN);

    CHECK_EQ(bide_unix_datagram_connect(one, second), 0);
    CHECK_EQ(bide_unix_datagram_peer_address(one, &from), 0);
    CHECK(bide_address_is_same(&from, &to));
    CHECK_EQ(await bide_unix_datagram_send(one, "123456", 6), 6);
    CHECK_ERR(await bide_unix_datagram_receive(other, buffer, 3, &from), -EMSGSIZE);
    CHECK(memcmp(buffer, "123", 3) == 0);
    CHECK_EQ(bide_address_text(&from, text, sizeof text), 0);
    CHECK_STR(text, path);
    CHECK_EQ(bide_unix_datagram_connect(one, NULL), 0);
    CHECK_ERR(bide_unix_datagram_peer_address(one, &from), -ENOTCONN);
    CHECK_EQ(bide_unix_datagram_connect(one, second), 0);

    bide_unix_datagram_close(other);
    CHECK_ERR(await bide_unix_datagram_send(one, "x", 1), -ECONNREFUSED);
    CHECK_ERR(await bide_unix_datagram_send_to(one, "x", 1, &to), -ENOENT);
    CHECK_ERR(bide_unix_datagram_connect(one, second), -ENOENT);
    CHECK_ERR(bide_unix_datagram_connect(one, ""), -EINVAL);
    bide_unix_datagram_close(one);

    /* One without a name. */
    CHECK_EQ(bide_unix_datagram_bind(abstract, NULL, &other), 0);
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &one), 0);
    CHECK_EQ(bide_unix_datagram_connect(one, abstract), 0);
    CHECK_EQ(await bide_unix_datagram_send(one, "who?", 4), 4);
    CHECK_EQ(await bide_unix_datagram_receive(other, buffer, sizeof buffer, &from), 4);
    CHECK_EQ(bide_address_text(&from, text, sizeof text), 0);
    CHECK_STR(text, "");
    CHECK_EQ(bide_unix_datagram_local_address(other, &from), 0);
    CHECK_EQ(bide_address_text(&from, text, sizeof text), 0);
    CHECK_STR(text, abstract);
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    CHECK_ERR(bide_unix_datagram_connect(one, path), -EPROTOTYPE);
    bide_unix_listener_close(listener);
    unmake_datagram_pair();
    return 0;
}

TEST(datagrams_with_names)
{
    begin();
    CHECK_EQ(bide_block_on(datagrams()), 0);
    end();
    bide_unix_datagram_close(NULL);
}

enum { FLOOD = 2000 };

/* `to` NULL: to the peer. */
static async int flood(const bide_address *to)
{
    for (int i = 0; i < FLOOD; i++) {
        ssize_t n = to != NULL ? await bide_unix_datagram_send_to(one, &i, sizeof i, to)
                               : await bide_unix_datagram_send(one, &i, sizeof i);
        CHECK_EQ(n, sizeof i);
    }
    return 0;
}

/* The receiver begins when the queue has been full for a while. */
static async int drain(void)
{
    await bide_sleep(BIDE_S(1));
    for (int i = 0; i < FLOOD; i++) {
        int number = -1;
        CHECK_EQ(await bide_unix_datagram_receive(other, &number, sizeof number, NULL),
                 sizeof number);
        CHECK_EQ(number, i);
    }
    return 0;
}

static async int flooded(bool connected)
{
    bide_address to;
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &one), 0);
    CHECK_EQ(bide_unix_datagram_bind(path, NULL, &other), 0);
    CHECK_EQ(bide_address_of_path(path, &to), 0);
    if (connected)
        CHECK_EQ(bide_unix_datagram_connect(one, path), 0);
    CHECK_EQ(await bide_try_join(flood(connected ? NULL : &to), drain()), 0);
    unmake_datagram_pair();
    return 0;
}

TEST(a_full_queue_holds_the_sender_up)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(flooded(true)), 0);
    CHECK_EQ(bide_block_on(flooded(false)), 0);
    end();
}

static async int send_until_closed(const bide_address *to)
{
    ssize_t n = 1;
    while (n == 1)
        n = to != NULL ? await bide_unix_datagram_send_to(one, "x", 1, to)
                       : await bide_unix_datagram_send(one, "x", 1);
    return (int)n;
}

static async int closed_while_full(bool connected)
{
    static bide_address to;
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &one), 0);
    CHECK_EQ(bide_unix_datagram_bind(path, NULL, &other), 0);
    CHECK_EQ(bide_address_of_path(path, &to), 0);
    if (connected)
        CHECK_EQ(bide_unix_datagram_connect(one, path), 0);
    bide_task(int) task = bide_spawn(send_until_closed(connected ? NULL : &to));
    await bide_sleep(BIDE_MS(5));
    bide_instant start = bide_now();
    bide_unix_datagram_close(one);
    CHECK_ERR(await result_of(bide_move(task)), -EBADF);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    bide_unix_datagram_close(other);
    return 0;
}

TEST(a_close_ends_who_waits_for_a_full_queue)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(closed_while_full(true)), 0);
    CHECK_EQ(bide_block_on(closed_while_full(false)), 0);
    end();
}

static async int two_senders(const bide_address *to, ssize_t *first, ssize_t *second)
{
    await bide_join(*first = bide_unix_datagram_send_to(one, "x", 1, to),
                    *second = bide_unix_datagram_send_to(one, "x", 1, to));
    return 0;
}

static async int one_sender(void)
{
    bide_address to;
    ssize_t n = 0;
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &one), 0);
    CHECK_EQ(bide_unix_datagram_bind(path, NULL, &other), 0);
    CHECK_EQ(bide_address_of_path(path, &to), 0);
    int r = 0;
    while (r == 0) /* until the queue is full, and the call is cancelled */
        r = await bide_timeout(BIDE_MS(100), n = bide_unix_datagram_send_to(one, "x", 1, &to));
    CHECK_ERR(r, -ETIMEDOUT);
    ssize_t first = 0, second = 0;
    r = await bide_timeout(BIDE_MS(100), two_senders(&to, &first, &second));
    CHECK_ERR(r, -ETIMEDOUT);
    CHECK_EQ(first, 0);
    CHECK_ERR(second, -EBUSY);
    unmake_datagram_pair();
    return 0;
}

TEST(one_sender_waits)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(one_sender()), 0);
    end();
}
