/*
 * Timers: the wheel against a sorted list, and sleeps in virtual time.
 */
#include "frames.h"

#include "runtime/time/time.h"

#include <stdlib.h>

/* ---- the wheel alone: wakes are recorded ---- */

enum { TIMERS = 2000 };

static struct timer {
    struct bide_wakeable wake; /* a "task" of its own, to tell which timer wakes */
    struct bide__timer timer;
    int64_t deadline_ns;
    uint64_t number; /* in the order of arming */
    bool armed;
} timers[TIMERS];

static struct bide__wheel wheel;
static struct timer *woken[TIMERS];
static unsigned woken_count;

static void ignore(struct bide_wakeable *w)
{
    (void)w;
}

static void on_wake(struct bide_wakeable *w, unsigned branch)
{
    struct timer *t = (struct timer *)(void *)w;
    (void)branch;
    CHECK(t->armed);
    CHECK_EQ(bide__timer_armed(&t->timer), wheel.multi);
    t->armed = false;
    woken[woken_count++] = t;
}

static const struct bide_waker_vtable vtable = {ignore, on_wake, on_wake, ignore};
static uint64_t arms;

static void arm(struct timer *t, int64_t deadline_ns)
{
    t->wake.vtable = &vtable;
    t->deadline_ns = deadline_ns;
    t->number = arms++;
    t->armed = true;
    bide__timer_arm(&wheel, &t->timer, deadline_ns, bide_waker_make(&t->wake, 0));
}

static void disarm(struct timer *t)
{
    t->armed = false;
    CHECK(bide__timer_disarm(&wheel, &t->timer));
    CHECK(!bide__timer_armed(&t->timer));
}

static uint64_t seed = 88172645463325252u;

static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Wakes all that is due, a few at a time or at once. Returns how many there were. */
static size_t advance(int64_t now_ns)
{
    size_t most = any() % 2 ? SIZE_MAX : 1 + any() % 3, n = 0, once;
    do {
        once = bide__wheel_advance(&wheel, now_ns, most);
        CHECK(once <= most);
        n += once;
    } while (once == most);
    return n;
}

/* Checks that the woken timers were due, in order, and that no due timer is left. */
static void check_advance(int64_t now_ns)
{
    woken_count = 0;
    size_t n = advance(now_ns);
    CHECK_EQ(n, woken_count);
    for (unsigned i = 0; i < woken_count; i++) {
        CHECK(woken[i]->deadline_ns <= now_ns);
        if (i > 0) {
            CHECK(woken[i - 1]->deadline_ns <= woken[i]->deadline_ns);
            if (woken[i - 1]->deadline_ns == woken[i]->deadline_ns)
                CHECK(woken[i - 1]->number < woken[i]->number);
        }
    }
    int64_t least = INT64_MAX;
    size_t armed = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        if (!timers[i].armed)
            continue;
        CHECK(timers[i].deadline_ns > now_ns);
        armed++;
        if (timers[i].deadline_ns < least)
            least = timers[i].deadline_ns;
    }
    CHECK_EQ(wheel.count, armed);
    CHECK_EQ(bide__wheel_next(&wheel, true), least);
    CHECK(bide__wheel_next(&wheel, false) <= (armed > 16 ? (least | 65535) + 1 : least));
    if (armed > 0)
        CHECK(bide__wheel_next(&wheel, false) > now_ns);
}

/* A random span of a random magnitude: 1 ns to 2^bits ns. */
static int64_t any_span(unsigned bits)
{
    return (int64_t)(any() & ((UINT64_C(2) << any() % bits) - 1));
}

static void against_the_model(bool multi, int64_t start_ns, unsigned bits, int rounds)
{
    int64_t now_ns = start_ns;
    bide__wheel_init(&wheel, now_ns, multi, 0);
    for (int i = 0; i < rounds; i++) {
        for (uint64_t n = any() % 8; n > 0; n--) {
            struct timer *t = &timers[any() % TIMERS];
            if (t->armed)
                disarm(t);
            else if (any() % 4 == 0 && timers[0].armed)
                arm(t, timers[0].deadline_ns); /* several with one deadline */
            else
                arm(t, now_ns + any_span(bits));
        }
        if (any() % 4 == 0)
            now_ns = bide__wheel_next(&wheel, any() % 2) == INT64_MAX
                         ? now_ns + 1
                         : bide__wheel_next(&wheel, any() % 2);
        else
            now_ns += any_span(bits - 3);
        check_advance(now_ns);
    }
    while (wheel.count > 0) {
        now_ns = bide__wheel_next(&wheel, any() % 2);
        check_advance(now_ns);
    }
}

TEST(the_wheel_agrees_with_a_list_for_short_spans)
{
    against_the_model(false, 1, 20, 3000);
    against_the_model(false, INT64_C(123456789012345), 24, 3000);
}

