/*
 * alarm.c: the timer by which a driver that a foreign loop watches tells of a deadline: a timerfd,
 * which the driver looks at edge-triggered and never reads. See driver.h.
 */
#include "runtime/io/driver.h"

int bide__alarm_open(struct bide__alarm *alarm)
{
    if (alarm->fd >= 0)
        return 0;
    int fd = bide__door.timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0)
        return fd;
    *alarm = (struct bide__alarm){.fd = fd, .at_ns = INT64_MAX};
    return 0;
}

void bide__alarm_close(struct bide__alarm *alarm)
{
    if (alarm->fd >= 0)
        bide__door.close(alarm->fd);
    alarm->fd = -1;
}

/* The timer is relative, since the door's clock need not be the system's. */
int bide__alarm_set(struct bide__alarm *alarm, int64_t at_ns)
{
    struct itimerspec in = {.it_value = {0}}; /* none */

    if (at_ns == alarm->at_ns)
        return 0;
    if (at_ns != INT64_MAX) {
        int64_t ns = at_ns - bide__clock_ns();
        if (ns < 1)
            ns = 1;
        in.it_value = (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    }
    int r = bide__door.timerfd_settime(alarm->fd, 0, &in, NULL);
    alarm->at_ns = r < 0 ? INT64_MAX : at_ns;
    return r;
}
