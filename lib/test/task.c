/*
 * lib/test/task.c: tasks polled by hand.
 *
 * The task is a chain and a wakeable of its own, which counts. Its waker is given out as borrowed,
 * so its memory stays until the chain is empty. It gets segments from the heap, since it may be
 * polled where no executor runs.
 */
#include "lib/async.h"

#include "lib/test/test.h"

#include <stdatomic.h>
#include <stdio.h>

enum { ROOM_MORE = 1024, BUDGET = 128, CLEAN_UP_POLLS = 1000 };

struct bide_test_task {
    struct bide_wakeable wake;
    struct bide_chain chain;
    struct bide_turn turn;
    int result;
    bool ended;
    _Atomic unsigned wakes, wakers;
    void *block;
    size_t size, room_size;
    _Alignas(16) char room[];
};

static bide_test_task *of(struct bide_wakeable *wake)
{
    return (bide_test_task *)(void *)wake;
}

static void keep(struct bide_wakeable *wake)
{
    atomic_fetch_add(&of(wake)->wakers, 1);
}

static void drop(struct bide_wakeable *wake)
{
    atomic_fetch_sub(&of(wake)->wakers, 1);
}

static void wake_by_ref(struct bide_wakeable *wake, unsigned branch)
{
    atomic_fetch_or(&wake->woken, UINT32_C(1) << branch);
    atomic_fetch_add(&of(wake)->wakes, 1);
}

static void wake_and_drop(struct bide_wakeable *wake, unsigned branch)
{
    wake_by_ref(wake, branch);
    drop(wake);
}

static void *segment_new(size_t *size)
{
    return bide__alloc(*size);
}

static const struct bide_memory memory = {segment_new, bide__free};

int bide_test_task_new(bide_async_fn(int, void *) function, void *argument, bide_test_task **task)
{
    static const struct bide_waker_vtable vtable = {keep, wake_and_drop, wake_by_ref, drop};
    const struct bide_fn *fn = (const struct bide_fn *)(const void *)function;
    size_t room_size = bide_fn_room(fn) + ROOM_MORE;
    size_t align = _Alignof(bide_test_task), size = sizeof(bide_test_task) + room_size + align;

    *task = NULL;
    char *block = bide__alloc(size);
    if (block == NULL)
        return -ENOMEM;
    bide_test_task *t =
        (bide_test_task *)(void *)(block + (align - (uintptr_t)block % align) % align);
    memset(t, 0, sizeof(*t));
    t->wake.vtable = &vtable;
    t->block = block;
    t->size = size;
    t->room_size = room_size;
    bide_chain_init(&t->chain, t->room, room_size, &t->result);
    void **args = bide_chain_begin(&t->chain, fn);
    if (args == NULL) {
        bide__free(block, size);
        return -ENOMEM;
    }
    *args = argument;
    *task = t;
    return 0;
}

int bide_test_task_poll(bide_test_task *t)
{
    struct bide_cx cx = {
        .chain = &t->chain, .waker = bide_waker_make(&t->wake, 0), .turn = &t->turn};

    atomic_store(&t->wakes, 0);
    atomic_store(&t->wake.woken, 0);
    t->turn.woken = UINT32_MAX; /* a poll without a wake looks at everything */
    t->turn.budget = BUDGET;
    t->turn.memory = &memory;
    t->ended = bide_chain_poll(&cx) == BIDE_READY;
    bide_turn_end(&t->turn);
    if (t->ended && bide_chain_error(&t->chain) != 0)
        t->result = bide_chain_error(&t->chain);
    return t->ended;
}

int bide_test_task_result(const bide_test_task *t)
{
    return t->result;
}

unsigned bide_test_task_wakes(const bide_test_task *t)
{
    return atomic_load(&t->wakes);
}

unsigned bide_test_task_wakers(const bide_test_task *t)
{
    return atomic_load(&t->wakers);
}

void bide_test_task_cancel(bide_test_task *t)
{
    bide_chain_cancel(&t->chain, -ECANCELED, false);
}

static void fail(const char *what)
{
    fprintf(stderr, "bide_test_task_free: %s\n", what);
    bide__test_end_failed();
}

void bide_test_task_free(bide_test_task *t)
{
    if (t == NULL)
        return;
    if (!t->ended)
        bide_chain_cancel(&t->chain, -ECANCELED, true);
    for (int i = 0; i < CLEAN_UP_POLLS && !t->ended; i++)
        (void)bide_test_task_poll(t);
    if (!t->ended)
        fail("the task does not end when it is cancelled");
    if (atomic_load(&t->wakers) > 0)
        fail("somebody still holds a waker of the task");
    bide__free(t->block, t->size);
}
