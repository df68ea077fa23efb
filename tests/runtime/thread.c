/*
 * Other threads: wakes, cloned and dropped wakers, aborts, released handles; a runtime for each
 * thread.
 */
#include "frames.h"

#include "runtime/task/task.h"

#include <sched.h>

/* ---- a mailbox: a leaf that waits for another thread to fill it ---- */

struct mailbox {
    pthread_mutex_t mutex;
    bide_waker waker; /* a clone; bits 0: nobody waits */
    int value;
};

struct receive {
    struct bide_frame h;
    struct mailbox *box;
};

static enum bide_poll receive_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct receive *f = (struct receive *)(void *)h;
    bide_waker old = {0};
    pthread_mutex_lock(&f->box->mutex);
    int value = f->box->value;
    if (value == 0 && f->box->waker.bits != cx->waker.bits) {
        old = f->box->waker;
        f->box->waker = bide_waker_clone(cx->waker);
    }
    f->box->value = 0;
    pthread_mutex_unlock(&f->box->mutex);
    if (old.bits != 0)
        bide_waker_drop(old);
    if (value == 0)
        return bide_frame_suspend(cx, h);
    *(int *)bide_frame_result(cx, h) = value;
    return bide_frame_finish(cx, h);
}

static enum bide_answer receive_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct receive *f = (struct receive *)(void *)h;
    (void)cx;
    pthread_mutex_lock(&f->box->mutex);
    bide_waker waker = f->box->waker;
    bool filled = f->box->value != 0;
    if (!filled)
        f->box->waker.bits = 0;
    pthread_mutex_unlock(&f->box->mutex);
    if (filled)
        return BIDE_COMPLETED;
    if (waker.bits != 0)
        bide_waker_drop(waker);
    return BIDE_CANCELLED;
}

static const struct bide_fn_info receive_info = {.name = "receive", .file = "thread.c"};
static const struct bide_fn receive_fn = {
    .poll = receive_poll,
    .cancel = receive_cancel,
    .info = &receive_info,
    .frame_size = sizeof(struct receive),
    .result_size = sizeof(int),
    .frame_align_log2 = 3,
    .flags = BIDE_FN_RESULT_SIGNED,
    .version = BIDE_FN_VERSION,
};

