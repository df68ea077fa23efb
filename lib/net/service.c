/*
 * lib/net/service.c: messages to the service manager, by the protocol of sd_notify(3): datagrams to
 * a Unix socket. What the manager passes to the program is in activation.c.
 */
#include "lib/async.h"

#include <stdlib.h>

#include <bide/service.h>
#include <bide/time.h>
#include <bide/unix.h>

#include "lib/net/address.h"

static int send_to(const bide_address *address, const char *state)
{
    int fd = bide__door.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    ssize_t n;
    do
        n = bide__door.sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                              &bide__to_of(address)->any, address->size);
    while (n == -EINTR);
    bide__door.close(fd);
    return n < 0 ? (int)n : 1;
}

int bide_service_notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    bide_address address;

    if (name == NULL || name[0] == '\0')
        return 0;
    if (state[0] == '\0' || (name[0] != '/' && name[0] != '@') || name[1] == '\0')
        return -EINVAL;
    int r = bide_address_of_path(name, &address);
    return r < 0 ? r : send_to(&address, state);
}

int bide_service_ready(void)
{
    return bide_service_notify("READY=1");
}

/* ---- the watchdog ---- */

/* A positive number of decimal digits that fits; 0: it is none. */
static int64_t number_of(const char *text)
{
    int64_t n = 0;

    if (text == NULL || *text == '\0')
        return 0;
    for (; *text >= '0' && *text <= '9' && n <= INT64_MAX / 10000; text++)
        n = n * 10 + (*text - '0');
    return *text == '\0' && n <= INT64_MAX / 1000 ? n : 0;
}

int bide_service_watchdog_interval(bide_duration *interval)
{
    const char *process = getenv("WATCHDOG_PID");

    *interval = BIDE_US(number_of(getenv("WATCHDOG_USEC")));
    if (process != NULL && number_of(process) != bide__door.getpid())
        *interval = BIDE_NS(0);
    return interval->ns > 0;
}

bide_async int bide_service_watchdog(void)
{
    bide_duration interval;

    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_service_watchdog");
    if (bide_service_watchdog_interval(&interval) == 0)
        return 0;
    for (;;) {
        int r = bide_service_notify("WATCHDOG=1");
        if (r == 0 || (r < 0 && r != -EAGAIN))
            return r;
        bide_await bide_sleep(BIDE_NS(interval.ns / 2));
    }
}
