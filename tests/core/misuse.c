/*
 * Mistakes of the program at which the core stops, because they would corrupt a task.
 */
#define _GNU_SOURCE
#include "tests/core/sim.h"

#include <sys/wait.h>
#include <unistd.h>

/* True if `run` does not return. */
static bool dies(void (*run)(void))
{
    int status;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        fclose(stderr);
        run();
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status != 0;
}

static enum bide_poll mute_poll(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_PENDING;
}

static const struct bide_fn mute_fn = {.poll = mute_poll,
                                       .frame_size = sizeof(struct bide_frame),
                                       .frame_align_log2 = 3,
                                       .version = BIDE_FN_VERSION};

static const struct bide_fn of_the_future_fn = {.poll = mute_poll,
                                                .frame_size = sizeof(struct bide_frame),
                                                .frame_align_log2 = 3,
                                                .version = BIDE_FN_VERSION + 1};

static void suspend_without_saying_where(void)
{
    sim_begin(&mute_fn, NULL);
    bide_chain_poll(&sim.cx);
}

static void begin_twice(void)
{
    *(long *)sim_begin_in(&sim_sleep_fn, 1024, NULL) = 1;
    bide_chain_begin(&sim.chain, &sim_sleep_fn);
}

static void push_a_second_root(void)
{
    *(long *)sim_begin_in(&sim_sleep_fn, 1024, NULL) = 1;
    bide_frame_push(&sim.cx, 16, &sim_sleep_fn, NULL, NULL);
}

static void poll_after_the_end(void)
{
    *(long *)sim_begin(&sim_sleep_fn, NULL) = 0;
    sim_run();
    bide_chain_poll(&sim.cx);
}

static void cancel_without_a_reason(void)
{
    *(long *)sim_begin(&sim_sleep_fn, NULL) = 0;
    bide_chain_cancel(&sim.chain, 0, false);
}

static void begin_what_a_newer_compiler_made(void)
{
    sim_begin(&of_the_future_fn, NULL);
}

TEST(mistakes_are_stopped_at)
{
    CHECK(dies(suspend_without_saying_where));
    CHECK(dies(begin_twice));
    CHECK(dies(push_a_second_root));
    CHECK(dies(poll_after_the_end));
    CHECK(dies(cancel_without_a_reason));
    CHECK(dies(begin_what_a_newer_compiler_made));
}
