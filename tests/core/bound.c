/*
 * bide_fn_bound: which functions are bound to a thread through the functions that they await.
 */
#include "core/bound.h"
#include "core/inside.h"
#include "tests/core/sim.h"

#include <pthread.h>

enum { CALLEES_MAX = 8 };

struct described {
    struct bide_fn fn;
    struct bide_fn_info info;
    struct bide_callee callees[CALLEES_MAX];
    uint32_t need;
};

static void describe(struct described *d, unsigned count)
{
    memset(d, 0, count * sizeof(*d));
    for (unsigned i = 0; i < count; i++) {
        d[i].fn = (struct bide_fn){.info = &d[i].info,
                                   .frame_size = 16,
                                   .frame_align_log2 = 3,
                                   .version = BIDE_FN_VERSION};
        d[i].info = (struct bide_fn_info){.callees = d[i].callees, .need = &d[i].need};
    }
}

static void calls(struct described *d, struct described *callee, uint32_t group)
{
    d->callees[d->info.callee_count++] = (struct bide_callee){&callee->fn, group};
}

static const struct bide_bound window = {"w", "struct window *", 3, 4};

static void bind(struct described *d)
{
    d->fn.flags |= BIDE_FN_THREAD_BOUND;
    d->info.bound = &window;
}

TEST(a_function_is_bound_by_its_flag)
{
    struct described f;
    struct bide_culprit c;
    describe(&f, 1);
    CHECK_EQ(bide_fn_bound_known(&f.fn), -1);
    CHECK(!bide_fn_bound(&f.fn, NULL));
    CHECK_EQ(bide_fn_bound_known(&f.fn), 0);
    bind(&f);
    CHECK_EQ(bide_fn_bound_known(&f.fn), 1);
    CHECK(bide_fn_bound(&f.fn, &c));
    CHECK(c.count == 1 && c.path[0] == &f.fn && c.value == &window);
    f.info.bound = NULL;
    CHECK(bide_fn_bound(&f.fn, &c) && c.value == NULL);
    f.fn.info = NULL;
    CHECK(bide_fn_bound(&f.fn, &c) && c.value == NULL);
    f.fn.flags = BIDE_FN_THREAD_PASSED; /* awaited, it stays on the thread */
    CHECK(!bide_fn_bound(&f.fn, &c));
    f.fn.info = &f.info;
    f.info.need = NULL;
    CHECK_EQ(bide_fn_bound_known(&f.fn), 0);
}

TEST(a_caller_is_bound_by_any_callee)
{
    enum { NONE, ALONE, BRANCH, UNKNOWN_ROOM };
    for (int how = NONE; how <= UNKNOWN_ROOM; how++) {
        struct described d[6];
        struct bide_culprit c = {0};
        describe(d, 6);
        calls(&d[0], &d[1], 0), calls(&d[0], &d[2], 0), calls(&d[2], &d[3], 0);
        if (how != NONE)
            calls(&d[3], &d[4], how == ALONE ? 0 : how == BRANCH ? 1 : BIDE_GROUP_UNKNOWN);
        calls(&d[3], &d[5], 0);
        bind(&d[4]);
        CHECK_EQ(bide_fn_bound(&d[0].fn, NULL), how != NONE);
        CHECK_EQ(bide_fn_bound_known(&d[0].fn), how != NONE);
        CHECK_EQ(bide_fn_bound(&d[3].fn, NULL), how != NONE);
        CHECK(!bide_fn_bound(&d[1].fn, NULL) && !bide_fn_bound(&d[5].fn, NULL));
        CHECK_EQ(bide_fn_bound(&d[0].fn, &c), how != NONE);
        if (how == NONE)
            continue;
        CHECK_EQ(c.count, 4);
        CHECK(c.path[0] == &d[0].fn && c.path[1] == &d[2].fn && c.path[2] == &d[3].fn &&
              c.path[3] == &d[4].fn && c.value == &window);
    }
}

/* Every graph of four functions, asked from every one of them first, against a closure that is
 * computed the plain way. */
TEST(all_graphs_of_four)
{
    for (unsigned graph = 0; graph < 1u << 16; graph += 7)
        for (unsigned first = 0; first < 4; first++) {
            struct described d[5];
            bool reach[4];
            describe(d, 5);
            for (unsigned e = 0; e < 16; e++)
                if (graph >> e & 1)
                    calls(&d[e / 4], &d[e % 4], 0);
            calls(&d[3], &d[4], 0);
            bind(&d[4]);
            for (unsigned i = 0; i < 4; i++)
                reach[i] = i == 3;
            for (unsigned round = 0; round < 4; round++)
                for (unsigned e = 0; e < 16; e++)
                    reach[e / 4] |= (graph >> e & 1) && reach[e % 4];
            for (unsigned k = 0; k < 4; k++) {
                unsigned i = (first + k) % 4;
                struct bide_culprit c;
                CHECK_EQ(bide_fn_bound(&d[i].fn, k % 2 ? &c : NULL), reach[i]);
                if (k % 2 && reach[i])
                    CHECK(c.path[0] == &d[i].fn && c.path[c.count - 1] == &d[4].fn);
                for (unsigned j = 0; j < 5; j++)
                    CHECK(!(d[j].need & BIDE__BOUND_MET));
            }
        }
}

