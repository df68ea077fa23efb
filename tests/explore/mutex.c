/*
 * Mutexes (lib/sync/mutex.c): what they protect is an ordinary variable, so the explorer checks
 * that each hand-over orders it; and a mutex may be freed by the one that has it last.
 */
#include "lock.h"

#include "runtime/leaf.h"

#include "hand.h"

static bide_mutex mutex;
static int value;

static void add(void)
{
    explore_check(bide_mutex_lock(&mutex) == 0);
    value++;
    bide_mutex_unlock(&mutex);
}

static void add_twice(void)
{
    add();
    add();
}

static void end(void)
{
    explore_check(mutex.word_ == 0 && mutex.waiting_.first == NULL);
}

static void end_three(void)
{
    explore_check(value == 3);
    end();
}

/* ---- one that waits is cancelled, while the mutex is handed on ---- */

static struct hand hand;

static void begin_cancel(void)
{
    begin_threads();
    explore_check(bide_mutex_try_lock(&mutex) == 0);
}

static void unlocks(void)
{
    value++;
    bide_mutex_unlock(&mutex);
}

/* A lock that is cancelled has the mutex, or has not, and then leaves no trace. */
static void gives_up(void)
{
    struct {
        bide_mutex *mutex;
        const char *place;
    } args = {&mutex, "here"};
    hand_begin(&hand, &bide__desc_bide__mutex_lock, &args);
    if (hand_poll(&hand) || hand_cancel(&hand)) {
        value++;
        bide_mutex_unlock(&mutex);
    }
    explore_check(hand.references == 0);
}

/* ---- the last one frees it ---- */

struct object {
    bide_mutex mutex;
    int users;
};
static struct object *object;

static void begin_object(void)
{
    begin_threads();
    object = malloc(sizeof *object);
    *object = (struct object){BIDE_MUTEX_INIT, 2};
}

static void leaves(void)
{
    struct object *o = object;
    explore_check(bide_mutex_lock(&o->mutex) == 0);
    bool last = --o->users == 0;
    bide_mutex_unlock(&o->mutex);
    if (last)
        free(o);
}

const struct explore_model explore_models[] = {
    {.name = "mutex: two",
     .begin = begin_threads,
     .threads = {add_twice, add},
     .end = end_three,
     .stale = 1},
    {.name = "mutex: three",
     .begin = begin_threads,
     .threads = {add, add, add},
     .end = end_three,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "mutex: a request", .begin = begin_cancel, .threads = {unlocks, gives_up}, .end = end},
    {.name = "mutex: a request and a third",
     .begin = begin_cancel,
     .threads = {unlocks, gives_up, add},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "mutex: freed", .begin = begin_object, .threads = {leaves, leaves}},
    {0},
};
