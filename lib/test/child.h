/*
 * lib/test/child.h: a process for each test, as bide/test.h and the harness of our own tests have
 * it. Nothing here uses the library.
 *
 * The parent has one thread, and SIGCHLD is blocked but in the wait, so no end is missed. A child
 * leads a process group, so that its own children end with it. Its output goes to a memory file,
 * since a pipe could stay open in a grandchild or fill up. A test that passes ends through exit(),
 * where sanitizers look for leaks; one that fails through _exit(), since leaks mean nothing then.
 */
#ifndef BIDE_LIB_TEST_CHILD_H
#define BIDE_LIB_TEST_CHILD_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t CHILD_NS = INT64_C(1000000000);

static inline int child_must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

/* In the child, before the test: its input is empty, and its output goes to the file. */
static inline void child_begin(int output_fd, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int null_fd = child_must(open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
    child_must(dup2(null_fd, 0), "dup2");
    child_must(dup2(output_fd, 1), "dup2");
    child_must(dup2(output_fd, 2), "dup2");
    close(null_fd);
    close(output_fd);
    setvbuf(stdout, NULL, _IONBF, 0); /* a stream that was used takes no other mode */
}

static inline int64_t child_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CHILD_NS + t.tv_nsec;
}

static inline bool child_has_ended(pid_t child)
{
    siginfo_t info = {0};
    child_must(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT), "waitid");
    return info.si_pid == child;
}

/* Waits until the child has ended, or until the time is over. True: it has ended, and must still be
 * reaped. */
static inline bool child_wait(pid_t child, int64_t limit_ns)
{
    int64_t end_ns = child_now_ns() + limit_ns;
    sigset_t sigchld;

    sigemptyset(&sigchld);
    sigaddset(&sigchld, SIGCHLD);
    while (!child_has_ended(child)) {
        int64_t left_ns = end_ns - child_now_ns();
        if (left_ns < 0)
            return false;
        struct timespec left = {left_ns / CHILD_NS, left_ns % CHILD_NS};
        sigtimedwait(&sigchld, NULL, &left);
    }
    return true;
}

/* How many times longer than written down limits are (sanitizers, valgrind): BIDE_TEST_SLOW. */
static inline int child_slowness(void)
{
    const char *slow = getenv("BIDE_TEST_SLOW");
    int factor = slow != NULL ? atoi(slow) : 1;
    return factor < 1 ? 1 : factor;
}

#endif