/* The answer does not touch the need, nor the need the answer. */
TEST(both_answers_share_a_word)
{
    for (int order = 0; order < 2; order++) {
        struct described d[3];
        describe(d, 3);
        calls(&d[0], &d[1], 0), calls(&d[1], &d[2], 0);
        bind(&d[2]);
        if (order == 0)
            CHECK_EQ(bide_fn_room(&d[0].fn), 48);
        CHECK(bide_fn_bound(&d[0].fn, NULL));
        CHECK_EQ(bide_fn_room(&d[0].fn), 48);
        CHECK_EQ(d[0].need & (BIDE__NEED_END - 1), 32);
        CHECK_EQ(bide_fn_bound_known(&d[0].fn), 1);
        CHECK_EQ(bide_fn_room(&d[0].fn), 48);
    }
}

TEST(a_group_of_unknown_room_takes_none)
{
    struct described d[3];
    describe(d, 3);
    calls(&d[0], &d[1], BIDE_GROUP_UNKNOWN), calls(&d[0], &d[2], 0);
    d[1].fn.frame_size = 400;
    CHECK_EQ(bide_fn_room(&d[0].fn), 32);
}

TEST(a_long_path_is_cut)
{
    enum { LENGTH = 20 };
    static struct described d[LENGTH];
    struct bide_culprit c;
    describe(d, LENGTH);
    for (int i = 0; i + 1 < LENGTH; i++)
        calls(&d[i], &d[i + 1], 0);
    bind(&d[LENGTH - 1]);
    CHECK(bide_fn_bound(&d[0].fn, &c));
    CHECK_EQ(c.count, 8);
    CHECK(c.path[6] == &d[6].fn && c.path[7] == &d[LENGTH - 1].fn);
}

/* A thicket in which everything awaits everything is looked at once. */
TEST(a_thicket_ends)
{
    enum { COUNT = 3000 };
    static struct described d[COUNT];
    describe(d, COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        for (unsigned k = 0; k < CALLEES_MAX; k++)
            calls(&d[i], &d[(i * 31 + k * k * 17 + 1) % COUNT], 0);
    CHECK(!bide_fn_bound(&d[0].fn, NULL));
    CHECK_EQ(bide_fn_bound_known(&d[0].fn), 0);
}

static void *rooms(void *argument)
{
    struct described *d = argument;
    for (int i = 0; i < 64; i++)
        bide_fn_room(&d[i].fn);
    return NULL;
}

/* One thread computes needs while another one asks. */
TEST(needs_are_computed_meanwhile)
{
    static struct described d[65];
    for (int round = 0; round < 50; round++) {
        pthread_t thread;
        describe(d, 65);
        for (int i = 0; i < 64; i++)
            calls(&d[i], &d[i + 1], 0);
        bind(&d[64]);
        CHECK_EQ(pthread_create(&thread, NULL, rooms, d), 0);
        for (int i = 64; i-- > 0;)
            CHECK(bide_fn_bound(&d[i].fn, NULL));
        pthread_join(thread, NULL);
        for (int i = 0; i < 64; i++) {
            CHECK_EQ(bide_fn_bound_known(&d[i].fn), 1);
            size_t need = 16 * (64 - (size_t)i);
            CHECK_EQ(d[i].need & (BIDE__NEED_END - 1), need < 512 ? need : 512);
        }
    }
}

/* ---- a call through a pointer ---- */

static const struct bide_fn *asked;

static bool refuse_all(const struct bide_fn *fn)
{
    asked = fn;
    return true;
}

static bool refuse_none(const struct bide_fn *fn)
{
    asked = fn;
    return false;
}

TEST(a_refused_call_returns_eperm)
{
    struct bide_turn turn = {0};
    struct bide_cx cx = {.turn = &turn};
    struct bide_fn fn = {.result_size = 4, .flags = BIDE_FN_RESULT_SIGNED};
    int result = 7;
    CHECK(!bide__refused_through(&cx, &fn, &result) && asked == NULL);
    turn.refuses = refuse_none;
    CHECK(!bide__refused_through(&cx, &fn, &result) && asked == &fn);
    CHECK_EQ(result, 7);
    turn.refuses = refuse_all;
    CHECK(bide__refused_through(&cx, &fn, &result));
    CHECK_EQ(result, -1);
    CHECK(bide__refused_through(&cx, &fn, NULL));
}
