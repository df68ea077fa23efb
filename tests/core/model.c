/*
 * Random trees of awaits, groups and deferred blocks, cancelled at random, with memory that fails
 * at random. Whatever happens, each call that began ends once, each deferred block that was entered
 * runs once, nothing is left (sim_end), and the task ends for one of the reasons that there were. A
 * tree that nothing disturbs takes the time that a plain recursion computes.
 */
#include "tests/core/script.h"

static uint64_t rng;

static unsigned pick(unsigned n)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((rng >> 33) % n);
}

enum { FUNCS = 24, BRANCHES = 5 };

static struct func funcs[FUNCS];
static struct func *lists[FUNCS * FUNC_STATEMENTS][BRANCHES + 1];

/* Each function awaits only later ones, so the tree is finite. */
static void make(bool joins_only)
{
    memset(funcs, 0, sizeof(funcs));
    for (unsigned i = 0; i < FUNCS; i++) {
        struct func *f = &funcs[i];
        unsigned n = pick(4) + (i == 0), later = FUNCS - i - 1;
        f->fn = pick(2) ? &script_roomy_fn : &script_fn;
        f->value = pick(4) == 0 ? -EPIPE : (int)pick(100);
        for (unsigned k = 0; k < n; k++) {
            struct statement *s = &f->body[k];
            s->deferred = pick(4) == 0;
            unsigned what = later == 0 ? 0 : pick(4);
            if (what <= 1) {
                s->kind = pick(4) == 0 ? PAUSES : SLEEPS;
                s->delay = s->kind == SLEEPS ? pick(4) : 0;
            } else if (what == 2) {
                s->kind = CALLS;
                s->callee = &funcs[i + 1 + pick(later)];
            } else {
                struct func **list = lists[i * FUNC_STATEMENTS + k];
                unsigned count = 1 + pick(BRANCHES);
                s->kind = GROUPS;
                s->group = joins_only ? BIDE_JOIN : (enum bide_group_kind)pick(4);
                s->branches = list;
                for (unsigned b = 0; b < count; b++)
                    list[b] = &funcs[i + 1 + pick(later < 6 ? later : 6)];
                list[count] = NULL;
            }
        }
    }
}

static long time_of(const struct func *f);

static long time_of_statement(const struct statement *s)
{
    long longest = 0;

    switch (s->kind) {
    case SLEEPS:
    case PAUSES: return s->delay;
    case CALLS: return time_of(s->callee);
    case GROUPS:
        for (unsigned i = 0; s->branches[i] != NULL; i++) {
            long t = time_of(s->branches[i]);
            longest = t > longest ? t : longest;
        }
        return longest;
    default: return 0;
    }
}

static long time_of(const struct func *f)
{
    long time = 0;

    for (unsigned i = 0; i < FUNC_STATEMENTS; i++)
        time += time_of_statement(&f->body[i]);
    return time;
}

/* A limit, so that no tree takes too long. */
static long calls_of(const struct func *f, long limit)
{
    long calls = 1;

    for (unsigned i = 0; i < FUNC_STATEMENTS && calls < limit; i++) {
        const struct statement *s = &f->body[i];
        if (s->kind == CALLS)
            calls += calls_of(s->callee, limit - calls);
        else if (s->kind == GROUPS)
            for (unsigned k = 0; s->branches[k] != NULL && calls < limit; k++)
                calls += calls_of(s->branches[k], limit - calls);
    }
    return calls;
}

static void make_small(bool joins_only)
{
    do
        make(joins_only);
    while (calls_of(&funcs[0], 300) >= 300);
}

static int finish(void)
{
    for (unsigned i = 0; i < FUNCS; i++)
        script_check(&funcs[i]);
    return script_end();
}

TEST_LIMIT(undisturbed_trees_take_their_time, 30)
{
    for (unsigned seed = 0; seed < 3000; seed++) {
        rng = seed;
        make_small(true);
        script_spare = seed % 3 * 4000;
        script_begin(&funcs[0]);
        sim_run();
        CHECK_EQ(sim_now, time_of(&funcs[0]));
        CHECK_EQ(finish(), 0);
        CHECK_EQ(script_result, funcs[0].value);
    }
}

/* One run with everything that can happen to it. */
static void disturb(unsigned seed)
{
    rng = seed;
    make_small(false);
    sim_memory_calls = 0;
    sim_fail_at = pick(2) ? (int)pick(20) : -1;
    sim_fail_from_there = pick(2);
    script_spare = pick(2) ? 0 : pick(40) * (size_t)200;
    script_begin(&funcs[0]);
    sim.turn.seed = pick(1000);
    if (pick(4) == 0)
        sim.cx.depth = BIDE_NEST_MAX; /* every start is deferred */
    unsigned request = 1 + pick(40), forced = 1 + pick(80);
    bool asked = false;
    for (unsigned turn = 1;; turn++) {
        if (turn == request || turn == forced) {
            bide_chain_cancel(&sim.chain, turn == forced ? -ETIMEDOUT : -ECANCELED, turn == forced);
            asked = true;
        }
        sim.budget = pick(3) ? 128 : pick(4);
        /* Spurious wakes, late wakes and turns without a wake. */
        if ((pick(4) == 0 ? sim_turn_with(pick(2) ? UINT32_MAX : 0) : sim_turn()) == BIDE_READY)
            break;
        if (!sim.ready || pick(4) == 0)
            sim_advance();
        CHECK(turn < 100000);
    }
    bool starved = sim_fail_at >= 0 && sim_memory_calls > sim_fail_at;
    int error = finish();
    CHECK(error == 0 || (asked && (error == -ECANCELED || error == -ETIMEDOUT)) ||
          (starved && error == -ENOMEM));
    CHECK_EQ(script_result, error == 0 ? funcs[0].value : error);
}

TEST_LIMIT(disturbed_trees_end_cleanly, 60)
{
    for (unsigned seed = 0; seed < 20000; seed++)
        disturb(seed);
    CHECK(script_forks > 5000);
}
