/*
 * The leaves of bide/lock.h, polled by hand, without a runtime: what they do in each order of
 * events.
 */
#define bide_async /* plain functions, which block */

#include <bide/lock.h>
#include <bide/abi.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide__mutex_lock, bide__desc_bide_mutex_lock,
    bide__desc_bide_rwlock_read, bide__desc_bide__rwlock_write, bide__desc_bide_semaphore_acquire,
    bide__desc_bide_permit_acquire, bide__desc_bide_notify_wait, bide__desc_bide_notified_wait,
    bide__desc_bide_barrier_wait, bide__desc_bide_condition_wait, bide__desc_bide__once_begin;
void bide__once_end(bide_once *once, bool made);

/* Begins a leaf whose first argument is an object. */
static void begin(struct hand *h, const struct bide_fn *fn, void *object)
{
    struct {
        void *object;
        const char *place;
        void *more;
    } args = {object, "here:1", NULL};
    hand_begin(h, fn, &args);
}

/* Polls it for the first time, which ends it if `done`. */
static void start(struct hand *h, const struct bide_fn *fn, void *object, bool done)
{
    begin(h, fn, object);
    CHECK_EQ(hand_poll(h), done);
}

static void ends(struct hand *h, int result)
{
    CHECK(hand_poll(h));
    CHECK_ERR(h->error, 0);
    CHECK_EQ(h->result, result);
    hand_end(h);
}

/* A request that finds nothing done. */
static void leaves(struct hand *h)
{
    hand_cancel(h);
    CHECK(hand_poll(h));
    CHECK_ERR(h->error, -ECANCELED);
    hand_end(h);
}

/* A request that comes too late. */
static void keeps(struct hand *h, int result)
{
    hand_cancel(h);
    ends(h, result);
}

/* ---- mutex ---- */

static const struct bide_fn *const lock = &bide__desc_bide__mutex_lock;

TEST(a_mutex_of_zeroes_is_free)
{
    static bide_mutex zero, m = BIDE_MUTEX_INIT;
    CHECK(memcmp(&zero, &m, sizeof m) == 0);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    CHECK_ERR(bide_mutex_try_lock(&m), -EAGAIN);
    bide_mutex_unlock(&m);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

TEST(a_mutex_is_handed_on_in_order_and_nobody_overtakes)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h[4];
    start(&h[0], lock, &m, true);
    for (int i = 1; i < 4; i++)
        start(&h[i], lock, &m, false);
    CHECK(!hand_poll(&h[2])); /* a spurious poll */
    for (int i = 1; i < 4; i++) {
        CHECK_EQ(h[i].wakes, 0);
        bide_mutex_unlock(&m);
        CHECK_EQ(h[i].wakes, 1);
        CHECK_ERR(bide_mutex_try_lock(&m), -EAGAIN);
        ends(&h[i], 0);
    }
    bide_mutex_unlock(&m);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
}

TEST(a_cancelled_wait_for_a_mutex_leaves_its_place)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h[3];
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    for (int i = 0; i < 3; i++)
        start(&h[i], lock, &m, false);
    leaves(&h[1]);
    bide_mutex_unlock(&m);
    ends(&h[0], 0);
    bide_mutex_unlock(&m);
    ends(&h[2], 0);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

TEST(a_mutex_whose_waiters_were_all_cancelled_is_free)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h[2];
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    start(&h[0], lock, &m, false);
    start(&h[1], lock, &m, false);
    leaves(&h[0]);
    leaves(&h[1]);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

TEST(a_mutex_that_was_handed_over_is_not_lost_to_a_cancellation)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h;
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    start(&h, lock, &m, false);
    bide_mutex_unlock(&m);
    keeps(&h, 0);
    CHECK_ERR(bide_mutex_try_lock(&m), -EAGAIN);
    bide_mutex_unlock(&m);
}

TEST(a_task_that_locks_a_mutex_twice_gets_edeadlk)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h, *again = &h;
    start(&h, lock, &m, true);
    begin(again, lock, &m); /* the same task */
    CHECK(hand_poll(again));
    CHECK_ERR(again->result, -EDEADLK);
    bide_mutex_unlock(&m);
    start(again, lock, &m, true);
    CHECK_ERR(again->result, 0);
}

TEST(a_thread_that_locks_a_mutex_twice_gets_edeadlk)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    CHECK_EQ(bide_mutex_lock(&m), 0);
    CHECK_ERR(bide_mutex_lock(&m), -EDEADLK);
    bide_mutex_unlock(&m);
    CHECK_EQ(bide_mutex_lock(&m), 0);
    bide_mutex_unlock(&m);
}

