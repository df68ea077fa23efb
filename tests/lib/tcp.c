/*
 * TCP beyond a plain connection (tests/lib/net.c): options, local addresses, listeners of
 * descriptors that exist, a listener for each core, the peer of an accept.
 */
#include "lib/net/address.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

static const char host[] = "127.0.0.1";
static bide_tcp_listener *listener;
static bide_stream *near, *far;

static uint16_t port(void)
{
    int r = bide_tcp_port(listener);
    CHECK(r > 0);
    return (uint16_t)r;
}

static bide_address address_of(const char *text)
{
    bide_address a;
    CHECK_EQ(bide_address_parse(text, &a), 0);
    return a;
}

static void close_all(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
    bide_tcp_listener_close(listener);
    near = far = NULL;
    listener = NULL;
}

/* ---- options ---- */

static const bide_tcp_options every_option = {
    .nodelay = true,
    .keepalive = {INT64_C(1500000000)},
    .keepalive_interval = BIDE_S(7),
    .keepalive_probes = 5,
    .unacknowledged = {INT64_C(12345600000)},
    .linger = BIDE_S(3),
    .send_buffer_bytes = 30000,
    .receive_buffer_bytes = 40000,
    .hops = 33,
    .traffic_class = 0x10,
};

static void check_options(const bide_stream *s)
{
    bide_tcp_options o;
    CHECK_EQ(bide_tcp_get_options(s, &o), 0);
    CHECK(o.nodelay);
    CHECK_EQ(o.keepalive.ns, BIDE_S(2).ns); /* rounded up */
    CHECK_EQ(o.keepalive_interval.ns, BIDE_S(7).ns);
    CHECK_EQ(o.keepalive_probes, 5);
    CHECK_EQ(o.unacknowledged.ns, BIDE_MS(12346).ns);
    CHECK_EQ(o.linger.ns, BIDE_S(3).ns);
    CHECK_EQ(o.send_buffer_bytes, 60000); /* as the system counts them */
    CHECK_EQ(o.receive_buffer_bytes, 80000);
    CHECK_EQ(o.hops, 33);
    CHECK_EQ(o.traffic_class, 0x10);
}

