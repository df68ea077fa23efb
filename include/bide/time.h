/*
 * bide/time.h: clock, sleep, timers that can be reset, intervals, delay queues.
 *
 * Times are monotonic and have nothing to do with the date. Durations are written BIDE_NS(n),
 * BIDE_US(n), BIDE_MS(n) or BIDE_S(n), and must fit into 64 bits of nanoseconds (292 years). A sum
 * that does not fit becomes the largest value.
 *
 * A time limit for a call is part of the language: bide_timeout(duration, call), and
 * bide_timeout_at(deadline, call) with an instant of bide_now().
 *
 * Tests may use virtual time: see bide/testing.h. The functions that are not async may be called on
 * any thread, at any time, with or without a runtime; they never wait.
 */
#ifndef BIDE_TIME_H
#define BIDE_TIME_H

#include <bide/lang.h>

#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* A point in time is a bide_instant (bide/lang.h): its `ns` are nanoseconds since some moment
 * before the program began. */

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
 * let other tasks run, call bide_yield). Timers are not rounded, and as exact as the kernel allows,
 * to some 50 us (to 1 ms before Linux 5.11). On a runtime of one thread, sleeps with the same
 * deadline end in the order in which they began. Returns 0, or -ENXIO if there is no runtime.
 * Cancelled: nothing remains.
 */
bide_async int bide_sleep(bide_duration duration);

/* The same, until `deadline`. */
bide_async int bide_sleep_until(bide_instant deadline);

/* ---- timers ---- */

/*
 * A sleep that can be reset from outside, also while somebody waits for it: an idle time-out that
 * every byte puts off. It needs no end: when nobody waits for it, its memory may be used again. The
 * members are private.
 *
 *     bide_timer idle = bide_timer_after(BIDE_S(30));
 *     await bide_timer_wait(&idle);
 *
 * and meanwhile another task, or any thread: bide_timer_reset(&idle, BIDE_S(30));
 */
typedef struct bide_timer {
    uint32_t lock_;
    int64_t deadline_ns_;
    struct bide__timer_wait *wait_;
} bide_timer;

/* A timer that has elapsed already, in static memory too. So has one that is all zeroes. */
#define BIDE_TIMER_INIT \
    {                   \
        0, 0, NULL      \
    }

/* Return a timer that has elapsed when `after` has passed from now on, or at `deadline`. A timer
 * must not be copied while somebody waits for it. */
bide_timer bide_timer_after(bide_duration after);
bide_timer bide_timer_at(bide_instant deadline);

/*
 * Waits until the timer has elapsed, by the latest deadline it was given; never less. If it has
 * elapsed already, this does not wait. It may be called again, before or after a reset. Returns 0;
 * -EBUSY: another call waits for this timer; -ENXIO: there is no runtime.
 * Cancelled: the timer is as it was.
 */
bide_async int bide_timer_wait(bide_timer *timer);

/* Gives it another deadline, earlier or later: `after` from now on, or `deadline`. A call that
 * waits goes by that from now on. To put it off costs a store: the call that waits wakes once at
 * the old deadline and waits on. */
void bide_timer_reset(bide_timer *timer, bide_duration after);
void bide_timer_reset_at(bide_timer *timer, bide_instant deadline);

/* The deadline. */
bide_instant bide_timer_deadline(bide_timer *timer);

/* 1 if the deadline is reached, else 0. */
int bide_timer_elapsed(bide_timer *timer);

/* ---- intervals ---- */

/* What an interval does about ticks that were missed: when a tick is waited for more than 5 ms
 * after it was due. (When it is less late, the next one is due as if it had been in time.) */
typedef enum bide_missed {
    BIDE_MISSED_BURST, /* all ticks come, one after another without a wait, until it is in time */
    BIDE_MISSED_DELAY, /* the next tick is due one period after the late one was taken */
    BIDE_MISSED_SKIP,  /* the next tick is due at the next multiple of the period since the start */
} __attribute__((__mode__(__SI__))) bide_missed;

/*
 * Ticks at equal distances. `missed` may be set at any time when nobody waits for a tick. The other
 * members are private. An interval needs no end. It must not be copied while somebody waits for a
 * tick.
 *
 *     bide_interval second = bide_interval_every(BIDE_S(1), BIDE_MISSED_SKIP);
 *     for (;;) {
 *         await bide_interval_tick(&second);
 *         printf("tick\n");
 *     }
 */
typedef struct bide_interval {
    bide_timer timer_;
    int64_t period_ns_, ticked_ns_;
    bide_missed missed;
} bide_interval;

/* Return an interval whose first tick is due now, or at `start`. If the period is not positive,
 * bide_interval_tick returns -EINVAL. */