TEST(a_wait_keeps_the_waker_of_its_latest_poll)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h, other = {0};
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    start(&h, lock, &m, false);
    begin(&other, lock, &m);
    CHECK(!hand_poll_as(&h, &other));
    CHECK_EQ(h.references, 0);
    CHECK_EQ(other.references, 1);
    bide_mutex_unlock(&m);
    CHECK_EQ(h.wakes, 0);
    CHECK_EQ(other.wakes, 1);
    CHECK_EQ(other.references, 0);
    ends(&h, 0);
}

TEST(a_lock_without_budget_lets_others_run_first)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h;
    begin(&h, lock, &m);
    h.budget = 0;
    CHECK(!hand_poll(&h));
    CHECK_EQ(h.wakes, 1);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    bide_mutex_unlock(&m);
    h.budget = 1;
    ends(&h, 0);
}

TEST(a_mutex_may_be_locked_through_a_reference)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct hand h[2];
    start(&h[0], &bide__desc_bide_mutex_lock, &m, true);
    start(&h[1], &bide__desc_bide_mutex_lock, &m, false);
    bide_mutex_unlock(&m);
    ends(&h[1], 0);
    bide_mutex_unlock(&m);
}

/* ---- rwlock ---- */

static const struct bide_fn *const reading = &bide__desc_bide_rwlock_read,
                                   *const writing = &bide__desc_bide__rwlock_write;

TEST(many_read_and_one_writes)
{
    static bide_rwlock zero, l = BIDE_RWLOCK_INIT;
    CHECK(memcmp(&zero, &l, sizeof l) == 0);
    CHECK_EQ(bide_rwlock_try_read(&l), 0);
    CHECK_EQ(bide_rwlock_try_read(&l), 0);
    CHECK_ERR(bide_rwlock_try_write(&l), -EAGAIN);
    bide_rwlock_read_unlock(&l);
    CHECK_ERR(bide_rwlock_try_write(&l), -EAGAIN);
    bide_rwlock_read_unlock(&l);
    CHECK_EQ(bide_rwlock_try_write(&l), 0);
    CHECK_ERR(bide_rwlock_try_write(&l), -EAGAIN);
    CHECK_ERR(bide_rwlock_try_read(&l), -EAGAIN);
    bide_rwlock_write_unlock(&l);
    CHECK(l.word_ == 0);
}

TEST(readers_wait_behind_a_writer_that_waits)
{
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct hand w, r, more[2];
    CHECK_EQ(bide_rwlock_try_read(&l), 0);
    start(&w, writing, &l, false);
    CHECK_ERR(bide_rwlock_try_read(&l), -EAGAIN);
    start(&r, reading, &l, false);
    bide_rwlock_read_unlock(&l);
    CHECK_EQ(r.wakes, 0);
    ends(&w, 0);
    start(&more[0], reading, &l, false);
    start(&more[1], writing, &l, false);
    bide_rwlock_write_unlock(&l);
    ends(&r, 0); /* all readers up to the next writer */
    ends(&more[0], 0);
    CHECK_EQ(more[1].wakes, 0);
    bide_rwlock_read_unlock(&l);
    CHECK_EQ(more[1].wakes, 0);
    bide_rwlock_read_unlock(&l);
    ends(&more[1], 0);
    bide_rwlock_write_unlock(&l);
    CHECK(l.word_ == 0);
}

TEST(a_cancelled_writer_lets_the_readers_behind_it_in)
{
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct hand w, r[2];
    CHECK_EQ(bide_rwlock_try_read(&l), 0);
    start(&w, writing, &l, false);
    start(&r[0], reading, &l, false);
    start(&r[1], reading, &l, false);
    leaves(&w);
    ends(&r[0], 0);
    ends(&r[1], 0);
    for (int i = 0; i < 3; i++)
        bide_rwlock_read_unlock(&l);
    CHECK(l.word_ == 0);
}

TEST(a_downgrade_lets_readers_in_and_no_writer)
{
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct hand r, w;
    CHECK_EQ(bide_rwlock_try_write(&l), 0);
    start(&r, reading, &l, false);
    start(&w, writing, &l, false);
    bide_rwlock_downgrade(&l);
    ends(&r, 0);
    CHECK_EQ(w.wakes, 0);
    bide_rwlock_read_unlock(&l);
    bide_rwlock_read_unlock(&l);
    ends(&w, 0);
    bide_rwlock_downgrade(&l);
    CHECK_EQ(bide_rwlock_try_read(&l), 0);
    CHECK_ERR(bide_rwlock_try_write(&l), -EAGAIN);
    bide_rwlock_read_unlock(&l);
    bide_rwlock_read_unlock(&l);
    CHECK(l.word_ == 0);
}

