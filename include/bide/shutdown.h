/*
 * bide/shutdown.h: how a program ends in good order, by one call. In main, and with a
 * `static bide_shutdown stop = BIDE_SHUTDOWN_INIT;` for all:
 *
 *     bide_shutdown_add_tcp(&stop, listener);
 *     bide_task_detach(bide_spawn(serve(listener)));
 *     status = await bide_shutdown_on_signals(&stop, NULL, NULL);
 *
 * On SIGTERM or SIGINT the listeners accept no more, all tasks that ask are told, and have some
 * time to end by themselves (the drain). The rest is cancelled, and has some time to unwind, in
 * which its deferred blocks may await. What has not ended after each of these is reported, by the
 * names and lines of its calls. After that the program ends, whatever a deferred block does.
 *
 *    begin            drain                unwind               1 s
 *      |--------------------|--------------------|----------------|
 *      | listeners stop     | the rest is        | awaits in      | the call returns; what is
 *      | tasks are told     | cancelled          | deferred       | left does not keep main
 *      |                    |                    | blocks, too    | from ending the program
 *
 * Each step ends as soon as no other task is left. The names of the steps are those of Go's
 * http.Server.Shutdown and of the crate tokio-graceful-shutdown, of which this has both.
 *
 * The object is for the whole runtime, on all its threads. It lies in memory of yours, mostly
 * static, and must stay while a task, a listener or a hook refers to it. Unless it is said
 * otherwise, functions may be called on any thread, and never wait.
 */
#ifndef BIDE_SHUTDOWN_H
#define BIDE_SHUTDOWN_H

#include <bide/lang.h>
#include <bide/net.h>
#include <bide/token.h>
#include <bide/unix.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_shutdown_hook bide_shutdown_hook;

/* The members are private. It needs no end. */
typedef struct bide_shutdown {
    uint32_t lock_, begun_, hurries_, runs_;
    size_t helpers_;
    bide_shutdown_hook *first_, *last_;
    bide_shutdown_hook *running_;
    uint64_t runner_;
    struct bide__sleepers waiting_;
} bide_shutdown;

/* A shutdown that has not begun; so is memory of zeroes. */
#define BIDE_SHUTDOWN_INIT                  \
    {                                       \
        0, 0, 0, 0, 0, NULL, NULL, NULL, 0, \
        {                                   \
            NULL, NULL, NULL                \
        }                                   \
    }

/* ---- to be told ---- */

/* True if the shutdown has begun. */
bool bide_shutdown_begun(const bide_shutdown *shutdown);

/* Waits until the shutdown has begun; returns 0. Cancelled: nothing has happened. */
bide_async int bide_shutdown_wait(bide_shutdown *shutdown);

/*
 * int rc = await bide_until_shutdown(shutdown, branch)
 *
 * Runs the branch, as bide_select does, but only until the shutdown begins. Returns 1 if the branch
 * has returned, or 0: the shutdown has begun, and the branch has been unwound, or has not begun.
 *
 *     while (await bide_until_shutdown(&stop, r = bide_reader_line(reader, &line, NULL)) == 1)
 *         puts(line);
 */
#define bide_until_shutdown(shutdown, ...) \
    bide_select_biased(bide_shutdown_wait(shutdown), __VA_ARGS__)

/*
 * A listener that is to accept no more when the shutdown begins: bide_tcp_accept and its like
 * return -ESHUTDOWN then. Before that they return what waits to be accepted, up to 1024
 * connections, whose clients would be reset otherwise; but not those of a listener that was made of
 * a descriptor (bide_tcp_listener_from_fd), which may be shared: they stay for the process that
 * comes next. The listener is not closed; end the loop that accepts, and close it. The close takes
 * it out again. A listener can be in one shutdown. Call these on a thread that may use the
 * listener.
 */
void bide_shutdown_add_tcp(bide_shutdown *shutdown, bide_tcp_listener *listener);
void bide_shutdown_add_unix(bide_shutdown *shutdown, bide_unix_listener *listener);

/*
 * A function that is called once, when the shutdown begins, by the thread that begins it: to cancel
 * a token, to wake a condition. It must return soon and must not block. `run` and `argument` are
 * yours to fill in, the rest is zero at first. Before the memory of a hook goes, remove it, also
 * after it was called.
 */
struct bide_shutdown_hook {
    void (*run)(void *argument);
    void *argument;
    bide_shutdown *of_;
    bide_shutdown_hook *next_, *previous_;
};

