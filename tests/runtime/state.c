/*
 * The transitions of a task's state, without a runtime.
 */
#include "frames.h"

#include "runtime/task/inside.h"

static bide__state state;

static void set(uintptr_t s)
{
    atomic_store(&state, s);
}

static uintptr_t get(void)
{
    return atomic_load(&state);
}

TEST(a_new_task_is_scheduled)
{
    bide__state_init(&state, 0);
    CHECK_EQ(get(), BIDE__SCHEDULED | BIDE__HANDLE | BIDE__REF);
    CHECK(!bide__state_wake(&state)); /* it is in the queue already */
    CHECK(!bide__state_done(&state));
}

TEST(wakes_are_merged)
{
    set(BIDE__REF);
    CHECK(bide__state_wake(&state));
    CHECK(!bide__state_wake(&state));
    CHECK(!bide__state_wake_remote(&state));
    CHECK_EQ(bide__state_begin(&state), 0);
    CHECK_EQ(get(), BIDE__RUNNING | BIDE__REF);
    CHECK(!bide__state_suspend(&state));
    CHECK(bide__state_wake_remote(&state));
    CHECK(!bide__state_wake(&state));
}

TEST(a_wake_during_the_poll_is_kept)
{
    set(BIDE__SCHEDULED | BIDE__REF);
    bide__state_begin(&state);
    CHECK(!bide__state_wake(&state));
    CHECK(bide__state_suspend(&state)); /* the executor queues it */
    CHECK_EQ(get(), BIDE__SCHEDULED | BIDE__REF);

    bide__state_begin(&state);
    CHECK(!bide__state_wake_remote(&state));
    CHECK(bide__state_suspend(&state));
}

TEST(what_is_requeued_is_in_the_queue)
{
    set(BIDE__SCHEDULED | BIDE__REF);
    bide__state_begin(&state);
    bide__state_requeue(&state);
    CHECK_EQ(get(), BIDE__SCHEDULED | BIDE__REF);
    CHECK(!bide__state_wake(&state)); /* no second time */
    CHECK(!bide__state_wake_remote(&state));

    set(BIDE__SCHEDULED | BIDE__SHARED | 2 * BIDE__REF);
    bide__state_begin(&state);
    CHECK(!bide__state_wake_remote(&state)); /* and a wake during the poll is merged */
    bide__state_requeue(&state);
    CHECK_EQ(get(), BIDE__SCHEDULED | BIDE__SHARED | 2 * BIDE__REF);
    CHECK_EQ(bide__state_begin(&state), 0);
    CHECK(!bide__state_suspend(&state));
}

TEST(requests_are_passed_on_once)
{
    set(BIDE__REF);
    CHECK(bide__state_cancel(&state, false));
    CHECK(!bide__state_cancel(&state, true));
    CHECK_EQ(bide__state_begin(&state), BIDE__CANCEL | BIDE__FORCE);
    CHECK(!bide__state_cancel(&state, false)); /* it asks itself to cancel */
    CHECK(bide__state_suspend(&state));
    CHECK_EQ(bide__state_begin(&state), BIDE__CANCEL);
    CHECK(!bide__state_suspend(&state));
}

TEST(nothing_wakes_what_is_done)
{
    set(BIDE__RUNNING | BIDE__HANDLE | BIDE__REF);
    CHECK(!bide__state_finish(&state));
    CHECK(bide__state_done(&state));
    CHECK(!bide__state_wake(&state));
    CHECK(!bide__state_wake_remote(&state));
    CHECK(!bide__state_cancel(&state, true));
    CHECK(bide__state_release(&state));
}

TEST(the_last_reference_frees)
{
    /* the executor's reference; there is no handle */
    set(BIDE__RUNNING | BIDE__REF);
    CHECK(bide__state_finish(&state));

    /* the handle's reference */
    set(BIDE__RUNNING | BIDE__HANDLE | BIDE__REF);
    CHECK(!bide__state_release(&state));
    CHECK(bide__state_finish(&state));

    /* a waker's reference */
    set(BIDE__RUNNING | BIDE__HANDLE | BIDE__REF);
    bide__state_clone(&state);
    bide__state_clone_remote(&state);
    CHECK(!bide__state_finish(&state));
    CHECK(!bide__state_unref(&state));
    CHECK(!bide__state_release_remote(&state));
    CHECK(bide__state_unref_remote(&state));
}

TEST(clones_make_it_shared_until_they_are_gone)
{
    set(BIDE__SCHEDULED | BIDE__HANDLE | BIDE__REF);
    bide__state_begin(&state);
    bide__state_ref(&state);
    CHECK(!(get() & BIDE__SHARED));
    CHECK(!bide__state_unref(&state));
    bide__state_clone(&state);
    CHECK(get() & BIDE__SHARED);
    bide__state_suspend(&state);

    CHECK(bide__state_wake_remote(&state));
    bide__state_begin(&state);
    CHECK(get() & BIDE__SHARED);
    bide__state_suspend(&state);
    CHECK(!bide__state_unref_remote(&state));

    CHECK(bide__state_wake(&state));
    bide__state_begin(&state);
    CHECK_EQ(get(), BIDE__RUNNING | BIDE__HANDLE | BIDE__REF);
}
