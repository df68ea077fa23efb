/*
 * Cancellation as unwinding: one chain, with hand-written frames in the shape of generated code. A
 * request reaches only suspended leaves; deferred blocks may await, and are shielded, however they
 * are entered.
 */
#include "tests/core/sim.h"

/* ---- async int worker(int id, int n)
 * {
 *     char *buf = malloc(10);
 *     defer { await sleep(5); outer_cleaned++; free(buf); }
 *     for (int i = 0; i < n; i++) {
 *         defer { shielded = await sleep(1); inner_cleaned++; }
 *         await sleep(3);
 *         ticks++;
 *     }
 *     after_loop++;
 *     return id;
 * }
 */

static int ticks, inner_cleaned, outer_cleaned, after_loop, shielded;

struct worker_args {
    int id, n;
};

struct worker {
    struct bide_frame h;
    int id, n, i, slot;
    char *buf;
};

static const struct bide_fn worker_fn;

static enum bide_poll worker_suspend(struct worker *f, uint32_t state, char *buf)
{
    f->h.state = state;
    f->buf = buf;
    return BIDE_PENDING;
}

static enum bide_poll worker_run(struct bide_cx *cx, struct worker *f)
{
    int id = f->id, n = f->n, i = f->i;
    char *buf = f->buf;

    switch (f->h.state & ~(uint32_t)BIDE_SHIELDED) {
    case 0: break;
    case 1:
        if (bide__unwinding(cx))
            goto unwind_inner;
        goto resume_1;
    case 2: goto resume_2; /* inner defer, leaving */
    case 3: goto resume_3; /* inner defer, unwinding */
    case 4: goto resume_4; /* outer defer, leaving */
    case 5: goto resume_5; /* outer defer, unwinding */
    }
    buf = malloc(10);
    for (i = 0; i < n; i++) {
        if (sim_sleep_start(cx, &f->h, &f->slot, 3) == BIDE_PENDING) {
            f->i = i;
            return worker_suspend(f, 1, buf);
        }
resume_1:
        ticks++;
        bide__shield(cx);
        if (sim_sleep_start(cx, &f->h, &f->slot, 1) == BIDE_PENDING) {
            f->i = i;
            return worker_suspend(f, 2 | BIDE_SHIELDED, buf);
        }
resume_2:
        shielded = f->slot;
        inner_cleaned++;
        bide__unshield(cx);
    }
    after_loop++;
    *(int *)bide_frame_result(cx, &f->h) = id;
    bide__shield(cx);
    if (sim_sleep_start(cx, &f->h, &f->slot, 5) == BIDE_PENDING)
        return worker_suspend(f, 4 | BIDE_SHIELDED, buf);
resume_4:
    outer_cleaned++;
    free(buf);
    bide__unshield(cx);
    return bide_frame_finish(cx, &f->h);

unwind_inner:
    bide__shield(cx);
    if (sim_sleep_start(cx, &f->h, &f->slot, 1) == BIDE_PENDING)
        return worker_suspend(f, 3 | BIDE_SHIELDED, buf);
resume_3:
    shielded = f->slot;
    inner_cleaned++;
    bide__unshield(cx);
    bide__shield(cx);
    if (sim_sleep_start(cx, &f->h, &f->slot, 5) == BIDE_PENDING)
        return worker_suspend(f, 5 | BIDE_SHIELDED, buf);
resume_5:
    outer_cleaned++;
    free(buf);
    bide__unshield(cx);
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll worker_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct worker *f = (struct worker *)h;
    if (h->state == 0) {
        struct worker_args *args = bide__args(cx, h);
        int id = args->id, n = args->n;
        f->id = id;
        f->n = n;
    }
    return worker_run(cx, f);
}

static uint32_t worker_need;
static const struct bide_callee worker_callees[] = {{&sim_sleep_fn, 0}};
static const struct bide_fn_info worker_info = {
    .name = "worker", .need = &worker_need, .callees = worker_callees, .callee_count = 1};

