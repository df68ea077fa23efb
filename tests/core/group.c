/*
 * Join, try_join and select: values, losers, requests, branch ids, which branches are polled.
 */
#include "tests/core/script.h"

/* Runs `func` as a task; returns the time it took. */
static long run(struct func *func)
{
    script_begin(func);
    sim_run();
    script_check(func);
    return sim_now;
}

TEST(join_waits_for_all)
{
    struct func a = {.body = {SLEEP(3)}, .value = 10}, b = {.body = {SLEEP(1)}, .value = 20};
    struct func c = {.value = 30};
    struct func f = {.body = {JOIN(&a, &b, &c)}, .value = 1};

    CHECK_EQ(run(&f), 3);
    CHECK_EQ(script_end(), 0);
    CHECK_EQ(script_result, 1);
    CHECK_EQ(f.group.branch_done, 7);
    CHECK_EQ(f.group.value, 0);
    CHECK_EQ(f.slots[0], 10);
    CHECK_EQ(f.slots[1], 20);
    CHECK_EQ(f.slots[2], 30);
}

TEST(join_of_ready_branches_is_ready)
{
    struct func a = {.value = 10}, b = {.value = 20};
    struct func f = {.body = {JOIN(&a, &b), JOIN(&b)}, .value = 1};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(f.slots[0], 20);
    CHECK_EQ(b.returned, 2);
    CHECK_EQ(script_end(), 0);
}

TEST(select_takes_the_first_and_its_losers_are_gone)
{
    struct func slow = {.body = {DEFER_SLEEP(4), SLEEP(100)}, .value = 1};
    struct func fast = {.body = {SLEEP(3)}, .value = 2};
    struct func f = {.body = {SELECT(&slow, &fast)}, .value = 7};

    CHECK_EQ(run(&f), 7); /* the winner waits for the loser's deferred block */
    CHECK_EQ(script_end(), 0);
    CHECK_EQ(f.group.value, 1);
    CHECK_EQ(f.group.branch_done, 2);
    CHECK_EQ(f.slots[1], 2);
    CHECK_EQ(slow.unwound, 1);
    CHECK_EQ(slow.cleaned, 1);
    CHECK_EQ(fast.ended_at, 3);
    CHECK_EQ(f.slots[0], -ECANCELED);
}

TEST(select_ready_at_its_start_never_begins_the_others)
{
    struct func a = {.value = 1}, b = {.value = 2};
    struct func f = {.body = {SELECT_BIASED(&a, &b)}};

    CHECK_EQ(run(&f), 0);
    CHECK_EQ(f.group.value, 0);
    CHECK_EQ(b.begun, 0);
    CHECK_EQ(script_end(), 0);

    struct func sleeps = {.body = {DEFER_SLEEP(2), SLEEP(9)}};
    struct func g = {.body = {SELECT_BIASED(&sleeps, &a, &b)}};
    CHECK_EQ(run(&g), 2);
    CHECK_EQ(g.group.value, 1);
    CHECK_EQ(sleeps.unwound, 1);
    CHECK_EQ(b.begun, 0);
    CHECK_EQ(script_end(), 0);
}

TEST(select_starts_at_random_and_biased_in_order)
{
    int won[3] = {0, 0, 0};

    for (uint32_t seed = 0; seed < 300; seed++) {
        struct func a = {.value = 1};
        struct func f = {.body = {SELECT(&a, &a, &a)}};
        script_begin(&f);
        sim.turn.seed = seed * 2654435761u;
        sim_run();
        CHECK_EQ(script_end(), 0);
        CHECK_EQ(a.begun, 1);
        won[f.group.value]++;
    }
    for (int i = 0; i < 3; i++)
        CHECK(won[i] > 60 && won[i] < 140);
    for (uint32_t seed = 0; seed < 10; seed++) {
        struct func a = {.body = {SLEEP(1)}};
        struct func f = {.body = {SELECT_BIASED(&a, &a, &a)}};
        script_begin(&f);
        sim.turn.seed = seed * 2654435761u;
        sim_run();
        CHECK_EQ(script_end(), 0);
        CHECK_EQ(f.group.value, 0);
    }
}

