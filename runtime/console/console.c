/*
 * console.c: the console of the process begins and ends.
 *
 * There is one at most. Its state is under a mutex, which its thread never takes: so the end can
 * wait for the thread. In a child of fork() all begins anew: the thread is not there, and what it
 * had open is closed, so that the clients of the parent see its end.
 */
#include "runtime/console/inside.h"

#include "runtime/options.h"
#include "runtime/thread.h"
#include "runtime/trace/census.h"
#include "runtime/trace/trace.h"

#include <bide/console.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

static struct {
    pthread_mutex_t mutex;
    int runtimes;
    bool is_running;
    bool by_environment;
    int wake[2];
    struct bide__console_fds fds;
    pthread_t thread;
    char path[PATH_MAX]; /* absolute, since the program may go to another folder */
} console = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void *thread_main(void *argument)
{
    (void)argument;
    bide__door.thread_name("bide-console");
    bide__console_serve(&console.fds);
    return NULL;
}

/* ---- the socket ---- */

static int find_path(const char *path, struct sockaddr_un *address)
{
    struct stat status;
    size_t room = sizeof(address->sun_path);
    int n;

    if (path == NULL || path[0] == '\0')
        return -EINVAL;
    if (bide__door.stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        n = snprintf(address->sun_path, room, "%s/%d.bide", path, (int)bide__door.getpid());
    else
        n = snprintf(address->sun_path, room, "%s", path);
    return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}

/* Nobody listens there any more. */
static bool is_left_over(const struct sockaddr_un *address)
{
    struct stat status;

    if (bide__door.lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = bide__door.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    int r = bide__door.connect(fd, (const struct sockaddr *)address, sizeof(*address));
    bide__door.close(fd);
    return r == -ECONNREFUSED;
}

static int bind_there(int fd, const struct sockaddr_un *address)
{
    int r = bide__door.bind(fd, (const struct sockaddr *)address, sizeof(*address));

    if (r != -EADDRINUSE || !is_left_over(address))
        return r;
    r = bide__door.unlink(address->sun_path);
    return r < 0 ? r : bide__door.bind(fd, (const struct sockaddr *)address, sizeof(*address));
}

/* The mode of the descriptor becomes that of the file. */
static int listen_there(const struct sockaddr_un *address)
{
    int fd = bide__door.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fd;
    int r = bide__door.fchmod(fd, 0600);
    if (r == 0)
        r = bind_there(fd, address);
    if (r == 0) {
        r = bide__door.listen(fd, 8);
        if (r < 0)
            bide__door.unlink(address->sun_path);
    }
    if (r < 0)
        bide__door.close(fd);
    return r < 0 ? r : fd;
}

/* ---- begun and ended; with the mutex ---- */

static void close_all(void)
{
    bide__door.close(console.fds.listener);
    bide__door.close(console.wake[0]);
    bide__door.close(console.wake[1]);
    console.is_running = false;
}

/* In a child of fork(). */
static void start_anew(void)
{
    pthread_mutex_init(&console.mutex, NULL);
    bide__console_forget();
    if (console.is_running)
        close_all();
    console.runtimes = 0;
    atomic_store(&bide__console_threads, 0);
}

static int start(void)
{
    int r = bide__door.pipe2(console.wake, O_CLOEXEC);

    if (r < 0)
        return r;
    console.fds.wake = console.wake[0];
    bide__question_end(false);
    r = bide__door.thread_create(&console.thread, 0, thread_main, NULL);
    if (r == 0) {
        /* Never more than there are: else another thread would be taken for this one. */
        atomic_fetch_add(&bide__console_threads, 1);
        return 0;
    }
    bide__door.close(console.wake[0]);
    bide__door.close(console.wake[1]);
    return r;
}

static int begin(const char *path, bool by_environment)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = find_path(path, &address);

    if (r < 0)
        return r;
    if (console.is_running)
        return -EALREADY;
    r = listen_there(&address);
    if (r < 0)
        return r;
    console.fds.listener = r;
    if (bide__door.realpath(address.sun_path, console.path) < 0)
        memcpy(console.path, address.sun_path, sizeof(address.sun_path));
    r = start();
    if (r < 0) {
        bide__door.unlink(console.path);
        bide__door.close(console.fds.listener);
        return r;
    }
    console.by_environment = by_environment;
    console.is_running = true;
    return 0;
}

static void end(void)
{
    if (!console.is_running)
        return;
    atomic_fetch_sub(&bide__console_threads, 1);
    bide__question_end(true);
    (void)bide__door.write_quiet(console.wake[1], "", 1);
    bide__door.thread_join(console.thread);
    bide__door.unlink(console.path);
    close_all();
}

int bide_console_begin(const char *path)
{
    int r = bide__fork_watch();
    if (r < 0)
        return r;
    bide__fork_tells(start_anew);
    pthread_mutex_lock(&console.mutex);
    r = begin(path, false);
    pthread_mutex_unlock(&console.mutex);
    return r;
}

void bide_console_end(void)
{
    pthread_mutex_lock(&console.mutex);
    end();
    pthread_mutex_unlock(&console.mutex);
}

/* ---- the environment ---- */

static void begin_as_asked(void)
{
    const char *path = secure_getenv("BIDE_CONSOLE");
    char text[256];

    if (path == NULL || path[0] == '\0')
        return;
    int r = begin(path, true);
    if (r == 0 || r == -EALREADY)
        return;
    const char *why =
        r == -EADDRINUSE ? "another program listens there, or it is no socket" : strerror(-r);
    int n = snprintf(text, sizeof(text), "bide: BIDE_CONSOLE=%.120s: there is no console: %s\n",
                     path, why);
    (void)bide__door.write(STDERR_FILENO, text, (size_t)n);
}

void bide__console_runtimes(int more)
{
    bide__fork_tells(start_anew);
    pthread_mutex_lock(&console.mutex);
    int before = console.runtimes;
    console.runtimes += more;
    if (before == 0 && more > 0)
        begin_as_asked();
    if (console.runtimes == 0 && console.by_environment)
        end();
    pthread_mutex_unlock(&console.mutex);
}
