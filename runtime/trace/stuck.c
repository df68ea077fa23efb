/*
 * stuck.c: is there anything that could wake a task?
 *
 * The caller has seen that no task is ready and that the runtime waits for nothing: no timer is
 * armed, no leaf waits for a descriptor (signals are such waits), no call is on the pool. What is
 * left is a thread that bide did not start, which might wake a task, and a handler of a signal that
 * bide did not install, which might do that too or end the program. Without either, none of the
 * tasks can ever go on.
 *
 * It would rather miss such a state than see one where there is none. In doubt (no /proc, threads
 * of another runtime, ThreadSanitizer's own thread) it says PERHAPS: what cannot be told now, or is
 * there now, may be another time.
 *
 * The order of the questions matters, since threads leave while they are asked. A thread of the
 * pool leaves it before it is gone, and no thread comes to it meanwhile. So the process's threads
 * are counted first and the pool's then: the difference may be too large, but not too small. And
 * the wakes of other threads are looked at last, by the caller: one that is gone has left its own.
 */
#include "runtime/worker.h"

#include <stdatomic.h>

enum { SIGNALS = 65 };

/* A handler of bide for each signal, as a number: there are two types of them. */
static _Atomic uintptr_t handlers[SIGNALS];

void bide__signal_is_ours(int signo, uintptr_t handler)
{
    atomic_store(&handlers[signo], handler);
}

/* Signals of faults: their handlers do not wake anybody. Sanitizers have such handlers. */
static bool is_fault(int signo)
{
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL ||
           signo == SIGABRT || signo == SIGTRAP || signo == SIGSYS;
}

/* libc's own signals cannot be asked for. */
static bool has_foreign_handler(int signo)
{
    struct sigaction now;
    if (is_fault(signo) || bide__door.sigaction(signo, NULL, &now) < 0)
        return false;
    uintptr_t handler =
        now.sa_flags & SA_SIGINFO ? (uintptr_t)now.sa_sigaction : (uintptr_t)now.sa_handler;
    return handler != (uintptr_t)SIG_DFL && handler != (uintptr_t)SIG_IGN &&
           handler != atomic_load(&handlers[signo]);
}

static bool has_foreign_handlers(void)
{
    for (int signo = 1; signo < SIGNALS; signo++)
        if (has_foreign_handler(signo))
            return true;
    return false;
}

/* The threads of the process; 0: not known. The kernel counts them as links, and to ask for that
 * takes no descriptor. */
static unsigned long count_threads(void)
{
    enum { LINKS_OF_A_FOLDER = 2 };
    struct stat status;
    if (bide__door.stat("/proc/self/task", &status) < 0 || status.st_nlink < LINKS_OF_A_FOLDER)
        return 0;
    return status.st_nlink - LINKS_OF_A_FOLDER;
}

enum bide__stuck bide__is_stuck(struct bide_runtime *rt)
{
    if (has_foreign_handlers())
        return BIDE__NOT_STUCK;
    unsigned long all = count_threads();
    unsigned long ours = 1 + bide__pool_threads(&rt->pool);
    return all == ours ? BIDE__STUCK : BIDE__STUCK_PERHAPS;
}
