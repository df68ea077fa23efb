/*
 * bide/service.h: messages to a service manager that the test plays.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

/* The manager's socket, with a name that begins with "@" or is a path; sets NOTIFY_SOCKET. */
static int manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    size_t size = strlen(name);
    CHECK(fd >= 0 && size < sizeof address.sun_path);
    memcpy(address.sun_path, name, size);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    CHECK_EQ(bind(fd, (struct sockaddr *)(void *)&address, length), 0);
    CHECK_EQ(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

/* The next message; "": there is none. */
static const char *message(int fd)
{
    static char text[256];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

TEST(nobody_wants_to_know)
{
    bide_test_watch();
    unsetenv("NOTIFY_SOCKET");
    CHECK_EQ(bide_service_ready(), 0);
    setenv("NOTIFY_SOCKET", "", 1);
    CHECK_EQ(bide_service_ready(), 0);
    CHECK_EQ(bide_test_calls("socket"), 0);
}

TEST(an_abstract_name)
{
    char name[64];
    snprintf(name, sizeof name, "@bide-service-%d", (int)getpid());
    int fd = manager(name);
    CHECK_EQ(bide_service_ready(), 1);
    CHECK_EQ(bide_service_notify("STATUS=42 clients\nMAINPID=7"), 1);
    CHECK_STR(message(fd), "READY=1");
    CHECK_STR(message(fd), "STATUS=42 clients\nMAINPID=7");
    CHECK_STR(message(fd), "");
    close(fd);
    CHECK_ERR(bide_service_ready(), -ECONNREFUSED);
}

TEST(a_path)
{
    char name[64];
    snprintf(name, sizeof name, "/tmp/bide-service-%d", (int)getpid());
    int fd = manager(name);
    CHECK_EQ(bide_service_ready(), 1);
    CHECK_STR(message(fd), "READY=1");
    CHECK_EQ(unlink(name), 0);
    CHECK_ERR(bide_service_ready(), -ENOENT);
    close(fd);
}

TEST(what_is_no_name_or_no_message)
{
    static const char *const wrong[] = {"relative", "vsock:2:1", "@", "/"};
    char longest[200];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("NOTIFY_SOCKET", wrong[i], 1);
        CHECK_ERR(bide_service_ready(), -EINVAL);
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    CHECK_ERR(bide_service_ready(), -ENAMETOOLONG);
    setenv("NOTIFY_SOCKET", "/tmp/bide-nobody", 1);
    CHECK_ERR(bide_service_notify(""), -EINVAL);
}

TEST(failures_leave_nothing_open)
{
    int fd = manager("@bide-service-failures");
    int before = open_descriptors();
    CHECK_EQ(bide_test_fail("socket", 1, -EMFILE, 1), 0);
    CHECK_ERR(bide_service_ready(), -EMFILE);
    CHECK_EQ(bide_test_fail("sendto", 1, -EINTR, 3), 0);
    CHECK_EQ(bide_service_ready(), 1);
    CHECK_EQ(bide_test_fail("sendto", 1, -EPERM, 1), 0);
    CHECK_ERR(bide_service_ready(), -EPERM);
    int r;
    int sent = 0;
    while ((r = bide_service_notify("STATUS=again")) == 1)
        CHECK(++sent < 10000);
    CHECK_ERR(r, -EAGAIN); /* it does not wait for a manager that does not read */
    CHECK_EQ(open_descriptors(), before);
    close(fd);
}

/* ---- the watchdog ---- */

static int64_t interval_of(const char *usec, const char *process)
{
    bide_duration interval = {-1};
    if (usec != NULL)
        setenv("WATCHDOG_USEC", usec, 1);
    else
        unsetenv("WATCHDOG_USEC");
    if (process != NULL)
        setenv("WATCHDOG_PID", process, 1);
    else
        unsetenv("WATCHDOG_PID");
    int r = bide_service_watchdog_interval(&interval);
    CHECK_EQ(r, interval.ns > 0);
    return interval.ns;
}

TEST(the_interval_is_for_this_process)
{
    char self[32];
    snprintf(self, sizeof self, "%d", (int)getpid());
    CHECK_EQ(interval_of("30000000", NULL), BIDE_S(30).ns);
    CHECK_EQ(interval_of("30000000", self), BIDE_S(30).ns);
    CHECK_EQ(interval_of("30000000", "1"), 0);
    CHECK_EQ(interval_of("30000000", "x"), 0);
    static const char *const wrong[] = {
        NULL, "", "0", "-1", "1x", " 1", "9223372036854775807", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_EQ(interval_of(wrong[i], NULL), 0);
    CHECK_EQ(interval_of("9223372036854775", NULL), INT64_C(9223372036854775000));
}

static async int watched(int ms)
{
    return await bide_timeout(BIDE_MS(ms), bide_service_watchdog());
}

TEST(signs_of_life_come_twice_as_often_as_they_must)
{
    bide_test_time_virtual();
    int fd = manager("@bide-service-watchdog");
    CHECK_EQ(interval_of("1000000", NULL), BIDE_S(1).ns);
    int r = bide_block_on(watched(2250));
    CHECK_ERR(r, -ETIMEDOUT);
    for (int i = 0; i < 5; i++) /* at 0, 0.5, 1, 1.5 and 2 s */
        CHECK_STR(message(fd), "WATCHDOG=1");
    CHECK_STR(message(fd), "");
    /* A manager that does not read for a while is no reason to end. */
    CHECK_EQ(bide_test_fail("sendto", 2, -EAGAIN, 1), 0);
    r = bide_block_on(watched(1250));
    CHECK_ERR(r, -ETIMEDOUT);
    CHECK_STR(message(fd), "WATCHDOG=1");
    CHECK_STR(message(fd), "WATCHDOG=1");
    CHECK_STR(message(fd), "");
    CHECK_EQ(bide_test_fail("sendto", 3, -EPERM, 1), 0);
    CHECK_ERR(bide_block_on(bide_service_watchdog()), -EPERM);
    close(fd);
}

TEST(without_a_watchdog_it_returns_at_once)
{
    manager("@bide-service-none");
    CHECK_EQ(interval_of(NULL, NULL), 0);
    CHECK_EQ(bide_block_on(bide_service_watchdog()), 0);
    CHECK_EQ(interval_of("1000000", NULL), BIDE_S(1).ns);
    unsetenv("NOTIFY_SOCKET");
    CHECK_EQ(bide_block_on(bide_service_watchdog()), 0);
}

static async int shut_down(void)
{
    static bide_shutdown stop;
    return await bide_shutdown_run(&stop, NULL, NULL);
}

TEST(a_shutdown_tells_that_it_stops)
{
    int fd = manager("@bide-service-stopping");
    CHECK_EQ(bide_block_on(shut_down()), 0);
    CHECK_STR(message(fd), "STOPPING=1");
    CHECK_STR(message(fd), "");
    close(fd);
}
