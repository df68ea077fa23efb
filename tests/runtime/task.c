/*
 * Tasks: spawn, join, wait, detach, abort, yield; the order in which they run; their memory.
 */
#include "join.h"

#include "runtime/task/task.h"

static char journal[64];
static unsigned written;

static void note(char c)
{
    if (written < sizeof(journal) - 1)
        journal[written++] = c;
}

/* ---- async int add_one(int n): ready at once ---- */

struct add_one {
    struct bide_frame h;
    struct {
        int n;
    } a;
};

HAND(add_one, sizeof(int), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(add_one);
    HAND_RETURN(int, f->a.n + 1);
}

/* ---- async int yields(char name, int times): records its name each time ---- */

struct yields {
    struct bide_frame h;
    struct {
        char name;
        int times;
    } a;
    int i;
};

HAND(yields, sizeof(int), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(yields);
    for (f->i = 0; f->i < f->a.times; f->i++) {
        note(f->a.name);
        AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    }
    HAND_RETURN(int, f->a.times);
}

struct wait_it {
    struct bide_frame h;
    struct {
        void *handle;
    } a;
    int r;
};

HAND(wait_it, sizeof(int), 0, CALLEES({&bide__desc_bide_task_wait, 0}))
{
    HAND_BEGIN(wait_it);
    AWAIT(1, bide__start_bide_task_wait(cx, h, &f->r, f->a.handle));
    HAND_RETURN(int, f->r);
}

static int wait_for(void *handle)
{
    return block_int(&wait_it, &(__typeof__(((struct wait_it *)0)->a)){handle});
}

/* ---- async int naps(void): sleeps for ever, with `defer { note('d'); }` ---- */

struct naps {
    struct bide_frame h;
    struct {
        char pad;
    } a;
    int r;
};

HAND(naps, sizeof(int), BIDE_FN_UNWINDS, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(naps);
    note('b');
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, BIDE_S(1000000)));
    note('d');
    HAND_RETURN(int, f->r);
}

static const int none;

TEST(a_task_runs_and_is_joined)
{
    int n = 41, out = 0;
    void *h = bide__spawn(&add_one, &n);
    CHECK_EQ(bide__task_finished(h), 0);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 42);
    CHECK(h == NULL);
}

TEST(a_second_join_is_an_error)
{
    int n = 1, out = 0;
    void *h = bide__spawn(&add_one, &n);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_ERR(join(&h, &out), -EINVAL);
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_release(h);
    bide__task_abort(h);
}

TEST(a_finished_task_keeps_its_result_until_it_is_joined)
{
    int n = 1, out = 0;
    void *h = bide__spawn(&add_one, &n);
    CHECK_EQ(wait_for(h), 0);
    CHECK_EQ(bide__task_finished(h), 1);
    CHECK_EQ(wait_for(h), 0);
    bide__task_abort(h);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 2);
}

TEST(a_task_that_joins_itself_is_told)
{
    void *h = NULL;
    int out = 0;
    struct {
        void **handle;
        int *out;
    } a = {&h, &out};
    h = bide__spawn(&joins, &a);
    CHECK_EQ(wait_for(h), 0);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_ERR(out, -EDEADLK);
}

TEST(two_joins_of_one_task_and_one_takes_it)
{
    struct {
        char name;
        int times;
    } y = {'y', 3};
    void *h = bide__spawn(&yields, &y), *j1, *j2;
    int out1 = 0, out2 = 0, r1 = 1, r2 = 1;
    struct {
        void **handle;
        int *out;
    } a1 = {&h, &out1}, a2 = {&h, &out2};
    j1 = bide__spawn(&joins, &a1);
    j2 = bide__spawn(&joins, &a2);
    CHECK_EQ(join(&j1, &r1), 0);
    CHECK_EQ(join(&j2, &r2), 0);
    CHECK_EQ(r1, 0);
    CHECK_EQ(out1, 3);
    CHECK_ERR(r2, -EINVAL);
}

TEST(a_released_task_runs_on)
{
    struct {
        char name;
        int times;
    } y = {'y', 3};
    void *other;
    int n = 1;
    bide__task_release(bide__spawn(&yields, &y));
    y.times = 5;
    y.name = 'z';
    other = bide__spawn(&yields, &y);
    CHECK_EQ(wait_for(other), 0);
    bide__task_release(other);
    CHECK_STR(journal, "yzyzyzzz");
    CHECK_EQ(block_int(&add_one, &n), 2);
}

TEST(the_handle_may_go_while_another_waits)
{
    struct {
        char name;
        int times;
    } y = {'y', 3};
    void *h = bide__spawn(&yields, &y);
    struct {
        void *handle;
    } w = {h};
    void *j = bide__spawn(&wait_it, &w);
    int n = 1, r = -1;
    CHECK_EQ(block_int(&add_one, &n), 2); /* both have begun */
    bide__task_release(h);
    CHECK_EQ(join(&j, &r), 0);
    CHECK_EQ(r, 0);
}