static const struct bide_fn worker_fn = {.poll = worker_poll,
                                         .info = &worker_info,
                                         .frame_size = sizeof(struct worker),
                                         .args_size = sizeof(struct worker_args),
                                         .result_size = sizeof(int),
                                         .frame_align_log2 = 3,
                                         .args_align_log2 = 2,
                                         .flags = BIDE_FN_UNWINDS | BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static int result;

static void begin_worker(int id, int n)
{
    ticks = inner_cleaned = outer_cleaned = after_loop = shielded = 0;
    result = -1;
    struct worker_args *args = sim_begin(&worker_fn, &result);
    *args = (struct worker_args){id, n};
}

/* Makes a request before the k-th poll (from 1; 0: never) and a forced one before the j-th. The
 * world goes on meanwhile. */
static int run_worker(int k, int j)
{
    enum bide_poll poll = BIDE_PENDING;
    for (int turn = 1; poll == BIDE_PENDING; turn++) {
        if (turn == k)
            bide_chain_cancel(&sim.chain, -ECANCELED, false);
        if (turn == j)
            bide_chain_cancel(&sim.chain, -ETIMEDOUT, true);
        poll = sim_turn();
        if (poll == BIDE_PENDING && !sim.ready && turn + 1 != k && turn + 1 != j)
            CHECK(sim_advance());
    }
    int error = sim_end();
    CHECK_EQ(outer_cleaned, 1);
    CHECK(inner_cleaned == ticks || inner_cleaned == ticks + 1);
    CHECK_EQ(after_loop, error == 0);
    CHECK_EQ(result, error == 0 ? 7 : error);
    return error;
}

TEST(deferred_blocks_await_on_the_normal_way_out)
{
    begin_worker(7, 2);
    CHECK_EQ(run_worker(0, 0), 0);
    CHECK_EQ(sim_now, 13);
    CHECK_EQ(ticks, 2);
    CHECK_EQ(inner_cleaned, 2);
    CHECK_EQ(shielded, 0);
}

TEST(cancelled_at_every_suspension)
{
    /* The poll before which the request comes, and then the virtual time at the end, and the
     * ticks. */
    static const int expected[][3] = {
        /* never begun: runs to its first suspension; then the two deferred blocks, of 1 and 5 */
        {1, 6, 0}, {2, 6, 0}, {3, 4 + 6, 1}, {4, 4 + 6, 1}, {5, 8 + 5, 2}, {6, 13, 2},
    };
    for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        begin_worker(7, 2);
        int k = expected[i][0], error = run_worker(k, 0);
        CHECK_EQ(error, k >= 5 ? 0 : -ECANCELED);
        CHECK_EQ(sim_now, expected[i][1]);
        CHECK_EQ(ticks, expected[i][2]);
        CHECK_EQ(shielded, 0);
    }
}

/* The request comes in the deferred block after the last await, so it never reaches a leaf. */
TEST(a_request_that_finds_no_leaf_is_without_effect)
{
    begin_worker(7, 1);
    CHECK_EQ(run_worker(4, 0), 0);
    CHECK(sim.chain.flags & BIDE_CHAIN_CANCEL);
}

TEST(forced_at_every_suspension_after_any_request)
{
    for (int k = 0; k <= 7; k++)
        for (int j = 1; j <= 9; j++) {
            begin_worker(7, 2);
            int error = run_worker(k, j);
            CHECK(error == 0 || error == (k != 0 && k <= j ? -ECANCELED : -ETIMEDOUT));
            CHECK(shielded == 0 || shielded == (k != 0 && k <= j ? -ECANCELED : -ETIMEDOUT));
        }
}

TEST(a_forced_request_cuts_a_deferred_block_short)
{
    begin_worker(7, 1);
    CHECK_EQ(sim_turn(), BIDE_PENDING); /* sleep(3) */
    sim_advance();
    CHECK_EQ(sim_turn(), BIDE_PENDING); /* sleep(1), shielded */
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn_with(0), BIDE_PENDING);
    CHECK_EQ(inner_cleaned, 0);
    bide_chain_cancel(&sim.chain, -ETIMEDOUT, true);
    CHECK_EQ(sim_turn_with(0), BIDE_READY); /* and so is the outer one */
    CHECK_EQ(shielded, -ECANCELED);         /* the first reason counts */
    CHECK_EQ(inner_cleaned, 1);
    CHECK_EQ(outer_cleaned, 1);
    CHECK_EQ(after_loop, 1); /* the loop was over: outside the blocks no await saw the request */
    CHECK_EQ(sim_now, 3);
    CHECK_EQ(sim_end(), 0);
}

