/*
 * lib/test/process.c: a process for each test (child.h). The parent has no runtime.
 *
 * When its limit is over, a child first gets SIGQUIT, which the runtime of the test answers with
 * its dump (run.c), then SIGABRT, for sanitizers that show where it hangs.
 *
 * This file makes processes for tests and is no part of a program under test. So it asks the system
 * itself and not through the door, whose calls a test may make fail.
 */
#include "lib/async.h"

#include "lib/test/child.h"
#include "lib/test/test.h"

#include <sys/random.h>

enum { LIMIT_S = 10, DUMP_S = 2, ABORT_S = 5, OUTPUT_MAX = 100000 };

uint64_t bide__process_random(void)
{
    uint64_t number;
    return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : (uint64_t)time(NULL);
}

static int64_t limit_of(const struct bide__test *test)
{
    int64_t limit_ns = test->options.limit.ns > 0 ? test->options.limit.ns : LIMIT_S * CHILD_NS;
    return limit_ns * child_slowness();
}

/* True: it has ended by itself. */
static bool wait_and_end(const struct bide__test *test, pid_t child)
{
    bool in_time = child_wait(child, limit_of(test));
    if (!in_time) {
        kill(child, SIGQUIT);
        if (!child_wait(child, DUMP_S * CHILD_NS)) {
            kill(child, SIGABRT);
            child_wait(child, ABORT_S * CHILD_NS);
        }
    }
    kill(-child, SIGKILL);
    return in_time;
}

static void read_output(int fd, struct bide__output *output)
{
    output->text = malloc(OUTPUT_MAX);
    if (output->text == NULL)
        return;
    ssize_t size = pread(fd, output->text, OUTPUT_MAX, 0);
    output->size = size > 0 ? (size_t)size : 0;
}

void bide__process_forget(struct bide__output *output)
{
    free(output->text);
    *output = (struct bide__output){0};
}

static void run_in_child(const struct bide__test *test, int output_fd, pid_t parent)
{
    child_begin(output_fd, parent);
    bide__test_body(test);
    exit(0);
}

enum bide__outcome bide__process_run(const struct bide__test *test, char *why, size_t why_size,
                                     struct bide__output *output)
{
    sigset_t sigchld, before;
    int status = 0;
    pid_t parent = getpid();
    int output_fd = child_must(memfd_create("output", MFD_CLOEXEC), "memfd_create");

    sigemptyset(&sigchld);
    sigaddset(&sigchld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &sigchld, &before);
    fflush(NULL);
    pid_t child = child_must(fork(), "fork");
    if (child == 0)
        run_in_child(test, output_fd, parent);
    setpgid(child, child);
    bool in_time = wait_and_end(test, child);
    child_must(waitpid(child, &status, 0), "waitpid");
    sigprocmask(SIG_SETMASK, &before, NULL);
    read_output(output_fd, output);
    close(output_fd);

    if (!in_time)
        snprintf(why, why_size, "not done after %g s", (double)limit_of(test) / (double)CHILD_NS);
    else if (WIFSIGNALED(status))
        snprintf(why, why_size, "%s", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == 0)
        return BIDE__PASSED;
    else if (WEXITSTATUS(status) == BIDE__STATUS_SKIPPED)
        return BIDE__SKIPPED;
    else
        snprintf(why, why_size, "exit status %d", WEXITSTATUS(status));
    return BIDE__FAILED;
}
