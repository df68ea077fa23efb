/*
 * Functions with BIDE_FN_CANCEL_RETURNS, written by hand in the shape of generated code. A request,
 * a forced request or a lack of memory becomes the result of the await; the functions run to their
 * own end, start nothing more, and the unwinding goes on below them.
 */
#include "tests/core/sim.h"

/* ---- bide_cancel_returns async int keeper(void)
 * {
 *     char *p = malloc(10);
 *     defer { in_block = await sleep(5); cleaned++; }
 *     first = await sleep(3);
 *     second = await sleep(1);
 *     freed++; free(p);
 *     return 40 + (first == 0) + (second == 0);
 * }
 */

static int first, second, in_block, cleaned, freed, left, came_back, result;

struct keeper {
    struct bide_frame h;
    char *p;
    int slot, returned;
    char big[400]; /* its callee does not fit beside it */
};

static enum bide_poll keeper_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct keeper *f = (struct keeper *)h;

    switch (h->state & ~(uint32_t)BIDE_SHIELDED) {
    case 0: break;
    case 1: goto resume_1;
    case 2: goto resume_2;
    case 3: goto resume_3;
    }
    f->p = malloc(10);
    if (!bide__refused(cx, &f->slot, sizeof(f->slot), BIDE_FN_RESULT_SIGNED) &&
        sim_sleep_start(cx, h, &f->slot, 3) == BIDE_PENDING) {
        h->state = 1;
        return BIDE_PENDING;
    }
resume_1:
    first = f->slot;
    if (!bide__refused(cx, &f->slot, sizeof(f->slot), BIDE_FN_RESULT_SIGNED) &&
        sim_sleep_start(cx, h, &f->slot, 1) == BIDE_PENDING) {
        h->state = 2;
        return BIDE_PENDING;
    }
resume_2:
    second = f->slot;
    freed++;
    free(f->p);
    f->returned = 40 + (first == 0) + (second == 0);
    bide__shield(cx);
    if (sim_sleep_start(cx, h, &f->slot, 5) == BIDE_PENDING) {
        h->state = 3 | BIDE_SHIELDED;
        return BIDE_PENDING;
    }
resume_3:
    in_block = f->slot;
    cleaned++;
    bide__unshield(cx);
    *(int *)bide_frame_result(cx, h) = f->returned;
    return bide_frame_finish(cx, h);
}

static uint32_t keeper_need;
static const struct bide_callee keeper_callees[] = {{&sim_sleep_fn, 0}};
static const struct bide_fn_info keeper_info = {
    .name = "keeper", .need = &keeper_need, .callees = keeper_callees, .callee_count = 1};
static const struct bide_fn keeper_fn = {.poll = keeper_poll,
                                         .info = &keeper_info,
                                         .frame_size = sizeof(struct keeper),
                                         .result_size = sizeof(int),
                                         .frame_align_log2 = 3,
                                         .flags = BIDE_FN_UNWINDS | BIDE_FN_CANCEL_RETURNS |
                                                  BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static enum bide_poll keeper_start(struct bide_cx *cx, struct bide_frame *parent, int *slot)
{
    struct keeper *f = bide_frame_push(cx, sizeof(*f), &keeper_fn, parent, slot);
    return f != NULL ? keeper_poll(cx, &f->h) : BIDE_PENDING;
}

/* ---- async int caller(void)
 * {
 *     int n = -1;
 *     defer { left = n; }
 *     n = await keeper();
 *     came_back++;
 *     await sleep(2);
 *     return n;
 * }
 */

struct caller {
    struct bide_frame h;
    int slot, n, slept;
};

static enum bide_poll caller_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct caller *f = (struct caller *)h;

    switch (h->state) {
    case 0: break;
    case 1: goto resume_1;
    case 2: goto resume_2;
    }
    f->n = -1;
    if (keeper_start(cx, h, &f->slot) == BIDE_PENDING) {
        h->state = 1;
        return BIDE_PENDING;
resume_1:
        if (bide__unwinding(cx)) {
            left = f->slot; /* checked here */
            return bide_frame_finish(cx, h);
        }
    }
    f->n = f->slot;
    came_back++;
    if (sim_sleep_start(cx, h, &f->slept, 2) == BIDE_PENDING) {
        h->state = 2;
        return BIDE_PENDING;
resume_2:
        if (bide__unwinding(cx)) {
            left = f->n;
            return bide_frame_finish(cx, h);
        }
    }
    left = f->n;
    *(int *)bide_frame_result(cx, h) = f->n;
    return bide_frame_finish(cx, h);
}

static uint32_t caller_need;
static const struct bide_callee caller_callees[] = {{&keeper_fn, 0}, {&sim_sleep_fn, 0}};
static const struct bide_fn_info caller_info = {
    .name = "caller", .need = &caller_need, .callees = caller_callees, .callee_count = 2};
static const struct bide_fn caller_fn = {.poll = caller_poll,
                                         .info = &caller_info,
                                         .frame_size = sizeof(struct caller),
                                         .result_size = sizeof(int),
                                         .frame_align_log2 = 3,
                                         .flags = BIDE_FN_UNWINDS | BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static void reset(void)
{
    first = second = in_block = left = result = -1;
    cleaned = freed = came_back = 0;
}

/* Makes a request before the k-th poll (0: never) and a forced one before the j-th. */
static int run(int k, int j)
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
    return sim_end();
}

