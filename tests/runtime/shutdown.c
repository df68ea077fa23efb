/*
 * Shutdown: what it cancels, what the deadline does, what is left; programs that block where they
 * must not; the dump.
 */
#include "frames.h"

#include "runtime/thread.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static char journal[64];
static unsigned written;

static void note(char c)
{
    journal[written++] = c;
}

/* ---- async void naps(bide_duration undo)
 * {
 *     defer { note('d'); await bide_sleep(undo); note('e'); }
 *     await bide_sleep(for ever);
 * } ---- */

struct naps {
    struct bide_frame h;
    struct {
        bide_duration undo;
    } a;
    int r;
};
typedef __typeof__(((struct naps *)0)->a) naps_args;

HAND(naps, 0, BIDE_FN_UNWINDS, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(naps);
    note('b');
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, BIDE_S(1000000)));
    bide__shield(cx);
    note('d');
    AWAIT(2 | BIDE_SHIELDED, bide__start_bide_sleep(cx, h, &f->r, f->a.undo));
    note(f->r == 0 ? 'e' : 'x');
    bide__unshield(cx);
    HAND_END;
}

/* ---- a leaf that never ends and cannot be cancelled ---- */

struct never {
    struct bide_frame h;
    struct {
        char pad;
    } a;
};

static bool released;

static enum bide_poll never_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        (void)bide__args(cx, h);
    h->state = 1;
    return released ? bide_frame_finish(cx, h) : bide_frame_suspend(cx, h);
}

static enum bide_answer never_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return released ? BIDE_COMPLETED : BIDE_WAIT;
}

static const struct bide_fn_info never_info = {.name = "never", .file = "never.c", .line = 7};
static const struct bide_fn never = {
    .poll = never_poll,
    .cancel = never_cancel,
    .info = &never_info,
    .frame_size = sizeof(struct never),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

/* ---- async void endless(void) { defer { while (!released) await bide_sleep(...); } } ---- */

struct endless {
    struct bide_frame h;
    struct {
        char pad;
    } a;
    int r;
};

HAND(endless, 0, BIDE_FN_UNWINDS, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(endless);
    bide__shield(cx);
    while (!released) {
        AWAIT(1 | BIDE_SHIELDED, bide__start_bide_sleep(cx, h, &f->r, BIDE_S(1)));
    }
    bide__unshield(cx);
    HAND_END;
}

/* ---- async void spawner(void): spawns a nap while it is being cancelled ---- */

struct spawner {
    struct bide_frame h;
    struct {
        char pad;
    } a;
    int r;
};

HAND(spawner, 0, BIDE_FN_UNWINDS, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(spawner);
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, BIDE_S(1000000)));
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(1)}));
    HAND_END;
}

static const char none;

static bide_runtime *new_runtime(void)
{
    bide_runtime *rt;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    return rt;
}