TEST(a_select_in_a_loop_is_fair)
{
    int won[2] = {0, 0};
    struct func a = {.body = {SLEEP(1)}}, b = {.body = {SLEEP(1)}};
    uint32_t seed = 1;

    for (int i = 0; i < 200; i++) { /* both are woken at once; the polling order decides */
        struct func f = {.body = {SELECT(&a, &b)}};
        script_begin(&f);
        sim.turn.seed = seed;
        sim_run();
        seed = sim.turn.seed;
        won[f.group.value]++;
        CHECK_EQ(script_end(), 0);
    }
    CHECK(won[0] > 60 && won[1] > 60);
}

TEST(a_loser_that_completes_is_done_too)
{
    struct sim_box box = {0};
    struct func sleeps = {.body = {SLEEP(1)}, .value = 1};
    struct func receives = {.body = {RECV(&box)}, .returns_received = true};
    struct func f = {.body = {SELECT_BIASED(&sleeps, &receives)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance()); /* the sleep is over */
    sim_send(&box, 42);   /* and the message handed over, before either is polled */
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(f.group.value, 0);
    CHECK_EQ(f.group.branch_done, 3);
    CHECK_EQ(f.slots[1], 42);
    CHECK_EQ(script_end(), 0);
}

TEST(try_join_stops_at_the_first_error)
{
    struct func good = {.body = {SLEEP(1)}, .value = 5};
    struct func bad = {.body = {SLEEP(2)}, .value = -EPIPE};
    struct func slow = {.body = {DEFER_SLEEP(3), SLEEP(100)}, .value = -EIO};
    struct func f = {.body = {TRY_JOIN(&good, &slow, &bad)}};

    CHECK_EQ(run(&f), 5);
    CHECK_EQ(f.group.value, -EPIPE);
    CHECK_EQ(f.group.branch_done, 5);
    CHECK_EQ(f.slots[0], 5);
    CHECK_EQ(f.slots[2], -EPIPE);
    CHECK_EQ(slow.unwound, 1);
    CHECK_EQ(script_end(), 0);
}

TEST(try_join_that_fails_at_its_start_never_begins_the_others)
{
    struct func a = {.body = {SLEEP(1)}}, bad = {.value = -EPIPE};
    struct func f = {.body = {TRY_JOIN(&a, &bad, &a)}};

    CHECK_EQ(run(&f), 0);
    CHECK_EQ(f.group.value, -EPIPE);
    CHECK_EQ(a.begun, 1);
    CHECK_EQ(a.unwound, 1);
    CHECK_EQ(script_end(), 0);
}

TEST(try_join_without_error_is_a_join)
{
    struct func a = {.body = {SLEEP(1)}, .value = 5}, b = {.body = {SLEEP(2)}, .value = 0};
    struct func f = {.body = {TRY_JOIN(&a, &b)}};

    CHECK_EQ(run(&f), 2);
    CHECK_EQ(f.group.value, 0);
    CHECK_EQ(f.group.branch_done, 3);
    CHECK_EQ(script_end(), 0);
}

/* ---- results of every width ---- */

static enum bide_poll wide_poll(struct bide_cx *cx, struct bide_frame *h)
{
    int64_t value = INT64_MIN;
    void *result = bide_frame_result(cx, h);

    switch (h->fn->result_size) {
    case 1: *(int8_t *)result = -1; break;
    case 2: *(int16_t *)result = -300; break;
    case 4: *(int32_t *)result = -70000; break;
    case 8: memcpy(result, &value, 8); break;
    }
    return bide_frame_finish(cx, h);
}

#define WIDE(size, f)                                                                      \
    {                                                                                      \
        .poll = wide_poll, .frame_size = sizeof(struct bide_frame), .result_size = (size), \
        .frame_align_log2 = 3, .flags = (f), .version = BIDE_FN_VERSION                    \
    }

static const struct bide_fn wide[] = {WIDE(1, BIDE_FN_RESULT_SIGNED),
                                      WIDE(2, BIDE_FN_RESULT_SIGNED),
                                      WIDE(4, BIDE_FN_RESULT_SIGNED),
                                      WIDE(8, BIDE_FN_RESULT_SIGNED),
                                      WIDE(4, 0),
                                      WIDE(0, 0)};

struct wide_args {
    int from, to;
};

struct wide_join {
    struct bide_frame h;
    _Alignas(8) char slots[6][8];
    struct bide_group_result result;
};

static struct bide_group_result wide_result;

static enum bide_poll wide_join_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wide_join *f = (struct wide_join *)h;
    struct wide_args args = *(struct wide_args *)bide__args(cx, h);
    const struct bide_fn *fns[6];
    struct bide_cx sub;

    for (int i = args.from; i < args.to; i++)
        fns[i - args.from] = &wide[i];
    struct bide_group *g =
        bide__group_push(cx, BIDE_TRY_JOIN, (unsigned)(args.to - args.from), fns, h, &f->result);
    for (int i; (i = bide__group_next(g, cx, &sub)) >= 0;) {
        const struct bide_fn *fn = fns[i];
        struct bide_frame *leaf = bide_frame_push(&sub, sizeof(*leaf), fn, NULL, f->slots[i]);
        CHECK(leaf != NULL);
        bide__group_started(g, fn->poll(&sub, leaf));
    }
    CHECK_EQ(bide__group_run(cx, g), BIDE_READY);
    wide_result = f->result;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn wide_join_fn = {.poll = wide_join_poll,
                                            .frame_size = sizeof(struct wide_join),
                                            .args_size = sizeof(struct wide_args),
                                            .frame_align_log2 = 3,
                                            .args_align_log2 = 2,
                                            .version = BIDE_FN_VERSION};

TEST(try_join_reads_results_of_every_width)
{
    static const int32_t expected[] = {-1, -300, -70000, INT32_MIN, 0, 0};

    for (int i = 0; i < 6; i++) {
        *(struct wide_args *)sim_begin(&wide_join_fn, NULL) = (struct wide_args){i, i + 1};
        sim_run();
        CHECK_EQ(sim_end(), 0);
        CHECK_EQ(wide_result.value, expected[i]);
        CHECK_EQ(wide_result.branch_done, 1);
    }
    *(struct wide_args *)sim_begin(&wide_join_fn, NULL) = (struct wide_args){4, 6};
    sim_run();
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(wide_result.branch_done, 3);
}

TEST(fn_fail_fills_every_width)
{
    for (int i = 0; i < 6; i++) {
        union {
            int64_t all;
            int8_t of_1;
            int16_t of_2;
            int32_t of_4;
        } slot = {0x5555555555555555};
        bide_fn_fail(&wide[i], -ECANCELED, &slot);
        switch (i) {
        case 0: CHECK_EQ(slot.of_1, -ECANCELED); break;
        case 1: CHECK_EQ(slot.of_2, -ECANCELED); break;
        case 2: CHECK_EQ(slot.of_4, -ECANCELED); break;
        case 3: CHECK_EQ(slot.all, -ECANCELED); break;
        case 4: CHECK_EQ(slot.all, 0x5555555500000000); break;
        case 5: CHECK_EQ(slot.all, 0x5555555555555555); break;
        }
        bide_fn_fail(&wide[i], -ECANCELED, NULL);
    }
    int8_t small = 0; /* an errno too large for this type is still an error */
    bide_fn_fail(&wide[0], -133, &small);
    CHECK(small < 0);
}

/* ---- requests ---- */

TEST(a_request_reaches_every_branch)
{
    struct func a = {.body = {DEFER_SLEEP(2), SLEEP(9)}}, b = {.body = {DEFER_SLEEP(5), SLEEP(9)}};
    struct func f = {.body = {DEFER_SLEEP(1), JOIN(&a, &b)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ETIMEDOUT, false);
    sim_run();
    script_check(&a);
    script_check(&b);
    script_check(&f);
    CHECK_EQ(sim_now, 6); /* until all are gone, and only then the deferred block */
    CHECK_EQ(f.group.value, -ETIMEDOUT);
    CHECK_EQ(f.group.branch_done, 0);
    CHECK_EQ(f.slots[0], 0);
    CHECK_EQ(script_end(), -ETIMEDOUT);
}

TEST(branches_that_returned_before_the_request_are_done)
{
    struct func a = {.body = {SLEEP(1)}, .value = 3}, b = {.body = {SLEEP(9)}};
    struct func f = {.body = {JOIN(&a, &b)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn_with(0), BIDE_READY);
    CHECK_EQ(f.group.branch_done, 1);
    CHECK_EQ(script_end(), -ECANCELED);
}

/* The request reaches a group that has already finished: it completes and the function goes on. */
TEST(a_request_that_comes_too_late_for_a_group)
{
    for (int kind = BIDE_JOIN; kind <= BIDE_SELECT_BIASED; kind++) {
        struct sim_box box = {0};
        struct func a = {.body = {RECV(&box)}, .returns_received = true};
        struct func *branches[] = {&a, NULL};
        struct func f = {.body = {{.kind = GROUPS, .branches = branches}, SLEEP(1)}};
        f.body[0].group = (enum bide_group_kind)kind;
        script_begin(&f);
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        sim_send(&box, kind == BIDE_TRY_JOIN ? -EPIPE : 8);
        bide_chain_cancel(&sim.chain, -ECANCELED, false);
        CHECK_EQ(sim_turn(), BIDE_READY);
        CHECK_EQ(f.slots[0], kind == BIDE_TRY_JOIN ? -EPIPE : 8);
        CHECK_EQ(f.group.branch_done, 1);
        CHECK_EQ(f.group.value, kind == BIDE_TRY_JOIN ? -EPIPE : 0);
        CHECK_EQ(f.unwound, 1); /* by the request, at the sleep */
        CHECK_EQ(script_end(), -ECANCELED);
    }
}

TEST(a_request_while_a_select_waits_for_its_losers)
{
    struct func slow = {.body = {DEFER_SLEEP(4), SLEEP(100)}};
    struct func fast = {.body = {SLEEP(3)}, .value = 2};
    struct func f = {.body = {SELECT(&slow, &fast), SLEEP(50)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING); /* decided; the loser cleans up */
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    sim_run();
    CHECK_EQ(sim_now, 7);
    CHECK_EQ(f.group.value, 1); /* it had a winner: completed */
    CHECK_EQ(f.group.branch_done, 2);
    CHECK_EQ(script_end(), -ECANCELED);
}

TEST(a_forced_request_while_a_select_waits_for_its_losers)
{
    struct func slow = {.body = {DEFER_SLEEP(40), SLEEP(100)}};
    struct func fast = {.body = {SLEEP(3)}, .value = 2};
    struct func f = {.body = {DEFER_SLEEP(1), SELECT(&slow, &fast), SLEEP(50)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, true);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(sim_now, 3);
    CHECK_EQ(slow.shielded_error, -ECANCELED);
    CHECK_EQ(slow.cleaned, 1);
    CHECK_EQ(f.group.value, 1);
    CHECK_EQ(f.shielded_error, -ECANCELED);
    CHECK_EQ(script_end(), -ECANCELED);
}

TEST(a_group_waits_while_a_branch_cannot_say)
{
    struct sim_op_state op = {.value = 4};
    struct func works = {.body = {OPERATE(&op)}, .value = 1}, sleeps = {.body = {SLEEP(2)}};
    struct func f = {.body = {SELECT(&works, &sleeps)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK_EQ(op.asked, 1);
    CHECK_EQ(sim_turn_with(1), BIDE_PENDING); /* the branch was not woken, so it is not asked
                                                 again */
    CHECK_EQ(op.asked, 1);
    op.completed = true;
    bide_waker_wake_by_ref(op.waker);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(f.group.value, 1);
    CHECK_EQ(f.group.branch_done, 3); /* the operation had happened */
    CHECK_EQ(script_end(), 0);
}

TEST(a_cancelled_group_asks_a_branch_again_when_it_is_woken)
{
    struct sim_op_state op[2] = {{.value = 4}, {.value = 5}};
    struct func a = {.body = {OPERATE(&op[0])}}, b = {.body = {OPERATE(&op[1])}};
    struct func f = {.body = {JOIN(&a, &b)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(sim_turn_with(1), BIDE_PENDING);
        CHECK_EQ(op[0].asked + op[1].asked, 2);
    }
    bide_waker_wake_by_ref(op[1].waker);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK_EQ(op[0].asked, 1);
    CHECK_EQ(op[1].asked, 2);
    bide_chain_cancel(&sim.chain, -ECANCELED, true); /* asks all once more */
    CHECK_EQ(sim_turn_with(0), BIDE_PENDING);
    CHECK_EQ(op[0].asked, 2);
    CHECK_EQ(op[1].asked, 3);
    op[0].refused = op[1].completed = true;
    CHECK_EQ(sim_turn_with(UINT32_MAX), BIDE_READY);
    CHECK_EQ(f.group.branch_done, 2);
    CHECK_EQ(script_end(), -ECANCELED);
}

TEST(a_shielded_group_hears_only_of_forced_requests)
{
    struct func a = {.body = {SLEEP(7)}}, b = {.body = {DEFER_SLEEP(1), SLEEP(8)}};
    struct func f = {.body = {DEFER_GROUP(BIDE_JOIN, &a, &b)}, .value = 6};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    sim_run();
    CHECK_EQ(sim_now, 9);
    CHECK_EQ(a.returned, 1);
    CHECK_EQ(script_end(), 0);

    struct func c = {.body = {SLEEP(7)}}, d = {.body = {DEFER_SLEEP(1), SLEEP(8)}};
    struct func g = {.body = {DEFER_GROUP(BIDE_JOIN, &c, &d)}, .value = 6};
    script_begin(&g);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, true);
    CHECK_EQ(sim_turn_with(0), BIDE_READY);
    CHECK_EQ(c.unwound, 1);
    CHECK_EQ(d.unwound, 1);
    CHECK_EQ(d.cleaned, 1);
    CHECK_EQ(g.shielded_error, -ECANCELED);
    CHECK_EQ(g.group.branch_done, 0);
    CHECK_EQ(script_end(), 0);
    CHECK_EQ(script_result, 6);
}

TEST(a_join_cancelled_at_every_turn_is_clean)
{
    for (int k = 1; k < 12; k++)
        for (int force = 0; force < 2; force++) {
            struct func a = {.body = {DEFER_SLEEP(1), SLEEP(1), SLEEP(2)}};
            struct func b = {.body = {SLEEP(1), SELECT(&a, &a), SLEEP(1), DEFER_SLEEP(2)}};
            struct func f = {.body = {DEFER_CALL(&a), JOIN(&a, &b), TRY_JOIN(&b, &a)}};
            script_begin(&f);
            enum bide_poll poll = BIDE_PENDING;
            for (int turn = 1; poll == BIDE_PENDING; turn++) {
                if (turn == k)
                    bide_chain_cancel(&sim.chain, -ECANCELED, force);
                poll = sim_turn();
                if (poll == BIDE_PENDING && !sim.ready && turn + 1 != k)
                    CHECK(sim_advance());
            }
            script_check(&a);
            script_check(&b);
            script_check(&f);
            CHECK_EQ(f.cleaned, 1);
            int error = script_end();
            CHECK(error == 0 || error == -ECANCELED);
        }
}

/* ---- wakes and ids ---- */

TEST(only_woken_branches_are_polled)
{
    struct sim_op_state op[5] = {{.value = 1}};
    struct func inner[3] = {
        {.body = {OPERATE(&op[0])}}, {.body = {OPERATE(&op[1])}}, {.body = {OPERATE(&op[2])}}};
    struct func branch = {.body = {JOIN(&inner[0], &inner[1], &inner[2])}};
    struct func other = {.body = {OPERATE(&op[3])}}, third = {.body = {OPERATE(&op[4])}};
    struct func f = {.body = {JOIN(&branch, &other, &third)}};

    script_begin(&f);
    CHECK_EQ(sim_turn_with(UINT32_MAX), BIDE_PENDING);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(op[i].polls, 1);
    CHECK_EQ(sim_turn_with(1), BIDE_PENDING); /* the task alone */
    for (int i = 0; i < 5; i++)
        CHECK_EQ(op[i].polls, 1);
    for (int i = 0; i < 5; i++) {
        bide_waker_wake_by_ref(op[i].waker);
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        for (int j = 0; j < 5; j++)
            CHECK_EQ(op[j].polls, j <= i ? 2 : 1);
    }
    CHECK_EQ(sim_turn_with(UINT32_MAX), BIDE_PENDING);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(op[i].polls, 3);
        op[i].completed = true;
        bide_waker_wake_by_ref(op[i].waker);
    }
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(script_end(), 0);
}

TEST(a_late_wake_is_spurious)
{
    struct sim_op_state first = {.completed = false}, second = {.completed = false};
    struct func a = {.body = {OPERATE(&first)}}, b = {.body = {OPERATE(&second)}};
    struct func f = {.body = {JOIN(&a), JOIN(&b), SLEEP(1)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_waker late = first.waker;
    first.completed = true;
    bide_waker_wake_by_ref(late);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK_EQ(second.waker.bits, late.bits); /* the id was used again */
    bide_waker_wake_by_ref(late);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK_EQ(second.polls, 2);
    second.completed = true;
    bide_waker_wake_by_ref(second.waker);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_waker_wake_by_ref(late); /* no branch has it any more */
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    sim_run();
    CHECK_EQ(script_end(), 0);
}

/* 6 + 6 * 6 branches need ids, so some of them share the last. A fork needs fewer of them. They are
 * woken in random order. */
TEST(more_branches_than_ids)
{
    enum { N = 6 };
    struct sim_op_state op[N][N];
    struct func leaf[N][N], branch[N], *lists[N][N + 1], *all[N + 1];

    for (int order = 0; order < 5; order++) {
        memset(op, 0, sizeof(op));
        memset(leaf, 0, sizeof(leaf));
        memset(branch, 0, sizeof(branch));
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                leaf[i][j] = (struct func){.body = {OPERATE(&op[i][j])}};
                lists[i][j] = &leaf[i][j];
            }
            lists[i][N] = NULL;
            branch[i] = (struct func){.body = {{.kind = GROUPS, .branches = lists[i]}}};
            all[i] = &branch[i];
        }
        all[N] = NULL;
        struct func f = {.body = {{.kind = GROUPS, .branches = all}}};
        script_begin(&f);
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        CHECK_EQ(sim.w.branches, 0x7ffffffc);
        unsigned shared = 0;
        for (int k = 0; k < N * N; k++) {
            int at = (k * 7 + order * 5) % (N * N);
            struct sim_op_state *o = &op[at / N][at % N];
            shared += bide_waker_branch(o->waker) == 31;
            o->completed = true;
            bide_waker_wake_by_ref(o->waker);
            CHECK_EQ(sim_turn(), k == N * N - 1 ? BIDE_READY : BIDE_PENDING);
            CHECK_EQ(leaf[at / N][at % N].returned, 1);
        }
        CHECK(shared >= 5);
        CHECK_EQ(script_end(), 0);
        CHECK_EQ(f.returned, 1);
    }
}

TEST(a_group_of_32)
{
    struct func leaf[32], *all[33];
    struct func f = {.body = {{.kind = GROUPS, .branches = all}}};

    for (int i = 0; i < 32; i++) {
        leaf[i] = (struct func){.body = {SLEEP(i % 5)}, .value = i};
        all[i] = &leaf[i];
    }
    all[32] = NULL;
    CHECK_EQ(run(&f), 4);
    CHECK_EQ(f.group.branch_done, UINT32_MAX);
    for (int i = 0; i < 32; i++)
        CHECK_EQ(f.slots[i], i);
    CHECK_EQ(script_end(), 0);
}

/* ---- branches that are left out ---- */

TEST(a_join_does_not_wait_for_what_is_left_out)
{
    struct func a = {.body = {SLEEP(3)}, .value = 10}, b = {.body = {SLEEP(9)}, .value = -20};
    for (enum bide_group_kind kind = BIDE_JOIN; kind <= BIDE_TRY_JOIN; kind++) {
        struct func f = {.body = {GROUP_WITHOUT(2, kind, &a, &b, &a)}, .value = 1};
        CHECK_EQ(run(&f), 3);
        CHECK_EQ(script_end(), 0);
        CHECK_EQ(f.group.branch_done, 5);
        CHECK_EQ(f.group.value, 0);
        struct func none = {.body = {GROUP_WITHOUT(7, kind, &a, &b, &a)}, .value = 1};
        CHECK_EQ(run(&none), 0);
        CHECK_EQ(none.group.branch_done, 0);
        CHECK_EQ(none.group.value, 0);
        CHECK_EQ(script_end(), 0);
    }
    CHECK_EQ(b.begun, 0);
}

TEST(a_select_of_nothing_is_over_at_once)
{
    struct func a = {.body = {SLEEP(3)}, .value = 10};
    for (enum bide_group_kind kind = BIDE_SELECT; kind <= BIDE_SELECT_BIASED; kind++) {
        struct func f = {.body = {GROUP_WITHOUT(3, kind, &a, &a)}, .value = 1};
        CHECK_EQ(run(&f), 0);
        CHECK_EQ(script_end(), 0);
        CHECK_EQ(f.group.value, -ENOENT);
        CHECK_EQ(f.group.branch_done, 0);
        struct func one = {.body = {GROUP_WITHOUT(1, kind, &a, &a)}, .value = 1};
        CHECK_EQ(run(&one), 3);
        CHECK_EQ(one.group.value, 1);
        CHECK_EQ(script_end(), 0);
    }
    CHECK_EQ(a.begun, 2);
}

TEST(a_select_starts_at_random_among_those_that_take_part)
{
    int won[8] = {0};

    for (uint32_t seed = 0; seed < 300; seed++) {
        struct func a = {.value = 1};
        struct func f = {
            .body = {GROUP_WITHOUT(0x6d, BIDE_SELECT, &a, &a, &a, &a, &a, &a, &a, &a)}};
        script_begin(&f);
        sim.turn.seed = seed * 2654435761u;
        sim_run();
        CHECK_EQ(script_end(), 0);
        CHECK_EQ(a.begun, 1);
        won[f.group.value]++;
    }
    for (int i = 0; i < 8; i++)
        CHECK(0x6d >> i & 1 ? won[i] == 0 : won[i] > 60 && won[i] < 140);
}

/* A request to cancel at the moment when all branches that take part have returned. */
TEST(a_request_too_late_for_a_join_without_all)
{
    struct sim_box box = {0};
    struct func a = {.body = {RECV(&box)}, .returns_received = true}, b = {.value = 20};
    struct func f = {.body = {GROUP_WITHOUT(1, BIDE_JOIN, &b, &a), SLEEP(1)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    sim_send(&box, 8);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(f.group.branch_done, 2);
    CHECK_EQ(f.group.value, 0);
    CHECK_EQ(f.slots[1], 8);
    CHECK_EQ(b.begun, 0);
    CHECK_EQ(script_end(), -ECANCELED);
}

TEST(the_value_of_a_timeout)
{
    struct func a = {.body = {SLEEP(3)}, .value = 10}, clock = {.body = {SLEEP(5)}};
    struct func late = {.body = {DEFER_SLEEP(1), SLEEP(9)}, .value = 20};
    struct func f = {.body = {GROUP(BIDE_TIMEOUT, &a, &clock)}};
    struct func g = {.body = {GROUP(BIDE_TIMEOUT, &late, &clock)}};

    CHECK_EQ(run(&f), 3);
    CHECK_EQ(script_end(), 0);
    CHECK_EQ(f.group.value, 0);
    CHECK_EQ(run(&g), 6);
    CHECK_EQ(g.group.value, -ETIMEDOUT);
    CHECK_EQ(g.group.branch_done, 2);
    CHECK_EQ(script_end(), 0);
}

/* ---- budget ---- */

TEST(without_budget_a_group_goes_on_later)
{
    struct func a = {.body = {SLEEP(0), SLEEP(0)}}, b = {.body = {SLEEP(0)}};
    struct func f = {.body = {SELECT_BIASED(&a, &b)}};

    script_begin(&f);
    sim.budget = 0;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        CHECK(sim.ready);
    }
    sim.budget = 1;
    while (sim_turn() == BIDE_PENDING)
        CHECK(sim.ready);
    CHECK_EQ(script_end(), 0);
}

/* A branch that spends the whole budget of each turn does not starve the others. */
TEST(a_greedy_branch_does_not_starve_the_others)
{
    for (int kind = BIDE_JOIN; kind <= BIDE_SELECT; kind++) {
        struct func greedy = {.body = {SLEEP(0), SLEEP(0), SLEEP(0), SLEEP(0), SLEEP(0), SLEEP(0),
                                       SLEEP(0), SLEEP(0)}};
        struct func loop = {.body = {CALL(&greedy), CALL(&greedy), CALL(&greedy), CALL(&greedy)}};
        struct func small = {.body = {SLEEP(0)}, .value = 1};
        struct func *branches[] = {&loop, &small, NULL};
        struct func f = {.body = {{.kind = GROUPS, .branches = branches}}};
        f.body[0].group = (enum bide_group_kind)kind;
        script_begin(&f);
        sim.budget = 2;
        int turns = 0;
        enum bide_poll poll = BIDE_PENDING;
        while (poll == BIDE_PENDING && small.returned == 0) {
            poll = sim_turn();
            CHECK(++turns < 8);
        }
        if (poll == BIDE_PENDING) /* the loser may still have to return what it has completed */
            sim_run();
        CHECK_EQ(script_end(), 0);
    }
}

/* ---- dumps ---- */

TEST(the_branches_of_a_group_can_be_listed)
{
    struct func a = {.body = {SLEEP(1)}}, b = {.body = {SLEEP(2)}}, c = {.body = {SLEEP(3)}};
    struct func f = {.body = {JOIN(&a, &b, &c)}};
    unsigned index = 0;

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    struct bide_frame *group = sim.chain.leaf;
    for (unsigned i = 0; i < 3; i++, index++) {
        struct bide_chain *branch = bide_group_branch(group, &index);
        CHECK(branch != NULL);
        CHECK_EQ(index, i);
        CHECK(branch->leaf->fn == &sim_sleep_fn);
        CHECK(bide_group_branch(branch->leaf, &index) == NULL);
    }
    CHECK(bide_group_branch(group, &index) == NULL);
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    index = 0;
    CHECK(bide_group_branch(group, &index) != NULL);
    CHECK_EQ(index, 1);
    sim_run();
    CHECK_EQ(script_end(), 0);
}
