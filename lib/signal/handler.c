/*
 * lib/signal/handler.c: the handler, and who uses which signal; see listener.h.
 *
 * One handler serves all signals. It is installed for a signal while that has a user in this
 * process, and `owner` says in which process that is: a child of fork() inherits the handler, but
 * not the users. Where the handler finds such a signal, it puts back what was before and raises the
 * signal again: so the child does by its first signal what it would have done without bide. A
 * signal that comes while its last user leaves is raised again, too.
 *
 * Order: a new user becomes the owner before the handler is installed, and what was before is put
 * back before nobody is the owner. So a handler that finds no owner need not touch the action, and
 * cannot take it away from a new user.
 *
 * The lock is for those who install and put back; the handler takes none. In a child of fork() it
 * may be held by a thread that does not exist there, and is made anew.
 */
#include "lib/signal/inside.h"

#include "lib/sync/wait.h"

#include "runtime/trace/trace.h"

enum { SIGNALS = 65 };

static struct {
    atomic_uint delivered, taken_up_to; /* for waits */
    _Atomic uint64_t sender;            /* of the latest: pid, uid */
    atomic_uint owner;                  /* 1 + bide__forks of the process that uses it; 0: nobody */
    atomic_uint listeners;
    bool has_waits;
    struct sigaction before;
    _Atomic uintptr_t before_handler; /* that of `before`, for the handler */
} signals[SIGNALS];

/* For SIGINT. `kept`: the program handles every delivery. `awaited`: a bide_ctrl_c has begun since
 * the last delivery; if none has, the next delivery ends the program. */
static atomic_bool ctrl_c_kept, ctrl_c_awaited;

static uint32_t lock;
static unsigned lock_forks;

static void take_lock(void)
{
    if (lock_forks != bide__forks) { /* then this is the only thread */
        lock = 0;
        lock_forks = bide__forks;
    }
    lock_take(&lock);
}

bool bide__signal_exists(int signo)
{
    return signo >= 1 && signo < SIGNALS;
}

static bool is_ours(int signo)
{
    return atomic_load(&signals[signo].owner) == bide__forks + 1;
}

/* ---- the handler ---- */

/* Called in the handler, where the signal is blocked: the action follows when the handler
 * returns. */
static void act(int signo, const struct sigaction *action)
{
    bide__door.sigaction(signo, action, NULL);
    bide__door.raise(signo);
}

/* SIGINT: it is the second one, for which nobody waits. */
static bool ends_program(void)
{
    return !atomic_exchange(&ctrl_c_awaited, false) && !atomic_load(&ctrl_c_kept) &&
           atomic_load(&signals[SIGINT].listeners) == 0;
}

static uint64_t sender_of(int signo, const siginfo_t *info)
{
    bool is_sent = info->si_code == SI_USER || info->si_code == SI_QUEUE ||
                   info->si_code == SI_TKILL || (signo == SIGCHLD && info->si_code > 0);
    return is_sent ? (uint64_t)info->si_pid << 32 | info->si_uid : 0;
}

static void on_signal(int signo, siginfo_t *info, void *context);

static int set_ours(int signo)
{
    struct sigaction ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigfillset(&ours.sa_mask);
    return bide__door.sigaction(signo, &ours, NULL);
}

/* Nobody uses the signal in this process. */
static void act_as_before(int signo)
{
    struct sigaction now;
    if (atomic_load(&signals[signo].owner) == 0) {
        /* Otherwise a handler of the program's has called this one. */
        if (bide__door.sigaction(signo, NULL, &now) == 0 &&
            (uintptr_t)now.sa_handler == atomic_load(&signals[signo].before_handler))
            bide__door.raise(signo);
        return;
    }
    act(signo, &signals[signo].before); /* in a child of fork() */
    if (is_ours(signo))
        set_ours(signo); /* another thread has just begun to use it */
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
    static const struct sigaction by_default = {.sa_handler = SIG_DFL};
    int saved = errno;

    (void)context;
    if (!is_ours(signo)) {
        act_as_before(signo);
    } else {
        if (signo == SIGINT && ends_program())
            act(signo, &by_default);
        atomic_store(&signals[signo].sender, sender_of(signo, info));
        atomic_fetch_add(&signals[signo].delivered, 1);
        bide__listeners_tell(signo);
    }
    errno = saved;
}