static enum bide_poll start_receive(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                    struct mailbox *box)
{
    struct receive *f = bide_frame_push(cx, sizeof(*f), &receive_fn, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    f->h.state = 1;
    f->box = box;
    return receive_poll(cx, &f->h);
}

/* Puts a value into the box. Returns false if it is full. Any thread. */
static bool post(struct mailbox *box, int value)
{
    bide_waker waker = {0};
    pthread_mutex_lock(&box->mutex);
    bool sent = box->value == 0;
    if (sent) {
        box->value = value;
        waker = box->waker;
        box->waker.bits = 0;
    }
    pthread_mutex_unlock(&box->mutex);
    if (waker.bits != 0)
        bide_waker_wake(waker);
    return sent;
}

/* ---- async int sums(struct mailbox *box, int count) ---- */

struct sums {
    struct bide_frame h;
    struct {
        struct mailbox *box;
        int count;
    } a;
    int i, sum, value;
};
typedef __typeof__(((struct sums *)0)->a) sums_args;

HAND(sums, sizeof(int), 0, CALLEES({&receive_fn, 0}))
{
    HAND_BEGIN(sums);
    f->sum = 0;
    for (f->i = 0; f->i < f->a.count; f->i++) {
        AWAIT(1, start_receive(cx, h, &f->value, f->a.box));
        f->sum += f->value;
    }
    HAND_RETURN(int, f->sum);
}

struct waits {
    struct bide_frame h;
    struct {
        void *handle;
    } a;
    int r;
};
typedef __typeof__(((struct waits *)0)->a) waits_args;

HAND(waits, sizeof(int), 0, CALLEES({&bide__desc_bide_task_wait, 0}))
{
    HAND_BEGIN(waits);
    AWAIT(1, bide__start_bide_task_wait(cx, h, &f->r, f->a.handle));
    HAND_RETURN(int, f->r);
}

static struct mailbox new_mailbox(void)
{
    return (struct mailbox){.mutex = PTHREAD_MUTEX_INITIALIZER};
}

struct sender {
    struct mailbox *box;
    int from, to;
    pthread_t thread;
};

static void *send_all(void *argument)
{
    struct sender *s = argument;
    for (int i = s->from; i < s->to;) {
        if (post(s->box, i))
            i++;
        else
            sched_yield();
    }
    return NULL;
}

TEST_LIMIT(wakes_of_other_threads_are_not_lost, 60)
{
    enum { COUNT = 3000, SENDERS = 3 };
    struct mailbox box = new_mailbox();
    struct sender s[SENDERS];
    int expected = 0;
    for (int i = 0; i < SENDERS; i++) {
        s[i] = (struct sender){&box, 1 + i * COUNT, 1 + (i + 1) * COUNT, 0};
        for (int k = s[i].from; k < s[i].to; k++)
            expected += k;
        pthread_create(&s[i].thread, NULL, send_all, &s[i]);
    }
    CHECK_EQ(block_int(&sums, &(sums_args){&box, COUNT * SENDERS}), expected);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(s[i].thread, NULL);
}

TEST_LIMIT(many_tasks_are_woken_by_many_threads, 60)
{
    enum { COUNT = 300, TASKS = 20 };
    static struct mailbox box[TASKS];
    static struct sender s[TASKS];
    void *h[TASKS];
    for (int i = 0; i < TASKS; i++) {
        box[i] = new_mailbox();
        h[i] = bide__spawn(&sums, &(sums_args){&box[i], COUNT});
        s[i] = (struct sender){&box[i], 1, 1 + COUNT, 0};
        pthread_create(&s[i].thread, NULL, send_all, &s[i]);
    }
    for (int i = 0; i < TASKS; i++) {
        CHECK_EQ(block_int(&waits, &(waits_args){h[i]}), 0);
        bide__task_release(h[i]);
        pthread_join(s[i].thread, NULL);
    }
}

/* ---- wakers that outlive their task, and its runtime ---- */

TEST(a_waker_may_outlive_the_task_and_the_runtime)
{
    struct mailbox box = new_mailbox();
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    void *h = bide__spawn(&sums, &(sums_args){&box, 1});
    bide_yield();
    bide_waker kept = bide_waker_clone(box.waker);
    CHECK(post(&box, 7));
    CHECK_EQ(block_int(&waits, &(waits_args){h}), 0);
    bide__task_release(h);
    bide_waker_wake_by_ref(kept);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    bide_waker more = bide_waker_clone(kept);
    bide_waker_wake_by_ref(kept);
    bide_waker_wake(more);
    bide_waker_drop(kept);
}

static void *drop_late(void *argument)
{
    bide_waker waker = *(bide_waker *)argument;
    for (int i = 0; i < 100; i++) {
        bide_waker_wake(bide_waker_clone(waker));
        sched_yield();
    }
    bide_waker_drop(waker);
    return NULL;
}

TEST_LIMIT(wakers_are_dropped_while_the_runtime_goes, 60)
{
    for (int round = 0; round < 100; round++) {
        struct mailbox box = new_mailbox();
        bide_runtime *rt;
        pthread_t thread[2];
        bide_waker kept[2];
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime_enter(rt);
        void *h = bide__spawn(&sums, &(sums_args){&box, 1});
        bide_yield();
        for (int i = 0; i < 2; i++) {
            kept[i] = bide_waker_clone(box.waker);
            pthread_create(&thread[i], NULL, drop_late, &kept[i]);
        }
        for (int i = 0; i < round % 20; i++)
            bide_yield();
        CHECK(post(&box, 7));
        CHECK_EQ(block_int(&waits, &(waits_args){h}), 0);
        bide__task_release(h);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
        CHECK_EQ(bide_runtime_free(rt), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(thread[i], NULL);
    }
}

/* ---- async int receives_large(struct mailbox *box): a task with a chunk of its own ---- */

struct receives_large {
    struct bide_frame h;
    struct {
        struct mailbox *box;
    } a;
    char large[BIDE__SLAB_MAX];
    int value;
};
typedef __typeof__(((struct receives_large *)0)->a) large_args;

HAND(receives_large, sizeof(int), 0, CALLEES({&receive_fn, 0}))
{
    HAND_BEGIN(receives_large);
    AWAIT(1, start_receive(cx, h, &f->value, f->a.box));
    HAND_RETURN(int, f->value);
}

static bide_waker dropped_last;
static pthread_t dropper;
static atomic_bool drop_begins, drop_is_due;

static void *drop_last(void *argument)
{
    atomic_store(&drop_begins, true);
    bide_waker_drop(dropped_last);
    return argument;
}

/* Replaces free: while a chunk is being freed, another thread drops the last waker. */
static void free_and_let_drop(void *p, size_t size)
{
    if (atomic_exchange(&drop_is_due, false)) {
        pthread_create(&dropper, NULL, drop_last, NULL);
        while (!atomic_load(&drop_begins))
            sched_yield();
        for (int i = 0; i < 1000; i++)
            sched_yield();
    }
    bide__door_real.free(p, size);
}

static void *drop_it(void *waker)
{
    bide_waker_drop(*(bide_waker *)waker);
    return NULL;
}

TEST(the_last_waker_is_dropped_while_the_runtime_is_freed)
{
    struct mailbox box[2] = {new_mailbox(), new_mailbox()};
    bide_waker kept[2];
    bide_runtime *rt;
    pthread_t thread;
    bide_test_watch();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    for (int i = 0; i < 2; i++) {
        void *h = bide__spawn(&receives_large, &(large_args){&box[i]});
        bide_yield();
        kept[i] = bide_waker_clone(box[i].waker);
        CHECK(post(&box[i], 1));
        CHECK_EQ(block_int(&waits, &(waits_args){h}), 0);
        bide__task_release(h);
    }
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    dropped_last = kept[1];
    pthread_create(&thread, NULL, drop_it, &kept[0]);
    pthread_join(thread, NULL);
    bide_test_replace("free", (void (*)(void))free_and_let_drop);
    atomic_store(&drop_is_due, true);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK(atomic_load(&drop_begins));
    pthread_join(dropper, NULL);
    CHECK_EQ(bide_test_calls("free"), bide_test_calls("alloc"));
}

/* ---- abort and release on another thread ---- */

static void *abort_it(void *handle)
{
    bide__task_abort(handle);
    return NULL;
}

static void *abort_and_release(void *handle)
{
    while (!bide__task_finished(handle)) {
        bide__task_abort(handle);
        sched_yield();
    }
    bide__task_release(handle);
    return NULL;
}

TEST(an_abort_on_another_thread)
{
    struct mailbox box = new_mailbox();
    pthread_t thread;
    void *h = bide__spawn(&sums, &(sums_args){&box, 1});
    bide_yield();
    pthread_create(&thread, NULL, abort_it, h);
    CHECK_ERR(block_int(&waits, &(waits_args){h}), -ECANCELED);
    pthread_join(thread, NULL);
    bide__task_release(h);
}

TEST_LIMIT(handles_are_released_on_another_thread, 60)
{
    struct mailbox box = new_mailbox();
    for (int round = 0; round < 200; round++) {
        pthread_t thread;
        void *h = bide__spawn(&sums, &(sums_args){&box, 1});
        pthread_create(&thread, NULL, abort_and_release, h);
        while (bide_runtime_tasks(bide__thread.own) > 0)
            bide_yield();
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < 70; i++) /* by now the last release has been processed */
        bide_yield();
    CHECK_EQ(bide__thread.own->hub->tasks.blocks, 0);
}

TEST(a_late_abort_does_not_meet_the_next_task)
{
    struct mailbox box = new_mailbox();
    pthread_t thread;
    void *h = bide__spawn(&sums, &(sums_args){&box, 1});
    bide_yield();
    CHECK(post(&box, 3));
    /* The abort is marked but not yet processed when the handle is released and its block used
     * again. */
    pthread_create(&thread, NULL, abort_it, h);
    pthread_join(thread, NULL);
    struct bide__worker *worker = bide__thread.own->worker;
    bide__thread.running = worker;
    bide__task_run(worker, bide__queue_pop(&worker->queue));
    bide__thread.running = NULL;
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_release(h);
    void *next = bide__spawn(&sums, &(sums_args){&box, 1});
    CHECK(next == h);
    bide_yield();
    CHECK_EQ(bide__task_finished(next), 0);
    CHECK(post(&box, 4));
    CHECK_EQ(block_int(&waits, &(waits_args){next}), 0);
    bide__task_release(next);
}

TEST(a_handle_is_released_after_its_runtime_on_another_thread)
{
    struct mailbox box = new_mailbox();
    bide_runtime *rt;
    pthread_t thread;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    void *h = bide__spawn(&sums, &(sums_args){&box, 1});
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    pthread_create(&thread, NULL, abort_and_release, h);
    pthread_join(thread, NULL);
}

/* ---- a runtime for each thread ---- */

struct unwinds {
    struct bide_frame h;
    struct {
        _Atomic int *ended;
    } a;
    int r;
};
typedef __typeof__(((struct unwinds *)0)->a) unwinds_args;

HAND(unwinds, 0, BIDE_FN_UNWINDS, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(unwinds);
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, BIDE_S(1000000)));
    (*f->a.ended)++;
    HAND_END;
}

static void *sleeps_here(void *argument)
{
    CHECK(bide__thread.own == NULL);
    bide__task_release(bide__spawn(&unwinds, &(unwinds_args){argument}));
    CHECK_EQ(bide_sleep(BIDE_US(100)), 0);
    CHECK(bide__thread.own != NULL);
    return NULL;
}

TEST(a_thread_has_a_runtime_of_its_own_until_it_exits)
{
    static _Atomic int ended;
    pthread_t thread[4];
    CHECK_EQ(bide_sleep(BIDE_US(1)), 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, sleeps_here, &ended);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    CHECK_EQ(ended, 4);
}

static void *blocks_on_it(void *argument)
{
    bide_runtime_enter(argument);
    CHECK_EQ(bide_sleep(BIDE_US(1)), 0);
    bide_runtime_enter(NULL);
    return NULL;
}

TEST(a_runtime_moves_from_thread_to_thread)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, blocks_on_it, rt);
        pthread_join(thread, NULL);
        blocks_on_it(rt);
    }
    CHECK_EQ(bide_runtime_free(rt), 0);
}