TEST(the_wheel_agrees_with_a_list_for_long_spans)
{
    against_the_model(false, 1, 34, 3000);
    against_the_model(false, INT64_C(1) << 40, 50, 3000);
}

TEST(the_wheel_of_one_worker_of_many_agrees_with_a_list)
{
    against_the_model(true, 1, 20, 3000);
    against_the_model(true, INT64_C(123456789012345), 24, 3000);
    against_the_model(true, INT64_C(1) << 40, 50, 3000);
}

TEST(the_wheel_passes_the_end_of_every_level)
{
    for (unsigned bits = 16; bits < 56; bits += 1) {
        int64_t end = INT64_C(1) << bits;
        bide__wheel_init(&wheel, end - 3, false, 0);
        arm(&timers[0], end - 2);
        arm(&timers[1], end - 1);
        arm(&timers[2], end);
        arm(&timers[3], end + 1);
        arm(&timers[4], end + end);
        check_advance(end - 3);
        CHECK_EQ(woken_count, 0);
        check_advance(end - 2);
        CHECK_EQ(woken_count, 1);
        check_advance(end);
        CHECK_EQ(woken_count, 2);
        check_advance(end + 1);
        CHECK_EQ(woken_count, 1);
        check_advance(2 * end - 1);
        CHECK_EQ(woken_count, 0);
        check_advance(2 * end);
        CHECK_EQ(woken_count, 1);
    }
}

/* So many that rings are followed side by side, and that a hold of the lock does not do for all. */
TEST(a_crowd_wakes_in_order)
{
    for (int multi = 0; multi < 2; multi++) {
        int64_t now_ns = INT64_C(5000000000);
        bide__wheel_init(&wheel, now_ns, multi, 0);
        for (unsigned i = 0; i < TIMERS; i++)
            arm(&timers[i], now_ns + (int64_t)(any() % 200) * 1000000);
        while (wheel.count > 0) {
            now_ns += any_span(25);
            check_advance(now_ns);
        }
    }
}

TEST(next_ns_tells_others_when_a_wheel_is_overdue)
{
    int64_t now_ns = INT64_C(5000000000);
    bide__wheel_init(&wheel, now_ns, true, 0);
    CHECK_EQ(wheel.next_ns, INT64_MAX);
    arm(&timers[0], now_ns + 7000);
    arm(&timers[1], now_ns + INT64_C(3600000000000));
    CHECK_EQ(wheel.next_ns, now_ns + 7000);
    CHECK_EQ(bide__wheel_help(&wheel, now_ns + 6999), 0);
    CHECK_EQ(bide__wheel_help(&wheel, now_ns + 7000), 1);
    CHECK_EQ(woken_count, 1);
    CHECK(wheel.next_ns > now_ns + 7000);
    CHECK(wheel.next_ns <= now_ns + INT64_C(3600000000000));
    disarm(&timers[1]);
    bide__wheel_help(&wheel, now_ns + INT64_C(3600000000000));
    CHECK_EQ(woken_count, 1);
    CHECK_EQ(wheel.next_ns, INT64_MAX);
}

TEST(a_help_leaves_a_wheel_that_somebody_is_at)
{
    bide__wheel_init(&wheel, 1, true, 0);
    arm(&timers[0], 10);
    pthread_mutex_lock(&wheel.mutex);
    CHECK_EQ(bide__wheel_help(&wheel, 10), 0);
    pthread_mutex_unlock(&wheel.mutex);
    CHECK_EQ(bide__wheel_help(&wheel, 10), 1);
}

TEST(a_timer_that_is_past_is_due_at_once)
{
    bide__wheel_init(&wheel, INT64_C(5000000000), false, 0);
    arm(&timers[0], 7);
    arm(&timers[1], INT64_C(5000000000));
    check_advance(INT64_C(5000000000));
    CHECK_EQ(woken_count, 2);
}

TEST(the_farthest_deadline_is_never_due)
{
    bide__wheel_init(&wheel, 1, false, 0);
    arm(&timers[0], INT64_MAX);
    check_advance(INT64_MAX - 1);
    CHECK_EQ(woken_count, 0);
    disarm(&timers[0]);
    CHECK_EQ(bide__wheel_next(&wheel, true), INT64_MAX);
}

