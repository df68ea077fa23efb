/*
 * run.c: one execution: the threads, and which of them has the turn.
 *
 * A thread runs until the next step that others can see (an access to an atomic, a lock...), and
 * there asks whether another one shall run first. A *preemption* is a turn that is taken from a
 * thread that could go on.
 *
 * Loops that wait. A loop that reads the same again and again would make an execution endless. So
 * a thread that has read the same store at the same place (and with the same stack of calls) twice
 * more, and has done exactly the same between, and has changed nothing meanwhile, has no turn until
 * one of the locations that it reads has another value. If no thread can go on but those, they have
 * a turn again, since they may count how often they have tried; but not for ever.
 */
#include "inside.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>

struct run run;
unsigned run_number;

enum { FORCED_TURNS = 1000, ARENA = 64 << 20 };

/* ---- memory of the explorer for one execution ---- */

static char *arena;
static size_t arena_used;

void *run_alloc(size_t size)
{
    if (arena == NULL) {
        arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (arena == MAP_FAILED)
            abort();
    }
    size = (size + 15) & ~(size_t)15;
    if (arena_used + size > ARENA)
        fail("the execution is too long for the explorer");
    void *p = arena + arena_used;
    arena_used += size;
    return p;
}

/* ---- failing ---- */

static sigjmp_buf crashed;

void note_failure(const char *format, ...)
{
    va_list list;
    if (run.failed)
        return;
    run.failed = true;
    va_start(list, format);
    vsnprintf(run.message, sizeof(run.message), format, list);
    va_end(list);
}

static void leave_for_good(void)
{
    fiber_leave(&run.current->fiber);
    abort();
}

void fail(const char *format, ...)
{
    va_list list;
    if (!run.failed) {
        run.failed = true;
        va_start(list, format);
        vsnprintf(run.message, sizeof(run.message), format, list);
        va_end(list);
    }
    leave_for_good();
    abort();
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    if (run.current == NULL) {
        signal(signo, SIG_DFL);
        return;
    }
    if (fiber_overflowed(address))
        note_failure("thread %d has run out of stack", thread_id(run.current));
    else
        note_failure("thread %d crashed at address %#lx (signal %d)", thread_id(run.current),
                     (unsigned long)address, signo);
    siglongjmp(crashed, 1);
}