/* Both ends have all options: one has them from its connect, the other from its listener. */
static async int options_from_the_beginning(const char *at)
{
    CHECK_EQ(bide_tcp_listen_with(at, 0, &every_option, &listener), 0);
    CHECK_EQ(await bide_tcp_connect_with(at, port(), &every_option, &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    check_options(near);
    check_options(far);
    close_all();
    return 0;
}

static bool has_ipv6(void)
{
    bide_tcp_listener *l;
    int r = bide_tcp_listen("::1", 0, &l);
    bide_tcp_listener_close(l);
    return r == 0;
}

TEST(a_connection_has_its_options_from_the_beginning)
{
    CHECK_EQ(bide_block_on(options_from_the_beginning(host)), 0);
    if (has_ipv6())
        CHECK_EQ(bide_block_on(options_from_the_beginning("::1")), 0);
}

static async int connect_both(void)
{
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    return 0;
}

static async int options_later(void)
{
    bide_tcp_options o;
    await connect_both();
    CHECK_EQ(bide_tcp_get_options(near, &o), 0);
    CHECK(!o.nodelay && o.keepalive.ns == 0 && o.keepalive_interval.ns == 0 &&
          o.keepalive_probes == 0 && o.linger.ns == 0 && o.unacknowledged.ns == 0);
    CHECK(o.hops > 0 && o.send_buffer_bytes > 0);
    CHECK_EQ(bide_tcp_set_options(near, &every_option), 0);
    check_options(near);
    CHECK_EQ(bide_tcp_set_options(near, &(bide_tcp_options){0}), 0); /* nothing changes */
    check_options(near);

    CHECK_EQ(bide_tcp_set_keepalive(near, false), 0);
    CHECK_EQ(bide_tcp_set_nodelay(near, false), 0);
    CHECK_EQ(bide_tcp_set_linger(near, BIDE_S(0)), 0);
    CHECK_EQ(bide_tcp_set_quickack(near, true), 0);
    CHECK_EQ(bide_tcp_get_options(near, &o), 0);
    CHECK(!o.nodelay && o.keepalive.ns == 0 && o.keepalive_probes == 0 && o.linger.ns == 0);
    CHECK_EQ(bide_tcp_set_keepalive(near, true), 0);
    CHECK_EQ(bide_tcp_set_linger(near, BIDE_MS(1)), 0);
    CHECK_EQ(bide_tcp_get_options(near, &o), 0);
    CHECK_EQ(o.keepalive.ns, BIDE_S(2).ns);
    CHECK_EQ(o.keepalive_probes, 5);
    CHECK_EQ(o.linger.ns, BIDE_S(1).ns);
    close_all();
    return 0;
}

TEST(options_are_changed_later)
{
    CHECK_EQ(bide_block_on(options_later()), 0);
}

static async int wrong_options(void)
{
    static const bide_tcp_options wrong[] = {
        {.keepalive = {-1}},         {.keepalive_interval = {-1}},
        {.unacknowledged = {-1}},    {.linger = {-1}},
        {.keepalive = {INT64_MAX}},  {.keepalive_probes = 200},
        {.keepalive_probes = 70000}, {.hops = 256},
        {.traffic_class = 256},
    };
    await connect_both();
    bide_stream *s;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bide_tcp_listener *l;
        CHECK_ERR(bide_tcp_set_options(near, &wrong[i]), -EINVAL);
        CHECK_ERR(await bide_tcp_connect_with(host, port(), &wrong[i], &s), -EINVAL);
        CHECK(s == NULL);
        CHECK_ERR(bide_tcp_listen_with(host, 0, &wrong[i], &l), -EINVAL);
        CHECK(l == NULL);
    }
    CHECK_ERR(bide_tcp_set_linger(near, BIDE_S(-1)), -EINVAL);
    bide_tcp_options device = {.interface = "no-such-if"};
    CHECK_ERR(await bide_tcp_connect_with(host, port(), &device, &s), -ENODEV);
    device.interface = "lo";
    int r = await bide_tcp_connect_with(host, port(), &device, &s);
    CHECK(r == 0 || r == -EPERM); /* old systems allow it only to root */
    bide_stream_close(s);
    close_all();
    return 0;
}

TEST(options_that_cannot_be)
{
    CHECK_EQ(bide_block_on(wrong_options()), 0);
}

TEST(what_is_no_socket_has_no_options)
{
    bide_stream *a, *b;
    bide_tcp_options o = {.hops = 3};
    bide_address address;
    CHECK_EQ(bide_stream_pair(1, &a, &b), 0);
    CHECK_ERR(bide_tcp_get_options(a, &o), -ENOTSOCK);
    CHECK_EQ(o.hops, 0);
    CHECK_ERR(bide_tcp_set_options(a, &o), -ENOTSOCK);
    CHECK_ERR(bide_tcp_set_nodelay(a, true), -ENOTSOCK);
    CHECK_ERR(bide_tcp_set_keepalive(a, true), -ENOTSOCK);
    CHECK_ERR(bide_tcp_set_linger(a, BIDE_S(1)), -ENOTSOCK);
    CHECK_ERR(bide_tcp_set_quickack(a, true), -ENOTSOCK);
    CHECK_ERR(bide_tcp_take_error(a), -ENOTSOCK);
    CHECK_ERR(bide_tcp_peer_address(a, &address), -ENOTSOCK);
    bide_stream_close(a);
    bide_stream_close(b);
}

static async int errors_are_taken(void)
{
    await connect_both();
    CHECK_EQ(bide_tcp_take_error(near), 0);
    bide_tcp_abort(far);
    far = NULL;
    CHECK_ERR(bide_tcp_take_error(near), -ECONNRESET);
    CHECK_EQ(bide_tcp_take_error(near), 0);
    close_all();
    return 0;
}

TEST(an_error_is_taken_once)
{
    CHECK_EQ(bide_block_on(errors_are_taken()), 0);
}

/* ---- from a local address ---- */

static async int from_an_address(void)
{
    bide_address local = address_of("127.0.0.3:0"), peer, mine;
    bide_tcp_options options = {.local = &local, .reuse_address = true};
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect_with(host, port(), &options, &near), 0);
    CHECK_EQ(await bide_tcp_accept_from(listener, &peer, &far), 0);
    CHECK_EQ(bide_tcp_local_address(near, &mine), 0);
    CHECK(bide_address_is_same(&mine, &peer));
    bide_address_set_port(&peer, 0);
    CHECK(bide_address_is_same(&local, &peer));

    /* Again from the same port, which is in TIME_WAIT. */
    bide_stream_close(near);
    CHECK_EQ(await bide_stream_read(far, &(char){0}, 1), 0);
    bide_stream_close(far);
    local = mine;
    bide_tcp_listener *second;
    CHECK_EQ(bide_tcp_listen(host, 0, &second), 0);
    uint16_t to = (uint16_t)bide_tcp_port(second);
    options.reuse_address = false;
    CHECK_ERR(await bide_tcp_connect_with(host, to, &options, &near), -EADDRINUSE);
    options.reuse_address = true;
    CHECK_EQ(await bide_tcp_connect_with(host, to, &options, &near), 0);
    CHECK_EQ(await bide_tcp_accept_from(second, &peer, &far), 0);
    CHECK(bide_address_is_same(&local, &peer));
    bide_tcp_listener_close(second);

    local = address_of("192.0.2.1:0");
    CHECK_ERR(await bide_tcp_connect_with(host, port(), &options, &(bide_stream *){NULL}),
              -EADDRNOTAVAIL);
    close_all();
    return 0;
}

