/*
 * The table of a future's states (runtime/task/future.c): every pair of a state and an event. Pairs
 * that cannot occur are refused. The others occur through what programs do: each scenario brings a
 * future into a state, does something to it there, and something else after that, in a world that
 * is freed at the end. The steps check the states as they go, and in the end every possible pair
 * must have occurred.
 */
#include "runtime/task/inside.h"

#include "check.h"
#include "full.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef BIDE_CHECK_STATES
TEST(this_build_checks_no_states)
{
    SKIP("a release build");
}
#else

/* ---- a world ---- */

enum op {
    NOTHING,
    GET,               /* a task gets it */
    GET_BRIEFLY,       /* a get that loses against the clock */
    ABORT_GETS,        /* the tasks that get it are aborted */
    DROP,              /* a task drops it and waits */
    RELEASE,           /* a plain function drops it */
    RELEASE_ELSEWHERE, /* another thread does so */
    MOVE,
    CLOSE,
    FORCE, /* the tasks that drop it are cancelled by force */
    TICK,  /* what it waits for next happens */
    RUN,   /* everything happens */
    OPS,
    PAIRS, /* impossible pairs are refused */
};

enum { TASKS = 8 };

struct box {
    bide_future(int) f;
};

struct world {
    bide_runtime *rt;
    struct box *box; /* NULL: the handle and the box are gone */
    struct bide__task *future;
    bide_task(int) get[TASKS];
    bide_task(void) drop[TASKS];
    int gets, drops;
    int begun, ended;
    enum op in_body, in_defer;
    bool fails;
};

static async int getter(struct world *w)
{
    struct box *box = w->box;
    return box != NULL ? await bide_get(box->f) : -EINVAL;
}

static async int got_inside(struct box *box)
{
    int n = 0;
    await bide_timeout(BIDE_NS(0), n = bide_get(box->f));
    return n;
}

/* ---- pairs that cannot occur ---- */

static unsigned refused[BIDE__FUTURE_STATES];

static bool is_refused(struct world *w, enum bide__future_event event)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        bide__future_step(w->rt->worker, w->future, event, NULL);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void try_pairs(struct world *w)
{
    enum bide__future_state state = bide__future_state(w->future);

    for (enum bide__future_event e = 0; e < BIDE__FUTURE_EVENTS; e++)
        if (bide__future_next(state, e) == 0) {
            CHECK(is_refused(w, e));
            refused[state] |= 1u << e;
        }
}

/* ---- what is done ---- */

/* Frees the box as soon as the handle is gone. */
static async void dropper(struct world *w)
{
    struct box *box = w->box;
    w->box = NULL;
    if (box != NULL)
        bide_drop(box->f);
    free(box);
}

static void release(struct world *w)
{
    struct box *box = w->box;
    w->box = NULL;
    bide_drop(box->f);
    free(box);
}

static void *release_here(void *w)
{
    release(w);
    return NULL;
}

static void move(struct world *w)
{
    struct box *box = calloc(1, sizeof *box);
    CHECK(box != NULL);
    box->f = bide_move(w->box->f);
    free(w->box);
    w->box = box;
}

static void release_elsewhere(struct world *w)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, release_here, w), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static bool needs_handle(enum op op)
{
    return op == GET || op == GET_BRIEFLY || op == DROP || op == RELEASE ||
           op == RELEASE_ELSEWHERE || op == MOVE;
}

static async void does(struct world *w, enum op op)
{
    if (needs_handle(op) && w->box == NULL)
        return;
    switch (op) {
    case GET:
        w->get[w->gets++] = (__typeof__(w->get[0]))bide_spawn(getter(w));
        await bide_yield();
        break;
    case GET_BRIEFLY: await got_inside(w->box); break;
    case ABORT_GETS:
        for (int i = 0; i < w->gets; i++)
            bide_task_abort(w->get[i]);
        await bide_yield();
        break;
    case DROP:
        w->drop[w->drops++] = (__typeof__(w->drop[0]))bide_spawn(dropper(w));
        await bide_yield();
        break;
    case RELEASE: release(w); break;
    case RELEASE_ELSEWHERE:
        release_elsewhere(w);
        await bide_sleep(BIDE_NS(1));
        break;
    case MOVE: move(w); break;
    case CLOSE: bide__futures_close(w->rt->worker); break;
    case FORCE:
        for (int i = 0; i < w->drops; i++)
            bide__task_cancel(w->rt->worker, (struct bide__task *)w->drop[i], true);
        await bide_yield();
        break;
    case TICK: await bide_sleep(BIDE_MS(101)); break;
    case RUN: await bide_sleep(BIDE_S(1)); break;
    case PAIRS: try_pairs(w); break;
    default: break;
    }
}