TEST(the_reason_is_any_errno)
{
    begin_worker(7, 2);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ETIMEDOUT, false);
    bide_chain_cancel(&sim.chain, -EPIPE, false);
    sim_run();
    CHECK_EQ(sim_end(), -ETIMEDOUT);
    CHECK_EQ(result, -ETIMEDOUT);
}

/* ---- async int taker(void)
 * {
 *     got = await recv(&boxes[0]);
 *     await recv(&boxes[1]);
 *     return got;
 * }
 */

static struct sim_box boxes[2];
static struct sim_op_state op;
static long got;

struct taker {
    struct bide_frame h;
    int slot;
    long op_slot;
};

static enum bide_poll taker_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct taker *f = (struct taker *)h;

    switch (h->state) {
    case 0: break;
    case 1: goto resume_1;
    case 2: goto resume_2;
    }
    if (sim_recv_start(cx, h, &f->slot, &boxes[0]) == BIDE_PENDING) {
        h->state = 1;
        return BIDE_PENDING;
    }
resume_1:
    got = f->slot;
    if (sim_recv_start(cx, h, &f->slot, &boxes[1]) == BIDE_PENDING) {
        h->state = 2;
        return BIDE_PENDING;
    }
resume_2:
    *(int *)bide_frame_result(cx, h) = (int)got;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn taker_fn = {.poll = taker_poll,
                                        .frame_size = sizeof(struct taker),
                                        .result_size = sizeof(int),
                                        .frame_align_log2 = 3,
                                        .flags = BIDE_FN_RESULT_SIGNED,
                                        .version = BIDE_FN_VERSION};

TEST(a_message_handed_over_before_the_request_is_not_lost)
{
    got = -1;
    sim_begin_in(&taker_fn, 256, &result);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    sim_send(&boxes[0], 42);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(got, 42);
    CHECK_EQ(sim_end(), -ECANCELED);
}

TEST(a_message_sent_after_the_request_stays_where_it_is)
{
    got = -1;
    sim_begin_in(&taker_fn, 256, &result);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_READY);
    sim_send(&boxes[0], 42);
    CHECK_EQ(got, -1);
    CHECK(boxes[0].full);
    CHECK_EQ(sim_end(), -ECANCELED);
}

TEST(frames_with_nothing_to_undo_are_only_popped)
{
    got = -1;
    sim_begin_in(&taker_fn, 256, &result);
    boxes[0] = (struct sim_box){.full = true, .value = 3};
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK_EQ(got, 3);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn_with(0), BIDE_READY);
    CHECK_EQ(sim_end(), -ECANCELED);
    CHECK_EQ(result, -ECANCELED);
}

/* ---- async int operate(void) { got = await op(&op); await sleep(1); return 0; } ---- */

static enum bide_poll operate_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct taker *f = (struct taker *)h;

    switch (h->state) {
    case 0: break;
    case 1: goto resume_1;
    case 2: goto resume_2;
    }
    if (sim_op_start(cx, h, &f->op_slot, &op) == BIDE_PENDING) {
        h->state = 1;
        return BIDE_PENDING;
    }
resume_1:
    got = f->op_slot;
    if (sim_sleep_start(cx, h, &f->slot, 1) == BIDE_PENDING) {
        h->state = 2;
        return BIDE_PENDING;
    }
resume_2:
    *(int *)bide_frame_result(cx, h) = 0;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn operate_fn = {.poll = operate_poll,
                                          .frame_size = sizeof(struct taker),
                                          .result_size = sizeof(int),
                                          .frame_align_log2 = 3,
                                          .flags = BIDE_FN_RESULT_SIGNED,
                                          .version = BIDE_FN_VERSION};

