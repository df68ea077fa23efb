/*
 * inside.h: what the files of the explorer share.
 *
 *   search.c   the tree of choices, depth first; which states were seen; bounds; main
 *   run.c      one execution: threads, who runs next
 *   fiber.c    stacks, and the switch between them; thread-local variables
 *   memory.c   atomics: which store a load may read
 *   plain.c    ordinary accesses: races, freed memory
 *   heap.c     malloc and free
 *   sync.c     mutexes, conditions, futexes, threads
 *   tsan.c     the calls that -fsanitize=thread makes
 *   snapshot.c executions begin where the interesting part begins
 *   report.c   failures and their steps
 *
 * All state of the explorer is in this shared object, all state of a program in its executable, so
 * that the latter can be put back for each execution. The heap of a program is heap.c's.
 */
#ifndef EXPLORE_INSIDE_H
#define EXPLORE_INSIDE_H

#include "explore.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum {
    THREADS = EXPLORE_THREADS,
    CALLS = 64, /* of the stack of calls that is kept */
    SPINS = 12, /* reads of a loop that are watched */
    MAX_STEPS = 20000,
};

/* ---- time ---- */

/*
 * What a thread knows of the others: for each the number of its steps.
 *
 * hb    what happens before, in the words of C11
 * seen  what the thread must not contradict when it reads or writes an atomic: hb, and what it has
 *       learnt through seq_cst fences
 * fence the number of seq_cst accesses before the last seq_cst fence that happens before
 */
struct clock {
    uint32_t hb[THREADS], seen[THREADS], fence;
};