/* What a future does to itself while it is polled; it must not wait for its own end. */
static async void does_inside(struct world *w, enum op op)
{
    if (needs_handle(op) && w->box == NULL)
        return;
    if (op == GET)
        await got_inside(w->box);
    else if (op == DROP)
        await dropper(w);
    else if (op == ABORT_GETS)
        for (int i = 0; i < w->gets; i++)
            bide_task_abort(w->get[i]);
    else if (op == RELEASE)
        release(w);
    else if (op == MOVE)
        move(w);
    else if (op == PAIRS)
        try_pairs(w);
}

static async int body(struct world *w)
{
    w->begun++;
    defer {
        await does_inside(w, w->in_defer);
        await bide_sleep(BIDE_MS(50));
        w->ended++;
    }
    await does_inside(w, w->in_body);
    if (w->in_body == RUN)
        return 7;
    for (int i = 0; i < 3; i++)
        await bide_sleep(BIDE_MS(100));
    return 7;
}

/* ---- states ---- */

static async void bring(struct world *w, enum bide__future_state state)
{
    switch (state) {
    case BIDE__FRESH: break;
    case BIDE__DRIVEN:
    case BIDE__POLLED: await does(w, GET); break;
    case BIDE__IDLE: await does(w, GET_BRIEFLY); break;
    case BIDE__DROPPED:
    case BIDE__DROPPED_POLLED:
        await does(w, GET);
        await does(w, RELEASE);
        break;
    case BIDE__UNWINDING:
        await does(w, GET_BRIEFLY);
        await does(w, DROP);
        break;
    case BIDE__UNWINDING_POLLED: /* with a get that waits */
        await does(w, GET);
        await does(w, DROP);
        break;
    case BIDE__CLOSED:
        await does(w, GET_BRIEFLY);
        await does(w, CLOSE);
        break;
    case BIDE__DETACHED:
        await does(w, GET_BRIEFLY);
        await does(w, RELEASE);
        break;
    case BIDE__ENDED:
        await does(w, GET_BRIEFLY);
        await does(w, CLOSE);
        await does(w, RUN);
        break;
    case BIDE__TAKEN:
        await does(w, GET);
        await does(w, MOVE);
        await does(w, RUN);
        break;
    case BIDE__GONE:
        await does(w, GET);
        await does(w, RUN);
        break;
    default: break;
    }
}

/* The state after bring() returns, which ends a state of being polled. */
static enum bide__future_state when_suspended(enum bide__future_state state)
{
    return state == BIDE__POLLED             ? BIDE__DRIVEN
           : state == BIDE__DROPPED_POLLED   ? BIDE__DROPPED
           : state == BIDE__UNWINDING_POLLED ? BIDE__UNWINDING
                                             : state;
}

struct scenario {
    enum bide__future_state state;
    enum op first, second, in_body, in_defer;
};

static async void play(struct world *w, const struct scenario *s)
{
    await bring(w, s->state);
    if (s->in_body == NOTHING && s->in_defer == NOTHING)
        CHECK_EQ(bide__future_state(w->future), when_suspended(s->state));
    await does(w, s->first);
    await does(w, s->second);
}

