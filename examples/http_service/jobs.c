/*
 * jobs.c: what runs beside the requests. A job works in its own task and at its own pace; when the
 * service is to end, it ends between two pieces of work, not in the middle of one.
 */
#include "service.h"

#include <stdio.h>
#include <string.h>

async int jobs_run(struct service *s, bide_duration period)
{
    bide_interval tick = bide_interval_every(period, BIDE_MISSED_SKIP);
    while (await bide_until_shutdown(&s->stop, bide_interval_tick(&tick)) == 1) {
        int n = await notes_expire(s);
        if (n < 0)
            fprintf(stderr, "notes that have expired stay: %s\n", strerror(-n));
        else
            s->counters.expired += (uint64_t)n;
    }
    return 0;
}
