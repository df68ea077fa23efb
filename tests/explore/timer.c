/*
 * A wheel of timers (time/timer.c) that one thread advances while another disarms a timer and frees
 * its task, and a third one helps: a timer wakes once or not at all, and nobody uses it afterwards.
 */
#include "tools/explore/explore.h"

#include "runtime/time/time.h"

#include <stdlib.h>

static struct bide__wheel wheel;

/* A task and the frame of its leaf. */
struct sleeper {
    struct bide_wakeable wake;
    struct bide__timer timer;
    _Atomic int woken;
};

static struct sleeper *sleepers[2];

static void wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    (void)branch;
    atomic_fetch_add_explicit(&((struct sleeper *)(void *)w)->woken, 1, memory_order_relaxed);
}

static const struct bide_waker_vtable vtable = {.wake_by_ref = wake_by_ref};

static void begin(void)
{
    explore_focus(false);
    bide__wheel_init(&wheel, 0, true, 0);
    for (int i = 0; i < 2; i++) {
        struct sleeper *s = sleepers[i] = aligned_alloc(32, sizeof(*s));
        *s = (struct sleeper){.wake = {.vtable = &vtable}};
        bide__timer_arm(&wheel, &s->timer, 1000 + i, bide_waker_make(&s->wake, 0));
    }
    explore_focus(true);
}

static void advances(void)
{
    bide__wheel_advance(&wheel, INT64_C(1) << 30, SIZE_MAX);
}

static void helps(void)
{
    bide__wheel_help(&wheel, INT64_C(1) << 30);
}

static void ends(int i)
{
    struct sleeper *s = sleepers[i];
    bool was_armed = bide__timer_disarm(&wheel, &s->timer);
    explore_check(atomic_load(&s->woken) == (was_armed ? 0 : 1));
    free(s);
}

static void ends_0(void)
{
    ends(0);
}

static void ends_1(void)
{
    ends(1);
}

static void end(void)
{
    explore_check(atomic_load(&wheel.count) == 0);
    bide__wheel_end(&wheel);
}

static void end_one(void)
{
    ends_1();
    end();
}

const struct explore_model explore_models[] = {
    {.name = "timer", .begin = begin, .threads = {advances, ends_0, ends_1}, .end = end},
    {.name = "timer: two advance it",
     .begin = begin,
     .threads = {advances, helps, ends_0},
     .end = end_one},
    {0},
};