/* Adds a hook, which is in no shutdown. Hooks run in the order in which they were added. If the
 * shutdown has begun already, this calls it. */
void bide_shutdown_add_hook(bide_shutdown *shutdown, bide_shutdown_hook *hook);

/* Takes a hook out, if it is in a shutdown. If it is being called by another thread, this waits for
 * its return; so it is not called afterwards. (As the end of a std::stop_callback of C++20.) */
void bide_shutdown_hook_remove(bide_shutdown_hook *hook);

/*
 * A helper is a task that others need until they have ended: one that writes a log, or answers a
 * watchdog. The drain does not wait for helpers; they are cancelled after it, with the rest. Such a
 * task begins with
 *
 *     bide_shutdown_helper_enter(&stop);
 *     defer { bide_shutdown_helper_leave(&stop); }
 *
 * These count it, and no longer.
 */
void bide_shutdown_helper_enter(bide_shutdown *shutdown);
void bide_shutdown_helper_leave(bide_shutdown *shutdown);

/* ---- the shutdown ---- */

/* Zero in a member means the default. */
typedef struct bide_shutdown_options {
    bide_duration drain;  /* for the tasks to end by themselves. Default 5 s; below 0: no time */
    bide_duration unwind; /* for those that were cancelled. Default 2 s; below 0: no time */
    /* With which the process is ended (by _exit) if it has not ended 1 s after all this, because
     * code that never comes to an await keeps the runtime: 1 to 255, default 70 (EX_SOFTWARE of
     * sysexits.h). -1: it is not ended. */
    int exit_status;
    /* Receives the report, in pieces that are each a whole line and do not end in a zero byte, with
     * `argument`. It must not call bide, nor wait. Default: it goes to stderr. */
    void (*report)(void *argument, const char *text, size_t size);
    void *argument;
    uint32_t report_tasks_max; /* more are only counted; default 100 */
} bide_shutdown_options;

/* What came of it. Tasks are counted without the one that calls. */
typedef struct bide_shutdown_result {
    size_t drained;     /* had ended by themselves at the end of the drain, since the beginning */
    size_t cancelled;   /* had not, without the helpers */
    size_t left;        /* are left */
    bide_duration took; /* all of it */
} bide_shutdown_result;

/*
 * Begins the shutdown: runs the hooks, stops the listeners, and ends all waits for it. Returns true
 * if it had not begun. It cancels nothing, and waits for nobody: that is bide_shutdown_run.
 */
bool bide_shutdown_begin(bide_shutdown *shutdown);

/* Ends the current step of bide_shutdown_run now: the drain, or the time to unwind. Each call one
 * of them, those to come too. */
void bide_shutdown_hurry(bide_shutdown *shutdown);

/*
 * Begins the shutdown, if it has not begun, and ends all tasks of the runtime (of all its cores)
 * but the one that calls, in the steps above. Call it in main, or in what main awaits: a task that
 * waits for this one ends late, so the drain would wait for it in vain. `options` and *result may
 * be NULL. Tasks that are spawned after the drain are cancelled, too. A service manager that wants
 * to know is told (STOPPING=1, bide_service_notify in bide/service.h).
 *
 * Returns 0: no other task is left, and what they did is seen. Or -ETIMEDOUT: some are left, and
 * the report has named them. If the process has not ended 1 s later, it is ended with the exit
 * status; `async int main` does not wait for them when it returns. -EBUSY: another call has not
 * ended. -ENXIO: there is no runtime.
 *
 * Other errors do not stop it: if there is no memory or no thread for the guard that ends the
 * process, the report says so.
 * Cancelled: the shutdown has begun, and nobody goes on with it. Tasks that were cancelled stay so.
 */
bide_async int bide_shutdown_run(bide_shutdown *shutdown, const bide_shutdown_options *options,
                                 bide_shutdown_result *result);

/*
 * Waits for SIGTERM or SIGINT, or until the shutdown has begun otherwise, and does
 * bide_shutdown_run. Each further signal is a bide_shutdown_hurry: the second one cancels at once,
 * what is left, and the third one does not wait for deferred blocks. A signal within 40 ms of the
 * beginning or of the last signal is no further one: make, npm and timeout(1) send theirs to the
 * process and again to its group. After the first call neither signal ends the process by itself.
 * Errors and cancellation: as bide_shutdown_run, and before the shutdown has begun those of
 * bide_signal_wait (bide/signal.h).
 */
bide_async int bide_shutdown_on_signals(bide_shutdown *shutdown,
                                        const bide_shutdown_options *options,
                                        bide_shutdown_result *result);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