static void begin_operate(void)
{
    got = -1;
    op = (struct sim_op_state){.value = 5};
    sim_begin_in(&operate_fn, 256, &result);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn_with(0), BIDE_PENDING);
    CHECK_EQ(op.asked, 1);
    CHECK_EQ(op.polls, 1);
}

TEST(a_leaf_that_cannot_say_yet_is_asked_again_and_completes)
{
    begin_operate();
    CHECK_EQ(sim_turn_with(0), BIDE_PENDING); /* a spurious wake */
    CHECK_EQ(op.asked, 2);
    op.completed = true;
    CHECK_EQ(sim_turn_with(0), BIDE_READY);
    CHECK_EQ(op.asked, 3);
    CHECK_EQ(got, 5);
    CHECK_EQ(sim_end(), -ECANCELED); /* at the next suspension */
}

TEST(a_leaf_that_cannot_say_yet_is_asked_again_and_is_cancelled)
{
    begin_operate();
    op.refused = true;
    CHECK_EQ(sim_turn_with(0), BIDE_READY);
    CHECK_EQ(got, -1);
    CHECK_EQ(sim_end(), -ECANCELED);
}

/* ---- a leaf that has completed, but returns later since the budget is spent: sleep ---- */

TEST(a_completed_leaf_without_budget_suspends)
{
    begin_worker(7, 1);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance());
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    sim.budget = 0;
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim.ready); /* it woke itself */
    CHECK_EQ(ticks, 0);
    sim.budget = 10;
    sim_run();
    CHECK_EQ(ticks, 1); /* the request came too late for that sleep, and for all later ones */
    CHECK_EQ(sim_end(), 0);
}

/* ---- a leaf without a cancel function: the request waits ---- */

static enum bide_poll deaf_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (sim_now < 10)
        return bide_frame_suspend(cx, h);
    *(int *)bide_frame_result(cx, h) = 1;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn deaf_fn = {.poll = deaf_poll,
                                       .frame_size = sizeof(struct bide_frame),
                                       .result_size = sizeof(int),
                                       .frame_align_log2 = 3,
                                       .version = BIDE_FN_VERSION};

TEST(a_leaf_that_cannot_be_cancelled_runs_on)
{
    sim_begin_in(&deaf_fn, 64, &result);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, true);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    sim_now = 10;
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(result, 1);
}

/* ---- a function that goes on awaiting while it is unwound, without a shield:
 * async int stubborn(void) { await sleep(9); again: await sleep(1); } ---- */

static enum bide_poll stubborn_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct taker *f = (struct taker *)h;

    if (h->state < 2) {
        h->state++;
        if (sim_sleep_start(cx, h, &f->slot, h->state == 1 ? 9 : 1) == BIDE_PENDING)
            return BIDE_PENDING;
    }
    got = f->slot;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn stubborn_fn = {.poll = stubborn_poll,
                                           .frame_size = sizeof(struct taker),
                                           .result_size = sizeof(int),
                                           .frame_align_log2 = 3,
                                           .flags = BIDE_FN_RESULT_SIGNED | BIDE_FN_UNWINDS,
                                           .version = BIDE_FN_VERSION};

/* Such an await is not cancelled; its result is the error. */
TEST(an_await_while_its_level_unwinds)
{
    for (int fail = 0; fail < 2; fail++) {
        sim_begin_in(&stubborn_fn, 256, &result);
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        bide_chain_cancel(&sim.chain, -ECANCELED, true);
        if (fail) { /* and a lack of memory does not change the reason */
            sim_end_room((char *)sim.chain.leaf);
            sim.turn.memory = NULL;
        }
        sim_run();
        CHECK_EQ(got, fail ? -ENOMEM : -ECANCELED);
        CHECK_EQ(sim_now, fail ? 0 : 1);
        CHECK_EQ(sim_end(), -ECANCELED);
    }
}

/*
 * ---- nested deferred blocks:
 * async int nest(int levels)
 * {
 *     defer { block(levels - 1); }    // awaits nest(levels - 1), or sleep(1)
 *     await sleep(1);
 *     left++;
 *     return 1;
 * }
 * Each frame counts how its deferred block ended: with a result of 1, or an error.
 */
static int nest_left, nest_fine, nest_failed, nest_error;