TEST(nothing_to_shut_down)
{
    bide_runtime *rt = new_runtime();
    bide_instant start = bide_now();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    CHECK_ERR(bide_sleep(BIDE_S(1)), -ESHUTDOWN);
    void *h = bide__spawn(&naps, &(naps_args){BIDE_S(1)});
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_abort(h);
    bide__task_release(h);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(deferred_blocks_have_their_time)
{
    bide_runtime *rt = new_runtime();
    bide_instant start = bide_now();
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(3)}));
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(2)}));
    bide_yield();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_STR(journal, "bbddee");
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(3000000000));
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(after_the_deadline_they_are_cut_short)
{
    bide_runtime *rt = new_runtime();
    bide_instant start = bide_now();
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(3)}));
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(1000)}));
    bide_yield();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_STR(journal, "bbddex");
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(10000000000));
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(tasks_made_during_the_shutdown_are_cancelled_too)
{
    bide_runtime *rt = new_runtime();
    bide__task_release(bide__spawn(&spawner, &none));
    bide_yield();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_STR(journal, "bde");
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static char dumped[1024];

static void dump_here(void *argument, const char *text, size_t size)
{
    (void)argument;
    CHECK(size > 0 && text[size - 1] == '\n');
    CHECK(strlen(dumped) + size < sizeof(dumped));
    strncat(dumped, text, size);
}

TEST(what_does_not_end_is_named_and_nothing_is_freed)
{
    bide_runtime *rt = new_runtime();
    void *h = bide__spawn(&never, &none);
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(1000)}));
    CHECK_ERR(bide_runtime_shutdown(rt, BIDE_S(5)), -ETIMEDOUT);
    CHECK_STR(journal, "bdx");
    CHECK_EQ(bide_runtime_tasks(rt), 1);
    CHECK_ERR(bide_runtime_free(rt), -EBUSY);
    bide_runtime_dump(rt, dump_here, NULL);
    CHECK(strstr(dumped, "is being cancelled\n  never (never.c:7)\n") != NULL);
    CHECK(strstr(dumped, "naps") == NULL);
    /* The runtime can go on, and the next try succeeds. */
    released = true;
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_release(h);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(an_endless_deferred_block_does_not_hang_the_shutdown)
{
    bide_runtime *rt = new_runtime();
    bide__task_release(bide__spawn(&endless, &none));
    CHECK_ERR(bide_runtime_shutdown(rt, BIDE_S(5)), -ETIMEDOUT);
    CHECK_EQ(bide_runtime_tasks(rt), 1);
    released = true;
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- a call on the blocking pool that does not end ---- */

struct call {
    struct bide_frame h;
    struct {
        sem_t *begun, *go;
    } a;
    struct {
        struct bide_job job;
        sem_t *begun, *go;
    } job;
};
typedef __typeof__(((struct call *)0)->a) call_args;

static void wait_for_go(struct bide_job *job)
{
    __typeof__(&((struct call *)0)->job) call = (void *)job;
    sem_post(call->begun);
    sem_wait(call->go);
}

HAND(call, 0, 0, CALLEES({&bide__desc_bide_blocking, 0}))
{
    HAND_BEGIN(call);
    f->job.job.run = wait_for_go;
    f->job.begun = f->a.begun;
    f->job.go = f->a.go;
    AWAIT(1, bide__start_bide_blocking(cx, h, NULL, &f->job.job));
    note('c');
    HAND_END;
}

TEST(a_blocking_call_outlasts_the_shutdown)
{
    bide_runtime *rt;
    sem_t begun, go;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    bide__task_release(bide__spawn(&call, &(call_args){&begun, &go}));
    bide_yield();
    sem_wait(&begun); /* the job can no longer be taken back */
    CHECK_ERR(bide_runtime_shutdown(rt, BIDE_MS(5)), -ETIMEDOUT);
    bide_runtime_dump(rt, dump_here, NULL);
    CHECK(strstr(dumped, "blocking") != NULL);
    CHECK(strstr(dumped, "call (frames.c:") != NULL);
    sem_post(&go);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_STR(journal, "c");
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- the dump from within ---- */

struct dumps {
    struct bide_frame h;
    struct {
        char pad;
    } a;
};

HAND(dumps, 0, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(dumps);
    bide_runtime_dump(bide__runtime_running(), dump_here, NULL);
    AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    HAND_END;
}

TEST(the_dump_shows_every_chain)
{
    bide_runtime *rt = new_runtime();
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(1)}));
    bide_yield();
    bide__block_on(&dumps, &none, NULL);
    CHECK(strstr(dumped, " waits\n  bide_sleep (lib/time/sleep.c:") != NULL);
    CHECK(strstr(dumped, "\n  naps (frames.c:") != NULL);
    CHECK(strstr(dumped, " runs\n  dumps (frames.c:") != NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- async int main ---- */

struct body {
    struct bide_frame h;
    struct {
        int argc;
        char **argv;
    } a;
    int r;
};
typedef __typeof__(((struct body *)0)->a) body_args;

HAND(body, sizeof(int), 0, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(body);
    note('m');
    bide__task_release(bide__spawn(&naps, &(naps_args){BIDE_S(1)}));
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, BIDE_S(1)));
    HAND_RETURN(int, f->a.argc);
}

TEST(main_returns_its_status_and_ends_all_tasks)
{
    bide_test_time_virtual();
    bide_test_watch();
    CHECK_EQ(bide__main(&body, &(body_args){3, NULL}), 3);
    CHECK_STR(journal, "mbde");
    CHECK_EQ(bide_test_calls("alloc"), bide_test_calls("free"));
}

TEST(main_without_memory_fails)
{
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    CHECK_EQ(bide__main(&body, &(body_args){3, NULL}), EXIT_FAILURE);
    setenv("BIDE_IO", "epoll", 1);
    bide_test_fail("epoll_create1", 1, -EMFILE, 1);
    CHECK_EQ(bide__main(&body, &(body_args){3, NULL}), EXIT_FAILURE);
    CHECK_EQ(written, 0);
}

/* ---- blocking on an executor's thread ---- */

struct blocks {
    struct bide_frame h;
    struct {
        char pad;
    } a;
};

HAND(blocks, 0, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(blocks);
    bide_sleep(BIDE_S(1));
    HAND_END;
}

TEST(a_blocking_call_on_an_executor_stops_the_program)
{
    int fds[2], status;
    char text[256] = "";
    CHECK_EQ(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(fds[1], STDERR_FILENO);
        bide__block_on(&blocks, &none, NULL);
        _exit(0);
    }
    close(fds[1]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(read(fds[0], text, sizeof(text) - 1) > 0);
    CHECK(strstr(text, "bide_sleep") != NULL && strstr(text, "executor") != NULL);
    CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
    close(fds[0]);
}