/* `extra`: the test holds a reference, so that the block stays. */
static void run(const struct scenario *s, bool extra)
{
    struct world w = {.in_body = s->in_body, .in_defer = s->in_defer};

    CHECK_EQ(bide_runtime_new(NULL, &w.rt), 0);
    bide_runtime_enter(w.rt);
    w.box = calloc(1, sizeof *w.box);
    CHECK(w.box != NULL);
    w.box->f = bide_lazy(body(&w));
    w.future = (struct bide__task *)w.box->f;
    if (extra)
        bide__state_ref(&w.future->wake.state);
    bide_block_on(play(&w, s));
    CHECK_EQ(bide_runtime_shutdown(w.rt, BIDE_S(10)), 0);
    CHECK_EQ(w.ended, w.begun);
    CHECK(w.begun <= 1);
    for (int i = 0; i < w.gets; i++)
        bide_task_detach(w.get[i]);
    for (int i = 0; i < w.drops; i++)
        bide_task_detach(w.drop[i]);
    if (w.box != NULL)
        release(&w);
    if (extra) {
        CHECK_EQ(bide__future_state(w.future), BIDE__GONE);
        if (bide__state_unref(&w.future->wake.state))
            bide__task_free(w.future);
    }
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(w.rt), 0);
}

static unsigned missing(void)
{
    unsigned n = 0;
    for (enum bide__future_state s = BIDE__FRESH; s < BIDE__FUTURE_STATES; s++)
        for (enum bide__future_event e = 0; e < BIDE__FUTURE_EVENTS; e++) {
            bool task_ends = e == BIDE__END && (s == BIDE__CLOSED || s == BIDE__DETACHED);
            bool other_worker = e == BIDE__KEEP && s == BIDE__GONE; /* lib/owned_results */
            if (bide__future_next(s, e) != 0 && !bide__future_seen[s][e] && !task_ends &&
                !other_worker) {
                fprintf(stderr, "never: state %u, event %u\n", s, e);
                n++;
            }
        }
    return n;
}

/* ---- what needs two futures ---- */

static bide_future(int) outer;

static async int inner_body(int *unwound)
{
    defer {
        bide_drop(outer); /* its get waits for this future, and is cancelled */
        ++*unwound;
    }
    await bide_sleep(BIDE_S(1));
    return 1;
}

static async int gets_box(struct box *box)
{
    return await bide_get(box->f);
}

static async int leaves_while_polled(void)
{
    int unwound = 0, n = 0;
    struct box box = {bide_lazy(inner_body(&unwound))};
    outer = bide_lazy(gets_box(&box));
    await bide_timeout(BIDE_NS(0), n = bide_get(outer));
    bide_drop(box.f);
    CHECK(outer == 0);
    return n + unwound;
}

/* ---- deep ---- */

static int nested, left;

static async int innermost(void)
{
    nested++;
    defer {
        await bide_sleep(BIDE_MS(1));
        left++;
    }
    await bide_sleep(BIDE_S(10));
    return 0;
}

static async int nest(bide_future(int) f)
{
    nested++;
    defer {
        left++;
    }
    return await bide_get(f);
}

static async int look(struct box *box)
{
    return await bide_get(box->f);
}

/* Builds `count` futures, each in the frame or among the arguments of the next. */
static async bide_future(int) build(bide_future(int) f, int count, bool begin)
{
    for (int i = 0; i < count; i++) {
        int n = 0;
        if (begin)
            await bide_timeout(BIDE_NS(0), n = bide_get(f));
        f = bide_lazy(nest(bide_move(f)));
        (void)n;
    }
    return f;
}

static unsigned lines;

static void count_lines(void *unused, const char *text, size_t size)
{
    (void)unused, (void)text, (void)size;
    lines++;
}

static async int drops_deep(bide_runtime *rt, int count, bool begin)
{
    bide_future(int) f = await build(bide_lazy(innermost()), count, begin);
    int n = 0;
    if (begin)
        await bide_timeout(BIDE_NS(0), n = bide_get(f));
    CHECK_EQ(nested, begin ? count + 1 : 0);
    lines = 0;
    bide_runtime_dump(rt, count_lines, NULL);
    CHECK(!begin || (lines > 2 && lines < 2500));
    bide_drop(f);
    (void)f;
    CHECK_EQ(left, nested);
    return n;
}