TEST(a_lock_that_was_handed_over_is_not_lost_to_a_cancellation)
{
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct hand w, r;
    CHECK_EQ(bide_rwlock_try_write(&l), 0);
    start(&w, writing, &l, false);
    start(&r, reading, &l, false);
    bide_rwlock_write_unlock(&l);
    keeps(&w, 0);
    bide_rwlock_write_unlock(&l);
    keeps(&r, 0);
    bide_rwlock_read_unlock(&l);
    CHECK(l.word_ == 0);
}

TEST(a_writer_that_waits_for_itself_gets_edeadlk)
{
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct hand h;
    start(&h, writing, &l, true);
    start(&h, writing, &l, true);
    CHECK_ERR(h.result, -EDEADLK);
    start(&h, reading, &l, true);
    CHECK_ERR(h.result, -EDEADLK);
    bide_rwlock_write_unlock(&l);
    CHECK_EQ(bide_rwlock_write(&l), 0);
    CHECK_ERR(bide_rwlock_write(&l), -EDEADLK);
    CHECK_ERR(bide_rwlock_read(&l), -EDEADLK);
    bide_rwlock_write_unlock(&l);
}

enum { CROWD = 70 }; /* more than are woken in one go */

TEST(a_crowd_of_readers_gets_in_at_once)
{
    static struct hand r[CROWD];
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct hand w;
    CHECK_EQ(bide_rwlock_try_write(&l), 0);
    for (int i = 0; i < CROWD; i++)
        start(&r[i], reading, &l, false);
    start(&w, writing, &l, false);
    bide_rwlock_write_unlock(&l);
    for (int i = 0; i < CROWD; i++)
        ends(&r[i], 0);
    for (int i = 0; i < CROWD; i++) {
        CHECK_EQ(w.wakes, 0);
        bide_rwlock_read_unlock(&l);
    }
    ends(&w, 0);
}

/* ---- semaphore ---- */

static void begin_acquire(struct hand *h, bide_semaphore *s, size_t count)
{
    struct {
        bide_semaphore *semaphore;
        size_t count;
    } args = {s, count};
    hand_begin(h, &bide__desc_bide_semaphore_acquire, &args);
}

static void acquires(struct hand *h, bide_semaphore *s, size_t count, bool done)
{
    begin_acquire(h, s, count);
    CHECK_EQ(hand_poll(h), done);
}

TEST(permits_are_counted)
{
    static bide_semaphore zero, none = BIDE_SEMAPHORE_INIT(0);
    CHECK(memcmp(&zero, &none, sizeof none) == 0);
    bide_semaphore s = BIDE_SEMAPHORE_INIT(3);
    CHECK_EQ(bide_semaphore_available(&s), 3);
    CHECK_EQ(bide_semaphore_try_acquire(&s, 2), 0);
    CHECK_ERR(bide_semaphore_try_acquire(&s, 2), -EAGAIN);
    CHECK_EQ(bide_semaphore_try_acquire(&s, 1), 0);
    CHECK_EQ(bide_semaphore_try_acquire(&s, 0), 0);
    bide_semaphore_release(&s, 5);
    CHECK_EQ(bide_semaphore_available(&s), 5);
    CHECK_EQ(bide_semaphore_forget(&s, 2), 2);
    CHECK_EQ(bide_semaphore_forget(&s, 9), 3);
    CHECK_EQ(bide_semaphore_available(&s), 0);
    struct hand h;
    acquires(&h, &s, BIDE_SEMAPHORE_MAX + 1, true);
    CHECK_ERR(h.result, -EINVAL);
    CHECK_ERR(bide_semaphore_try_acquire(&s, BIDE_SEMAPHORE_MAX + 1), -EINVAL);
}

TEST(who_asks_for_many_is_served_in_its_turn)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(1);
    struct hand many, one;
    acquires(&many, &s, 3, false);
    acquires(&one, &s, 1, false);
    CHECK_ERR(bide_semaphore_try_acquire(&s, 1), -EAGAIN);
    bide_semaphore_release(&s, 1);
    CHECK_EQ(many.wakes + one.wakes, 0);
    bide_semaphore_release(&s, 1);
    ends(&many, 0);
    CHECK_EQ(one.wakes, 0);
    bide_semaphore_release(&s, 3);
    ends(&one, 0);
    CHECK_EQ(bide_semaphore_available(&s), 2);
}

