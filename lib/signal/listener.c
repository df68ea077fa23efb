/*
 * lib/signal/listener.c: the handler and its listeners; see listener.h. Signals belong to the
 * process, so this state does too; it is the only such state in the library.
 *
 * The list of listeners only grows, at its head, so a handler may walk it at any moment. A listener
 * with signo FREE belongs to nobody. A child of fork() does not use its parent's listeners, since
 * the two processes share their eventfds. Order: a wait first sets its listener's signo and then
 * reads the counter; the handler first counts and then looks for listeners. So at least one of them
 * sees the other.
 */
#include "lib/signal/listener.h"

#include "runtime/trace/trace.h"

#include <stdatomic.h>

enum { SIGNALS = 65, FREE = 0, TAKEN = -1 };

struct bide__listener {
    struct bide__listener *next;
    atomic_int signo;
    int fd;
    unsigned forks; /* bide__forks when it was made; differs in a child process */
};

static bool is_of_this_process(const struct bide__listener *l)
{
    return l->forks == bide__forks;
}

static _Atomic(struct bide__listener *) listeners;
static atomic_uint delivered[SIGNALS], taken_up_to[SIGNALS];
static atomic_bool installed[SIGNALS];

/* For SIGINT. `kept`: the program handles every delivery. `awaited`: a bide_ctrl_c has begun since
 * the last delivery; if none has, the next delivery ends the program. */
static atomic_bool ctrl_c_kept, ctrl_c_awaited;

/* Called in the handler, where the signal is blocked: the default action follows when the handler
 * returns. */
static void end_by_default(int signo)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    bide__door.sigaction(signo, &action, NULL);
    bide__door.raise(signo);
}

static void on_signal(int signo)
{
    int saved = errno;
    if (signo == SIGINT && !atomic_exchange(&ctrl_c_awaited, false) && !atomic_load(&ctrl_c_kept))
        end_by_default(signo);
    uint64_t one = 1;
    atomic_fetch_add(&delivered[signo], 1);
    for (struct bide__listener *l = atomic_load(&listeners); l != NULL; l = l->next)
        if (atomic_load(&l->signo) == signo && is_of_this_process(l))
            bide__door.write(l->fd, &one, sizeof one);
    errno = saved;
}

int bide__signal_install(int signo)
{
    if (signo < 1 || signo >= SIGNALS)
        return -EINVAL;
    if (atomic_load(&installed[signo]))
        return 0;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    int r = bide__door.sigaction(signo, &action, NULL);
    if (r == 0) {
        atomic_store(&installed[signo], true);
        bide__signal_is_ours(signo, (uintptr_t)on_signal);
    }
    return r;
}

void bide__ctrl_c_await(void)
{
    atomic_store(&ctrl_c_awaited, true);
}

void bide__ctrl_c_keep(void)
{
    atomic_store(&ctrl_c_kept, true);
}

uint32_t bide__signal_taken(int signo)
{
    return atomic_load(&taken_up_to[signo]);
}

bool bide__signal_take(int signo, uint32_t taken)
{
    unsigned now = atomic_load(&delivered[signo]), before = atomic_load(&taken_up_to[signo]);
    if (now == taken)
        return false;
    while ((int32_t)(now - before) > 0)
        if (atomic_compare_exchange_weak(&taken_up_to[signo], &before, now))
            break;
    return true;
}

/* Takes a listener that nobody uses; NULL if there is none. */
static struct bide__listener *find_free(void)
{
    for (struct bide__listener *l = atomic_load(&listeners); l != NULL; l = l->next) {
        int expected = FREE;
        if (is_of_this_process(l) && atomic_compare_exchange_strong(&l->signo, &expected, TAKEN))
            return l;
    }
    return NULL;
}

static int make(struct bide__listener **listener)
{
    struct bide__listener *l = bide__alloc(sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    l->forks = bide__forks;
    l->fd = bide__door.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->fd < 0) {
        int r = l->fd;
        bide__free(l, sizeof *l);
        return r;
    }
    atomic_init(&l->signo, TAKEN);
    l->next = atomic_load(&listeners);
    while (!atomic_compare_exchange_weak(&listeners, &l->next, l))
        ;
    *listener = l;
    return 0;
}

int bide__listener_open(int signo, struct bide__listener **listener)
{
    struct bide__listener *l = find_free();
    int r = l == NULL ? make(&l) : 0;
    if (r < 0)
        return r;
    atomic_store(&l->signo, signo);
    *listener = l;
    return 0;
}

void bide__listener_close(struct bide__listener *listener)
{
    atomic_store(&listener->signo, FREE);
}

int bide__listener_fd(const struct bide__listener *listener)
{
    return listener->fd;
}

void bide__listener_drain(struct bide__listener *listener)
{
    uint64_t count;
    bide__door.read(listener->fd, &count, sizeof count);
}
