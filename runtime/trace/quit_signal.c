/*
 * quit_signal.c: SIGQUIT (Ctrl-\ at the terminal) prints what a running program's tasks wait for.
 *
 *   first SIGQUIT        the executor is asked for the dump; a timer of 1 s starts
 *   between two tasks    the executor sees the question, stops the timer and prints
 *   the timer's end      the executor has not answered: the handler says what it runs
 *   another within 1 s   the default action: the program ends, with a core where those are on
 *
 * The timer sends SIGQUIT too, to the executor's own thread: there the current task cannot end
 * while the handler looks at it. The timer runs no longer than it must, since the program may
 * install a handler of its own, which is not to see the timer's signal.
 *
 * The handler calls clock_gettime, write, raise, sigaction and timer_settime and nothing else. One
 * runtime of the process has the signal: that of `async int main`, on the thread that runs it. The
 * handler may run on any thread, so the end waits until no thread is in it. In a child of fork()
 * the signal has its default action: the runtime is the parent's, and the child has no timer.
 */
#include "runtime/trace/trace.h"

#include "runtime/io/driver.h"
#include "runtime/task/task.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct {
    _Atomic(struct bide_runtime *) runtime; /* NULL: nobody has the signal */
    atomic_uint inside;                     /* threads that are in the handler */
    atomic_bool asked;                      /* and not answered */
    atomic_bool told;                       /* to say what runs, without a signal before */
    _Atomic int64_t asked_ns;               /* the time of the last question */
    timer_t timer;                          /* its signals carry &quit */
    struct sigaction before;
} quit;

static const struct itimerspec PATIENCE = {.it_value = {.tv_sec = 1}}, STOP;
static const int64_t PATIENCE_NS = INT64_C(1000000000);

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
    const struct bide__task *task = *(struct bide__task *const volatile *)&rt->worker->current;
    const struct bide_frame *root = task != NULL ? bide__task_root(task) : NULL;
    char label[BIDE__TASK_LABEL];

    if (root == NULL) {
        say("no task runs\n");
        return;
    }
    say("a task");
    say(bide__task_label(rt->hub, task, label));
    say(" runs without an await, that of ");
    say(root->fn->info != NULL ? root->fn->info->name : "?");
    uint32_t line = bide__frame_line(root);
    if (line > 0 && root->fn->info->file != NULL) {
        bool has_waited = (root->state & ~(uint32_t)BIDE_SHIELDED) != 0;
        say(has_waited ? ", which last waited at " : ", which has not waited since it began at ");
        say(root->fn->info->file);
        say(":");
        say_number(line);
    }
    say("\n");
}

static void end_by_default(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    bide__door.sigaction(SIGQUIT, &action, NULL);
    bide__door.raise(SIGQUIT);
}

static bool is_second(void)
{
    int64_t now_ns = bide__door_real.clock(); /* the virtual one may stand still */
    return now_ns - atomic_exchange(&quit.asked_ns, now_ns) < PATIENCE_NS;
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)signo, (void)context;
    atomic_fetch_add(&quit.inside, 1);
    struct bide_runtime *rt = atomic_load(&quit.runtime);
    if (info->si_code == SI_TIMER && info->si_value.sival_ptr == &quit) {
        if (rt != NULL && atomic_exchange(&quit.told, false)) {
            say("bide: shutdown: ");
            say_what_runs(rt);
        } else if (rt != NULL && atomic_exchange(&quit.asked, false)) {
            say("bide: SIGQUIT: no answer for 1 s; ");
            say_what_runs(rt);
            say("bide: two SIGQUITs within 1 s end the program\n");
        }
    } else if (rt == NULL || bide__runtime_forked(rt) || is_second()) {
        end_by_default(); /* NULL: the handler is being taken out */
    } else {
        atomic_store(&quit.asked, true);
        bide__door.timer_settime(quit.timer, 0, &PATIENCE, NULL);
        rt->worker->driver->ops->wake(rt->worker->driver);
    }
    atomic_fetch_sub(&quit.inside, 1);
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
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGQUIT, .sigev_value.sival_ptr = &quit};
    event._sigev_un._tid = bide__door.gettid();
    if (!is_wanted() || bide__door.timer_create(CLOCK_MONOTONIC, &event, &quit.timer) < 0)
        return;
    sigfillset(&action.sa_mask);
    atomic_store(&quit.asked, false);
    atomic_store(&quit.asked_ns, bide__door_real.clock() - PATIENCE_NS);
    atomic_store(&quit.runtime, rt);
    if (bide__door.sigaction(SIGQUIT, &action, &quit.before) < 0) {
        atomic_store(&quit.runtime, NULL);
        bide__door.timer_delete(quit.timer);
        return;
    }
    bide__signal_is_ours(SIGQUIT, (uintptr_t)on_signal);
}

/* A signal that the timer has sent before still finds the handler, which then ignores it. */
void bide__quit_signal_end(struct bide_runtime *rt)
{
    struct sigaction now;
    if (atomic_load(&quit.runtime) != rt)
        return;
    atomic_store(&quit.runtime, NULL);
    while (atomic_load(&quit.inside) > 0)
        bide__door.sched_yield();
    bide__door.timer_delete(quit.timer);
    /* Unless the program has installed its own handler meanwhile. */
    if (bide__door.sigaction(SIGQUIT, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
        now.sa_sigaction == on_signal)
        bide__door.sigaction(SIGQUIT, &quit.before, NULL);
}

void bide__quit_signal_tell(const struct bide_runtime *rt)
{
    static const struct itimerspec NOW = {.it_value = {.tv_nsec = 1}};

    if (atomic_load(&quit.runtime) != rt)
        return;
    atomic_store(&quit.told, true);
    bide__door.timer_settime(quit.timer, 0, &NOW, NULL);
}

bool bide__quit_signal_has_asked(const struct bide_runtime *rt)
{
    return atomic_load_explicit(&quit.asked, memory_order_relaxed) &&
           atomic_load(&quit.runtime) == rt;
}

bool bide__quit_signal_asks(const struct bide_runtime *rt)
{
    if (!bide__quit_signal_has_asked(rt) || !atomic_exchange(&quit.asked, false))
        return false;
    bide__door.timer_settime(quit.timer, 0, &STOP, NULL);
    return true;
}
