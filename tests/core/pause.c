/*
 * bide_frame_pause: a function that is suspended itself, without a leaf above it. The next poll
 * resumes it; a request unwinds it, unless a deferred block shields it.
 */
#include "tests/core/script.h"

TEST(the_next_poll_resumes_it)
{
    struct func f = {.body = {PAUSE(), SLEEP(2), PAUSE()}, .value = 5};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim.ready);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(!sim.ready); /* it sleeps */
    CHECK(sim_advance());
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK_EQ(sim_turn_with(0), BIDE_READY); /* whatever the poll is for */
    script_check(&f);
    CHECK_EQ(f.returned, 1);
    CHECK_EQ(script_result, 5);
    CHECK_EQ(script_end(), 0);
}

TEST(it_may_be_deep_in_a_chain)
{
    struct func c = {.body = {PAUSE()}, .value = 3};
    struct func b = {.body = {CALL(&c), PAUSE(), CALL(&c)}};
    struct func f = {.body = {CALL(&b)}};

    script_begin(&f);
    sim_run();
    CHECK_EQ(sim.turns, 4);
    CHECK_EQ(c.returned, 2);
    CHECK_EQ(script_end(), 0);
}

TEST(a_request_unwinds_it)
{
    struct func g = {.body = {DEFER_SLEEP(2), PAUSE()}};
    struct func f = {.body = {DEFER_PAUSE(), CALL(&g), SLEEP(100)}};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ETIMEDOUT, false);
    sim_run();
    script_check(&g);
    script_check(&f);
    CHECK_EQ(sim_now, 2);
    CHECK_EQ(g.unwound, 1);
    CHECK_EQ(f.unwound, 1);
    CHECK_EQ(script_end(), -ETIMEDOUT);
}

/* It does not go on first. */
TEST(a_request_that_was_there_before_it_unwinds_it_at_once)
{
    struct func f = {.body = {PAUSE(), SLEEP(9)}};

    script_begin(&f);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(f.begun, 1);
    CHECK_EQ(f.unwound, 1);
    CHECK_EQ(script_end(), -ECANCELED);
}

TEST(a_deferred_block_shields_it)
{
    struct func g = {.body = {PAUSE(), SLEEP(3), PAUSE()}};
    struct func f = {.body = {DEFER_CALL(&g), DEFER_PAUSE()}, .value = 8};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, false);
    sim_run();
    CHECK_EQ(sim_now, 3);
    CHECK_EQ(g.returned, 1);
    CHECK_EQ(f.cleaned, 2);
    CHECK_EQ(script_result, 8);
    CHECK_EQ(script_end(), 0);
}

TEST(a_forced_request_unwinds_it_below_a_shield)
{
    struct func g = {.body = {PAUSE(), SLEEP(3)}};
    struct func f = {.body = {DEFER_PAUSE(), DEFER_CALL(&g), DEFER_PAUSE()}, .value = 8};

    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    bide_chain_cancel(&sim.chain, -ECANCELED, true);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(g.unwound, 1);
    CHECK_EQ(f.cleaned, 3); /* each block went on */
    CHECK_EQ(f.shielded_error, -ECANCELED);
    CHECK_EQ(script_result, 8);
    CHECK_EQ(script_end(), 0);
}

TEST(branches_pause_each_for_itself)
{
    struct func a = {.body = {PAUSE(), PAUSE(), PAUSE()}}, b = {.body = {PAUSE(), SLEEP(5)}};
    struct func f = {.body = {JOIN(&a, &b)}};

    script_begin(&f);
    sim_run();
    CHECK_EQ(sim_now, 5);
    CHECK_EQ(a.returned + b.returned, 2);
    CHECK_EQ(script_end(), 0);

    struct func c = {.body = {PAUSE()}, .value = 4},
                d = {.body = {DEFER_PAUSE(), PAUSE(), PAUSE()}};
    struct func g = {.body = {SELECT_BIASED(&d, &c)}};
    script_begin(&g);
    sim_run();
    CHECK_EQ(g.group.value, 1);
    CHECK_EQ(d.unwound, 1);
    CHECK_EQ(d.cleaned, 1);
    CHECK_EQ(script_end(), 0);
}

/* At the root of a chain, and in a leaf or a function from a compiler that did not know it, the
 * caller must push a frame. */
TEST(not_every_frame_can_pause)
{
    struct bide_frame leaf = {.fn = &sim_sleep_fn};
    struct bide_chain chain = {0};
    struct bide_cx cx = {.chain = &chain};

    CHECK(!bide_frame_pause(&cx, NULL));
    CHECK(!bide_frame_pause(&cx, &leaf));
    CHECK(chain.leaf == NULL);
}