void bide__signal_sender(bide_signal *got)
{
    uint64_t sender = atomic_load(&signals[got->signo].sender);
    got->pid = (pid_t)(sender >> 32);
    got->uid = (uid_t)sender;
}

/* ---- users, under the lock ---- */

static bool has_our_handler(const struct sigaction *action)
{
    return action->sa_flags & SA_SIGINFO && action->sa_sigaction == on_signal;
}

static void forget(int signo)
{
    atomic_store(&signals[signo].taken_up_to, atomic_load(&signals[signo].delivered));
    signals[signo].has_waits = false;
    if (signo == SIGINT) {
        atomic_store(&ctrl_c_kept, false);
        atomic_store(&ctrl_c_awaited, false);
    }
}

static int install(int signo)
{
    struct sigaction now;
    int r = bide__door.sigaction(signo, NULL, &now);
    if (r < 0)
        return r;
    /* Otherwise the handler was inherited from a parent, and so was `before`. */
    if (!has_our_handler(&now)) {
        signals[signo].before = now;
        atomic_store(&signals[signo].before_handler, (uintptr_t)now.sa_handler);
    }
    forget(signo);
    atomic_store(&signals[signo].listeners, 0);
    atomic_store(&signals[signo].owner, bide__forks + 1);
    r = set_ours(signo);
    if (r < 0)
        atomic_store(&signals[signo].owner, 0);
    else
        bide__signal_is_ours(signo, (uintptr_t)on_signal);
    return r;
}

/* Unless the program has installed a handler of its own meanwhile. */
static void put_back(int signo)
{
    struct sigaction now;
    if (bide__door.sigaction(signo, NULL, &now) == 0 && has_our_handler(&now))
        bide__door.sigaction(signo, &signals[signo].before, NULL);
    atomic_store(&signals[signo].owner, 0);
}

/* The program would go back from the handler to what has failed, again and again. */
static bool is_fault(int signo)
{
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL;
}

int bide__signal_claim(int signo, enum bide__signal_user user)
{
    if (!bide__signal_exists(signo) || is_fault(signo))
        return -EINVAL;
    int r = bide__fork_watch();
    if (r < 0)
        return r;
    take_lock();
    if (!is_ours(signo))
        r = install(signo);
    if (r == 0 && user == BIDE__LISTENER)
        atomic_fetch_add(&signals[signo].listeners, 1);
    else if (r == 0)
        signals[signo].has_waits = true;
    if (r == 0 && user == BIDE__WAIT && signo == SIGINT)
        atomic_store(&ctrl_c_kept, true);
    lock_give(&lock);
    return r;
}

void bide__signal_unclaim(int signo, enum bide__signal_user user)
{
    take_lock();
    if (is_ours(signo)) {
        if (user == BIDE__LISTENER)
            atomic_fetch_sub(&signals[signo].listeners, 1);
        else
            forget(signo);
        if (atomic_load(&signals[signo].listeners) == 0 && !signals[signo].has_waits)
            put_back(signo);
    }
    lock_give(&lock);
}

void bide__ctrl_c_await(void)
{
    atomic_store(&ctrl_c_awaited, true);
}

/* ---- what has come, for waits ---- */

uint32_t bide__signal_taken(int signo)
{
    return atomic_load(&signals[signo].taken_up_to);
}

bool bide__signal_take(int signo, uint32_t taken)
{
    unsigned now = atomic_load(&signals[signo].delivered);
    unsigned before = atomic_load(&signals[signo].taken_up_to);
    if (now == taken)
        return false;
    while ((int32_t)(now - before) > 0)
        if (atomic_compare_exchange_weak(&signals[signo].taken_up_to, &before, now))
            break;
    return true;
}
