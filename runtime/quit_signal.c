/*
 * quit_signal.c: SIGQUIT (Ctrl-\ at the terminal) prints what a running program's tasks wait for.
 *
 *   first SIGQUIT        the executor is asked for the dump; a timer of 1 s starts
 *   between two tasks    the executor sees the question and prints
 *   second one before    the default action: the program ends, with a core where those are on
 *     the timer's end
 *   the timer's end      if the executor has not answered, the handler says what it runs
 *
 * The timer sends SIGQUIT too, with SI_TIMER, to the executor's own thread: there the task that
 * runs cannot end while the handler looks at it. The handler calls write, raise, sigaction and
 * timer_settime and nothing else. One runtime of the process has the signal: that of `async int
 * main`, on the thread that runs it.
 */
#include "quit_signal.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct {
    _Atomic(struct bide_runtime *) runtime; /* NULL: nobody has the signal */
    atomic_bool asked;                      /* and not answered */
    atomic_bool recent;                     /* the timer runs */
    timer_t timer;
    struct sigaction before;
} quit;

static const struct itimerspec PATIENCE = {.it_value = {.tv_sec = 1}};

/* ---- in the handler ---- */

static void say(const char *text)
{
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
}

static void say_number(unsigned long n)
{
    char digits[24], *p = digits + sizeof(digits);
    *--p = 0;
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    say(p);
}

static void say_what_runs(const struct bide_runtime *rt)
{
    const struct bide__task *task = *(struct bide__task *const volatile *)&rt->current;
    const struct bide_frame *root = task != NULL ? bide__task_root(task) : NULL;

    say("bide: SIGQUIT: no answer for 1 s; ");
    if (root == NULL) {
        say("no task runs\n");
        return;
    }
    say("a task runs without an await, that of ");
    say(root->fn->info != NULL ? root->fn->info->name : "?");
    uint32_t line = bide__frame_line(root);
    if (line > 0 && root->fn->info->file != NULL) {
        say(", which last waited at ");
        say(root->fn->info->file);
        say(":");
        say_number(line);
    }
    say("\nbide: two SIGQUITs within 1 s end the program\n");
}

static void end_by_default(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    bide__door.sigaction(SIGQUIT, &action, NULL);
    bide__door.raise(SIGQUIT);
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
    int saved = errno;
    struct bide_runtime *rt = atomic_load(&quit.runtime);
    (void)signo, (void)context;
    if (rt == NULL) {
        end_by_default(); /* it came while the handler was on its way out */
    } else if (info->si_code == SI_TIMER) {
        atomic_store(&quit.recent, false);
        if (atomic_exchange(&quit.asked, false))
            say_what_runs(rt);
    } else if (atomic_exchange(&quit.recent, true)) {
        end_by_default();
    } else {
        atomic_store(&quit.asked, true);
        bide__door.timer_settime(quit.timer, 0, &PATIENCE, NULL);
        rt->driver->ops->wake(rt->driver);
    }
    errno = saved;
}

/* ---- the executor ---- */

static bool is_wanted(void)
{
    struct sigaction now;
    const char *word = getenv("BIDE_DUMP_SIGNAL");
    if (word != NULL && strcmp(word, "0") == 0)
        return false;
    return bide__door.sigaction(SIGQUIT, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
           now.sa_handler == SIG_DFL;
}

void bide__quit_signal_begin(struct bide_runtime *rt)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGQUIT};
    event._sigev_un._tid = bide__door.gettid();
    if (!is_wanted() || bide__door.timer_create(CLOCK_MONOTONIC, &event, &quit.timer) < 0)
        return;
    sigfillset(&action.sa_mask);
    atomic_store(&quit.asked, false);
    atomic_store(&quit.recent, false);
    atomic_store(&quit.runtime, rt);
    if (bide__door.sigaction(SIGQUIT, &action, &quit.before) < 0) {
        atomic_store(&quit.runtime, NULL);
        bide__door.timer_delete(quit.timer);
        return;
    }
    bide__signal_is_ours(SIGQUIT);
}

void bide__quit_signal_end(struct bide_runtime *rt)
{
    struct sigaction now;
    if (atomic_load(&quit.runtime) != rt)
        return;
    /* Unless the program has put its own in the place. */
    if (bide__door.sigaction(SIGQUIT, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
        now.sa_sigaction == on_signal)
        bide__door.sigaction(SIGQUIT, &quit.before, NULL);
    bide__door.timer_delete(quit.timer);
    atomic_store(&quit.runtime, NULL);
}

bool bide__quit_signal_asks(const struct bide_runtime *rt)
{
    return atomic_load_explicit(&quit.asked, memory_order_relaxed) &&
           atomic_load(&quit.runtime) == rt && atomic_exchange(&quit.asked, false);
}
