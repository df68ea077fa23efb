/*
 * options.h: the options of a runtime, read and checked: what bide_runtime_new was asked for, with
 * a value in the place of each default.
 *
 * A runtime keeps its options for as long as it lives, and its rooms get what they need from here:
 * the scheduler the intervals, the pool and the workers the names, stacks and hooks of threads.
 */
#ifndef BIDE_RUNTIME_OPTIONS_H
#define BIDE_RUNTIME_OPTIONS_H

#include "runtime/leaf.h"

#include <bide/runtime.h>

enum {
    BIDE__WORKERS_MAX = 1024,
    BIDE__NAME_MAX = 63,
    BIDE__THREAD_NAME_MAX = 9, /* of the 15 bytes that the system takes, 6 are for "-w1023" */
};

struct bide__options {
    enum bide_flavour flavour;
    uint32_t workers; /* at least 1 */
    uint32_t event_interval, injector_interval;
    uint32_t io_events_max;
    enum bide_io io; /* AUTO: the runtime may choose */
    uint32_t blocking_threads_max;
    int64_t blocking_idle_ns;
    size_t thread_stack_size; /* 0: the system's default */
    uint64_t seed;            /* 0: from the system's random numbers */
    bool lifo_slot_off;
    bool start_paused;
    bool task_hooks; /* there is a hook for tasks */
    /* Of the histograms. The first buckets are 1 << unit_log2 ns wide; each doubling has
     * 1 << steps_log2 buckets, and so has what is below the first of them. */
    uint32_t measure_interval; /* 0: there are none */
    uint32_t unit_log2, steps_log2, buckets;
    struct bide_runtime_hooks hooks;
    char name[BIDE__NAME_MAX + 1];
    char thread_name[BIDE__THREAD_NAME_MAX + 1];
};

/* 0; -EINVAL: an option is out of its range, or BIDE_WORKERS is, which is reported on stderr. */
int bide__options_read(struct bide__options *out, const struct bide_runtime_options *given);

/* The bucket of a time; the last one has all that are too long for the others. */
static inline uint32_t bide__bucket_of(const struct bide__options *o, uint64_t ns)
{
    uint64_t units = ns >> o->unit_log2;
    uint32_t bucket = (uint32_t)units;

    if (units >> o->steps_log2 != 0) {
        uint32_t log2 = 63 - (uint32_t)__builtin_clzll(units) - o->steps_log2;
        bucket = (log2 << o->steps_log2) + (uint32_t)(units >> log2);
    }
    return bucket < o->buckets ? bucket : o->buckets - 1;
}

/* How many processors the process may use, at most BIDE__WORKERS_MAX. */
uint32_t bide__options_processors(void);

/* The seed of the random numbers of a worker. */
uint32_t bide__options_seed(const struct bide__options *o, uint32_t worker);

/* The calling thread gets its name: that of a worker ('w'), a thread of the pool ('b') or a
 * watchdog ('d'). */
void bide__options_thread_name(const struct bide__options *o, char kind, uint32_t number);

/* A worker or a thread of the pool begins, or ends: its name, and the hooks. */
void bide__options_thread_begin(const struct bide__options *o, char kind, uint32_t number);
void bide__options_thread_end(const struct bide__options *o);

/* The calling thread is about to wait until there is something to do, or has waited. */
static inline void bide__options_park(const struct bide__options *o)
{
    if (o->hooks.thread_park != NULL)
        o->hooks.thread_park(o->hooks.argument);
}

static inline void bide__options_unpark(const struct bide__options *o)
{
    if (o->hooks.thread_unpark != NULL)
        o->hooks.thread_unpark(o->hooks.argument);
}

#endif
