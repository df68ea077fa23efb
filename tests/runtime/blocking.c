/*
 * The blocking pool.
 */
#include "join.h"

#include "hand.h"

#include "runtime/blocking/blocking.h"
#include "runtime/thread.h"

#include <sched.h>
#include <semaphore.h>

/* ---- async int call(struct job *): runs it on the pool ---- */

struct job {
    struct bide_job job;
    int in, out;
    sem_t *begun, *go; /* NULL: not used */
    pthread_t thread;
};

static void work(struct bide_job *j)
{
    struct job *job = (struct job *)(void *)j;
    job->thread = pthread_self();
    if (job->begun != NULL)
        sem_post(job->begun);
    if (job->go != NULL)
        sem_wait(job->go);
    job->out = job->in + 1;
}

struct call {
    struct bide_frame h;
    struct {
        int in;
        sem_t *begun, *go;
    } a;
    struct job job;
};
typedef __typeof__(((struct call *)0)->a) call_args;

static pthread_t last_thread;
static _Atomic int after; /* how many calls went on after their job */

HAND(call, sizeof(int), 0, CALLEES({&bide__desc_bide_blocking, 0}))
{
    HAND_BEGIN(call);
    f->job = (struct job){.job = {.run = work}, .in = f->a.in, .begun = f->a.begun, .go = f->a.go};
    AWAIT(1, bide__start_bide_blocking(cx, h, NULL, &f->job.job));
    last_thread = f->job.thread;
    after++;
    HAND_RETURN(int, f->job.out);
}

/* A thread finishes counting a job only after it has woken the waiter. */
static void wait_until_idle(bide_runtime *rt)
{
    while (rt->pool->in_flight > 0)
        sched_yield();
}

static void let_run(void)
{
    for (int i = 0; i < 3; i++)
        bide_yield();
}

TEST(a_call_runs_on_another_thread)
{
    CHECK_EQ(block_int(&call, &(call_args){41, NULL, NULL}), 42);
    CHECK(!pthread_equal(last_thread, pthread_self()));
}

TEST(calls_run_at_once_and_others_too)
{
    enum { CALLS = 20 };
    void *h[CALLS];
    int out;
    sem_t begun, go;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    for (int i = 0; i < CALLS; i++)
        h[i] = bide__spawn(&call, &(call_args){i, &begun, &go});
    let_run();
    for (int i = 0; i < CALLS; i++)
        sem_wait(&begun); /* all jobs have begun, so each has a thread */
    let_run();
    CHECK_EQ(after, 0);
    for (int i = 0; i < CALLS; i++)
        sem_post(&go);
    for (int i = 0; i < CALLS; i++) {
        CHECK_EQ(join(&h[i], &out), 0);
        CHECK_EQ(out, i + 1);
    }
    wait_until_idle(bide__thread.own);
}

TEST(threads_are_reused)
{
    bide_test_watch();
    for (int i = 0; i < 100; i++)
        CHECK_EQ(block_int(&call, &(call_args){i, NULL, NULL}), i + 1);
    CHECK_EQ(bide_test_calls("thread_create"), 1);
}

TEST(no_more_threads_than_allowed)
{
    bide_runtime *rt;
    bide_runtime_options options = {.blocking_threads_max = 2};
    void *h[10];
    int out;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    bide_test_watch();
    for (int i = 0; i < 10; i++)
        h[i] = bide__spawn(&call, &(call_args){i, NULL, NULL});
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(join(&h[i], &out), 0);
        CHECK_EQ(out, i + 1);
    }
    CHECK(bide_test_calls("thread_create") <= 2);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_test_calls("thread_join"), bide_test_calls("thread_create"));
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(a_queued_call_is_taken_back)
{
    bide_runtime *rt;
    bide_runtime_options options = {.blocking_threads_max = 1};
    sem_t begun, go;
    int out = 0;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    void *first = bide__spawn(&call, &(call_args){1, &begun, &go});
    void *second = bide__spawn(&call, &(call_args){2, NULL, NULL});
    void *third = bide__spawn(&call, &(call_args){3, NULL, NULL});
    let_run();
    sem_wait(&begun);
    CHECK_EQ(rt->pool->in_flight, 3);
    bide__task_abort(second);
    CHECK_ERR(join(&second, &out), -ECANCELED);
    CHECK_EQ(rt->pool->in_flight, 2);
    sem_post(&go);
    CHECK_EQ(join(&first, &out), 0);
    CHECK_EQ(out, 2);
    CHECK_EQ(join(&third, &out), 0);
    CHECK_EQ(out, 4);
    CHECK_EQ(after, 2);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(a_call_with_a_request_open_does_not_begin)
{
    int out = 7;
    bide_test_watch();
    void *h = bide__spawn(&call, &(call_args){1, NULL, NULL});
    bide__task_abort(h);
    CHECK_ERR(join(&h, &out), -ECANCELED);
    CHECK_EQ(out, 7);
    CHECK_EQ(after, 0);
    CHECK_EQ(bide_test_calls("thread_create"), 0);
    wait_until_idle(bide__thread.own);
}

TEST(a_call_that_has_begun_is_waited_for)
{
    sem_t begun, go;
    int out = 0;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    void *h = bide__spawn(&call, &(call_args){1, &begun, &go});
    let_run();
    sem_wait(&begun);
    bide__task_abort(h);
    let_run();
    CHECK_EQ(bide__task_finished(h), 0);
    sem_post(&go);
    /* The job was done, so the call returns; only the next await would see the request. */
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 2);
}