TEST(an_abort_unwinds_at_the_suspension)
{
    int out = 7, n = 1;
    void *h = bide__spawn(&naps, &none);
    CHECK_EQ(block_int(&add_one, &n), 2);
    CHECK_STR(journal, "b");
    bide__task_abort(h);
    bide__task_abort(h);
    CHECK_ERR(join(&h, &out), -ECANCELED);
    CHECK_EQ(out, 7);
    CHECK_STR(journal, "bd");
}

TEST(a_task_that_was_aborted_before_it_began_begins)
{
    int out = 7;
    void *h = bide__spawn(&naps, &none);
    bide__task_abort(h);
    CHECK_ERR(join(&h, &out), -ECANCELED);
    CHECK_STR(journal, "bd");

    int n = 1;
    h = bide__spawn(&add_one, &n);
    bide__task_abort(h);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 2);
}

TEST(a_join_that_is_cancelled_leaves_the_task_alone)
{
    struct {
        char name;
        int times;
    } y = {'y', 5};
    void *h = bide__spawn(&yields, &y);
    int out = 0, r = 0, n = 1;
    struct {
        void **handle;
        int *out;
    } a = {&h, &out};
    void *j = bide__spawn(&joins, &a);
    CHECK_EQ(block_int(&add_one, &n), 2);
    bide__task_abort(j);
    CHECK_ERR(join(&j, &r), -ECANCELED);
    CHECK(h != NULL);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 5);
}

