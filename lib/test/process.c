/*
 * lib/test/process.c: a process for each test.
 *
 * The parent has one thread and no runtime. It waits for SIGCHLD, which is blocked outside that
 * wait, so no end is missed. A child leads a process group, so that its own children end with it.
 * Its output goes to a memory file, since a pipe could stay open in a grandchild or fill up. A test
 * that passes ends through exit(), where sanitizers look for leaks.
 *
 * When its limit is over, a child first gets SIGQUIT, which the runtime of the test answers with
 * its dump (run.c), then SIGABRT, for sanitizers that show where it hangs.
 *
 * This file makes processes for tests and is no part of a program under test. So it asks the system
 * itself and not through the door, whose calls a test may make fail.
 */
#include "lib/async.h"

#include "lib/test/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

enum { LIMIT_S = 10, DUMP_S = 2, ABORT_S = 5, OUTPUT_MAX = 100000 };

static const int64_t NS = INT64_C(1000000000);

static int must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

uint64_t bide__process_random(void)
{
    uint64_t number;
    return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : (uint64_t)time(NULL);
}

/* ---- the child ---- */

static void be_child(const struct bide__test *test, int output_fd, pid_t parent)
    __attribute__((noreturn));

static void be_child(const struct bide__test *test, int output_fd, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int null_fd = must(open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
    must(dup2(null_fd, 0), "dup2");
    must(dup2(output_fd, 1), "dup2");
    must(dup2(output_fd, 2), "dup2");
    close(null_fd);
    close(output_fd);
    setvbuf(stdout, NULL, _IONBF, 0); /* a stream that was used takes no other mode */
    bide__test_body(test);
    exit(0);
}

/* ---- the parent ---- */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS + t.tv_nsec;
}

static bool has_ended(pid_t child)
{
    siginfo_t info = {0};
    must(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT), "waitid");
    return info.si_pid == child;
}

/* Waits until the child has ended, or until the time is over. True: it has ended, and must still be
 * reaped. */
static bool wait_for(pid_t child, int64_t limit_ns)
{
    int64_t end_ns = now_ns() + limit_ns;
    sigset_t sigchld;

    sigemptyset(&sigchld);
    sigaddset(&sigchld, SIGCHLD);
    while (!has_ended(child)) {
        int64_t left_ns = end_ns - now_ns();
        if (left_ns < 0)
            return false;
        struct timespec left = {left_ns / NS, left_ns % NS};
        sigtimedwait(&sigchld, NULL, &left);
    }
    return true;
}

static int64_t limit_of(const struct bide__test *test)
{
    const char *slow = getenv("BIDE_TEST_SLOW");
    int factor = slow != NULL ? atoi(slow) : 1;
    int64_t limit_ns = test->options.limit.ns > 0 ? test->options.limit.ns : LIMIT_S * NS;
    return limit_ns * (factor < 1 ? 1 : factor);
}

/* True: it has ended by itself. */
static bool wait_and_end(const struct bide__test *test, pid_t child)
{
    bool in_time = wait_for(child, limit_of(test));
    if (!in_time) {
        kill(child, SIGQUIT);
        if (!wait_for(child, DUMP_S * NS)) {
            kill(child, SIGABRT);
            wait_for(child, ABORT_S * NS);
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

enum bide__outcome bide__process_run(const struct bide__test *test, char *why, size_t why_size,
                                     struct bide__output *output)
{
    sigset_t sigchld, before;
    int status = 0;
    pid_t parent = getpid();
    int output_fd = must(memfd_create("output", MFD_CLOEXEC), "memfd_create");

    sigemptyset(&sigchld);
    sigaddset(&sigchld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &sigchld, &before);
    fflush(NULL);
    pid_t child = must(fork(), "fork");
    if (child == 0)
        be_child(test, output_fd, parent);
    setpgid(child, child);
    bool in_time = wait_and_end(test, child);
    must(waitpid(child, &status, 0), "waitpid");
    sigprocmask(SIG_SETMASK, &before, NULL);
    read_output(output_fd, output);
    close(output_fd);

    if (!in_time)
        snprintf(why, why_size, "not done after %g s", (double)limit_of(test) / (double)NS);
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