TEST(a_cancelled_request_for_many_lets_the_next_one_go_on)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(1);
    struct hand many, one;
    acquires(&many, &s, 3, false);
    acquires(&one, &s, 1, false);
    leaves(&many);
    ends(&one, 0);
    CHECK_EQ(bide_semaphore_available(&s), 0);
    CHECK(s.word_ == 0);
}

TEST(permits_that_were_handed_over_are_not_lost_to_a_cancellation)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(0);
    struct hand h;
    acquires(&h, &s, 2, false);
    bide_semaphore_release(&s, 2);
    keeps(&h, 0);
    CHECK_EQ(bide_semaphore_available(&s), 0);
}

TEST(a_closed_semaphore_gives_nothing)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(1);
    static struct hand h[CROWD];
    struct hand late;
    for (int i = 0; i < CROWD; i++)
        acquires(&h[i], &s, 2, false);
    CHECK(!bide_semaphore_is_closed(&s));
    bide_semaphore_close(&s);
    CHECK(bide_semaphore_is_closed(&s));
    for (int i = 0; i < CROWD; i++)
        ends(&h[i], -EPIPE);
    acquires(&late, &s, 1, true);
    CHECK_ERR(late.result, -EPIPE);
    CHECK_ERR(bide_semaphore_try_acquire(&s, 1), -EPIPE);
    bide_semaphore_release(&s, 1);
    CHECK_EQ(bide_semaphore_available(&s), 2);
}

static void begin_permit(struct hand *h, bide_semaphore *s, size_t count, bide_permit *permit)
{
    struct {
        bide_semaphore *semaphore;
        size_t count;
        bide_permit *permit;
    } args = {s, count, permit};
    hand_begin(h, &bide__desc_bide_permit_acquire, &args);
}

TEST(permits_as_values)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(2), t = BIDE_SEMAPHORE_INIT(1);
    bide_permit p = BIDE_PERMIT_INIT, q = BIDE_PERMIT_INIT, r = BIDE_PERMIT_INIT;
    struct hand h;
    begin_permit(&h, &s, 3, &p);
    CHECK(!hand_poll(&h));
    CHECK_EQ(bide_permit_count(&p), 0);
    bide_semaphore_release(&s, 2);
    ends(&h, 0);
    CHECK_EQ(bide_permit_count(&p), 3);
    CHECK_ERR(bide_permit_move(&p, 4, &q), -EINVAL);
    CHECK_EQ(bide_permit_move(&p, 2, &q), 0);
    CHECK_EQ(bide_permit_count(&p), 1);
    CHECK_EQ(bide_permit_count(&q), 2);
    CHECK_EQ(bide_permit_try_acquire(&t, 1, &r), 0);
    CHECK_ERR(bide_permit_try_acquire(&t, 1, &(bide_permit){0, 0}), -EAGAIN);
    CHECK_ERR(bide_permit_move(&r, 1, &q), -EINVAL);
    bide_permit_drop(&q);
    bide_permit_drop(&q);
    CHECK_EQ(bide_semaphore_available(&s), 3);
    CHECK_EQ(bide_permit_forget(&p), 1);
    bide_permit_drop(&p);
    CHECK_EQ(bide_semaphore_available(&s), 3);
    bide_permit_drop(&r);
    CHECK_EQ(bide_semaphore_available(&t), 1);
}

TEST(a_cancelled_permit_holds_none)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(0);
    bide_permit p = BIDE_PERMIT_INIT;
    struct hand h;
    begin_permit(&h, &s, 1, &p);
    CHECK(!hand_poll(&h));
    leaves(&h);
    CHECK_EQ(bide_permit_count(&p), 0);
    begin_permit(&h, &s, 1, &p);
    CHECK(!hand_poll(&h));
    bide_semaphore_release(&s, 1);
    keeps(&h, 0);
    CHECK_EQ(bide_permit_count(&p), 1);
}

/* ---- notify ---- */

static const struct bide_fn *const wait = &bide__desc_bide_notify_wait,
                                   *const notified = &bide__desc_bide_notified_wait;

TEST(a_notification_goes_to_the_first_that_waits)
{
    static bide_notify zero, n = BIDE_NOTIFY_INIT;
    CHECK(memcmp(&zero, &n, sizeof n) == 0);
    struct hand h[2];
    start(&h[0], wait, &n, false);
    start(&h[1], wait, &n, false);
    bide_notify_one(&n);
    CHECK_EQ(h[1].wakes, 0);
    ends(&h[0], 0);
    bide_notify_one(&n);
    ends(&h[1], 0);
}

