/*
 * census.h: how a console sees the tasks of a runtime while it runs: each worker writes down its
 * own tasks between two polls, a slice at a time.
 *
 * A console asks a worker by a number, and wakes it. The worker then walks over the blocks that it
 * has made, SLICE_NS at most between two rounds of polls, and delivers the text when it is through.
 * So nothing stands still for longer than a slice, however many tasks there are; and what one
 * answer tells is not of one moment. A task that is made or ends meanwhile may be told or not.
 *
 * Another worker may poll a task of this one at any time. So on a multi_thread runtime the walk
 * claims a task that waits (bide__state_claim), and gives it back; one that is ready or runs is
 * told of without its chain.
 *
 * The text is objects of JSON with commas between them; docs/console.md has their members.
 */
#ifndef BIDE_RUNTIME_TRACE_CENSUS_H
#define BIDE_RUNTIME_TRACE_CENSUS_H

#include "runtime/thread.h"
#include "runtime/trace/scroll.h"

struct bide__hub;

/* What a worker has said. */
struct bide__answer {
    struct bide__answer *next;
    const struct bide__worker *worker;
    struct bide__scroll tasks;
};

/* The console, one thread: a new question; answers to older ones are dropped. The number is not
 * 0. */
uint32_t bide__question_new(void);

/* Any thread that keeps the worker from being freed: asks it. The caller wakes it. */
void bide__question_put(struct bide__worker *worker, uint32_t number);

/* The console: waits until so many have answered, or nobody has gone on with an answer for so long.
 * The caller frees the answers with bide__answers_free. *lacks_memory: one could not be made. */
struct bide__answer *bide__question_wait(unsigned count, int64_t limit_ns, bool *lacks_memory);
void bide__answers_free(struct bide__answer *answers);

/* Any thread: the console is to wait for no answer; or it begins anew. */
void bide__question_end(bool is_ending);

/* The console: the tasks of a multi_thread runtime that threads have made which run none of its
 * workers. The caller counts as awake (schedule/ask.c): a task that is claimed, and woken, is in no
 * queue for a moment. */
void bide__census_outside(const struct bide_runtime *rt, struct bide__scroll *tasks);

void bide__census_slice(struct bide__worker *worker);

/* The worker: it has been asked, or is not through. It must not sleep. */
static inline bool bide__census_is_due(const struct bide__worker *worker)
{
    return __builtin_expect(atomic_load_explicit(&worker->asked, memory_order_relaxed) != 0, 0);
}

/* A worker, between two polls. */
static inline void bide__census_look(struct bide__worker *worker)
{
    if (bide__census_is_due(worker))
        bide__census_slice(worker);
}

/* The worker ends, and its memory is still there. */
void bide__census_end(struct bide__worker *worker);

#endif
