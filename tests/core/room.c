/*
 * bide_fn_room: the reserve that descriptors ask for.
 */
#include "core/inside.h"
#include "tests/core/sim.h"

enum {
    MOST = BIDE_RESERVE_MAX,
    GROUP = sizeof(struct bide_group),
    BRANCH = sizeof(struct bide_chain)
};

struct described {
    struct bide_fn fn;
    struct bide_fn_info info;
    struct bide_callee callees[40];
    uint32_t need;
};

static void describe(struct described *d, uint32_t frame)
{
    memset(d, 0, sizeof(*d));
    d->fn = (struct bide_fn){
        .info = &d->info, .frame_size = frame, .frame_align_log2 = 3, .version = BIDE_FN_VERSION};
    d->info = (struct bide_fn_info){.callees = d->callees, .need = &d->need};
}

static void calls(struct described *d, struct described *callee, uint32_t group)
{
    d->callees[d->info.callee_count++] = (struct bide_callee){&callee->fn, group};
}

TEST(a_leaf_has_its_frame_and_arguments)
{
    struct described a;
    describe(&a, 20);
    CHECK_EQ(bide_fn_room(&a.fn), 24);
    a.info.need = NULL;
    CHECK_EQ(bide_fn_room(&a.fn), 24);
    a.fn.info = NULL;
    a.fn.args_size = 5;
    CHECK_EQ(bide_fn_room(&a.fn), 32);
    a.fn.args_align_log2 = 5;
    CHECK_EQ(bide_fn_room(&a.fn), 56); /* wherever the frame lies */
    a.fn.frame_align_log2 = 6;
    CHECK_EQ(bide_fn_room(&a.fn), 112);
    for (size_t at = 0; at < 64; at += 16) {
        _Alignas(64) static char room[256];
        static struct bide_chain chain;
        bide_chain_init(&chain, room + at, 112, NULL);
        char *args = bide_chain_begin(&chain, &a.fn);
        CHECK(args != NULL && args + 5 <= room + at + 112);
        CHECK_EQ((uintptr_t)args % 32, 0);
        CHECK_EQ((uintptr_t)chain.leaf % 64, 0);
    }
}

TEST(the_deepest_path_counts)
{
    struct described f, a, b, c;
    describe(&f, 16), describe(&a, 40), describe(&b, 16), describe(&c, 100);
    calls(&f, &a, 0), calls(&f, &b, 0), calls(&b, &c, 0);
    CHECK_EQ(bide_fn_room(&f.fn), 16 + 16 + 104);
    CHECK_EQ(f.need, 120);
    CHECK_EQ(b.need, 104);
    CHECK_EQ(bide_fn_room(&f.fn), 16 + 16 + 104);
    f.fn.args_size = 64; /* overwritten when the first callee begins */
    CHECK_EQ(bide_fn_room(&f.fn), 16 + 16 + 104);
    f.fn.args_size = 200;
    CHECK_EQ(bide_fn_room(&f.fn), 16 + 200);
    c.fn.frame_align_log2 = 4;
    f.need = b.need = 0;
    f.fn.args_size = 0;
    CHECK_EQ(bide_fn_room(&f.fn), 16 + 16 + 8 + 104);
}

TEST(the_reserve_has_a_limit)
{
    struct described f, a;
    describe(&f, 1000), describe(&a, 5000);
    CHECK_EQ(bide_fn_room(&f.fn), 1000);
    calls(&f, &a, 0);
    CHECK_EQ(bide_fn_room(&f.fn), 1000 + MOST);
    CHECK_EQ(bide_fn_room(&f.fn), 1000 + MOST);
}

TEST(the_branches_of_a_group_add_up)
{
    struct described f, a, b, c;
    describe(&f, 16), describe(&a, 24), describe(&b, 32), describe(&c, 48);
    calls(&f, &a, 2), calls(&f, &c, 0), calls(&f, &b, 1), calls(&f, &b, 2), calls(&b, &c, 0);
    CHECK_EQ(bide_fn_room(&f.fn), 16 + GROUP + BRANCH + 24 + BRANCH + 32 + 48);
    a.fn.args_size = 7;
    f.need = 0;
    CHECK_EQ(bide_fn_room(&f.fn), 16 + GROUP + BRANCH + 32 + BRANCH + 32 + 48);
}

/* A descriptor that stands for a group as a branch has no frame of its own. */
TEST(a_group_in_a_group_is_exact)
{
    struct described f, inner, a, b;
    describe(&f, 16), describe(&inner, 0), describe(&a, 24), describe(&b, 32);
    calls(&inner, &a, 1), calls(&inner, &b, 1);
    calls(&f, &a, 1), calls(&f, &inner, 1);
    size_t room = GROUP + BRANCH + 24 + BRANCH + 32;
    CHECK_EQ(bide_fn_room(&inner.fn), room);
    CHECK_EQ(bide_fn_room(&f.fn), 16 + GROUP + BRANCH + 24 + BRANCH + room);
}

/* A function's own group is one push, which the limit would only send to a segment. */
TEST(a_group_of_its_own_has_room_past_the_limit)
{
    struct described f, g, a;
    describe(&f, 16), describe(&g, 16), describe(&a, 400);
    calls(&g, &f, 0);
    for (uint32_t i = 0; i < 4; i++)
        calls(&f, &a, 1);
    CHECK_EQ(bide_fn_room(&g.fn), 16 + MOST);
    CHECK_EQ(bide_fn_room(&f.fn), 16 + GROUP + 4 * (BRANCH + 400));
    CHECK_EQ(bide_fn_room(&g.fn), 16 + MOST);
    for (uint32_t i = 0; i < 10; i++)
        calls(&f, &a, 1);
    f.need = 0;
    CHECK_EQ(bide_fn_room(&f.fn), 16 + MOST);
}

/* The room holds at least one round, wherever the recursion begins. */
TEST(a_recursion_counts)
{
    for (int order = 0; order < 3; order++) {
        struct described f, g, h;
        describe(&f, 16), describe(&g, 24), describe(&h, 32);
        calls(&f, &g, 0), calls(&g, &h, 0), calls(&h, &f, 0), calls(&h, &h, 0);
        struct described *first = order == 0 ? &f : order == 1 ? &g : &h;
        bide_fn_room(&first->fn);
        CHECK_EQ(bide_fn_room(&first->fn), 16 + 24 + 32);
        for (int i = 0; i < 3; i++) {
            size_t room = bide_fn_room(i == 0 ? &f.fn : i == 1 ? &g.fn : &h.fn);
            CHECK(room >= 16 + 24 + 32 && room <= 2 * (16 + 24 + 32));
        }
    }
    struct described f;
    describe(&f, 16);
    calls(&f, &f, 1), calls(&f, &f, 1);
    CHECK_EQ(bide_fn_room(&f.fn), 16 + GROUP + 2 * (BRANCH + 16));
}

TEST(a_thicket_of_recursions_is_no_trouble)
{
    enum { N = 25 }; /* all of them on one path take less than the limit */
    static struct described d[N];
    for (int groups = 0; groups < 2; groups++) {
        for (int i = 0; i < N; i++)
            describe(&d[i], 16);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                calls(&d[i], &d[j], (uint32_t)(groups && i * j % 7 == 3));
        for (int i = 0; i < N; i++) {
            size_t room = bide_fn_room(&d[i].fn);
            CHECK(room > 16 && room <= 16 + (groups ? 4096 : MOST));
            CHECK_EQ(bide_fn_room(&d[i].fn), room);
        }
    }
}
