/*
 * Groups that begin without a frame: the tests of group.c with room for forks, and what is special
 * about the branch that is adopted.
 */
#define SCRIPT_SPARE 20000
#include "tests/core/group.c"

TEST(a_fork_whose_branches_are_ready_leaves_nothing)
{
    struct func a = {.value = 1}, b = {.value = -EPIPE}, c = {.value = 3};
    struct func join = {.body = {JOIN(&a, &b, &c)}}, race = {.body = {SELECT_BIASED(&c, &a)}};
    struct func fails = {.body = {TRY_JOIN(&a, &b, &c)}}, f = {.body = {CALL(&join), CALL(&race)}};

    script_begin(&f);
    f.body[2] = (struct statement)CALL(&fails);
    script_forks = 0;
    char *top = (char *)sim.chain.leaf;
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(script_forks, 3);
    CHECK(sim.cx.top == top);
    CHECK_EQ(join.group.branch_done, 7);
    CHECK_EQ(race.group.value, 0);
    CHECK_EQ(race.group.branch_done, 1);
    CHECK_EQ(fails.group.value, -EPIPE);
    CHECK_EQ(fails.group.branch_done, 3);
    CHECK_EQ(a.begun, 2);
    CHECK_EQ(c.begun, 2);
    CHECK_EQ(script_end(), 0);
}

/* The first branch that suspends has id 1, on a chain that has none, or else that of its chain. */
TEST(an_adopted_branch_has_the_id_of_its_chain)
{
    struct sim_op_state op[4] = {{.value = 1}};
    struct func ready = {.value = 1}, a = {.body = {OPERATE(&op[0])}};
    struct func b = {.body = {OPERATE(&op[1])}}, c = {.body = {OPERATE(&op[2])}};
    struct func d = {.body = {OPERATE(&op[3])}};
    struct func inner = {.body = {JOIN(&ready, &a, &b)}}, other = {.body = {JOIN(&c, &d)}};
    struct func f = {.body = {JOIN(&ready, &inner, &other)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    unsigned id[4];
    for (int i = 0; i < 4; i++)
        id[i] = bide_waker_branch(op[i].waker);
    CHECK_EQ(id[0], 1);
    CHECK(id[1] > 1 && id[2] > 1 && id[3] > 1);
    CHECK(id[1] != id[2] && id[1] != id[3] && id[2] != id[3]);
    for (int i = 3; i >= 0; i--) { /* each is polled when it is woken */
        op[i].completed = true;
        bide_waker_wake_by_ref(op[i].waker);
        CHECK_EQ(sim_turn(), i == 0 ? BIDE_READY : BIDE_PENDING);
        CHECK_EQ(op[i].polls, 2);
    }
    CHECK_EQ(f.group.branch_done, 7);
    CHECK_EQ(inner.group.branch_done, 7);
    CHECK_EQ(script_end(), 0);
}

/* The adopted branch has outgrown the memory of the awaiting chain. */
TEST(an_adopted_branch_keeps_its_segments)
{
    for (size_t spare = 0; spare < 6000; spare += 40) {
        struct func deep[12], b = {.body = {SLEEP(1)}, .value = 5};
        for (int i = 0; i < 12; i++)
            deep[i] = i < 11 ? (struct func){.body = {CALL(&deep[i + 1]), SLEEP(1)}, .value = i}
                             : (struct func){.body = {SLEEP(2), SLEEP(2)}};
        struct func f = {.body = {JOIN(&deep[0], &b), JOIN(&b, &deep[5]), SLEEP(1)}};
        script_spare = spare;
        CHECK_EQ(run(&f), 15 + 10 + 1);
        CHECK_EQ(f.slots[0], 5);
        CHECK_EQ(f.slots[1], 5);
        CHECK_EQ(script_end(), 0);
    }
    script_spare = SCRIPT_SPARE;
}

/* ---- a branch that is a leaf which pauses ---- */

struct pausing {
    struct bide_frame h;
    struct bide_group_result result;
};

static int pauses;

static enum bide_poll pause_start(struct bide_cx *cx, struct bide_frame *parent)
{
    pauses++;
    if (bide_frame_pause(cx, parent)) {
        bide_waker_wake_by_ref(cx->waker);
        return BIDE_PENDING;
    }
    return sim_sleep_start(cx, parent, NULL, 1);
}

static enum bide_poll pausing_poll(struct bide_cx *cx, struct bide_frame *h)
{
    static const struct bide_fn *const fns[] = {&sim_sleep_fn, &sim_sleep_fn};
    static uint32_t rooms[2];
    static struct bide__site site = {fns, rooms, BIDE__SITE_NEW, BIDE_JOIN, 2};
    struct pausing *f = (struct pausing *)h;
    struct bide_cx sub;

    if (h->state == 0) {
        bide__site_measure(&site);
        struct bide_frame *from = h;
        struct bide_group *group = bide__fork(cx, &site, 2, &from, &f->result);
        CHECK(from != NULL);
        for (unsigned i = 0; i < 2; i++)
            if (bide__fork_begin(group, cx, &sub, from, i))
                bide__fork_started(&group, &from, cx, &site, i, &f->result,
                                   pause_start(bide__fork_cx(from, cx, &sub), from));
        h->state = 1;
        if (bide__fork_end(cx, group, from, &f->result, 0, 3) == BIDE_PENDING)
            return BIDE_PENDING;
    }
    if (!bide__unwinding(cx))
        CHECK_EQ(f->result.branch_done, 3);
    return bide_frame_finish(cx, h);
}

static const struct bide_fn pausing_fn = {.poll = pausing_poll,
                                          .frame_size = sizeof(struct pausing),
                                          .frame_align_log2 = 3,
                                          .flags = BIDE_FN_UNWINDS | BIDE_FN_AWAITS,
                                          .version = BIDE_FN_VERSION};

TEST(a_branch_may_pause)
{
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        sim_begin_in(&pausing_fn, 4096, NULL);
        pauses = 0;
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        CHECK_EQ(pauses, 2);
        if (cancelled) {
            bide_chain_cancel(&sim.chain, -ECANCELED, false);
            CHECK_EQ(sim_turn(), BIDE_READY);
        } else {
            CHECK(sim.ready);
            CHECK_EQ(sim_turn(), BIDE_PENDING); /* the other branch sleeps */
            sim_run();
        }
        CHECK_EQ(sim_end(), cancelled ? -ECANCELED : 0);
    }
}
