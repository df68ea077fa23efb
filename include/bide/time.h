/*
 * bide/time.h: clock and sleep.
 *
 * Times are monotonic and have nothing to do with the date. Durations are written BIDE_NS(n),
 * BIDE_US(n), BIDE_MS(n), BIDE_S(n), and must fit into 64 bits of nanoseconds (292 years). Sums
 * that do not fit are the largest value there is.
 *
 * In tests time may be virtual: see bide/testing.h.
 */
#ifndef BIDE_TIME_H
#define BIDE_TIME_H

#include <bide/lang.h>

#include <stdint.h>

#pragma pack(push) /* whatever is in effect here */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* A point in time: nanoseconds since some moment before the program began. */
struct bide_instant {
    int64_t ns;
};
typedef struct bide_instant bide_instant;

/* Any thread. */
bide_instant bide_now(void);

/* From `since` until now. */
bide_duration bide_elapsed(bide_instant since);

/* From `earlier` to `later`; negative the other way round. */
bide_duration bide_instant_sub(bide_instant later, bide_instant earlier);

bide_instant bide_instant_add(bide_instant instant, bide_duration duration);

/*
 * Waits until `duration` has passed: never less, and not at all if it is not positive (but see
 * bide_yield). Timers are exact to what the kernel grants, some 50 us; those of one deadline end in
 * the order in which they began. 0; -ENXIO: there is no runtime. Cancelled: nothing remains.
 */
bide_async int bide_sleep(bide_duration duration);

/* The same, until a point in time. */
bide_async int bide_sleep_until(bide_instant deadline);

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