TEST(one_deadline_in_the_order_of_arming)
{
    /* The first timer is armed when the deadline is far away, the last when it is near. */
    int64_t deadline = INT64_C(1) << 36;
    bide__wheel_init(&wheel, 0, false, 0);
    unsigned n = 0;
    for (int64_t before = deadline - 1; before > 0 && n < TIMERS; before = before * 3 / 4) {
        woken_count = 0;
        bide__wheel_advance(&wheel, deadline - before, SIZE_MAX);
        CHECK_EQ(woken_count, 0);
        arm(&timers[n++], deadline);
    }
    CHECK(n > 40);
    woken_count = 0;
    bide__wheel_advance(&wheel, deadline, SIZE_MAX);
    CHECK_EQ(woken_count, n);
    for (unsigned i = 0; i < n; i++)
        CHECK(woken[i] == &timers[i]);
}

/* ---- sleeps ---- */

static char journal[64];
static unsigned written;

struct nap {
    struct bide_frame h;
    struct {
        char name;
        bide_duration d;
    } a;
    int r;
};

HAND(nap, sizeof(int), 0, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(nap);
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, f->a.d));
    journal[written++] = f->a.name;
    HAND_RETURN(int, f->r);
}

static void *spawn_nap(char name, bide_duration d)
{
    __typeof__(((struct nap *)0)->a) a = {name, d};
    return bide__spawn(&nap, &a);
}

TEST(virtual_time_jumps)
{
    bide_test_time_virtual();
    bide_instant start = bide_now();
    CHECK_EQ(bide_sleep(BIDE_S(86400)), 0);
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(86400000000000));
    CHECK_EQ(bide_sleep(BIDE_NS(1)), 0);
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(86400000000001));
    CHECK_EQ(bide_sleep_until(bide_instant_add(start, BIDE_S(86401))), 0);
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(86401000000000));
}

TEST(sleeps_end_in_the_order_of_their_deadlines)
{
    bide_test_time_virtual();
    bide_instant start = bide_now();
    bide__task_release(spawn_nap('d', BIDE_NS(40)));
    bide__task_release(spawn_nap('b', BIDE_NS(20)));
    bide__task_release(spawn_nap('e', BIDE_MS(1)));
    bide__task_release(spawn_nap('a', BIDE_NS(10)));
    bide__task_release(spawn_nap('c', BIDE_NS(20)));
    bide__task_release(spawn_nap('f', BIDE_S(3)));
    CHECK_EQ(bide_sleep(BIDE_S(4)), 0);
    CHECK_STR(journal, "abcdef");
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(4000000000));
}

TEST(a_sleep_of_nothing_is_over_at_once)
{
    bide_test_time_virtual();
    bide_instant start = bide_now();
    CHECK_EQ(bide_sleep(BIDE_NS(0)), 0);
    CHECK_EQ(bide_sleep(BIDE_S(-5)), 0);
    CHECK_EQ(bide_sleep_until((bide_instant){0}), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
}

TEST(a_sleep_is_never_early)
{
    for (int i = 0; i < 20; i++) {
        bide_instant start = bide_now();
        CHECK_EQ(bide_sleep(BIDE_US(300 + 10 * i)), 0);
        CHECK(bide_elapsed(start).ns >= (300 + 10 * i) * 1000);
    }
}

TEST(a_sleep_is_never_early_without_epoll_pwait2)
{
    bide_test_fail("epoll_pwait2", 1, -ENOSYS, 0);
    for (int i = 0; i < 5; i++) {
        bide_instant start = bide_now();
        CHECK_EQ(bide_sleep(BIDE_US(100 + 10 * i)), 0);
        CHECK(bide_elapsed(start).ns >= (100 + 10 * i) * 1000);
    }
    CHECK_EQ(bide_test_failed("epoll_pwait2"), 1);
}

TEST(a_cancelled_sleep_leaves_no_timer)
{
    bide_test_time_virtual();
    bide_instant start = bide_now();
    void *h = spawn_nap('x', BIDE_S(100));
    CHECK_EQ(bide_sleep(BIDE_S(1)), 0);
    bide__task_abort(h);
    CHECK_EQ(bide_sleep(BIDE_S(1)), 0);
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_release(h);
    CHECK_EQ(written, 0);
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(2000000000));
}

TEST(the_virtual_clock_can_be_advanced)
{
    bide_test_time_virtual();
    bide_instant start = bide_now();
    bide_test_time_advance(BIDE_S(7));
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(7000000000));
}

TEST(sums_of_times_do_not_overflow)
{
    bide_instant far = {INT64_MAX - 1}, past = {INT64_MIN + 1};
    CHECK_EQ(bide_instant_add(far, BIDE_S(1)).ns, INT64_MAX);
    CHECK_EQ(bide_instant_add(past, BIDE_S(-1)).ns, INT64_MIN);
    CHECK_EQ(bide_instant_sub(far, past).ns, INT64_MAX);
    CHECK_EQ(bide_instant_sub(past, far).ns, INT64_MIN);
    CHECK_EQ(bide__deadline(BIDE_NS(INT64_MAX)), INT64_MAX);
}