static inline void clock_join(struct clock *to, const struct clock *from)
{
    for (int i = 0; i < THREADS; i++) {
        to->hb[i] = to->hb[i] > from->hb[i] ? to->hb[i] : from->hb[i];
        to->seen[i] = to->seen[i] > from->seen[i] ? to->seen[i] : from->seen[i];
    }
    to->fence = to->fence > from->fence ? to->fence : from->fence;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b + UINT64_C(0x632be59bd9b4e019);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* ---- memory.c ---- */

struct store {
    uint64_t value;
    uint64_t id;        /* the same in every execution in which its thread has read the same */
    struct clock clock; /* what is passed to those who acquire it */
    int thread;         /* -1: what was there before the first atomic access */
    uint32_t tick;
    uint32_t index; /* in the modification order */
    bool rmw;       /* reads from the one before it: nothing comes between */
    bool same;      /* and wrote the same value */
    uintptr_t pc;
};

struct access {
    struct store *store;
    uint32_t tick, sequence; /* of seq_cst accesses: among all of them, from 1 on */
    int thread;
};

struct location {
    struct location *next; /* in its word */
    uintptr_t address;
    unsigned size;
    bool overwritten; /* by an ordinary write */
    unsigned resets;
    struct store **stores; /* the modification order */
    unsigned count, stores_room;
    struct access *accesses;
    unsigned access_count, access_room;
    uint64_t hash; /* of the modification order */
};

enum operation { OP_LOAD, OP_STORE, OP_EXCHANGE, OP_ADD, OP_SUB, OP_AND, OP_OR, OP_XOR, OP_NAND };

uint64_t memory_load(uintptr_t address, unsigned size, int order, uintptr_t pc);
void memory_store(uintptr_t address, unsigned size, uint64_t value, int order, uintptr_t pc);
uint64_t memory_change(enum operation op, uintptr_t address, unsigned size, uint64_t value,
                       int order, uintptr_t pc);
/* Returns what it read. */
uint64_t memory_compare(uintptr_t address, unsigned size, uint64_t expected, uint64_t value,
                        int order, int failure_order, bool weak, bool *done, uintptr_t pc);
void memory_fence(int order, uintptr_t pc);

/* The part of a seq_cst fence that the system's own calls have; not a step of its own. */
void memory_full_fence(void);

/* The newest value of a 32-bit word, for a futex; not a step of its own. */
uint32_t memory_newest(uintptr_t address, uintptr_t pc);

uint64_t memory_key(void);

/* ---- plain.c ---- */

enum { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE };

struct word {
    uintptr_t address;
    unsigned run; /* the execution that it belongs to */
    struct location *locations;
    struct cell *cells;
    struct word *next; /* all of this execution */
};

struct word *word_of(uintptr_t address);
void plain_forget_all(void);

/* Checks an access against those of other threads, and notes it. */
void plain_access(uintptr_t address, size_t size, int kind, uintptr_t pc);
void plain_freed(uintptr_t address, size_t size, uintptr_t pc);
void plain_begin(void);

/* ---- heap.c ---- */

void heap_begin(void);
void heap_save(void);
void heap_check(uintptr_t address, size_t size, const char *what, uintptr_t pc);
void heap_end(void); /* fails for what is left */
const char *heap_name(uintptr_t address);

/* ---- fiber.c ---- */

struct fiber {
    void *sp;
    char *stack;
    char *locals; /* its thread-local variables, while it does not run */
};

void fiber_setup(void);
void fiber_new(struct fiber *f, void (*run)(void));
/* From the scheduler to f, and back. */
void fiber_enter(struct fiber *f);
void fiber_leave(struct fiber *f);
bool fiber_is_local(uintptr_t address);
bool fiber_overflowed(uintptr_t address);
void fiber_begin(void);
void fiber_save(const struct fiber *f);

/* ---- sync.c ---- */

void sync_begin(void);
void sync_save(void);

/* ---- snapshot.c: the execution as it was when the interesting part began ---- */

/* Adds a piece of memory to the snapshot. */
void snapshot_add(void *p, size_t size);

void snapshot_take(void);
bool snapshot_restore(void); /* false: there is none */
void snapshot_drop(void);

/* ---- run.c ---- */

enum status { UNUSED, READY, WAITING, OVER };

/* A read that may be one of a loop that waits. */
struct spin {
    uint64_t site;   /* place, calls and address */
    uint64_t sum;    /* of the thread when it was read last, */
    uint64_t period; /* and how much it had grown since the time before */
    uint32_t turn;   /* the number of that read */
    struct location *location;
    struct store *store;
};

struct thread {
    enum status status;
    struct fiber fiber;
    void *(*run)(void *);
    void *argument, *result;
    bool joined, of_model;

    /* While it waits. */
    bool (*ready)(const struct thread *);
    const void *object, *object2;
    const char *waits_for;
    bool signalled, timed, timed_out;
    bool yields, settles;

    struct clock now;
    struct clock pending;  /* of relaxed loads, for the next acquire fence */
    struct clock released; /* at the last release fence */
    uint64_t history;      /* all that it has read */
    uint32_t steps;

    /* Loops that wait. */
    uint64_t sum; /* of its accesses */
    struct spin spins[SPINS];
    unsigned spin_count;
    uint32_t spin_turn; /* reads since something was changed, */
    uint32_t loop_turn; /* and those that are not in the loop */
    bool spinning;

    uintptr_t calls[CALLS];
    unsigned depth;
    void *specific[16];
    size_t heap_used;
};

struct run {
    struct thread threads[THREADS];
    int thread_count;
    struct thread *current;
    bool failed, pruned, blurred, sharpens;
    char message[1024];
    unsigned steps;
    unsigned preemptions, stale, timeouts, spurious, forced;
    int64_t clock_ns;
    uint32_t sequence;                  /* seq_cst accesses */
    uint64_t sequence_hash, fence_hash; /* which ones, in any order */
    uint32_t fence_seen[THREADS];       /* what seq_cst fences have seen */
    uint64_t order_hash;                /* modification orders */
};

extern struct run run;
extern unsigned run_number;
extern const struct explore_model *model;

static inline int thread_id(const struct thread *t)
{
    return (int)(t - run.threads);
}

/* Before a step that others can see: another thread may run first. */
void point(uintptr_t pc);

/* The step is done: others see a later time. `input` tells what it depended on. */
void step_done(uint64_t input);

/* Waits until ready(thread); then the thread has the turn. */
void wait_until(bool (*ready)(const struct thread *), const char *waits_for, uintptr_t pc);

struct thread *thread_new(void *(*function)(void *), void *argument);
void spin_forget(struct thread *t); /* it has changed something */

void run_once(void);
void run_save(void);
void *run_alloc(size_t size); /* until the end of the execution */
uint64_t run_key(void);

/* Ends the execution. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void note_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- search.c ---- */

extern int bound; /* preemptions; EXPLORE_NO_BOUND */
extern bool was_cut;
extern int most_stale; /* reads of what is not the newest; -1: any number */
bool nothing_chosen(void);
void search_save(void);

/* One of n ways on. The first of them is the usual one. */
unsigned choose(unsigned n);

/* The same, of stores: the first one is the newest. */
unsigned choose_store(unsigned n);

/* Where the next thread is chosen: true if the same state was seen before. */
bool all_was_explored(void);

/* ---- report.c ---- */

extern bool tracing;         /* names and places are looked up, and steps are printed, */
extern bool tracing_quietly; /* or not printed */
void trace(uintptr_t pc, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *place(uintptr_t pc);
const char *name_of(uintptr_t address);
const char *order_name(int order);

#endif
