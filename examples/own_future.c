/*
 * own_future: the machinery, with nothing hidden: a future written by hand, a waker, and an
 * executor, in plain C. There is no runtime here: the only thing used is <bide/core.h>, which needs
 * neither a heap nor an operating system.
 *
 * What it prints:
 *
 *     poll -> Pending      the executor asks the future, which is not done but will wake it
 *     wake                 what it waits for happens, and its waker tells the executor
 *     poll -> Ready        so the executor asks again, and now there is a result
 *     slept 100 ms
 */
#define _GNU_SOURCE
#include <bide/core.h>

#include <stdio.h>
#include <time.h>

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * The future. Its state between two polls is a frame: a struct that begins with a bide_frame. When
 * `bide cc` compiles `async int timer(long ms)`, it makes the same three things: the frame, the
 * poll function, and the descriptor that names them.
 */
struct timer {
    struct bide_frame frame;
    long ms, due_ms;
    bide_waker waker; /* whom to tell */
};

/* The one timer that is set; the executor's clock looks at it. */
static struct timer *alarm_set;

/* "Are you done?" This may be asked at any time, even too early, and never waits. */
static enum bide_poll timer_poll(struct bide_cx *cx, struct bide_frame *frame)
{
    struct timer *timer = (struct timer *)frame;

    if (frame->state == 0) { /* the first time: fetch the argument */
        timer->ms = *(long *)bide__args(cx, frame);
        timer->due_ms = now_ms() + timer->ms;
        frame->state = 1;
    }
    if (now_ms() < timer->due_ms) {
        timer->waker = cx->waker; /* a pending future must have arranged for a wake */
        alarm_set = timer;
        puts("poll -> Pending");
        return bide_frame_suspend(cx, frame);
    }
    *(int *)bide_frame_result(cx, frame) = (int)timer->ms;
    puts("poll -> Ready");
    return bide_frame_finish(cx, frame);
}

/* "You are no longer needed." Nothing has happened yet, and now nothing will. */
static enum bide_answer timer_cancel(struct bide_cx *cx, struct bide_frame *frame)
{
    (void)cx, (void)frame;
    alarm_set = NULL;
    return BIDE_CANCELLED;
}

static const struct bide_fn timer_fn = {.poll = timer_poll,
                                        .cancel = timer_cancel,
                                        .frame_size = sizeof(struct timer),
                                        .args_size = sizeof(long),
                                        .result_size = sizeof(int),
                                        .frame_align_log2 = 3,
                                        .args_align_log2 = 3,
                                        .flags = BIDE_FN_RESULT_SIGNED,
                                        .version = BIDE_FN_VERSION};

/* The executor: one task, and whether to ask it again. */
static struct task {
    struct bide_wakeable wakeable; /* what a waker refers to */
    bool woken;
    struct bide_chain chain; /* the future and all that it awaits */
    _Alignas(16) char room[256];
} task;

/* The waker's four functions. This task is never freed, so references need not be counted. */
static void ignore(struct bide_wakeable *wakeable)
{
    (void)wakeable;
}

static void wake(struct bide_wakeable *wakeable, unsigned branch)
{
    (void)branch; /* of a select or join; this program has neither */
    puts("wake");
    ((struct task *)wakeable)->woken = true;
}

static const struct bide_waker_vtable waker = {ignore, wake, wake, ignore};

/* The outside world: lets time pass until the timer is due, then wakes whoever waits for it. */
static void wait_for_the_world(void)
{
    struct timer *timer = alarm_set;
    long left_ms;

    while ((left_ms = timer->due_ms - now_ms()) > 0)
        nanosleep(&(struct timespec){left_ms / 1000, left_ms % 1000 * 1000000}, NULL);
    alarm_set = NULL;
    bide_waker_wake_by_ref(timer->waker);
}

/* Runs timer(ms) to its end: polls when woken, and otherwise waits for something to happen. */
static int run_timer(long ms)
{
    int slept_ms = 0;
    struct bide_turn turn = {.woken = UINT32_MAX, .budget = 128};

    task = (struct task){.wakeable.vtable = &waker, .woken = true};
    bide_chain_init(&task.chain, task.room, sizeof(task.room), &slept_ms);
    *(long *)bide_chain_begin(&task.chain, &timer_fn) = ms;
    struct bide_cx cx = {
        .chain = &task.chain, .waker = bide_waker_make(&task.wakeable, 0), .turn = &turn};
    for (;;) {
        while (!task.woken)
            wait_for_the_world();
        task.woken = false;
        if (bide_chain_poll(&cx) == BIDE_READY)
            return slept_ms;
    }
}

int main(void)
{
    printf("slept %d ms\n", run_timer(100));
    return 0;
}
