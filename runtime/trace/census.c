/*
 * census.c: see census.h. The walk itself, and questions and answers; tell.c writes what is told of
 * a task.
 *
 * The chunk at which a walk has stopped is held, so that it is there when the walk goes on. The
 * tasks that other threads have made for a current_thread runtime are in a slab of their own, under
 * the hub's mutex.
 */
#include "runtime/trace/census.h"

#include "runtime/io/driver.h"
#include "runtime/task/gauge.h"
#include "runtime/task/task.h"
#include "runtime/trace/tell.h"

static const int64_t SLICE_NS = INT64_C(200000);

struct bide__census {
    uint32_t number; /* of the question */
    unsigned slabs;  /* that are done */
    struct bide__chunk *chunk;
    uint32_t index; /* of the next block in it */
    struct bide__scroll tasks;
};

/* ---- answers ---- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t come;
    uint32_t number;
    unsigned count;
    bool lacks_memory; /* somebody has answered that */
    bool is_ending;    /* nobody waits for answers any more */
    struct bide__answer *answers;
    _Atomic uint32_t slices; /* that were made; any thread */
} console = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void cond_init(void)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&console.come, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* In a child of fork(): the parent's threads may have held the mutex, or waited. */
static void start_anew(void)
{
    pthread_mutex_init(&console.mutex, NULL);
    cond_init();
    console.answers = NULL;
    console.count = 0;
    console.is_ending = false;
}

static void console_init(void)
{
    cond_init();
    bide__fork_tells(start_anew);
}

void bide__answers_free(struct bide__answer *answers)
{
    while (answers != NULL) {
        struct bide__answer *next = answers->next;
        bide__scroll_free(&answers->tasks);
        bide__free(answers, sizeof(*answers));
        answers = next;
    }
}

static struct bide__answer *take_answers(void)
{
    struct bide__answer *answers = console.answers;
    console.answers = NULL;
    console.count = 0;
    console.lacks_memory = false;
    return answers;
}

uint32_t bide__question_new(void)
{
    pthread_once(&once, console_init);
    pthread_mutex_lock(&console.mutex);
    struct bide__answer *old = take_answers();
    if (++console.number == 0)
        console.number = 1;
    uint32_t number = console.number;
    pthread_mutex_unlock(&console.mutex);
    bide__answers_free(old);
    return number;
}

void bide__question_put(struct bide__worker *worker, uint32_t number)
{
    atomic_store_explicit(&worker->asked, number, memory_order_seq_cst);
}

struct bide__answer *bide__question_wait(unsigned count, int64_t limit_ns, bool *lacks_memory)
{
    int64_t until_ns = bide__door_real.clock() + limit_ns, left_ns = limit_ns;
    uint32_t slices = atomic_load_explicit(&console.slices, memory_order_relaxed), seen;

    pthread_mutex_lock(&console.mutex);
    while (console.count < count && left_ns > 0 && !console.is_ending) {
        bide__door.cond_wait(&console.come, &console.mutex, left_ns);
        seen = atomic_load_explicit(&console.slices, memory_order_relaxed);
        if (seen != slices)
            until_ns = bide__door_real.clock() + limit_ns;
        slices = seen;
        left_ns = until_ns - bide__door_real.clock();
    }
    *lacks_memory = console.lacks_memory;
    struct bide__answer *answers = take_answers();
    pthread_mutex_unlock(&console.mutex);
    return answers;
}

void bide__question_end(bool is_ending)
{
    pthread_once(&once, console_init);
    pthread_mutex_lock(&console.mutex);
    console.is_ending = is_ending;
    pthread_cond_signal(&console.come);
    pthread_mutex_unlock(&console.mutex);
}

/* The end of a walk; census NULL: there was no memory to begin it. */
static void deliver(struct bide__worker *worker, struct bide__census *census, uint32_t number)
{
    bool is_whole = census != NULL && !census->tasks.failed;
    struct bide__answer *answer = is_whole ? bide__alloc(sizeof(*answer)) : NULL;

    if (answer != NULL) {
        *answer = (struct bide__answer){NULL, worker, census->tasks};
        census->tasks = (struct bide__scroll){0};
    }
    pthread_mutex_lock(&console.mutex);
    if (console.number == number) {
        console.count++;
        console.lacks_memory |= answer == NULL;
        if (answer != NULL)
            answer->next = console.answers, console.answers = answer;
        answer = NULL;
        pthread_cond_signal(&console.come);
    }
    pthread_mutex_unlock(&console.mutex);
    bide__answers_free(answer);
}

/* ---- the walk ---- */

/* The slab that comes after so many; NULL: that was the last. */
static struct bide__slab *slab_at(struct bide__worker *worker, unsigned n)
{
    if (n == 0)
        return worker->slab;
    return n == 1 && !worker->multi ? &worker->hub->outside : NULL;
}

