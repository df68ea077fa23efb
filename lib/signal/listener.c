/*
 * lib/signal/listener.c: the listeners and what has come for them; see listener.h. Signals belong
 * to the process, so this state does too; it and that of handler.c are the only such state of this
 * folder.
 *
 * The list of listeners only grows, at its head, so a handler may walk it at any moment. A listener
 * whose set is empty gets nothing. A child of fork() does not use its parent's listeners, since the
 * two processes share their eventfds. Order: a wait first sets its listener's set and then reads
 * what has come; the handler first notes the signal and then looks for listeners. So at least one
 * of them sees the other.
 */
#include "lib/signal/inside.h"

struct bide__listener {
    struct bide__listener *next;
    _Atomic uint64_t set, come;
    atomic_bool is_taken; /* somebody uses it */
    int fd;
    unsigned forks; /* bide__forks when it was made; differs in a child process */
};

static _Atomic(struct bide__listener *) listeners;

bool bide__listener_is_parents(const struct bide__listener *l)
{
    return l->forks != bide__forks;
}

void bide__listeners_tell(int signo)
{
    uint64_t one = 1, bit = bide__signal_bit(signo);
    for (struct bide__listener *l = atomic_load(&listeners); l != NULL; l = l->next) {
        if (!(atomic_load(&l->set) & bit) || bide__listener_is_parents(l))
            continue;
        atomic_fetch_or(&l->come, bit);
        bide__door.write(l->fd, &one, sizeof one);
    }
}

/* Takes a listener that nobody uses; NULL if there is none. */
static struct bide__listener *find_free(void)
{
    for (struct bide__listener *l = atomic_load(&listeners); l != NULL; l = l->next)
        if (!bide__listener_is_parents(l) && !atomic_exchange(&l->is_taken, true))
            return l;
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
    atomic_init(&l->is_taken, true);
    atomic_init(&l->set, 0);
    atomic_init(&l->come, 0);
    l->next = atomic_load(&listeners);
    while (!atomic_compare_exchange_weak(&listeners, &l->next, l))
        ;
    *listener = l;
    return 0;
}

int bide__listener_open(uint64_t set, struct bide__listener **listener)
{
    struct bide__listener *l = find_free();
    int r = l == NULL ? make(&l) : 0;
    if (r < 0)
        return r;
    atomic_store(&l->come, 0);
    atomic_store(&l->set, set);
    *listener = l;
    return 0;
}

void bide__listener_close(struct bide__listener *l)
{
    atomic_store(&l->set, 0);
    atomic_store(&l->is_taken, false);
}

int bide__listener_fd(const struct bide__listener *l)
{
    return l->fd;
}

void bide__listener_drain(struct bide__listener *l)
{
    uint64_t count;
    bide__door.read(l->fd, &count, sizeof count);
}

/* The lowest bit above that of `last`, or else the lowest; 0: there is none. */
static uint64_t next_bit(uint64_t bits, int last)
{
    uint64_t above = last < 64 ? bits & (UINT64_MAX << last) : 0;
    if (above != 0)
        bits = above;
    return bits & -bits;
}

/* A bit of the set before, from a handler that was late, is not wanted. */
bool bide__listener_take(struct bide__listener *l, int last, bide_signal *got)
{
    uint64_t one = 1, set = atomic_load(&l->set), come, bit;
    do {
        come = atomic_load(&l->come) & set;
        bit = next_bit(come, last);
        if (bit == 0)
            return false;
    } while (!(atomic_fetch_and(&l->come, ~bit) & bit)); /* another task was quicker */
    *got = (bide_signal){.signo = 1 + __builtin_ctzll(bit)};
    bide__signal_sender(got);
    if (come != bit)
        bide__door.write(l->fd, &one, sizeof one);
    return true;
}
