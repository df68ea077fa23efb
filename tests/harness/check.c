/*
 * Runs the tests of one program, each in a child process. See check.h for what a user sees.
 */
#define _GNU_SOURCE
#include "check.h"

#include "../../lib/test/child.h"
#include "../../lib/test/print.h"

#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>

enum { STATUS_SKIPPED = 77, SHOWN_BYTES = 100000, ABORT_GRACE_SECONDS = 5 };

enum outcome { PASSED, FAILED, SKIPPED };

static struct check_test *first_test;
static struct check_test **last_link = &first_test;
static bool no_fork;
static const char *flavour; /* NULL: a thread has its own runtime */

void check_register(struct check_test *test)
{
    *last_link = test;
    last_link = &test->next;
}

bool check_has_workers(void)
{
    return flavour != NULL;
}

static void end_failed(void) __attribute__((noreturn));

static void end_failed(void)
{
    fflush(NULL);
    if (no_fork)
        abort();
    _exit(1);
}

void check_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    end_failed();
}

void check_skip(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    exit(STATUS_SKIPPED);
}

void check_eq(const char *file, int line, const char *what, long long got, long long expected)
{
    if (got == expected)
        return;
    fprintf(stderr, "%s:%d: check failed: %s\n    got %lld, expected %lld\n", file, line, what, got,
            expected);
    end_failed();
}

void check_str(const char *file, int line, const char *what, const char *got, const char *expected)
{
    if (got == expected || (got != NULL && expected != NULL && strcmp(got, expected) == 0))
        return;
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    print_string("got     ", got);
    print_string("expected", expected);
    end_failed();
}

void check_err(const char *file, int line, const char *what, long long got, long long expected)
{
    if (got == expected)
        return;
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    print_result("got     ", got);
    print_result("expected", expected);
    end_failed();
}

/* Some tests are programs without the library. */
__typeof__(bide_runtime_new) bide_runtime_new __attribute__((weak));
__typeof__(bide_runtime_enter) bide_runtime_enter __attribute__((weak));
__typeof__(bide_runtime_shutdown) bide_runtime_shutdown __attribute__((weak));
__typeof__(bide_runtime_free) bide_runtime_free __attribute__((weak));
__typeof__(bide_test_watch) bide_test_watch __attribute__((weak));

static bool is_refused(int error)
{
    return error == -ENOSYS || error == -EPERM || error == -EOPNOTSUPP;
}

/* BIDE_IO names a driver that is not to be had here. Asked in a child, so that the tests find
 * nothing that was made before. */