TEST(one_notification_is_kept)
{
    bide_notify n = BIDE_NOTIFY_INIT;
    struct hand h;
    bide_notify_one(&n);
    bide_notify_one(&n);
    start(&h, wait, &n, true);
    start(&h, wait, &n, false);
    bide_notify_all(&n);
    ends(&h, 0);
    start(&h, wait, &n, false); /* of those to all none is kept */
    leaves(&h);
}

TEST(a_notification_to_all_ends_every_wait_that_has_begun)
{
    static struct hand h[CROWD];
    bide_notify n = BIDE_NOTIFY_INIT;
    for (int i = 0; i < CROWD; i++)
        start(&h[i], wait, &n, false);
    bide_notify_all(&n);
    for (int i = 0; i < CROWD; i++)
        ends(&h[i], 0);
    CHECK(n.waiting_.first == NULL && n.waiting_.last == NULL);
}

TEST(a_cancelled_notification_is_passed_on)
{
    bide_notify n = BIDE_NOTIFY_INIT;
    struct hand h[2];
    start(&h[0], wait, &n, false);
    start(&h[1], wait, &n, false);
    bide_notify_one(&n);
    leaves(&h[0]);
    ends(&h[1], 0);
    start(&h[0], wait, &n, false);
    bide_notify_one(&n);
    leaves(&h[0]);
    start(&h[1], wait, &n, true); /* it was kept */
    start(&h[0], wait, &n, false);
    bide_notify_all(&n);
    keeps(&h[0], 0);
}

TEST(a_wait_may_begin_before_the_look)
{
    bide_notify n = BIDE_NOTIFY_INIT;
    bide_notified d[2];
    struct hand h;
    bide_notify_listen(&n, &d[0]);
    bide_notify_listen(&n, &d[1]);
    bide_notify_one(&n); /* two that count, since two wait */
    bide_notify_one(&n);
    start(&h, notified, &d[1], true);
    CHECK_ERR(h.result, 0);
    start(&h, notified, &d[0], true);
    CHECK_ERR(h.result, 0);
    start(&h, notified, &d[0], true);
    CHECK_ERR(h.result, -EINVAL);
    bide_notified_drop(&d[0]);
    bide_notified_drop(&d[1]);
    start(&h, wait, &n, false);
    leaves(&h);

    bide_notify_listen(&n, &d[0]);
    bide_notify_all(&n);
    bide_notify_listen(&n, &d[1]); /* too late */
    start(&h, notified, &d[0], true);
    start(&h, notified, &d[1], false);
    bide_notify_one(&n);
    ends(&h, 0);
    bide_notified_drop(&d[0]);
    bide_notified_drop(&d[1]);
}

TEST(a_wait_that_has_begun_takes_what_is_kept)
{
    bide_notify n = BIDE_NOTIFY_INIT;
    bide_notified d;
    struct hand h;
    bide_notify_one(&n);
    bide_notify_listen(&n, &d);
    start(&h, wait, &n, false);
    bide_notified_drop(&d); /* not taken: it is passed on */
    ends(&h, 0);
}

TEST(a_wait_that_has_begun_keeps_its_place_when_it_is_cancelled)
{
    bide_notify n = BIDE_NOTIFY_INIT;
    bide_notified d;
    struct hand h, other;
    bide_notify_listen(&n, &d);
    start(&h, notified, &d, false);
    start(&other, wait, &n, false);
    leaves(&h);
    bide_notify_one(&n);
    CHECK_EQ(other.wakes, 0);
    start(&h, notified, &d, true);
    bide_notified_drop(&d);
    bide_notify_listen(&n, &d);
    bide_notified_drop(&d);
    bide_notify_one(&n);
    ends(&other, 0);
}

/* ---- barrier ---- */

static const struct bide_fn *const arrive = &bide__desc_bide_barrier_wait;

TEST(the_last_one_at_a_barrier_leads)
{
    bide_barrier b = BIDE_BARRIER_INIT(3);
    struct hand h[3];
    for (int round = 0; round < 3; round++) {
        start(&h[0], arrive, &b, false);
        start(&h[1], arrive, &b, false);
        start(&h[2], arrive, &b, true);
        CHECK_EQ(h[2].result, 1);
        ends(&h[0], 0);
        ends(&h[1], 0);
    }
}

TEST(a_barrier_for_nobody_is_one_for_one)
{
    static bide_barrier b;
    struct hand h;
    start(&h, arrive, &b, true);
    CHECK_EQ(h.result, 1);
}