TEST(a_connection_comes_from_the_address_that_it_is_bound_to)
{
    CHECK_EQ(bide_block_on(from_an_address()), 0);
}

static async int to_an_address(void)
{
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
    bide_address to, wrong = {.size = sizeof(struct sockaddr_un), .bytes = {AF_UNIX}};
    bide_stream *s;
    CHECK_EQ(bide_tcp_listener_address(listener, &to), 0);
    CHECK_EQ(await bide_tcp_connect_to(&to, NULL, &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    CHECK_ERR(await bide_tcp_connect_to(&wrong, NULL, &s), -EAFNOSUPPORT);
    CHECK(s == NULL);
    CHECK_ERR(await bide_tcp_connect_to(&(bide_address)BIDE_ADDRESS_INIT, NULL, &s), -EAFNOSUPPORT);
    close_all();
    return 0;
}

TEST(a_connection_to_an_address)
{
    CHECK_EQ(bide_block_on(to_an_address()), 0);
}

/* ---- listeners ---- */

static async int shared_port(void)
{
    bide_tcp_options shared = {.reuse_port = true, .backlog = 5};
    bide_tcp_listener *second, *third;
    bide_address at;
    CHECK_EQ(bide_tcp_listen_with(host, 0, &shared, &listener), 0);
    CHECK_EQ(bide_tcp_listener_address(listener, &at), 0);
    CHECK_EQ(bide_tcp_listen_on(&at, &shared, &second), 0);
    CHECK_EQ(bide_tcp_port(second), port());
    CHECK_ERR(bide_tcp_listen_on(&at, NULL, &third), -EADDRINUSE);
    CHECK(third == NULL);
    bide__to_of(&at)->any.sa_family = AF_UNIX;
    CHECK_ERR(bide_tcp_listen_on(&at, NULL, &third), -EAFNOSUPPORT);
    CHECK(bide_tcp_listener_fd(second) >= 0);
    bide_tcp_listener_close(second);
    close_all();
    return 0;
}

TEST(listeners_share_a_port)
{
    CHECK_EQ(bide_block_on(shared_port()), 0);
}

static async int only_six(void)
{
    bide_tcp_options only = {.ipv6_only = true};
    bide_stream *s;
    CHECK_EQ(bide_tcp_listen_with("::", 0, &only, &listener), 0);
    CHECK_ERR(await bide_tcp_connect(host, port(), &s), -ECONNREFUSED);
    CHECK_EQ(await bide_tcp_connect("::1", port(), &near), 0);
    close_all();
    return 0;
}

TEST(a_listener_for_version_6_only)
{
    if (!has_ipv6())
        SKIP("no IPv6 here");
    CHECK_EQ(bide_block_on(only_six()), 0);
}

/* A connection that was reset before the accept has no peer. */
static async int accept_from_skips(void)
{
    bide_address peer, mine;
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
        bide_tcp_abort(near);
    }
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(await bide_tcp_accept_from(listener, &peer, &far), 0);
    CHECK_EQ(bide_tcp_local_address(near, &mine), 0);
    CHECK(bide_address_is_same(&mine, &peer));
    CHECK_ERR(await bide_timeout(
                  BIDE_S(1), (void)bide_tcp_accept_from(listener, &peer, &(bide_stream *){NULL})),
              -ETIMEDOUT);
    close_all();
    return 0;
}

TEST(an_accept_tells_the_peer)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(accept_from_skips()), 0);
}