static bool lacks_driver(void)
{
    int status = 0;
    if (getenv("BIDE_IO") == NULL || bide_runtime_new == NULL)
        return false;
    pid_t child = fork();
    if (child == 0) {
        bide_runtime *rt;
        _exit(is_refused(bide_runtime_new(NULL, &rt)));
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* Runs the test on the flavour that it is to have, with as many workers as BIDE_WORKERS says. */
static void run_on_flavour(const struct check_test *test)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD};
    bide_runtime *rt;

    if (flavour == NULL) {
        test->run();
        return;
    }
    if (strcmp(flavour, "multi_thread") != 0 || bide_runtime_new == NULL)
        check_fail(test->file, 0, "BIDE_TEST_FLAVOUR: no such flavour, or no library");
    bide_test_watch(); /* what it changes must not change while workers run */
    int r = bide_runtime_new(&options, &rt);
    if (is_refused(r))
        check_skip("the driver that BIDE_IO names is not to be had here");
    child_must(r, "bide_runtime_new");
    bide_runtime_enter(rt);
    test->run();
    bide_runtime_enter(NULL);
    check_err(test->file, 0, "shutdown", bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    check_err(test->file, 0, "free", bide_runtime_free(rt), 0);
}

static void run_in_child(const struct check_test *test, int output_fd, pid_t parent)
{
    child_begin(output_fd, parent);
    run_on_flavour(test);
    exit(0);
}

static void show_output(int fd)
{
    static char buffer[SHOWN_BYTES];
    ssize_t size = pread(fd, buffer, sizeof buffer, 0);
    if (size <= 0)
        return;
    fwrite(buffer, 1, (size_t)size, stdout);
    if (buffer[size - 1] != '\n')
        putchar('\n');
    if (size == sizeof buffer)
        printf("... (the rest is not shown)\n");
}

static int limit_of(const struct check_test *test)
{
    return test->limit_seconds * child_slowness();
}

static enum outcome run_forked(const struct check_test *test)
{
    int limit_seconds = limit_of(test);
    int status = 0;
    pid_t parent = getpid();
    int output_fd = child_must(memfd_create("output", MFD_CLOEXEC), "memfd_create");
    fflush(NULL);
    pid_t child = child_must(fork(), "fork");
    if (child == 0)
        run_in_child(test, output_fd, parent);
    setpgid(child, child);
    bool in_time = child_wait(child, limit_seconds * CHILD_NS);
    if (!in_time) {
        /* A sanitizer that handles SIGABRT shows where the test hangs. */
        kill(child, SIGABRT);
        child_wait(child, ABORT_GRACE_SECONDS * CHILD_NS);
    }
    kill(-child, SIGKILL);
    child_must(waitpid(child, &status, 0), "waitpid");

    enum outcome outcome = FAILED;
    if (!in_time)
        printf("FAILED %s (%s): not done after %d s\n", test->name, test->file, limit_seconds);
    else if (WIFSIGNALED(status))
        printf("FAILED %s (%s): %s\n", test->name, test->file, strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == STATUS_SKIPPED)
        outcome = SKIPPED;
    else if (WEXITSTATUS(status) != 0)
        printf("FAILED %s (%s): exit status %d\n", test->name, test->file, WEXITSTATUS(status));
    else
        outcome = PASSED;
    if (outcome == SKIPPED)
        printf("SKIPPED %s\n", test->name);
    if (outcome != PASSED)
        show_output(output_fd);
    close(output_fd);
    fflush(stdout);
    return outcome;
}

/* The name is a word of BIDE_TEST_EXCEPT. */
static bool is_left_out(const struct check_test *test)
{
    const char *names = getenv("BIDE_TEST_EXCEPT"), *at = names;
    size_t size = strlen(test->name);
    for (; at != NULL && (at = strstr(at, test->name)) != NULL; at += size)
        if ((at == names || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

static bool is_wanted(const struct check_test *test, int count, char **texts)
{
    if (is_left_out(test))
        return false;
    for (int i = 0; i < count; i++)
        if (strstr(test->name, texts[i]) != NULL)
            return true;
    return count == 0;
}

/* The last two parts of the path: AREA/NAME. */
static const char *program_name(const char *path)
{
    const char *name = path + strlen(path);
    for (int slashes = 0; name > path; name--)
        if (name[-1] == '/' && ++slashes == 2)
            break;
    return name;
}

int main(int argc, char **argv)
{
    unsigned count[3] = {0, 0, 0};
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for (struct check_test *test = first_test; test != NULL; test = test->next)
            puts(test->name);
        return 0;
    }
    flavour = getenv("BIDE_TEST_FLAVOUR");
    no_fork = getenv("BIDE_TEST_NOFORK") != NULL;
    if (!no_fork) {
        sigset_t sigchld;
        sigemptyset(&sigchld);
        sigaddset(&sigchld, SIGCHLD);
        sigprocmask(SIG_BLOCK, &sigchld, NULL);
    }
    if (lacks_driver()) {
        puts("skipped: the driver that BIDE_IO names is not to be had here");
        return STATUS_SKIPPED;
    }
    for (struct check_test *test = first_test; test != NULL; test = test->next) {
        if (!is_wanted(test, argc - 1, argv + 1))
            continue;
        if (no_fork) {
            run_on_flavour(test);
            count[PASSED]++;
        } else {
            count[run_forked(test)]++;
        }
    }
    if (count[PASSED] + count[FAILED] + count[SKIPPED] == 0)
        fprintf(stderr, "no such test; --list shows the names\n");
    printf("%s%s: %u passed, %u failed, %u skipped\n", program_name(argv[0]),
           flavour != NULL ? "_multi" : "", count[PASSED], count[FAILED], count[SKIPPED]);
    if (count[FAILED] > 0)
        return 1;
    return count[PASSED] > 0 ? 0 : count[SKIPPED] > 0 ? STATUS_SKIPPED : 1;
}
