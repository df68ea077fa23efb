/*
 * testing.c: bide/testing.h.
 *
 * While a test counts calls, makes them fail or replaces them, the door's table holds *watchers*. A
 * watcher counts its call, fails if the rule asks for that, and otherwise passes the call on to
 * `behind`, the table of the functions that do the work, or tells the virtual time.
 *
 * Only the first call of bide/testing.h writes the door's table, where the watchers then stay. What
 * it and all others write beside that is atomic, so that rules may change while a runtime of
 * several threads runs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "runtime/door/door.h"

#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum call {
#define X(type, name, parameters, arguments) CALL_##name,
    BIDE__DOOR(X)
#undef X
        CALLS,
};

static const struct {
    const char *name;
    size_t offset; /* in struct bide__door */
} table[CALLS] = {
#define X(type, name, parameters, arguments) {#name, offsetof(struct bide__door, name)},
    BIDE__DOOR(X)
#undef X
};

static struct {
    _Atomic uint64_t calls;  /* since bide_test_watch */
    _Atomic uint64_t seen;   /* since the rule was made */
    _Atomic uint64_t failed; /* by the rule */
    _Atomic uint64_t nth;    /* 0: there is no rule */
    _Atomic uint64_t count;  /* 0: for ever */
    _Atomic int error;
} watched[CALLS];

static bool watching;
static struct bide__door behind; /* each pointer is read and written atomically */

static _Atomic bool is_virtual;
static _Atomic int64_t virtual_ns;

#define BEHIND(name) __atomic_load_n(&behind.name, __ATOMIC_RELAXED)

/* 0, or the error that the rule wants. */
static int watch(enum call c)
{
    atomic_fetch_add_explicit(&watched[c].calls, 1, memory_order_relaxed);
    uint64_t nth = atomic_load_explicit(&watched[c].nth, memory_order_acquire);
    if (nth == 0)
        return 0;
    uint64_t n = atomic_fetch_add_explicit(&watched[c].seen, 1, memory_order_relaxed) + 1;
    uint64_t count = watched[c].count;
    if (n < nth || (count > 0 && n >= nth + count))
        return 0;
    atomic_fetch_add_explicit(&watched[c].failed, 1, memory_order_relaxed);
    return watched[c].error;
}

/* ---- the watchers ---- */

#define X(type, name, parameters, arguments)                \
    static type watch_##name parameters                     \
    {                                                       \
        int error = watch(CALL_##name);                     \
        return error != 0 ? error : BEHIND(name) arguments; \
    }
BIDE__DOOR_CALLS(X)
BIDE__DOOR_OTHERS(X)
BIDE__DOOR_URING(X)
#undef X

static void *watch_alloc(size_t size, size_t align)
{
    return watch(CALL_alloc) != 0 ? NULL : BEHIND(alloc)(size, align);
}

static void watch_free(void *p, size_t size)
{
    watch(CALL_free);
    BEHIND(free)(p, size);
}

static int64_t watch_clock(void)
{
    watch(CALL_clock);
    return is_virtual ? virtual_ns : BEHIND(clock)();
}

static int64_t watch_date(void)
{
    watch(CALL_date);
    return BEHIND(date)();
}

static int64_t watch_wall(void)
{
    watch(CALL_wall);
    return BEHIND(wall)();
}

static void watch_freeaddrinfo(struct addrinfo *list)
{
    watch(CALL_freeaddrinfo);
    BEHIND(freeaddrinfo)(list);
}

static void watch_io_uring_queue_exit(struct io_uring *ring)
{
    watch(CALL_io_uring_queue_exit);
    BEHIND(io_uring_queue_exit)(ring);
}

static void set_behind(enum call c, void (*function)(void))
{
    __atomic_store_n((void (**)(void))((char *)&behind + table[c].offset), function,
                     __ATOMIC_RELAXED);
}

static void (*real_of(enum call c))(void)
{
    void (*function)(void);
    memcpy(&function, (const char *)&bide__door_real + table[c].offset, sizeof(function));
    return function;
}

static void begin_watching(void)
{
#define X(type, name, parameters, arguments) .name = watch_##name,
    static const struct bide__door watchers = {BIDE__DOOR(X)};
#undef X
    if (watching)
        return;
    behind = bide__door;
    bide__door = watchers;
    watching = true;
}

/* ---- by name ---- */

static int find(const char *name)
{
    for (int i = 0; i < CALLS; i++)
        if (strcmp(table[i].name, name) == 0)
            return i;
    return -EINVAL;
}

int bide_test_fail(const char *call, unsigned nth, int error, unsigned count)
{
    int c = find(call);
    if (c < 0 || (nth > 0 && error >= 0))
        return -EINVAL;
    if (c == CALL_free || c == CALL_clock || c == CALL_date || c == CALL_wall ||
        c == CALL_freeaddrinfo || c == CALL_io_uring_queue_exit)
        return -EINVAL;
    begin_watching();
    watched[c].nth = 0;
    watched[c].count = count;
    watched[c].error = error;
    watched[c].seen = 0;
    watched[c].failed = 0;
    watched[c].nth = nth;
    return 0;
}

uint64_t bide_test_failed(const char *call)
{
    int c = find(call);
    return c < 0 ? 0 : watched[c].failed;
}

void bide_test_watch(void)
{
    begin_watching();
    for (int i = 0; i < CALLS; i++)
        watched[i].calls = 0;
}

int64_t bide_test_calls(const char *call)
{
    int c = find(call);
    return c < 0 ? c : (int64_t)watched[c].calls;
}

void (*bide_test_replace(const char *call, void (*function)(void)))(void)
{
    void (*before)(void);
    int c = find(call);
    if (c < 0)
        return NULL;
    begin_watching();
    memcpy(&before, (const char *)&behind + table[c].offset, sizeof(before));
    set_behind((enum call)c, function != NULL ? function : real_of((enum call)c));
    return before;
}

bool bide__recv_is_watched(void)
{
    return watching && BEHIND(recv) == bide__door_real.recv;
}

/* ---- virtual time ---- */

bool bide__time_is_virtual(void)
{
    return atomic_load_explicit(&is_virtual, memory_order_relaxed);
}

void bide__time_set(int64_t now_ns)
{
    if (now_ns > virtual_ns)
        virtual_ns = now_ns;
}

void bide_test_time_virtual(void)
{
    if (is_virtual)
        return;
    begin_watching();
    virtual_ns = bide__door.clock();
    is_virtual = true;
}

void bide_test_time_advance(bide_duration duration)
{
    if (duration.ns > 0)
        virtual_ns += duration.ns;
}

void bide_test_reset(void)
{
    is_virtual = false;
    if (!watching)
        return;
    for (int c = 0; c < CALLS; c++) {
        set_behind((enum call)c, real_of((enum call)c));
        watched[c].nth = 0;
        watched[c].failed = 0;
        watched[c].calls = 0;
    }
}