/* The leaf is polled with another waker, before and after the thread has taken the one it had. */
TEST(a_job_whose_waker_changes)
{
    struct hand h, other;
    sem_t begun, go;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    struct job job = {.job = {.run = work}, .begun = &begun, .go = &go};
    struct bide_job *p = &job.job;
    bide_yield(); /* makes the runtime */
    bide__thread.running = bide__runtime_here()->worker;
    hand_begin(&other, &bide__desc_bide_blocking, &p);
    hand_begin(&h, &bide__desc_bide_blocking, &p);
    CHECK(!hand_poll(&h));
    sem_wait(&begun);
    uintptr_t taken = __atomic_exchange_n(&p->waker.bits, 0, __ATOMIC_ACQUIRE);
    CHECK(!hand_poll_as(&h, &other)); /* too late: it asks for another poll */
    CHECK_EQ(other.wakes, 1);
    CHECK_EQ(other.references, 0);
    __atomic_store_n(&p->waker.bits, taken, __ATOMIC_RELEASE);
    CHECK(!hand_poll_as(&h, &other));
    CHECK_EQ(h.references, 0);
    CHECK_EQ(other.references, 1);
    sem_post(&go);
    while (other.wakes < 2)
        sched_yield();
    CHECK_EQ(h.wakes, 0);
    CHECK(hand_poll(&h));
    hand_end(&h);
    bide__thread.running = NULL;
    wait_until_idle(bide__thread.own);
    CHECK_EQ(other.references, 0);
}

TEST(without_a_thread_the_call_runs_in_the_await)
{
    bide_test_fail("thread_create", 1, -EAGAIN, 0);
    CHECK_EQ(block_int(&call, &(call_args){41, NULL, NULL}), 42);
    CHECK(pthread_equal(last_thread, pthread_self()));
    wait_until_idle(bide__thread.own);
    bide_test_reset();
    CHECK_EQ(block_int(&call, &(call_args){41, NULL, NULL}), 42);
    CHECK(!pthread_equal(last_thread, pthread_self()));
}

TEST(with_one_thread_a_failure_to_make_another_is_no_harm)
{
    sem_t begun, go;
    void *h[2];
    int out;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    bide_test_fail("thread_create", 2, -EAGAIN, 0);
    h[0] = bide__spawn(&call, &(call_args){1, &begun, &go});
    h[1] = bide__spawn(&call, &(call_args){2, NULL, NULL});
    let_run();
    CHECK_EQ(after, 0);
    sem_post(&go);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(join(&h[i], &out), 0);
    CHECK(!pthread_equal(last_thread, pthread_self()));
}

TEST(idle_threads_leave)
{
    bide_runtime *rt;
    bide_runtime_options options = {.blocking_idle = BIDE_US(100)};
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(block_int(&call, &(call_args){i, NULL, NULL}), i + 1);
        pthread_mutex_lock(&rt->pool->mutex);
        while (i % 4 == 0 && rt->pool->threads > 0)
            bide__door.cond_wait(&rt->pool->gone, &rt->pool->mutex, 1000000);
        pthread_mutex_unlock(&rt->pool->mutex);
    }
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(virtual_time_waits_for_calls)
{
    sem_t begun, go;
    int out = 0;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    bide_test_time_virtual();
    bide_instant start = bide_now();
    /* A call on the pool and a sleep: the call ends first, however long it takes. */
    void *h = bide__spawn(&call, &(call_args){1, &begun, NULL});
    CHECK_EQ(bide_sleep(BIDE_S(1)), 0);
    CHECK_EQ(bide__task_finished(h), 1);
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(1000000000));
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 2);
}

TEST_LIMIT(a_storm_of_calls_and_cancellations, 30)
{
    enum { ROUNDS = 200, CALLS = 16 };
    unsigned completed = 0, cancelled = 0;
    for (int round = 0; round < ROUNDS; round++) {
        void *h[CALLS];
        for (int i = 0; i < CALLS; i++)
            h[i] = bide__spawn(&call, &(call_args){i, NULL, NULL});
        bide_yield();
        for (int i = round % 2; i < CALLS; i += 2)
            bide__task_abort(h[i]);
        for (int i = 0; i < CALLS; i++) {
            int out = -1, r = join(&h[i], &out);
            if (r == 0) {
                CHECK_EQ(out, i + 1);
                completed++;
            } else {
                CHECK_ERR(r, -ECANCELED);
                cancelled++;
            }
        }
    }
    CHECK_EQ(completed + cancelled, ROUNDS * CALLS);
    CHECK_EQ(after, completed);
    wait_until_idle(bide__thread.own);
}