struct nest {
    struct bide_frame h;
    int levels, slot;
};

static const struct bide_fn nest_fn;

static enum bide_poll nest_start(struct bide_cx *cx, struct bide_frame *parent, int *slot,
                                 int levels);

static enum bide_poll nest_run(struct bide_cx *cx, struct nest *f)
{
    bool leaving;

    switch (f->h.state & ~(uint32_t)BIDE_SHIELDED) {
    case 0: break;
    case 1: goto resume_1;
    case 2: leaving = true; goto resume_block;
    case 3: leaving = false; goto resume_block;
    }
    if (sim_sleep_start(cx, &f->h, &f->slot, 1) == BIDE_PENDING) {
        f->h.state = 1;
        return BIDE_PENDING;
    }
resume_1:
    leaving = !bide__unwinding(cx);
    nest_left += leaving;
    bide__shield(cx);
    enum bide_poll poll = f->levels > 1 ? nest_start(cx, &f->h, &f->slot, f->levels - 1)
                                        : sim_sleep_start(cx, &f->h, &f->slot, 1);
    if (poll == BIDE_PENDING) {
        f->h.state = (leaving ? 2u : 3u) | BIDE_SHIELDED;
        return BIDE_PENDING;
    }
resume_block:
    bide__unshield(cx);
    if (f->slot == (f->levels > 1))
        nest_fine++;
    else
        nest_failed++, nest_error = f->slot;
    int *slot = bide_frame_result(cx, &f->h);
    if (leaving)
        *slot = 1;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll nest_start(struct bide_cx *cx, struct bide_frame *parent, int *slot,
                                 int levels)
{
    struct nest *f = bide_frame_push(cx, sizeof(*f), &nest_fn, parent, slot);
    if (f == NULL)
        return BIDE_PENDING;
    f->levels = levels;
    return nest_run(cx, f);
}

static enum bide_poll nest_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct nest *f = (struct nest *)h;
    if (h->state == 0)
        f->levels = *(int *)bide__args(cx, h);
    return nest_run(cx, f);
}

static const struct bide_fn nest_fn = {.poll = nest_poll,
                                       .frame_size = sizeof(struct nest),
                                       .args_size = sizeof(int),
                                       .result_size = sizeof(int),
                                       .frame_align_log2 = 3,
                                       .args_align_log2 = 2,
                                       .flags = BIDE_FN_UNWINDS | BIDE_FN_RESULT_SIGNED,
                                       .version = BIDE_FN_VERSION};

static void begin_nest(int levels)
{
    nest_left = nest_fine = nest_failed = nest_error = 0;
    *(int *)sim_begin_in(&nest_fn, 4096, &result) = levels;
}

TEST(nested_deferred_blocks_end_normally)
{
    begin_nest(40);
    sim_run();
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(nest_left, 40);
    CHECK_EQ(nest_fine, 40);
}

TEST(nested_deferred_blocks_are_shielded_from_a_plain_request)
{
    begin_nest(40);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    sim_run();
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(nest_fine, 40);
}

/* A forced request ends the innermost await. The frames above the innermost deferred block are
 * unwound; that block sees an error and goes on. */
TEST(a_forced_request_unwinds_to_the_innermost_deferred_block)
{
    for (int levels = 1; levels <= 40; levels++)
        for (int turns = 1; turns <= levels + 1; turns++) {
            begin_nest(levels);
            for (int i = 0; i < turns; i++) {
                CHECK_EQ(sim_turn(), BIDE_PENDING);
                if (i + 1 < turns)
                    CHECK(sim_advance());
            }
            CHECK_EQ(sim.chain.shield, turns - 1);
            bide_chain_cancel(&sim.chain, -ECANCELED, true);
            sim_run();
            CHECK_EQ(sim_end(), turns == 1 ? -ECANCELED : 0);
            CHECK_EQ(nest_fine + nest_failed, levels);
            /* From then on every await in a block ends at once. */
            CHECK_EQ(sim_now, turns - 1);
            CHECK(nest_failed >= 1);
            CHECK_EQ(nest_error, -ECANCELED);
        }
}
