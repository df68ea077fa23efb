/*
 * lib/net/activation.c: descriptors that a service manager passes to the process, from the fourth
 * one (3) on: sd_listen_fds(3) is the specification.
 */
#include "lib/runtime.h"

#include <stdlib.h>

#include <bide/net.h>

enum { FIRST = 3 };

/* A number of decimal digits up to INT32_MAX; -1: it is none. */
static int64_t number_of(const char *text)
{
    int64_t n = 0;
    if (text == NULL || *text == '\0')
        return -1;
    for (; *text >= '0' && *text <= '9' && n <= INT32_MAX; text++)
        n = n * 10 + (*text - '0');
    return *text == '\0' && n <= INT32_MAX ? n : -1;
}

/* Whether the first of the names in `names`, which are separated by ":", is this one. */
static bool begins_with(const char *names, const char *name)
{
    size_t size = strcspn(names, ":");
    return strlen(name) == size && memcmp(names, name, size) == 0;
}

static const char *next_name(const char *names)
{
    names += strcspn(names, ":");
    return *names == ':' ? names + 1 : names;
}

/* O_NONBLOCK would be set for all who share the open file: the service manager itself, which
 * listens for the next instance, and other processes of the service. */
static int prepare(int fd)
{
    int r = bide__door.fcntl(fd, F_SETFD, FD_CLOEXEC);
    return r < 0 ? r : fd;
}

int bide_activation_fd(const char *name, unsigned number)
{
    const char *names = getenv("LISTEN_FDNAMES");
    int64_t count = number_of(getenv("LISTEN_FDS"));

    if (number_of(getenv("LISTEN_PID")) != bide__door.getpid())
        return -ENOENT;
    if (names == NULL)
        names = "";
    for (int64_t i = 0; i < count && i <= INT32_MAX - FIRST; i++, names = next_name(names)) {
        if (name != NULL && !begins_with(names, name))
            continue;
        if (number-- == 0)
            return prepare(FIRST + (int)i);
    }
    return -ENOENT;
}
