/*
 * testing.c: bide/testing.h.
 *
 * While a test counts calls, makes them fail or replaces them, the door's table holds *watchers*. A
 * watcher counts its call, fails if the rule asks for that, and otherwise passes the call on to
 * `behind`, the table of the functions that do the work. In virtual time `behind` (or the door, if
 * nothing is watched) has another clock.
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
    uint64_t nth;            /* 0: there is no rule */
    uint64_t count;          /* 0: for ever */
    int error;
} watched[CALLS];

static bool watching;
static struct bide__door behind;

/* 0, or the error that the rule wants. */
static int watch(enum call c)
{
    atomic_fetch_add_explicit(&watched[c].calls, 1, memory_order_relaxed);
    if (watched[c].nth == 0)
        return 0;
    uint64_t n = atomic_fetch_add_explicit(&watched[c].seen, 1, memory_order_relaxed) + 1;
    if (n < watched[c].nth || (watched[c].count > 0 && n >= watched[c].nth + watched[c].count))
        return 0;
    atomic_fetch_add_explicit(&watched[c].failed, 1, memory_order_relaxed);
    return watched[c].error;
}

/* ---- the watchers ---- */

#define X(type, name, parameters, arguments)               \
    static type watch_##name parameters                    \
    {                                                      \
        int error = watch(CALL_##name);                    \
        return error != 0 ? error : behind.name arguments; \
    }
BIDE__DOOR_CALLS(X)
BIDE__DOOR_OTHERS(X)
#undef X

static void *watch_alloc(size_t size, size_t align)
{
    return watch(CALL_alloc) != 0 ? NULL : behind.alloc(size, align);
}

static void watch_free(void *p, size_t size)
{
    watch(CALL_free);
    behind.free(p, size);
}

static int64_t watch_clock(void)
{
    watch(CALL_clock);
    return behind.clock();
}

static void watch_freeaddrinfo(struct addrinfo *list)
{
    watch(CALL_freeaddrinfo);
    behind.freeaddrinfo(list);
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
    if (c == CALL_free || c == CALL_clock || c == CALL_freeaddrinfo)
        return -EINVAL;
    begin_watching();
    watched[c].nth = nth;
    watched[c].count = count;
    watched[c].error = error;
    watched[c].seen = 0;
    watched[c].failed = 0;
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
    char *place = (char *)&behind + table[c].offset;
    memcpy(&before, place, sizeof(before));
    if (function != NULL)
        memcpy(place, &function, sizeof(function));
    else
        memcpy(place, (const char *)&bide__door_real + table[c].offset, sizeof(function));
    return before;
}

/* ---- virtual time ---- */

static _Atomic bool is_virtual;
static _Atomic int64_t virtual_ns;

static int64_t virtual_clock(void)
{
    return virtual_ns;
}

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
    virtual_ns = bide__door.clock();
    is_virtual = true;
    *(watching ? &behind.clock : &bide__door.clock) = virtual_clock;
}

void bide_test_time_advance(bide_duration duration)
{
    if (duration.ns > 0)
        virtual_ns += duration.ns;
}

void bide_test_reset(void)
{
    is_virtual = false;
    watching = false;
    bide__door = bide__door_real;
    memset(watched, 0, sizeof(watched));
}