/* ---- a socket that listens already ---- */

static int listening_socket(int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | type, 0);
    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(fd, 10), 0);
    return fd;
}

static async int accept_on(int fd)
{
    CHECK_EQ(bide_tcp_listener_from_fd(fd, &listener), 0);
    CHECK_EQ(bide_tcp_listener_fd(listener), fd);
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    CHECK_EQ(await bide_stream_write(near, "x", 1), 1);
    CHECK_EQ(await bide_stream_read(far, &(char){0}, 1), 1);
    close_all();
    for (int i = 0; i < 1000 && fcntl(fd, F_GETFD) >= 0; i++)
        await bide_sleep(BIDE_MS(1)); /* the driver may let go of it a moment later */
    CHECK(fcntl(fd, F_GETFD) < 0);
    return 0;
}

TEST(a_listener_of_a_descriptor)
{
    int ends[2], fd = listening_socket(SOCK_NONBLOCK);
    bide_tcp_listener *second;
    CHECK_EQ(bide_tcp_listener_from_fd(fd, &listener), 0);
    CHECK_ERR(bide_tcp_listener_from_fd(fd, &second), -EEXIST);
    CHECK(second == NULL);
    close_all();
    CHECK_EQ(bide_block_on(accept_on(listening_socket(SOCK_NONBLOCK))), 0);

    int gone = listening_socket(0);
    close(gone);
    CHECK_ERR(bide_tcp_listener_from_fd(gone, &second), -EBADF);
    int idle = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERR(bide_tcp_listener_from_fd(idle, &second), -EINVAL);
    close(idle);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    CHECK_ERR(bide_tcp_listener_from_fd(ends[0], &second), -EAFNOSUPPORT);
    close(ends[0]);
    close(ends[1]);
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERR(bide_tcp_listener_from_fd(ends[0], &second), -ENOTSOCK);
    close(ends[0]);
    close(ends[1]);
}

static int open_fd = -1;

static int make_of_descriptor(void)
{
    if (open_fd < 0)
        open_fd = listening_socket(SOCK_NONBLOCK);
    listener = (bide_tcp_listener *)1;
    int r = bide_tcp_listener_from_fd(dup(open_fd), &listener);
    CHECK((listener == NULL) == (r < 0));
    return r;
}

static int make_with_options(void)
{
    listener = (bide_tcp_listener *)1;
    int r = bide_tcp_listen_with(host, 0, &every_option, &listener);
    CHECK((listener == NULL) == (r < 0));
    return r;
}

static int make_connection(void)
{
    bide_address local = address_of("127.0.0.1:0");
    bide_tcp_options options = every_option;
    options.local = &local;
    options.reuse_port = options.reuse_address = true;
    options.linger = BIDE_S(0); /* or another thread closes it, at some time: lib/lingers */
    near = (bide_stream *)1;
    int r = bide_block_on(bide_tcp_connect_with(host, port(), &options, &near));
    CHECK((near == NULL) == (r < 0));
    return r;
}

static void destroy_listener(void)
{
    bide_tcp_listener_close(listener);
}