static void watch_signals(void)
{
    static bool done;
    static char stack[65536];
    if (done)
        return;
    done = true;
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
    struct sigaction a = {.sa_sigaction = on_signal,
                          .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaction(SIGSEGV, &a, NULL);
    sigaction(SIGBUS, &a, NULL);
    sigaction(SIGILL, &a, NULL);
    sigaction(SIGFPE, &a, NULL);
}

/* ---- threads ---- */

static void thread_start(void)
{
    struct thread *t = run.current;
    t->result = t->run(t->argument);
    point(0);
    trace(0, "ends");
    step_done(0);
    t->status = OVER;
    leave_for_good();
}

struct thread *thread_new(void *(*function)(void *), void *argument)
{
    if (run.thread_count == THREADS)
        fail("more than %d threads", THREADS);
    struct thread *t = &run.threads[run.thread_count++];
    int id = thread_id(t);
    t->status = READY;
    t->run = function;
    t->argument = argument;
    if (run.current != NULL)
        t->now = run.current->now;
    t->now.hb[id] = t->now.seen[id] = 1;
    t->history = mix((uint64_t)id, 1);
    fiber_new(&t->fiber, thread_start);
    return t;
}

void step_done(uint64_t input)
{
    struct thread *t = run.current;
    int id = thread_id(t);
    t->history = mix(t->history, input);
    t->steps++;
    t->now.hb[id]++;
    t->now.seen[id]++;
    if (++run.steps > MAX_STEPS)
        fail("more than %d steps", MAX_STEPS);
}

void point(uintptr_t pc)
{
    struct thread *t = run.current;
    (void)pc;
    fiber_leave(&t->fiber);
}

void wait_until(bool (*ready)(const struct thread *), const char *waits_for, uintptr_t pc)
{
    struct thread *t = run.current;
    (void)pc;
    t->status = WAITING;
    t->ready = ready;
    t->waits_for = waits_for;
    t->timed_out = false;
    fiber_leave(&t->fiber);
    t->status = READY;
    t->ready = NULL;
}

EXPORT void explore_yield(void)
{
    struct thread *t = run.current;
    t->yields = true;
    fiber_leave(&t->fiber);
    t->yields = false;
    step_done(0);
}

static bool never(const struct thread *t)
{
    (void)t;
    return false;
}

EXPORT void explore_settle(void)
{
    struct thread *t = run.current;
    t->settles = true;
    wait_until(never, "the others to settle", 0);
    t->settles = false;
    step_done(0);
}

EXPORT void explore_focus(bool on)
{
    run.sharpens = on && run.blurred;
    run.blurred = !on;
    point(0);
    step_done(0);
}

/* The interesting part begins: what was before it is seen by all. */
static void sharpen(void)
{
    run.sharpens = false;
    for (int i = 1; i < run.thread_count; i++)
        clock_join(&run.threads[0].now, &run.threads[i].now);
    for (int i = 0; i < run.thread_count; i++) {
        struct thread *t = &run.threads[i];
        t->now = run.threads[0].now;
        t->now.hb[i]++;
        t->now.seen[i]++;
        spin_forget(t);
    }
    run.order_hash = 0;
    plain_forget_all();
    if (nothing_chosen())
        snapshot_take();
}

void run_save(void)
{
    snapshot_add(&run, sizeof(run));
    snapshot_add(&arena_used, sizeof(arena_used));
    snapshot_add(arena, arena_used);
    for (int i = 0; i < run.thread_count; i++)
        fiber_save(&run.threads[i].fiber);
}

EXPORT int explore_thread(void)
{
    return thread_id(run.current);
}

EXPORT int explore_choose(int n)
{
    unsigned c = n > 1 ? choose((unsigned)n) : 0;
    trace(0, "chooses %u of %d", c, n);
    run.current->history = mix(run.current->history, c);
    return (int)c;
}

/* ---- loops that wait ---- */

void spin_forget(struct thread *t)
{
    t->spin_count = 0;
    t->spinning = false;
}

/* Something that it reads has changed. */
static bool spin_is_over(const struct thread *t)
{
    for (unsigned i = 0; i < t->spin_count; i++) {
        const struct location *l = t->spins[i].location;
        const struct store *s = t->spins[i].store;
        if (t->spins[i].turn <= t->loop_turn)
            continue;
        if (s->index >= l->count || l->stores[s->index] != s || l->overwritten)
            return true;
        for (unsigned k = s->index + 1; k < l->count; k++)
            if (!l->stores[k]->same)
                return true;
    }
    return false;
}

/* ---- whose turn it is ---- */

struct option {
    struct thread *thread;
    bool timeout; /* its wait ends by time */
};

static bool can_go_on(const struct thread *t)
{
    if (t->status == READY)
        return !t->yields && (!t->spinning || spin_is_over(t));
    return t->status == WAITING && t->ready(t);
}

/* Nobody can go on but by a yield, by time, or by trying again. */
static unsigned last_resorts(struct option *options)
{
    unsigned n = 0;
    for (int i = 0; i < run.thread_count; i++)
        if (run.threads[i].settles)
            options[n++] = (struct option){&run.threads[i], false};
    if (n > 0)
        return n;
    for (int i = 0; i < run.thread_count; i++)
        if (run.threads[i].status == READY && run.threads[i].yields)
            options[n++] = (struct option){&run.threads[i], false};
    for (int i = 0; n == 0 && i < run.thread_count && model->timeouts >= 0; i++)
        if (run.threads[i].status == WAITING && run.threads[i].timed)
            options[n++] = (struct option){&run.threads[i], true};
    for (int i = 0; n == 0 && i < run.thread_count; i++)
        if (run.threads[i].status == READY && run.forced < FORCED_TURNS)
            options[n++] = (struct option){&run.threads[i], false};
    if (n > 0)
        run.forced++;
    return run.forced > FORCED_TURNS ? 0 : n;
}

/* Those who can go on; the one that had the turn is first. */
static unsigned list_options(struct option *options, struct thread *last, bool *preempts)
{
    unsigned n = 0;
    *preempts = last != NULL && can_go_on(last);
    if (*preempts)
        options[n++] = (struct option){last, false};
    if (*preempts && bound != EXPLORE_NO_BOUND && (int)run.preemptions >= bound) {
        for (int i = 0; i < run.thread_count; i++)
            was_cut |= &run.threads[i] != last && can_go_on(&run.threads[i]);
        return n;
    }
    for (int i = 0; i < run.thread_count; i++)
        if (&run.threads[i] != last && can_go_on(&run.threads[i]))
            options[n++] = (struct option){&run.threads[i], false};
    if (n == 0)
        return last_resorts(options);
    for (int i = 0; i < run.thread_count; i++)
        if (run.threads[i].status == WAITING && run.threads[i].timed &&
            (int)run.timeouts < model->timeouts)
            options[n++] = (struct option){&run.threads[i], true};
    return n;
}

static void nobody_can_go_on(void)
{
    char text[800] = "";
    size_t used = 0;
    bool loops = false, left = false;
    for (int i = 0; i < run.thread_count; i++) {
        const struct thread *t = &run.threads[i];
        if (t->status == OVER)
            continue;
        left = true;
        loops |= t->status == READY;
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s thread %d %s %s",
                                 used > 0 ? ";" : "", i, t->status == READY ? "is in" : "waits for",
                                 t->status == READY ? "a loop that waits" : t->waits_for);
        if (used >= sizeof(text))
            break;
    }
    if (left)
        note_failure("%s:%s", loops ? "a loop does not end" : "deadlock", text);
}