static void hold(struct bide__census *census, struct bide__chunk *chunk)
{
    census->chunk = chunk;
    census->index = 0;
    if (chunk == NULL)
        return;
    bide__chunk_hold(chunk);
    (void)bide__chunk_gauges(chunk);
}

/* False: the time is over, and some of the slab are left. */
static bool walk_slab(struct bide__census *census, struct bide__teller *teller,
                      struct bide__slab *slab, int64_t until_ns)
{
    enum { AT_A_TIME = 8 };
    unsigned done = 0;

    while (census->chunk != NULL) {
        struct bide__chunk *chunk = census->chunk;
        while (census->index < chunk->count) {
            if (done >= AT_A_TIME && bide__door_real.clock() >= until_ns)
                return false;
            struct bide__block *block = bide__chunk_block(chunk, census->index++);
            done = done % AT_A_TIME;
            if (block->used == NULL)
                continue;
            bide__tell_task(teller, (struct bide__task *)(void *)block);
            done++;
        }
        done++;
        hold(census, chunk->next);
        bide__chunk_let_go(slab, chunk);
    }
    return true;
}

static struct bide__census *walk_new(uint32_t number)
{
    struct bide__census *census = bide__alloc(sizeof(*census));

    if (census != NULL)
        *census = (struct bide__census){.number = number};
    return census;
}

static void walk_free(struct bide__worker *worker, struct bide__census *census)
{
    struct bide__slab *slab = slab_at(worker, census->slabs);

    if (census->chunk != NULL)
        bide__chunk_let_go(slab, census->chunk);
    bide__scroll_free(&census->tasks);
    bide__free(census, sizeof(*census));
}

/* A walk that is not through. */
static void walk_drop(struct bide__worker *worker)
{
    struct bide__census *census = worker->census;
    bool locked = census->slabs > 0;

    worker->census = NULL;
    if (locked)
        pthread_mutex_lock(&worker->hub->mutex);
    walk_free(worker, census);
    if (locked)
        pthread_mutex_unlock(&worker->hub->mutex);
}

void bide__census_end(struct bide__worker *worker)
{
    atomic_store_explicit(&worker->asked, 0, memory_order_relaxed);
    if (worker->census != NULL)
        walk_drop(worker);
}

/* True: all slabs are done. */
static bool walk_on(struct bide__worker *worker, struct bide__census *census)
{
    struct bide__teller teller = {worker->runtime, worker, &census->tasks};
    int64_t until_ns = bide__door_real.clock() + SLICE_NS;
    struct bide__slab *slab;

    atomic_fetch_add_explicit(&console.slices, 1, memory_order_relaxed);
    for (; (slab = slab_at(worker, census->slabs)) != NULL; census->slabs++) {
        bool locked = census->slabs > 0;
        if (locked)
            pthread_mutex_lock(&worker->hub->mutex);
        if (census->chunk == NULL)
            hold(census, slab->chunks);
        bool done = walk_slab(census, &teller, slab, until_ns);
        if (locked)
            pthread_mutex_unlock(&worker->hub->mutex);
        if (!done)
            return false;
    }
    return true;
}

void bide__census_slice(struct bide__worker *worker)
{
    uint32_t number = atomic_load_explicit(&worker->asked, memory_order_acquire);
    struct bide__census *census = worker->census;

    if (census != NULL && census->number != number) {
        walk_drop(worker);
        census = NULL;
    }
    if (census == NULL)
        census = worker->census = walk_new(number);
    if (census != NULL && !walk_on(worker, census)) {
        if (!worker->multi)
            worker->driver->ops->wake(worker->driver); /* it must not sleep over the rest */
        return;
    }
    deliver(worker, census, number);
    /* A question that has come meanwhile is the next one. */
    uint32_t answered = number;
    atomic_compare_exchange_strong_explicit(&worker->asked, &answered, 0, memory_order_relaxed,
                                            memory_order_relaxed);
    if (census != NULL)
        walk_free(worker, census);
    worker->census = NULL;
}

/* ---- tasks of other threads ---- */

void bide__census_outside(const struct bide_runtime *rt, struct bide__scroll *tasks)
{
    struct bide__slab *slab = &rt->hub->tasks;
    struct bide__teller teller = {rt, NULL, tasks};
    struct bide__census census = {0};
    bool done = false, begun = false;

    while (!done) {
        pthread_mutex_lock(&rt->hub->mutex);
        bide__quiet_begin(true); /* as the scheduler, whose transitions order what is read */
        if (!begun)
            hold(&census, slab->chunks);
        begun = true;
        done = walk_slab(&census, &teller, slab, bide__door_real.clock() + SLICE_NS);
        bide__quiet_end(true);
        pthread_mutex_unlock(&rt->hub->mutex);
    }
}