static async int gets_deep(int count, bool begin)
{
    bide_future(int) f = await build(bide_lazy(innermost()), count, begin);
    return await bide_get(f);
}

static void drop_plainly(bide_future(int) * f)
{
    bide_drop(*f);
}

/* The future at the limit of depth is dropped where nothing can wait, while a get drives it. */
static async int releases_deep(int count)
{
    struct box box = {bide_lazy(innermost())};
    bide_future(int) f = await build(bide_lazy(look(&box)), count, true);
    bide_task(int) task = bide_spawn(nest(bide_move(f)));
    await bide_sleep(BIDE_MS(1));
    drop_plainly(&box.f);
    int n = 0;
    int r = await bide_task_join(task, &n);
    await bide_sleep(BIDE_MS(10)); /* the released future unwinds in a task of its own */
    return r < 0 ? r : n;
}

static void deep_drops(bide_runtime *rt, int count)
{
    for (int begin = 0; begin < 2; begin++) {
        nested = left = 0;
        CHECK_EQ(bide_block_on(drops_deep(rt, count, begin)), 0);
        nested = left = 0;
        CHECK_EQ(bide_block_on(gets_deep(count, begin)), count < 900 ? 0 : -ENOMEM);
        bide_block_on(bide_yield());
        CHECK_EQ(left, nested);
    }
}

static void deep(void)
{
    bide_runtime *rt;

    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    deep_drops(rt, 800);
    deep_drops(rt, 20000);
    for (int i = 990; i < 1004; i++) {
        nested = left = 0;
        int r = bide_block_on(releases_deep(i));
        CHECK(r == -ECANCELED || r == -ENOMEM);
    }
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(left, nested);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(deep_ones_have_an_end)
{
    bide_test_time_virtual();
    deep();
}

/* True for what does_inside() can do, without the operations that differ only outside. */
static bool is_inside(enum op op)
{
    return op == NOTHING || op == GET || op == ABORT_GETS || op == DROP || op == RELEASE ||
           op == MOVE;
}

/* The future does something to itself when it begins, and when it ends or unwinds. */
static void inside(enum bide__future_state state, enum op first)
{
    for (enum op in_body = NOTHING; in_body < OPS; in_body++)
        for (enum op in_defer = NOTHING; in_defer < OPS; in_defer++) {
            struct scenario s = {state, first, RUN, in_body, in_defer};
            if ((is_inside(in_body) || in_body == RUN) && is_inside(in_defer))
                run(&s, false);
        }
}

TEST(whatever_is_done_in_each_state)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(leaves_while_polled()), 1);
    deep();
    for (enum bide__future_state state = BIDE__FRESH; state < BIDE__FUTURE_STATES; state++)
        for (enum op first = NOTHING; first < OPS; first++)
            for (enum op second = NOTHING; second < OPS; second++) {
                struct scenario s = {state, first, second, NOTHING, NOTHING};
                run(&s, first != RELEASE && second != RELEASE);
            }
    for (enum bide__future_state state = BIDE__FRESH; state < BIDE__FUTURE_STATES; state++)
        for (enum op first = NOTHING; first < OPS; first++)
            if (is_full() || is_inside(first) || first == CLOSE)
                inside(state, first);
    CHECK_EQ(missing(), 0);
}

TEST(what_cannot_be_is_refused)
{
    bide_test_time_virtual();
    for (enum bide__future_state state = BIDE__FRESH; state < BIDE__FUTURE_STATES; state++) {
        struct scenario s = {state, PAIRS, RUN, NOTHING, NOTHING};
        if (state == BIDE__POLLED)
            s.in_body = PAIRS;
        if (state == BIDE__DROPPED_POLLED || state == BIDE__UNWINDING_POLLED)
            s.in_defer = PAIRS;
        run(&s, true);
    }
    for (enum bide__future_state s = BIDE__FRESH; s < BIDE__FUTURE_STATES; s++)
        for (enum bide__future_event e = 0; e < BIDE__FUTURE_EVENTS; e++)
            CHECK_EQ(refused[s] >> e & 1, bide__future_next(s, e) == 0);
}
#endif
