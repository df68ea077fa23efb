/*
 * bide/time.h: clock and sleep.
 *
 * Times are monotonic and have nothing to do with the date. Durations are written BIDE_NS(n),
 * BIDE_US(n), BIDE_MS(n) or BIDE_S(n), and must fit into 64 bits of nanoseconds (292 years). A sum
 * that does not fit becomes the largest value.
 *
 * Tests may use virtual time: see bide/testing.h. The functions that are not async may be called on
 * any thread.
 */
#ifndef BIDE_TIME_H
#define BIDE_TIME_H

#include <bide/lang.h>

#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* A point in time: nanoseconds since some moment before the program began. */
struct bide_instant {
    int64_t ns;
};
typedef struct bide_instant bide_instant;

/* The time now. */
bide_instant bide_now(void);

/* The time from `since` until now. */
bide_duration bide_elapsed(bide_instant since);

/* The time from `earlier` to `later`; negative if `later` comes first. */
bide_duration bide_instant_sub(bide_instant later, bide_instant earlier);

/* `duration` after `instant`, or before it if `duration` is negative. */
bide_instant bide_instant_add(bide_instant instant, bide_duration duration);

/*
 * Waits until `duration` has passed, never less; a duration of 0 or less does not wait at all (to
 * let other tasks run, call bide_yield). Timers are as exact as the kernel allows, to some 50 us;
 * those with the same deadline end in the order in which they began. Returns 0, or -ENXIO if there
 * is no runtime. Cancelled: nothing remains.
 */
bide_async int bide_sleep(bide_duration duration);

/* The same, until `deadline`. */
bide_async int bide_sleep_until(bide_instant deadline);

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
