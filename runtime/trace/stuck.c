/*
 * stuck.c: is there anything that could wake a task?
 *
 * The caller has seen that no task is ready and that the runtime waits for nothing: no timer is
 * armed, no leaf waits for a descriptor (signals are such waits), no call is on the pool. What
 * remains is a thread that bide did not start, which might wake a task, and a signal handler that
 * bide did not install, which might wake one too or end the program. Without either, no task can
 * ever go on.
 *
 * It is better to miss such a state than to see one that does not exist. In doubt (no /proc,
 * threads of another runtime, ThreadSanitizer's own thread) the answer is PERHAPS: what cannot be
 * told now, or is there now, may be different later.
 *
 * The order of the questions matters, since threads leave meanwhile. A thread of the pool is
 * counted off before it is gone, and no thread joins the pool meanwhile. So the process's threads
 * are counted first and the pool's second: the difference may then be too large, but never too
 * small. The caller looks at the wakes from other threads last: a thread that is gone has left its
 * wake before.
 */
#include "runtime/trace/trace.h"

#include "runtime/blocking/blocking.h"

#include <stdatomic.h>

_Atomic unsigned bide__console_threads;

enum { SIGNALS = 65 };

/* The handler of bide for each signal, as a number, since there are two types of handlers. */
static _Atomic uintptr_t handlers[SIGNALS];

void bide__signal_is_ours(int signo, uintptr_t handler)
{
    atomic_store(&handlers[signo], handler);
}

/* Handlers of faults wake nobody. Sanitizers install some. */
static bool is_fault(int signo)
{
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL ||
           signo == SIGABRT || signo == SIGTRAP || signo == SIGSYS;
}

/* For the signals that libc keeps for itself, sigaction fails. */
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

/* The number of threads of the process; 0: unknown. The kernel shows it as the number of links, for
 * which no descriptor has to be opened. */
static unsigned long count_threads(void)
{
    enum { LINKS_OF_A_FOLDER = 2 };
    struct stat status;
    if (bide__door.stat("/proc/self/task", &status) < 0 || status.st_nlink < LINKS_OF_A_FOLDER)
        return 0;
    return status.st_nlink - LINKS_OF_A_FOLDER;
}

enum bide__stuck bide__is_stuck(struct bide_runtime *rt, unsigned others)
{
    if (has_foreign_handlers())
        return BIDE__NOT_STUCK;
    unsigned long all = count_threads();
    unsigned long ours = 1 + others + bide__pool_threads(rt->pool) +
                         atomic_load_explicit(&bide__console_threads, memory_order_relaxed);
    return all == ours ? BIDE__STUCK : BIDE__STUCK_PERHAPS;
}