static void destroy_connection(void)
{
    bide_stream_close(near);
}

TEST(listeners_and_connections_fail_without_a_trace)
{
    CHECK(fails_everywhere(make_with_options, destroy_listener) >= 15);
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
    CHECK(fails_everywhere(make_connection, destroy_connection) >= 14);
    bide_tcp_listener_close(listener);
}

/* A failure leaves the descriptor to the caller, who is this test. */
TEST(a_listener_of_a_descriptor_fails_without_a_trace)
{
    static const char *const calls[] = {"alloc", "epoll_ctl", "getsockopt", "getsockname", "fcntl"};
    bide_tcp_listener *l;
    int fd = listening_socket(SOCK_NONBLOCK);
    CHECK_EQ(make_of_descriptor(), 0); /* makes the runtime */
    bide_tcp_listener_close(listener);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK_EQ(bide_test_fail(calls[i], 1, -ENOMEM, 1), 0);
        CHECK_ERR(bide_tcp_listener_from_fd(fd, &l), -ENOMEM);
        CHECK(l == NULL);
        bide_test_reset();
        CHECK(fcntl(fd, F_GETFD) >= 0);
    }
    CHECK_EQ(bide_tcp_listener_from_fd(fd, &l), 0);
    bide_tcp_listener_close(l);
    close(open_fd);
}

/* ---- socket activation ---- */

static void pass(const char *pid, const char *count, const char *names)
{
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
    if (names != NULL)
        setenv("LISTEN_FDNAMES", names, 1);
    else
        unsetenv("LISTEN_FDNAMES");
}

/* What a service manager does before the program begins: the descriptors from 3 on are sockets. */
static void activated(void)
{
    char me[20];
    snprintf(me, sizeof me, "%d", (int)getpid());
    int web = fcntl(listening_socket(0), F_DUPFD, 100), admin = fcntl(web, F_DUPFD, 100);
    CHECK(dup2(web, 3) == 3 && dup2(admin, 4) == 4 && dup2(web, 5) == 5);

    pass(me, "3", "web:admin:web");
    CHECK_EQ(bide_activation_fd(NULL, 0), 3);
    CHECK_EQ(bide_activation_fd(NULL, 1), 4);
    CHECK_EQ(bide_activation_fd(NULL, 2), 5);
    CHECK_ERR(bide_activation_fd(NULL, 3), -ENOENT);
    CHECK_EQ(bide_activation_fd("web", 0), 3);
    CHECK_EQ(bide_activation_fd("web", 1), 5);
    CHECK_ERR(bide_activation_fd("web", 2), -ENOENT);
    CHECK_EQ(bide_activation_fd("admin", 0), 4);
    CHECK_ERR(bide_activation_fd("adm", 0), -ENOENT);
    CHECK_ERR(bide_activation_fd("", 0), -ENOENT);
    CHECK(fcntl(3, F_GETFD) & FD_CLOEXEC);
    CHECK_EQ(bide_block_on(accept_on(3)), 0);
    CHECK_EQ(fcntl(web, F_GETFL) & O_NONBLOCK, 0); /* the service manager's */
    CHECK_ERR(bide_activation_fd(NULL, 0), -EBADF);

    pass(me, "2", NULL);
    CHECK_EQ(bide_activation_fd(NULL, 1), 4);
    CHECK_EQ(bide_activation_fd("", 1), 4); /* without names, none has one */
    CHECK_ERR(bide_activation_fd("web", 0), -ENOENT);
    static const char *const wrong[] = {"", "x", "-1", "1x", "99999999999999999999", "0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pass(wrong[i], "2", NULL);
        CHECK_ERR(bide_activation_fd(NULL, 1), -ENOENT);
        pass(me, wrong[i], NULL);
        CHECK_ERR(bide_activation_fd(NULL, 1), -ENOENT);
    }
    pass("1", "2", NULL); /* for another process */
    CHECK_ERR(bide_activation_fd(NULL, 1), -ENOENT);
    unsetenv("LISTEN_FDS");
    CHECK_ERR(bide_activation_fd(NULL, 1), -ENOENT);
    pass(me, "2", NULL);
    bide_test_fail("fcntl", 1, -EIO, 1);
    CHECK_ERR(bide_activation_fd(NULL, 1), -EIO);
    bide_test_reset();
}