TEST(a_request_comes_back_as_an_error_and_goes_on_below)
{
    /* The poll before which the request comes, and then the sleeps, where it came back, and how all
     * ended. */
    static const struct {
        int k, first, second, time, came_back, error;
    } expected[] = {
        {0, 0, 0, 11, 1, 0},
        {1, -ECANCELED, -ECANCELED, 5, 0, -ECANCELED},
        {2, -ECANCELED, -ECANCELED, 5, 0, -ECANCELED},
        {3, 0, -ECANCELED, 3 + 5, 0, -ECANCELED}, /* the first sleep was over */
        {4, 0, 0, 4 + 5, 1, -ECANCELED},          /* so had the second; shielded until 9 */
        {5, 0, 0, 9, 1, -ECANCELED},
        {6, 0, 0, 11, 1, 0},
    };
    for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        int k = expected[i].k;
        reset();
        sim_begin(&caller_fn, &result);
        int error = run(k, 0);
        CHECK_EQ(error, expected[i].error);
        CHECK_EQ(first, expected[i].first);
        CHECK_EQ(second, expected[i].second);
        CHECK_EQ(sim_now, expected[i].time);
        CHECK_EQ(came_back, expected[i].came_back);
        CHECK_EQ(in_block, 0);
        CHECK_EQ(freed, 1);
        CHECK_EQ(cleaned, 1);
        CHECK_EQ(left, 40 + (first == 0) + (second == 0));
        CHECK_EQ(result, error != 0 ? error : left);
    }
}

TEST(a_forced_request_at_every_suspension_after_any_request)
{
    for (int k = 0; k <= 6; k++)
        for (int j = 1; j <= 7; j++) {
            reset();
            sim_begin(&caller_fn, &result);
            int error = run(k, j), reason = k != 0 && k <= j ? -ECANCELED : -ETIMEDOUT;
            CHECK(error == 0 || error == reason);
            CHECK(first == 0 || first == reason);
            CHECK(second == 0 || second == reason);
            CHECK(in_block == 0 || in_block == reason);
            CHECK_EQ(freed, 1);
            CHECK_EQ(cleaned, 1);
            CHECK_EQ(left, 40 + (first == 0) + (second == 0));
        }
}

TEST(as_the_root_its_result_stands_beside_the_error)
{
    reset();
    sim_begin(&keeper_fn, &result);
    CHECK_EQ(run(2, 0), -ECANCELED);
    CHECK_EQ(result, 40);
    CHECK_EQ(freed, 1);
    CHECK_EQ(cleaned, 1);
}

/* Without memory for the callee, once or from then on. The await in the deferred block has its own
 * level: there only that await fails. */
TEST(a_lack_of_memory_comes_back_too)
{
    for (int ever = 0; ever < 2; ever++) {
        reset();
        sim_memory_calls = 0;
        sim_begin_in(&keeper_fn, sizeof(struct keeper), &result);
        sim_fail_at = 0;
        sim_fail_from_there = ever;
        int error = run(0, 0);
        sim_fail_at = -1;
        sim_fail_from_there = false;
        CHECK_EQ(first, -ENOMEM);
        CHECK_EQ(second, -ENOMEM);
        CHECK_EQ(in_block, ever ? -ENOMEM : 0);
        CHECK_EQ(error, -ENOMEM);
        CHECK_EQ(freed, 1);
        CHECK_EQ(cleaned, 1);
        CHECK_EQ(result, 40);
    }
}

/* ---- async int pair(void) { await join(keeper(), keeper()); return 0; } ---- */

struct pair {
    struct bide_frame h;
    struct bide_group_result joined;
    int slot[2];
};

static enum bide_poll pair_poll(struct bide_cx *cx, struct bide_frame *h)
{
    static const struct bide_fn *const fns[] = {&keeper_fn, &keeper_fn};
    struct pair *f = (struct pair *)h;
    struct bide_cx sub;

    if (h->state == 0) {
        struct bide_group *g = bide__group_push(cx, BIDE_JOIN, 2, fns, h, &f->joined);
        for (int i; (i = bide__group_next(g, cx, &sub)) >= 0;)
            bide__group_started(g, keeper_start(&sub, NULL, &f->slot[i]));
        if (bide__group_run(cx, g) == BIDE_PENDING) {
            h->state = 1;
            return BIDE_PENDING;
        }
    }
    *(int *)bide_frame_result(cx, h) = 0;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn pair_fn = {.poll = pair_poll,
                                       .frame_size = sizeof(struct pair),
                                       .result_size = sizeof(int),
                                       .frame_align_log2 = 3,
                                       .flags = BIDE_FN_RESULT_SIGNED,
                                       .version = BIDE_FN_VERSION};

TEST(in_branches_each_runs_to_its_end)
{
    for (int k = 1; k <= 4; k++) {
        reset();
        sim_begin_in(&pair_fn, 4096, &result);
        int error = run(k, 0);
        CHECK_EQ(freed, 2);
        CHECK_EQ(cleaned, 2);
        CHECK_EQ(error, k < 4 ? -ECANCELED : 0);
        CHECK_EQ(result, error);
    }
}
