/*
 * counted.h: how much memory the library uses. counted_begin() starts counting what it allocates;
 * counted_most() is the most that was allocated at one time since the last counted_reset(), and
 * counted_left() is how much of that is still there.
 */
#ifndef BIDE_TESTS_COUNTED_H
#define BIDE_TESTS_COUNTED_H

#include <bide/testing.h>

#include <stdatomic.h>
#include <stddef.h>

#include "check.h"

static atomic_long counted_now, counted_top, counted_base;
static void *(*counted_alloc_behind)(size_t size, size_t align);
static void (*counted_free_behind)(void *p, size_t size);

static inline void *counted_alloc(size_t size, size_t align)
{
    long now = atomic_fetch_add(&counted_now, (long)size) + (long)size;
    long top = atomic_load(&counted_top);
    while (now > top && !atomic_compare_exchange_weak(&counted_top, &top, now))
        ;
    return counted_alloc_behind(size, align);
}

static inline void counted_free(void *p, size_t size)
{
    atomic_fetch_sub(&counted_now, (long)size);
    counted_free_behind(p, size);
}

static inline void counted_reset(void)
{
    atomic_store(&counted_base, atomic_load(&counted_now));
    atomic_store(&counted_top, atomic_load(&counted_now));
}

static inline void counted_begin(void)
{
    void (*alloc)(void) = bide_test_replace("alloc", (void (*)(void))counted_alloc);
    void (*release)(void) = bide_test_replace("free", (void (*)(void))counted_free);
    CHECK(alloc != NULL && release != NULL);
    counted_alloc_behind = (void *(*)(size_t, size_t))alloc;
    counted_free_behind = (void (*)(void *, size_t))release;
    counted_reset();
}

static inline long counted_most(void)
{
    return atomic_load(&counted_top) - atomic_load(&counted_base);
}

static inline long counted_left(void)
{
    return atomic_load(&counted_now) - atomic_load(&counted_base);
}

#endif