TEST(a_service_manager_passes_sockets)
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        activated();
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* ---- a listener for each core ---- */

enum { CORES = 2, CLIENTS = 64 };

static _Atomic int accepted[CORES], listening;
static _Atomic bool is_over;

static async void greet(bide_stream *s)
{
    defer {
        bide_stream_close(s);
    }
    CHECK_EQ(await bide_stream_write_all(s, "x", 1, NULL), 0);
}

static async int serve_core(uint16_t at)
{
    bide_tcp_options shared = {.reuse_port = true};
    bide_tcp_listener *l;
    bide_stream *s;
    CHECK_EQ(bide_tcp_listen_with(host, at, &shared, &l), 0);
    defer {
        bide_tcp_listener_close(l);
    }
    listening++;
    while (!is_over) {
        int r = 1;
        (void)await bide_timeout(BIDE_MS(20), r = bide_tcp_accept(l, &s));
        if (r != 0)
            continue;
        accepted[bide_core()]++;
        await greet(s);
    }
    return 0;
}

static async int all_cores(void)
{
    bide_tcp_options shared = {.reuse_port = true};
    bide_task(int) task[CORES];
    CHECK_EQ(bide_tcp_listen_with(host, 0, &shared, &listener), 0);
    uint16_t at = port();
    for (uint32_t core = 0; core < CORES; core++)
        task[core] = bide_spawn_at(core, serve_core(at));
    while (listening < CORES)
        await bide_sleep(BIDE_MS(1));
    bide_tcp_listener_close(listener); /* it had the port until now */
    for (int i = 0; i < CLIENTS; i++) {
        bide_stream *s;
        CHECK_EQ(await bide_tcp_connect(host, at, &s), 0);
        CHECK_EQ(await bide_stream_read(s, &(char){0}, 1), 1);
        bide_stream_close(s);
    }
    is_over = true;
    for (uint32_t core = 0; core < CORES; core++)
        CHECK_EQ(await bide_task_join(task[core], &(int){0}), 0);
    return 0;
}

TEST_LIMIT(every_core_accepts, 30)
{
    bide_runtime_options options = {.flavour = BIDE_THREAD_PER_CORE, .workers = CORES};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(all_cores()), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(accepted[0] + accepted[1], CLIENTS);
    CHECK(accepted[0] > 0 && accepted[1] > 0);
}

/* ---- cancellation ---- */

static int descriptors;

async int meets(void *state);
extern const struct bide_fn bide__desc_meets;

/* The accept begins before there is a connection. */
async int meets(void *state)
{
    bide_address peer;
    (void)state;
    defer {
        bide_stream_close(near);
        bide_stream_close(far);
        near = far = NULL;
    }
    int a = 1, b = 1;
    await bide_join(a = bide_tcp_accept_from(listener, &peer, &far),
                    b = bide_tcp_connect_with(host, port(), &every_option, &near));
    return a < 0 ? a : b;
}

static void before_meeting(void *state)
{
    (void)state;
    descriptors = open_descriptors();
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
}

static void nothing_stays_open(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error != 0)
        CHECK_ERR(run->error, run->room_size > 0 ? -ENOMEM : -ECANCELED);
    bide_tcp_listener_close(listener); /* with what it has accepted ahead */
    listener = NULL;
    CHECK(descriptors_become(descriptors));
}

TEST(a_connect_and_an_accept_are_cancelled_anywhere)
{
    CHECK_EQ(make_with_options(), 0); /* makes the runtime */
    bide_tcp_listener_close(listener);
    CHECK(cancel_everywhere(&bide__desc_meets, NULL, before_meeting, nothing_stays_open) >=
          cancel_least(1));
    CHECK(starve_everywhere(&bide__desc_meets, NULL, before_meeting, nothing_stays_open) > 0);
    close_all();
}
