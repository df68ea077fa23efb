/*
 * lib/shutdown/guard.c: see guard.h.
 *
 * The thread sleeps on `word`, which changes when it is to look again: at the deadline, or at
 * `dismissed`. A guard that is left stays until the process ends. Its runtime may be gone then, so
 * it says what runs there only while the call that made it is under way.
 */
#include "lib/shutdown/guard.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct bide__guard {
    pthread_t thread;
    struct bide_runtime *_Atomic runtime; /* NULL: it may be gone */
    _Atomic uint32_t word;
    _Atomic bool dismissed;
    _Atomic int64_t deadline_ns; /* of real time */
    int status;
};

enum { STACK = 64 * 1024 };
static const int64_t TELL_NS = INT64_C(200000000);

/* So that a guard that stays is no leak. */
static struct bide__guard *_Atomic last;

static __attribute__((noreturn)) void end_process(struct bide__guard *g)
{
    char text[128];
    struct bide_runtime *rt = atomic_load(&g->runtime);
    _Atomic uint32_t never = 0;

    int n = snprintf(text, sizeof text,
                     "bide: shutdown: the program does not end; it is ended with status %d\n",
                     g->status);
    (void)bide__door.write(STDERR_FILENO, text, (size_t)n);
    if (rt != NULL) {
        bide__others_tell(rt);
        bide__door.futex_wait(&never, 0, TELL_NS); /* a signal handler speaks meanwhile */
    }
    _exit(g->status);
}

static void *guard_main(void *argument)
{
    struct bide__guard *g = argument;

    bide__door.thread_name("bide-guard");
    for (;;) {
        uint32_t seen = atomic_load(&g->word);
        if (atomic_load(&g->dismissed))
            return NULL;
        int64_t left_ns = atomic_load(&g->deadline_ns) - bide__door_real.clock();
        if (left_ns <= 0)
            end_process(g);
        bide__door.futex_wait(&g->word, seen, left_ns);
    }
}

static void look_again(struct bide__guard *g)
{
    atomic_fetch_add(&g->word, 1);
    bide__door.futex_wake(&g->word, 1);
}

static int64_t deadline_of(bide_duration limit)
{
    int64_t now_ns = bide__door_real.clock();
    return limit.ns < INT64_MAX - now_ns ? now_ns + limit.ns : INT64_MAX;
}

int bide__guard_new(struct bide__guard **guard, struct bide_runtime *rt, bide_duration limit,
                    int status)
{
    struct bide__guard *g = *guard = bide__alloc(sizeof *g);

    if (g == NULL)
        return -ENOMEM;
    *g = (struct bide__guard){.runtime = rt, .deadline_ns = deadline_of(limit), .status = status};
    int r = bide__door.thread_create(&g->thread, STACK, guard_main, g);
    if (r < 0) {
        bide__free(g, sizeof *g);
        *guard = NULL;
        return r;
    }
    atomic_store(&last, g);
    return 0;
}

void bide__guard_leave(struct bide__guard *g, bide_duration limit)
{
    atomic_store(&g->runtime, NULL);
    atomic_store(&g->deadline_ns, deadline_of(limit));
    look_again(g);
}

void bide__guard_dismiss(struct bide__guard *g)
{
    if (g == NULL)
        return;
    atomic_store(&g->dismissed, true);
    look_again(g);
    bide__door.thread_join(g->thread);
    bide__free(g, sizeof *g);
}
