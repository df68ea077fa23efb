/*
 * options.c: see options.h. The ranges are those that bide/runtime.h states.
 */
#include "runtime/options.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    EVENT_INTERVAL = 61,
    IO_EVENTS = 256,
    BLOCKING_THREADS = 512,
    INTERVAL_MAX = 1000000,
    IO_EVENTS_MAX = 65536,
    BLOCKING_THREADS_MAX = 32768,
    STACK_MIN = 65536,
    STACK_MAX = 1 << 30,
    STEPS = 4,
    STEPS_MAX = 16,
};
static const int64_t BLOCKING_IDLE_NS = INT64_C(10000000000);
static const int64_t UNIT_NS = 128, UNIT_MAX_NS = INT64_C(1000000000);
static const int64_t LONGEST_NS = INT64_C(60000000000), LONGEST_MAX_NS = INT64_C(3600000000000);

/* A value from 1 to max, or 0, which stands for the default. */
static bool read_number(uint32_t *out, uint32_t given, uint32_t value, uint32_t max)
{
    *out = given != 0 ? given : value;
    return given <= max;
}

/* A text of 1 to max bytes, without control characters; NULL stands for the default. */
static bool read_text(char *out, const char *given, const char *value, size_t max)
{
    const char *text = given != NULL ? given : value;
    size_t size = strnlen(text, max + 1);
    if (size > max || (given != NULL && size == 0))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* ---- workers ---- */

uint32_t bide__options_processors(void)
{
    cpu_set_t set;
    long count = 0;
    if (bide__door.sched_getaffinity(0, sizeof(set), &set) >= 0)
        count = CPU_COUNT(&set);
    if (count <= 0)
        count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count <= 0)
        return 1;
    return count < BIDE__WORKERS_MAX ? (uint32_t)count : BIDE__WORKERS_MAX;
}

/* Digits only: 1 to BIDE__WORKERS_MAX. 0: it is not that. */
static uint32_t parse_workers(const char *text)
{
    uint32_t n = 0;
    for (; *text >= '0' && *text <= '9' && n <= BIDE__WORKERS_MAX; text++)
        n = n * 10 + (uint32_t)(*text - '0');
    return *text == '\0' && n <= BIDE__WORKERS_MAX ? n : 0;
}

static bool read_workers(uint32_t *out, const struct bide_runtime_options *given)
{
    char text[160];

    if (given->flavour == BIDE_CURRENT_THREAD) {
        *out = 1;
        return given->workers <= 1;
    }
    if (given->workers != 0) {
        *out = given->workers;
        return given->workers <= BIDE__WORKERS_MAX;
    }
    const char *asked = getenv("BIDE_WORKERS");
    if (asked == NULL || *asked == '\0') {
        *out = bide__options_processors();
        return true;
    }
    *out = parse_workers(asked);
    if (*out != 0)
        return true;
    snprintf(text, sizeof(text), "bide: BIDE_WORKERS=%.64s: not a number from 1 to %d\n", asked,
             BIDE__WORKERS_MAX);
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
    return false;
}

/* ---- the driver ---- */

static bool read_io(enum bide_io *out, const struct bide_runtime_options *given)
{
    const char *asked = getenv("BIDE_IO");
    char text[160];

    *out = given->io;
    if (given->io == BIDE_IO_AUTO && given->flavour == BIDE_MULTI_THREAD)
        *out = BIDE_IO_EPOLL;
    if (given->io != BIDE_IO_AUTO || asked == NULL || *asked == '\0')
        return (unsigned)given->io <= BIDE_IO_URING;
    *out = strcmp(asked, "uring") == 0 ? BIDE_IO_URING : BIDE_IO_EPOLL;
    if (*out == BIDE_IO_URING || strcmp(asked, "epoll") == 0)
        return true;
    snprintf(text, sizeof(text), "bide: BIDE_IO=%.64s: not uring or epoll\n", asked);
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
    return false;
}

/* ---- all ---- */

static bool has_task_hooks(const struct bide_runtime_hooks *h)
{
    return h->task_spawn != NULL || h->task_poll_begin != NULL || h->task_poll_end != NULL ||
           h->task_end != NULL;
}

static bool read_blocking(struct bide__options *o, const struct bide_runtime_options *given)
{
    o->blocking_idle_ns = given->blocking_idle.ns != 0 ? given->blocking_idle.ns : BLOCKING_IDLE_NS;
    return o->blocking_idle_ns > 0 &&
           read_number(&o->blocking_threads_max, given->blocking_threads_max, BLOCKING_THREADS,
                       BLOCKING_THREADS_MAX);
}

