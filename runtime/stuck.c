/*
 * stuck.c: is there anything that could wake a task?
 *
 * The caller has seen that no task is ready and that the runtime waits for nothing: no timer is
 * armed, no leaf waits for a descriptor (signals are such waits), no call is on the pool. What is
 * left is asked of the kernel: a thread that bide did not start might wake a task, and so might a
 * handler of a signal that bide did not install, or it might end the program. Without either, none
 * of the tasks can ever go on.
 *
 * It would rather miss such a state than see one where there is none. In doubt (no /proc, threads
 * of another runtime, ThreadSanitizer's own thread) it says no.
 */
#include "scheduler.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint64_t signals_caught; /* by handlers of bide, as in SigCgt */

static uint64_t signal_bit(int signo)
{
    return UINT64_C(1) << (signo - 1);
}

void bide__signal_is_ours(int signo)
{
    atomic_fetch_or(&signals_caught, signal_bit(signo));
}

/* ---- /proc/self/status ---- */

struct status {
    unsigned long threads;
    uint64_t caught;
};

/* The text after "\nNAME:\t", or NULL. */
static const char *find_line(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line != NULL ? line + strlen(name) : NULL;
}

static bool read_status(struct status *out)
{
    char text[4096];
    size_t size = 0;
    ssize_t n;
    int fd = bide__door.open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (size < sizeof(text) - 1 &&
           (n = bide__door.read(fd, text + size, sizeof(text) - 1 - size)) > 0)
        size += (size_t)n;
    bide__door.close(fd);
    text[size] = 0;
    const char *threads = find_line(text, "\nThreads:\t");
    const char *caught = find_line(text, "\nSigCgt:\t");
    if (threads == NULL || caught == NULL)
        return false;
    out->threads = strtoul(threads, NULL, 10);
    out->caught = strtoull(caught, NULL, 16);
    return true;
}

/* Signals of faults: their handlers do not wake anybody. */
static uint64_t faults(void)
{
    return signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGFPE) | signal_bit(SIGILL) |
           signal_bit(SIGABRT) | signal_bit(SIGTRAP) | signal_bit(SIGSYS);
}

/* libc's own, for pthread_cancel and setuid. */
static uint64_t libc_signals(void)
{
    return signal_bit(32) | signal_bit(33);
}

enum bide__stuck bide__is_stuck(struct bide_runtime *rt)
{
    struct status status;
    bool joined;
    uint32_t ours = 1 + bide__pool_threads(&rt->pool, &joined);
    if (!read_status(&status))
        return BIDE__NOT_STUCK;
    if (status.caught & ~(faults() | libc_signals() | atomic_load(&signals_caught)))
        return BIDE__NOT_STUCK;
    if (status.threads == ours)
        return BIDE__STUCK;
    /* A thread that was joined is counted a moment longer. */
    return joined ? BIDE__STUCK_PERHAPS : BIDE__NOT_STUCK;
}