static void schedule(void)
{
    struct thread *last = run.current; /* NULL, or the one that had the turn at the snapshot */
    struct option options[2 * THREADS];
    while (!run.failed) {
        bool preempts;
        unsigned n = list_options(options, last, &preempts);
        if (run.blurred && n > 1)
            n = 1;
        if (n == 0) {
            nobody_can_go_on();
            return;
        }
        run.current = last;
        run.pruned = all_was_explored();
        if (run.pruned)
            return;
        unsigned c = n > 1 ? choose(n) : 0;
        struct option *o = &options[c];
        if (preempts && c > 0)
            run.preemptions++;
        if (o->timeout) {
            o->thread->timed_out = true;
            run.timeouts += n > 1;
        }
        last = run.current = o->thread;
        for (int i = 0; i < run.thread_count; i++)
            run.threads[i].yields &= &run.threads[i] == last;
        fiber_enter(&last->fiber);
        if (run.sharpens)
            sharpen();
    }
}

/* What the next step of a thread depends on, besides what it has read. */
static uint64_t stands(const struct thread *t)
{
    unsigned flags = t->status | t->signalled << 2 | t->timed_out << 3 | t->yields << 4 |
                     t->spinning << 5 | t->settles << 6;
    return t->status == WAITING ? mix((uintptr_t)t->ready ^ (uintptr_t)t->object, flags) : flags;
}

uint64_t run_key(void)
{
    uint64_t key = memory_key();
    for (int i = 0; i < run.thread_count; i++) {
        const struct thread *t = &run.threads[i];
        key += mix(t->history, mix((uint64_t)i, stands(t)));
    }
    key = mix(key, run.current != NULL ? (uint64_t)thread_id(run.current) : THREADS);
    if (most_stale > 0)
        key = mix(key, run.stale);
    return mix(key, (uint64_t)run.timeouts << 32 | run.spurious << 16 | run.forced);
}

/* ---- the first thread ---- */

static bool others_are_over(const struct thread *t)
{
    (void)t;
    for (int i = 1; i < run.thread_count; i++)
        if (run.threads[i].of_model && run.threads[i].status != OVER)
            return false;
    return true;
}

static void *run_thread(void *argument)
{
    model->threads[(uintptr_t)argument]();
    return NULL;
}

static void *first_thread(void *argument)
{
    (void)argument;
    struct thread *t = run.current;
    if (model->begin != NULL)
        model->begin();
    for (uintptr_t i = 0; i < THREADS - 1 && model->threads[i] != NULL; i++)
        thread_new(run_thread, (void *)i)->of_model = true;
    step_done(0);
    wait_until(others_are_over, "the others to end", 0);
    for (int i = 1; i < run.thread_count; i++)
        if (run.threads[i].of_model)
            clock_join(&t->now, &run.threads[i].now);
    step_done(0);
    if (model->end != NULL)
        model->end();
    heap_end();
    return NULL;
}

void run_once(void)
{
    watch_signals();
    run_number++;
    heap_begin();
    plain_begin();
    if (!snapshot_restore()) {
        memset(&run, 0, sizeof(run));
        arena_used = 0;
        sync_begin();
        fiber_begin();
        thread_new(first_thread, NULL);
    }
    if (sigsetjmp(crashed, 0) == 0)
        schedule();
}

/* ---- for models ---- */

EXPORT void explore__check(bool condition, const char *text, const char *file, int line)
{
    if (condition)
        return;
    fail("%s:%d: thread %d: this does not hold: %s", file, line, thread_id(run.current), text);
}

EXPORT void explore_fail(const char *format, ...)
{
    va_list list;
    char text[512];
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fail("thread %d: %s", thread_id(run.current), text);
}

EXPORT void explore_advance(int64_t ns)
{
    run.clock_ns += ns;
}