TEST(who_is_cancelled_has_not_come)
{
    bide_barrier b = BIDE_BARRIER_INIT(2);
    struct hand h[3];
    start(&h[0], arrive, &b, false);
    leaves(&h[0]);
    start(&h[1], arrive, &b, false);
    start(&h[2], arrive, &b, true);
    keeps(&h[1], 0); /* the last one had come */
    start(&h[0], arrive, &b, false);
    leaves(&h[0]);
}

TEST(a_crowd_passes_a_barrier)
{
    static struct hand h[CROWD];
    bide_barrier b = BIDE_BARRIER_INIT(CROWD);
    for (int i = 0; i < CROWD; i++)
        start(&h[i], arrive, &b, i == CROWD - 1);
    for (int i = 0; i < CROWD - 1; i++)
        ends(&h[i], 0);
    CHECK_EQ(h[CROWD - 1].result, 1);
}

/* ---- condition ---- */

static void waits_for(struct hand *h, bide_condition *c, bide_mutex *m)
{
    struct {
        bide_condition *condition;
        bide_mutex *mutex;
    } args = {c, m};
    hand_begin(h, &bide__desc_bide_condition_wait, &args);
    CHECK_EQ(bide_mutex_try_lock(m), 0);
    CHECK(!hand_poll(h));
}

TEST(a_condition_unlocks_and_locks_again)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    bide_condition c = BIDE_CONDITION_INIT;
    struct hand h[2];
    bide_condition_signal(&c); /* nothing is kept */
    waits_for(&h[0], &c, &m);
    waits_for(&h[1], &c, &m);
    CHECK(!hand_poll(&h[0]));
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    bide_condition_signal(&c);
    CHECK_EQ(h[0].wakes, 1);
    CHECK_EQ(h[1].wakes, 0);
    CHECK(!hand_poll(&h[0])); /* waits for the mutex */
    bide_mutex_unlock(&m);
    ends(&h[0], 0);
    CHECK_ERR(bide_mutex_try_lock(&m), -EAGAIN);
    bide_mutex_unlock(&m);
    bide_condition_signal(&c);
    ends(&h[1], 0);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

TEST(a_broadcast_ends_every_wait_that_has_begun)
{
    static struct hand h[CROWD];
    bide_mutex m = BIDE_MUTEX_INIT;
    bide_condition c = BIDE_CONDITION_INIT;
    for (int i = 0; i < CROWD; i++)
        waits_for(&h[i], &c, &m);
    bide_condition_broadcast(&c);
    for (int i = 0; i < CROWD; i++) {
        ends(&h[i], 0);
        bide_mutex_unlock(&m);
    }
}

TEST(a_cancelled_wait_for_a_condition_has_the_mutex)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    bide_condition c = BIDE_CONDITION_INIT;
    struct hand h;
    waits_for(&h, &c, &m);
    leaves(&h);
    CHECK_ERR(bide_mutex_try_lock(&m), -EAGAIN);
    bide_mutex_unlock(&m);

    waits_for(&h, &c, &m);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    hand_cancel(&h);
    CHECK(!hand_poll(&h)); /* until the mutex is free */
    CHECK(!hand_poll(&h));
    bide_condition_signal(&c); /* for others */
    bide_mutex_unlock(&m);
    CHECK_EQ(h.wakes, 1);
    CHECK(hand_poll(&h));
    CHECK_ERR(h.error, -ECANCELED);
    hand_end(&h);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

TEST(a_signal_is_not_lost_to_a_cancellation)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    bide_condition c = BIDE_CONDITION_INIT;
    struct hand h;
    waits_for(&h, &c, &m);
    bide_condition_signal(&c);
    keeps(&h, 0);
    bide_mutex_unlock(&m);

    waits_for(&h, &c, &m);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    bide_condition_signal(&c);
    hand_cancel(&h);
    CHECK(!hand_poll(&h));
    bide_mutex_unlock(&m);
    ends(&h, 0);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

/* ---- once ---- */

static const struct bide_fn *const once_begin = &bide__desc_bide__once_begin;

TEST(one_makes_it_and_the_others_wait)
{
    static bide_once zero, o = BIDE_ONCE_INIT;
    static struct hand h[CROWD];
    CHECK(memcmp(&zero, &o, sizeof o) == 0);
    CHECK(!bide_once_is_made(&o));
    for (int i = 0; i < CROWD; i++)
        start(&h[i], once_begin, &o, i == 0);
    CHECK_EQ(h[0].result, 1);
    CHECK(!bide_once_is_made(&o));
    bide__once_end(&o, true);
    CHECK(bide_once_is_made(&o));
    for (int i = 1; i < CROWD; i++)
        ends(&h[i], 0);
    start(&h[0], once_begin, &o, true);
    CHECK_EQ(h[0].result, 0);
}