static bool read_threads(struct bide__options *o, const struct bide_runtime_options *given)
{
    size_t stack = o->thread_stack_size = given->thread_stack_size;
    return read_text(o->name, given->name, "", BIDE__NAME_MAX) &&
           read_text(o->thread_name, given->thread_name, "bide", BIDE__THREAD_NAME_MAX) &&
           (stack == 0 || (stack >= STACK_MIN && stack <= STACK_MAX));
}

static bool read_intervals(struct bide__options *o, const struct bide_runtime_options *given)
{
    return read_number(&o->event_interval, given->event_interval, EVENT_INTERVAL, INTERVAL_MAX) &&
           read_number(&o->injector_interval, given->injector_interval, o->event_interval,
                       INTERVAL_MAX) &&
           read_number(&o->io_events_max, given->io_events_max, IO_EVENTS, IO_EVENTS_MAX);
}

static bool read_histograms(struct bide__options *o, const struct bide_histogram_options *given)
{
    int64_t unit_ns = given->resolution.ns != 0 ? given->resolution.ns : UNIT_NS;
    int64_t longest_ns = given->longest.ns != 0 ? given->longest.ns : LONGEST_NS;
    uint32_t steps;

    if (!read_number(&steps, given->steps, STEPS, STEPS_MAX) || (steps & (steps - 1)) != 0 ||
        unit_ns < 1 || unit_ns > UNIT_MAX_NS || longest_ns < unit_ns ||
        longest_ns > LONGEST_MAX_NS || given->interval > INTERVAL_MAX)
        return false;
    o->measure_interval = given->interval;
    o->steps_log2 = (uint32_t)__builtin_ctz(steps);
    o->unit_log2 = 63 - (uint32_t)__builtin_clzll((uint64_t)unit_ns);
    o->buckets = UINT32_MAX;
    o->buckets = bide__bucket_of(o, (uint64_t)longest_ns) + 1;
    return o->buckets <= BIDE_HISTOGRAM_BUCKETS;
}

int bide__options_read(struct bide__options *o, const struct bide_runtime_options *given)
{
    static const struct bide_runtime_options defaults;

    if (given == NULL)
        given = &defaults;
    memset(o, 0, sizeof(*o));
    if ((unsigned)given->flavour > BIDE_THREAD_PER_CORE)
        return -EINVAL;
    if (given->start_paused && given->flavour != BIDE_CURRENT_THREAD)
        return -EINVAL;
    o->flavour = given->flavour;
    o->seed = given->seed;
    o->lifo_slot_off = given->lifo_slot_off;
    o->start_paused = given->start_paused;
    o->hooks = given->hooks;
    o->task_hooks = has_task_hooks(&given->hooks);
    bool valid = read_blocking(o, given) && read_threads(o, given) && read_intervals(o, given) &&
                 read_histograms(o, &given->histograms) && read_workers(&o->workers, given) &&
                 read_io(&o->io, given);
    return valid ? 0 : -EINVAL;
}

uint32_t bide__options_seed(const struct bide__options *o, uint32_t worker)
{
    uint32_t seed;

    if (o->seed != 0) {
        /* splitmix64, so that near seeds and workers have numbers that are far apart */
        uint64_t x = o->seed + (worker + UINT64_C(1)) * UINT64_C(0x9E3779B97F4A7C15);
        x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
        return (uint32_t)(x >> 32);
    }
    if (bide__door.getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
        return seed;
    return (uint32_t)bide__clock_ns() + worker;
}

void bide__options_thread_name(const struct bide__options *o, char kind, uint32_t number)
{
    char name[BIDE__THREAD_NAME_MAX + 16];
    snprintf(name, sizeof(name), "%s-%c%u", o->thread_name, kind, number);
    name[15] = '\0'; /* the system takes no more; it holds any number up to 9999 */
    bide__door.thread_name(name);
}

void bide__options_thread_begin(const struct bide__options *o, char kind, uint32_t number)
{
    bide__options_thread_name(o, kind, number);
    if (o->hooks.thread_start != NULL)
        o->hooks.thread_start(o->hooks.argument);
}

void bide__options_thread_end(const struct bide__options *o)
{
    if (o->hooks.thread_stop != NULL)
        o->hooks.thread_stop(o->hooks.argument);
}