bide_interval bide_interval_every(bide_duration period, bide_missed missed);
bide_interval bide_interval_every_from(bide_instant start, bide_duration period,
                                       bide_missed missed);

/*
 * Waits until the next tick is due, and takes it. If it is due already, this does not wait. Returns
 * 0; -EINVAL: the period is not positive (so it is in an interval that is all zeroes); -EBUSY:
 * another call waits for a tick; -ENXIO: there is no runtime.
 * Cancelled: no tick was taken, so the next call takes the same one.
 */
bide_async int bide_interval_tick(bide_interval *interval);

/* When the tick that was taken last had been due. Of use between two calls of
 * bide_interval_tick. */
bide_instant bide_interval_ticked(bide_interval *interval);

/* The next tick is due one period from now, now, `after` from now on, or at `deadline`; those after
 * it follow by the period. A call that waits goes by that from now on. */
void bide_interval_reset(bide_interval *interval);
void bide_interval_reset_immediately(bide_interval *interval);
void bide_interval_reset_after(bide_interval *interval, bide_duration after);
void bide_interval_reset_at(bide_interval *interval, bide_instant deadline);

/* Its period. */
bide_duration bide_interval_period(const bide_interval *interval);

/* ---- delay queues ---- */

/*
 * Items that come out when their time has come: sessions that expire, retries. Items of one size
 * are copied in and out. An item that is in the queue has a key, by which it can be taken out or
 * given another deadline. A key is used once: when its item is gone, the key finds nothing, also
 * after other items went in. (4,294,967,295 items in one place of the queue later it may.) All
 * functions but bide_delay_queue_free may be called from several threads at once.
 */
typedef struct bide_delay_queue bide_delay_queue;

typedef struct bide_delay_key {
    uint64_t bits; /* never 0 in the key of an item */
} bide_delay_key;

/* Makes an empty queue for items of `item_size` bytes. `drop` (unless NULL) is called for the items
 * that are in it when it is freed. Returns 0, or -ENOMEM with *queue set to NULL. */
bide_must_use int bide_delay_queue_new(size_t item_size, void (*drop)(void *item),
                                       bide_delay_queue **queue bide_gives(bide_delay_queue_free));

/* Frees the queue with the items in it. NULL is ignored. Nobody may wait for it. */
void bide_delay_queue_free(bide_delay_queue *queue);

/*
 * Puts a copy of *item into the queue, to come out when `after` has passed from now on, or at
 * `deadline`. *key (unless key is NULL) becomes its key. Returns 0; -EPIPE: the queue is closed;
 * -ENOMEM. Then the item stays the caller's, and the queue is as it was.
 */
bide_must_use int bide_delay_queue_insert(bide_delay_queue *queue, const void *item,
                                          bide_duration after, bide_delay_key *key);
bide_must_use int bide_delay_queue_insert_at(bide_delay_queue *queue, const void *item,
                                             bide_instant deadline, bide_delay_key *key);

/* Takes an item out before its time and copies it to *item. Returns 0, or -ENOENT: it has come out
 * already. */
int bide_delay_queue_remove(bide_delay_queue *queue, bide_delay_key key, void *item);

/* Gives an item another deadline, earlier or later. Returns 0 or -ENOENT. */
int bide_delay_queue_reset(bide_delay_queue *queue, bide_delay_key key, bide_duration after);
int bide_delay_queue_reset_at(bide_delay_queue *queue, bide_delay_key key, bide_instant deadline);

/* Stores when an item comes out. Returns 0 or -ENOENT. */
int bide_delay_queue_deadline(bide_delay_queue *queue, bide_delay_key key, bide_instant *deadline);

/*
 * Waits for the item with the earliest deadline and copies it to *item when its time has come.
 * Items of one deadline come out in the order in which they got it. Several tasks may wait; each
 * item goes to one of them. Returns 1; 0: the queue is closed, and empty; -ENXIO: there is no
 * runtime.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_delay_queue_next(bide_delay_queue *queue, void *item);

/* Takes the item with the earliest deadline out at once, whether or not its time has come. Returns
 * 1; 0: the queue is closed, and empty; -EAGAIN: it is empty. */
bide_must_use int bide_delay_queue_pop(bide_delay_queue *queue, void *item);

/* How many items are in the queue. */
size_t bide_delay_queue_count(bide_delay_queue *queue);

/* Closes the queue: inserts return -EPIPE from now on. What is in it still comes out, each item at
 * its time; then, or at once if it is empty, waits return 0. The queue must still be freed. */
void bide_delay_queue_close(bide_delay_queue *queue);

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