TEST(the_next_one_makes_what_was_not_made)
{
    bide_once o = BIDE_ONCE_INIT;
    struct hand h[4];
    for (int i = 0; i < 4; i++)
        start(&h[i], once_begin, &o, i == 0);
    bide__once_end(&o, false);
    CHECK_EQ(h[2].wakes, 0);
    leaves(&h[1]); /* it was its turn */
    ends(&h[2], 1);
    bide__once_end(&o, true);
    keeps(&h[3], 0);

    bide_once p = BIDE_ONCE_INIT;
    start(&h[0], once_begin, &p, true);
    bide__once_end(&p, false);
    start(&h[0], once_begin, &p, true);
    CHECK_EQ(h[0].result, 1);
    start(&h[0], once_begin, &p, true);
    CHECK_ERR(h[0].result, -EDEADLK);
}

/* ---- wakers that come back ---- */

/* Two guests wait, with a change of waker, a cancellation and a wake. `release` ends the first
 * wait, `again` what that brought. */
static void visit(const struct bide_fn *fn, void *object, const void *args, void (*use)(void *),
                  void (*release)(void *))
{
    static struct hand g[3];
    for (int i = 0; i < 3; i++) {
        hand_begin(&g[i], fn, args);
        hand_calls_back(&g[i], use, object);
    }
    g[0].budget = 0;
    CHECK(!hand_poll(&g[0])); /* wake_by_ref */
    g[0].budget = 128;
    for (int i = 0; i < 2; i++)
        CHECK(!hand_poll(&g[i]));
    CHECK(!hand_poll_as(&g[0], &g[2]));
    hand_cancel(&g[1]);
    CHECK(hand_poll(&g[1]));
    CHECK_ERR(g[1].error, -ECANCELED);
    release(object);
    CHECK(hand_poll(&g[0]));
    CHECK_EQ(g[0].references + g[1].references + g[2].references, 0);
    CHECK(g[0].calls >= 3 && g[1].calls >= 2 && g[2].calls >= 2);
}

static void use_mutex(void *m)
{
    struct hand h;
    if (bide_mutex_try_lock(m) == 0) {
        bide_mutex_unlock(m);
        return;
    }
    start(&h, lock, m, false);
    leaves(&h);
}

static void release_mutex(void *m)
{
    bide_mutex_unlock(m);
}

TEST(a_waker_may_come_back_to_its_mutex)
{
    bide_mutex m = BIDE_MUTEX_INIT;
    struct {
        bide_mutex *m;
        const char *place;
    } args = {&m, NULL};
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    visit(lock, &m, &args, use_mutex, release_mutex);
    bide_mutex_unlock(&m);
    CHECK(m.word_ == 0);
}

static void use_rwlock(void *l)
{
    struct hand h;
    CHECK_ERR(bide_rwlock_try_read(l), -EAGAIN);
    start(&h, reading, l, false);
    leaves(&h);
}

static void release_rwlock(void *l)
{
    bide_rwlock_write_unlock(l);
}

TEST(a_waker_may_come_back_to_its_rwlock)
{
    bide_rwlock l = BIDE_RWLOCK_INIT;
    struct {
        bide_rwlock *l;
        const char *place;
    } args = {&l, NULL};
    CHECK_EQ(bide_rwlock_try_write(&l), 0);
    visit(writing, &l, &args, use_rwlock, release_rwlock);
    bide_rwlock_write_unlock(&l);
    CHECK(l.word_ == 0);
}

static void use_semaphore(void *s)
{
    struct hand h;
    bide_semaphore_release(s, 0);
    acquires(&h, s, 5, false);
    leaves(&h);
}

static void release_semaphore(void *s)
{
    bide_semaphore_release(s, 2);
}

TEST(a_waker_may_come_back_to_its_semaphore)
{
    bide_semaphore s = BIDE_SEMAPHORE_INIT(0);
    struct {
        bide_semaphore *s;
        size_t count;
    } args = {&s, 2};
    visit(&bide__desc_bide_semaphore_acquire, &s, &args, use_semaphore, release_semaphore);
    CHECK(s.word_ == 0);
}

static void use_notify(void *n)
{
    struct hand h;
    bide_notified d;
    bide_notify_listen(n, &d);
    start(&h, notified, &d, false);
    leaves(&h);
    bide_notified_drop(&d);
}

static void release_notify(void *n)
{
    bide_notify_all(n);
}