TEST(a_join_that_was_cancelled_too_late_completes)
{
    int n = 1, out = 0, r = -1;
    void *h = bide__spawn(&add_one, &n);
    struct {
        void **handle;
        int *out;
    } a = {&h, &out};
    /* The joiner waits; then the task finishes and the joiner is aborted in the same turn. */
    void *j = bide__spawn(&joins, &a);
    struct bide__worker *worker = bide__thread.own->worker;
    bide__thread.running = worker;
    struct bide__task *first = bide__queue_pop(&worker->queue);
    bide__task_run(worker, bide__queue_pop(&worker->queue));
    bide__task_run(worker, first);
    bide__task_abort(j);
    bide__thread.running = NULL;
    CHECK_EQ(join(&j, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(out, 2);
    CHECK(h == NULL);
}

TEST(tasks_take_turns_in_order)
{
    struct {
        char name;
        int times;
    } a = {'a', 3}, b = {'b', 3}, c = {'c', 2};
    void *h[3] = {bide__spawn(&yields, &a), bide__spawn(&yields, &b), bide__spawn(&yields, &c)};
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(wait_for(h[i]), 0);
        bide__task_release(h[i]);
    }
    CHECK_STR(journal, "abcabcab");
}

TEST(a_thousand_tasks)
{
    static void *h[1000];
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        h[i] = bide__spawn(&add_one, &i);
    CHECK_EQ(bide_runtime_tasks(bide__thread.own), 1000);
    for (int i = 0; i < 1000; i++) {
        int out = 0;
        CHECK_EQ(join(&h[i], &out), 0);
        sum += out;
    }
    CHECK_EQ(sum, 1000 * 1001 / 2);
    CHECK_EQ(bide_runtime_tasks(bide__thread.own), 0);
}

TEST(nothing_is_allocated_after_a_warm_up)
{
    static void *h[1000];
    for (int round = 0; round < 3; round++) {
        if (round == 1)
            bide_test_watch();
        for (int i = 0; i < 1000; i++)
            h[i] = bide__spawn(&naps, &none);
        for (int i = 0; i < 1000; i++)
            bide__task_abort(h[i]);
        for (int i = 0; i < 1000; i++) {
            int out;
            CHECK_ERR(join(&h[i], &out), -ECANCELED);
        }
    }
    CHECK_EQ(bide_test_calls("alloc"), 0);
    CHECK_EQ(bide_test_calls("free"), 0);
}

/* ---- results and frames of all sizes and alignments ---- */

struct big {
    struct bide_frame h;
    struct {
        char c;
    } a;
    char body[20000];
};

struct wide_result {
    _Alignas(64) char c[64];
};

HAND(big, sizeof(struct wide_result), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(big);
    memset(f->body, f->a.c, sizeof(f->body));
    AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    struct wide_result *out = bide_frame_result(cx, h);
    CHECK_EQ((uintptr_t)out % 64, 0);
    memcpy(out->c, f->body + 10000, 64);
    HAND_END;
}

struct aligned {
    _Alignas(128) struct bide_frame h;
    struct {
        char c;
    } a;
    _Alignas(128) char body[128];
};

HAND(aligned, 1, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(aligned);
    CHECK_EQ((uintptr_t)f->body % 128, 0);
    f->body[127] = f->a.c;
    AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    HAND_RETURN(char, f->body[127]);
}

TEST(frames_and_results_of_any_size_and_alignment)
{
    struct wide_result wide;
    char c = 'x', out = 0;
    for (int i = 0; i < 3; i++) {
        memset(&wide, 0, sizeof(wide));
        bide__block_on(&big, &c, &wide);
        CHECK_EQ(wide.c[63], 'x');
        bide__block_on(&aligned, &c, &out);
        CHECK_EQ(out, 'x');
    }
}

TEST(memory_is_reused_and_counted)
{
    int n = 1;
    for (int i = 0; i < 100000; i++) {
        int out;
        void *h = bide__spawn(&add_one, &n);
        CHECK_EQ(join(&h, &out), 0);
    }
    CHECK_EQ(bide__thread.own->hub->tasks.blocks, 0);
    unsigned chunks = 0;
    for (struct bide__chunk *c = bide__thread.own->hub->tasks.chunks; c != NULL; c = c->next)
        chunks++;
    CHECK(chunks <= 3);
}

TEST(a_parked_sleep_takes_136_bytes)
{
    /* header, a root frame without locals, the frame of bide_sleep */
    CHECK_EQ(offsetof(struct bide__task, room) + sizeof(struct bide_frame) +
                 bide__desc_bide_sleep.frame_size,
             136);
}

/* ---- ids ---- */

struct id {
    struct bide_frame h;
    struct {
        uint64_t *out;
    } a;
};

HAND(id, 0, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(id);
    AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    *f->a.out = bide_task_id();
    HAND_END;
}

TEST(each_task_has_an_id_of_its_own)
{
    uint64_t ids[2] = {0, 0};
    uint64_t *out[2] = {&ids[0], &ids[1]};
    void *h[2] = {bide__spawn(&id, &out[0]), bide__spawn(&id, &out[1])};
    CHECK_EQ(wait_for(h[0]), 0);
    CHECK_EQ(wait_for(h[1]), 0);
    CHECK(ids[0] != 0 && ids[1] != 0 && ids[0] != ids[1]);
    CHECK_EQ(bide_task_id(), 0);
    bide__task_release(h[0]);
    bide__task_release(h[1]);
}

/* ---- explicit runtimes ---- */

TEST(a_task_of_another_runtime_cannot_be_joined)
{
    bide_runtime *a, *b;
    int n = 1, out = 0;
    CHECK_EQ(bide_runtime_new(NULL, &a), 0);
    CHECK_EQ(bide_runtime_new(NULL, &b), 0);
    CHECK(bide_runtime_enter(a) == NULL);
    void *h = bide__spawn(&add_one, &n);
    CHECK(bide_runtime_enter(b) == a);
    CHECK_ERR(join(&h, &out), -EXDEV);
    CHECK_ERR(bide_runtime_free(a), -EBUSY);
    bide_runtime_enter(a);
    CHECK_EQ(join(&h, &out), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(a), 0);
    CHECK_EQ(bide_runtime_free(b), 0);
    CHECK_EQ(bide_runtime_free(NULL), 0);
}

TEST(a_handle_may_outlive_its_runtime)
{
    bide_runtime *rt;
    int n = 1;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    void *h = bide__spawn(&add_one, &n);
    CHECK_EQ(wait_for(h), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_abort(h);
    bide__task_release(h);
}

/* ---- a static executor of the core: no runtime ---- */

static void nothing(struct bide_wakeable *w)
{
    (void)w;
}

static void no_wake(struct bide_wakeable *w, unsigned branch)
{
    (void)w, (void)branch;
}

static int run_outside(const struct bide_fn *fn, const void *args, size_t args_size)
{
    static const struct bide_waker_vtable vtable = {nothing, no_wake, no_wake, nothing};
    static _Alignas(32) char room[1024];
    struct bide_wakeable task = {.vtable = &vtable};
    struct bide_turn turn = {.budget = 100, .woken = UINT32_MAX};
    struct bide_chain chain;
    int result = 1;
    bide_chain_init(&chain, room, sizeof(room), &result);
    memcpy(bide_chain_begin(&chain, fn), args, args_size);
    struct bide_cx cx = {.chain = &chain, .waker = bide_waker_make(&task, 0), .turn = &turn};
    CHECK_EQ(bide_chain_poll(&cx), BIDE_READY);
    return result;
}

TEST(leaves_outside_a_runtime_say_so)
{
    bide_duration d = BIDE_MS(1);
    void *h = NULL;
    struct {
        void **handle;
        int *out;
    } a = {&h, NULL};
    CHECK_ERR(run_outside(&bide__desc_bide_sleep, &d, sizeof(d)), -ENXIO);
    CHECK_ERR(run_outside(&bide__desc_bide_task_join, &a, sizeof(a)), -ENXIO);
}
