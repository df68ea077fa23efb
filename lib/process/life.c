/*
 * lib/process/life.c: a child from its start to its end; see process.h.
 */
#include "lib/process/process.h"

#include "lib/sync/wait.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

void bide__process_ref(struct bide_process *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}

void bide__process_drop(struct bide_process *p)
{
    if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (p->fd >= 0)
        bide__door.close(p->fd);
    bide__free(p, sizeof *p);
}

bool bide__process_is_parents(const struct bide_process *p)
{
    return p->forks != bide__forks;
}

/* ---- its end, under the lock ---- */

static bide_process_exit exit_of(const siginfo_t *info)
{
    bide_process_exit exit = {BIDE_PROCESS_EXITED, info->si_status};
    if (info->si_code != CLD_EXITED)
        exit.kind = info->si_code == CLD_DUMPED ? BIDE_PROCESS_DUMPED : BIDE_PROCESS_KILLED;
    return exit;
}

static int ask(const struct bide_process *p, siginfo_t *info, int options)
{
    int r;
    do {
        info->si_pid = 0; /* stays 0 if it runs */
        r = bide__door.waitid(P_PID, (id_t)p->pid, info, WEXITED | WNOHANG | options);
    } while (r == -EINTR);
    return r;
}

/* As bide__process_look, but of the state alone. */
static int look(struct bide_process *p)
{
    siginfo_t info;
    if (p->state == BIDE__RUNS) {
        int r = ask(p, &info, p->leads ? WNOWAIT : 0);
        if (r < 0 && r != -ECHILD)
            return r;
        if (r == 0 && info.si_pid == 0)
            return -EAGAIN;
        p->state = p->leads && r == 0 ? BIDE__ENDED : BIDE__REAPED;
        p->error = r;
        if (r == 0)
            p->exit = exit_of(&info);
    }
    return p->error;
}

/* Of a leader that has ended. If somebody else has reaped it, against the rules, its number is not
 * the child's any more. */
static void ask_leader(struct bide_process *p, int options, int reaped)
{
    siginfo_t info;
    if (p->state != BIDE__ENDED)
        return;
    int r = ask(p, &info, options);
    if (r == reaped || r == -ECHILD)
        p->state = BIDE__REAPED;
}

/* The number of a leader is needed no more. */
static void reap_leader(struct bide_process *p)
{
    ask_leader(p, 0, 0);
}

static int end_of(struct bide_process *p, bide_process_exit *exit, bool asks)
{
    if (bide__process_is_parents(p))
        return -ECHILD;
    lock_take(&p->lock);
    int r = asks ? look(p) : p->state == BIDE__RUNS ? -EAGAIN : p->error;
    if (r == 0 && exit != NULL)
        *exit = p->exit;
    lock_give(&p->lock);
    return r;
}

int bide__process_look(struct bide_process *p, bide_process_exit *exit)
{
    return end_of(p, exit, true);
}

int bide__process_known(struct bide_process *p, bide_process_exit *exit)
{
    return end_of(p, exit, false);
}

bool bide__process_reap(struct bide_process *p)
{
    lock_take(&p->lock);
    look(p);
    reap_leader(p);
    bool is_reaped = p->state == BIDE__REAPED;
    lock_give(&p->lock);
    return is_reaped;
}

void bide__process_watched_end(struct bide_process *p)
{
    lock_take(&p->lock);
    if (p->has_no_owner) {
        look(p);
        reap_leader(p);
    }
    lock_give(&p->lock);
}

/* ---- signals ---- */

/* Under the lock. Without a pidfd, or where a sandbox forbids to use it, the number must be the
 * child's: it was not reaped, not even because SIGCHLD is ignored. */
static int signal_child(struct bide_process *p, int signo)
{
    if (p->state != BIDE__RUNS)
        return -ESRCH;
    if (p->fd >= 0) {
        int r = bide__door.pidfd_send_signal(p->fd, signo);
        if (r != -ENOSYS && r != -EPERM)
            return r;
    }
    int r = look(p);
    return r == -EAGAIN ? bide__door.kill(p->pid, signo) : -ESRCH;
}

static int signal_group(struct bide_process *p, int signo)
{
    look(p);
    ask_leader(p, WNOWAIT, -ECHILD);
    return p->state != BIDE__REAPED ? bide__door.kill(-p->pid, signo) : -ESRCH;
}

int bide__process_signal(struct bide_process *p, int signo)
{
    return p->leads ? bide_process_kill_group(p, signo) : bide_process_kill(p, signo);
}

int bide_process_kill(bide_process *p, int signo)
{
    if (bide__process_is_parents(p))
        return -ECHILD;
    lock_take(&p->lock);
    int r = signal_child(p, signo);
    lock_give(&p->lock);
    return r;
}

int bide_process_kill_group(bide_process *p, int signo)
{
    if (bide__process_is_parents(p))
        return -ECHILD;
    if (!p->leads)
        return -EINVAL;
    lock_take(&p->lock);
    int r = signal_group(p, signo);
    lock_give(&p->lock);
    return r;
}

/* ---- the owner ---- */

static void let_go(struct bide_process *p)
{
    lock_take(&p->lock);
    if (!p->detached)
        (void)(p->leads ? signal_group(p, SIGKILL) : signal_child(p, SIGKILL));
    p->has_no_owner = true;
    look(p);
    reap_leader(p);
    bool is_reaped = p->state == BIDE__REAPED;
    lock_give(&p->lock);
    /* Without a pidfd the thread that watches will reap it. */
    if (!is_reaped && p->fd >= 0)
        bide__reaper_add(p);
}

void bide_process_free(bide_process *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < 3; i++)
        bide_stream_close(p->streams[i]);
    if (!bide__process_is_parents(p))
        let_go(p);
    bide__process_drop(p);
    bide__reaper_retry();
}

pid_t bide_process_id(const bide_process *p)
{
    return p->pid;
}

bide_stream *bide_process_in(const bide_process *p)
{
    return p->streams[0];
}

bide_stream *bide_process_out(const bide_process *p)
{
    return p->streams[1];
}

bide_stream *bide_process_err(const bide_process *p)
{
    return p->streams[2];
}

static bide_stream *take(bide_process *p, int i)
{
    return atomic_exchange(&p->streams[i], NULL);
}

bide_stream *bide_process_take_in(bide_process *p)
{
    return take(p, 0);
}

bide_stream *bide_process_take_out(bide_process *p)
{
    return take(p, 1);
}

bide_stream *bide_process_take_err(bide_process *p)
{
    return take(p, 2);
}

/* The home is asked, not the stream, which another wait may just have taken out and closed. */
int bide_process_close_in(bide_process *p)
{
    const struct bide_runtime *running = bide__runtime_running();
    if (atomic_load(&p->streams[0]) != NULL && running != NULL && running != p->home)
        return -EXDEV;
    bide_stream_close(take(p, 0));
    return 0;
}

int bide_process_try_wait(bide_process *p, bide_process_exit *exit)
{
    return bide__process_look(p, exit);
}

const char *bide_process_exit_text(bide_process_exit exit, char *text, size_t size)
{
    const char *name = sigabbrev_np(exit.number);
    const char *core = exit.kind == BIDE_PROCESS_DUMPED ? ", core dumped" : "";

    if (exit.kind == BIDE_PROCESS_EXITED)
        snprintf(text, size, "exited with status %d", exit.number);
    else if (name != NULL)
        snprintf(text, size, "killed by SIG%s%s", name, core);
    else
        snprintf(text, size, "killed by signal %d%s", exit.number, core);
    return text;
}