TEST(a_waker_may_come_back_to_its_notification)
{
    bide_notify n = BIDE_NOTIFY_INIT;
    bide_notified d;
    struct {
        bide_notify *n;
    } args = {&n};
    visit(wait, &n, &args, use_notify, release_notify);
    CHECK(n.waiting_.first == NULL);
    bide_notify_listen(&n, &d);
    struct hand g;
    struct {
        bide_notified *d;
    } more = {&d};
    hand_begin(&g, notified, &more);
    hand_calls_back(&g, use_notify, &n);
    CHECK(!hand_poll(&g));
    CHECK(!hand_poll(&g));
    bide_notify_one(&n);
    CHECK(hand_poll(&g));
    CHECK_EQ(g.references, 0);
    bide_notified_drop(&d);
}

static void use_barrier(void *b)
{
    struct hand h;
    start(&h, arrive, b, false);
    leaves(&h);
}

static struct hand crowd[CROWD];
static bool all_have_come;

static void cancel_a_late_one(void *unused)
{
    (void)unused;
    if (!all_have_come)
        return;
    hand_cancel(&crowd[CROWD - 2]);
    CHECK(!hand_poll(&crowd[CROWD - 2])); /* it is about to be told */
}

TEST(a_request_after_the_last_one_has_come_is_too_late)
{
    static struct hand g;
    bide_barrier b = BIDE_BARRIER_INIT(CROWD + 1);
    struct {
        bide_barrier *b;
    } args = {&b};
    hand_begin(&g, arrive, &args);
    hand_calls_back(&g, cancel_a_late_one, NULL);
    CHECK(!hand_poll(&g));
    for (int i = 0; i < CROWD - 1; i++)
        start(&crowd[i], arrive, &b, false);
    all_have_come = true;
    start(&crowd[CROWD - 1], arrive, &b, true);
    CHECK_EQ(crowd[CROWD - 1].result, 1);
    for (int i = 0; i < CROWD - 1; i++)
        ends(&crowd[i], 0);
    CHECK_EQ(b.arrived_, 0);
}

static void release_barrier(void *b)
{
    struct hand h[4];
    for (int i = 0; i < 4; i++)
        start(&h[i], arrive, b, i == 3);
    for (int i = 0; i < 3; i++)
        ends(&h[i], 0);
}

TEST(a_waker_may_come_back_to_its_barrier)
{
    bide_barrier b = BIDE_BARRIER_INIT(5);
    struct {
        bide_barrier *b;
    } args = {&b};
    visit(arrive, &b, &args, use_barrier, release_barrier);
    CHECK(b.waiting_.first == NULL && b.arrived_ == 0);
}

static bide_mutex of_guests;

static void use_condition(void *c)
{
    struct hand h;
    waits_for(&h, c, &of_guests);
    leaves(&h);
    bide_mutex_unlock(&of_guests);
}

TEST(a_waker_may_come_back_to_its_condition)
{
    static struct hand g, other;
    bide_mutex m = BIDE_MUTEX_INIT;
    bide_condition c = BIDE_CONDITION_INIT;
    struct {
        bide_condition *condition;
        bide_mutex *mutex;
    } args = {&c, &m};
    hand_begin(&g, &bide__desc_bide_condition_wait, &args);
    hand_begin(&other, &bide__desc_bide_condition_wait, &args);
    hand_calls_back(&g, use_condition, &c);
    hand_calls_back(&other, use_condition, &c);
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    CHECK(!hand_poll(&g));
    CHECK(!hand_poll_as(&g, &other));
    CHECK_EQ(bide_mutex_try_lock(&m), 0);
    bide_condition_signal(&c);
    CHECK(!hand_poll_as(&g, &other)); /* waits for the mutex */
    CHECK(!hand_poll(&g));
    bide_mutex_unlock(&m);
    CHECK(hand_poll(&g));
    bide_mutex_unlock(&m);
    CHECK_EQ(g.references + other.references, 0);
    CHECK(g.calls >= 3 && other.calls >= 3);
    CHECK(c.waiting_.first == NULL && m.word_ == 0);
}

static void use_once(void *o)
{
    struct hand h;
    begin(&h, once_begin, o);
    if (!hand_poll(&h))
        leaves(&h);
}

static void release_once(void *o)
{
    bide__once_end(o, true);
}

TEST(a_waker_may_come_back_to_its_once)
{
    bide_once o = BIDE_ONCE_INIT;
    struct hand h;
    struct {
        bide_once *o;
        const char *place;
    } args = {&o, NULL};
    start(&h, once_begin, &o, true);
    visit(once_begin, &o, &args, use_once, release_once);
}
