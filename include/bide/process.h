/*
 * bide/process.h: child processes: to start them, talk to them, wait for them and end them.
 *
 *     const char *const sort[] = {"sort", "-n", NULL};
 *     const bide_collect_options numbers = {.input = "3\n1\n2\n", .input_size = 6};
 *     bide_output *output;
 *     int r = await bide_process_output(sort, NULL, &numbers, &output);
 *     if (r == 0 && bide_process_exit_ok(output->exit))
 *         printf("%s", output->out);
 *     if (r == 0)
 *         bide_output_free(output);
 *
 * A child belongs to its bide_process. It is killed when that is freed before it has ended: so a
 * task that frees its processes in deferred blocks leaves none behind when it is cancelled. It is
 * always reaped, also when nobody waits any more and when the runtime has ended: no zombie stays. A
 * thread of the library does that, which lives while there is something to reap. A process that
 * exits, or calls exec, leaves its children running, as ever.
 *
 * Children are made by posix_spawn(3), never by fork(2), so that any number of threads may run and
 * allocate meanwhile. The child has our descriptors 0, 1 and 2 unless the options say otherwise,
 * those that the options name, and of the others only those that your program has opened without
 * O_CLOEXEC; all of the library's are closed. It starts with no signal blocked, and SIGPIPE has its
 * default action; other signals are ignored in it if they are in this process. It runs as our user:
 * another one cannot be set between posix_spawn and exec, so start it by setpriv(1) or runuser(1).
 *
 * The library waits for its own children and for no others, and installs no handler for SIGCHLD. So
 * the program may have other children, and listen to SIGCHLD (bide/signal.h). But the end of a
 * child is not told (-ECHILD) if something else in the program has waited for it, say by wait(2),
 * or if SIGCHLD is ignored: then the kernel throws the status away. That is inherited over exec,
 * and a listener for SIGCHLD ends it.
 *
 * Where the kernel has no pidfd, or a sandbox forbids it, each child has a thread that waits for
 * it.
 *
 * Threads: all functions may be called on any thread; the streams belong to the runtime on which
 * the child was started, like others (bide/io.h), and with them bide_process_free. Several tasks
 * may wait for one child. In a child of fork(2) the functions return -ECHILD and kill nobody.
 */
#ifndef BIDE_PROCESS_H
#define BIDE_PROCESS_H

#include <bide/io.h>
#include <bide/lang.h>

#include <sys/select.h> /* sigset_t, also in strict C */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- to start one ---- */

typedef struct bide_process bide_process;

/* What the child has as its stdin, stdout or stderr. */
typedef enum bide_process_stdio_kind {
    BIDE_PROCESS_DEFAULT = 0, /* inherit; but see bide_process_output */
    BIDE_PROCESS_INHERIT = 1, /* what this process has */
    BIDE_PROCESS_NULL = 2,    /* /dev/null */
    BIDE_PROCESS_PIPE = 3,    /* a pipe, whose other end is a stream: bide_process_in and so on */
    BIDE_PROCESS_FD = 4,      /* the descriptor `fd` */
    BIDE_PROCESS_OUT = 5,     /* of stderr: the same as its stdout */
} __attribute__((__mode__(__SI__))) bide_process_stdio_kind;

typedef struct bide_process_stdio {
    bide_process_stdio_kind kind;
    /* BIDE_PROCESS_FD: it stays yours, and must be open until bide_process_spawn returns. It should
     * block: programs expect that, and the flag is one for both processes. So do not use an end of
     * bide_pipe_new; a pipe from child to child is made by pipe2(fds, O_CLOEXEC). */
    int fd;
} bide_process_stdio;

/* A further descriptor of the child: `fd`, which stays yours, is `child_fd` (3 or more) there. */
typedef struct bide_process_fd {
    int fd;
    int child_fd;
} bide_process_fd;

/* For `group`: a new one, with the child's id as its number. */
#define BIDE_PROCESS_GROUP_NEW ((pid_t)(-1))

/* How a child is started. Zero in a member means the default, so `{0}` is a child that has all from
 * this process. Nothing of it is used after the start. */
typedef struct bide_process_options {
    /* The file to run, if that is not argv[0]. Either is a path if it has a slash, relative to the
     * child's directory. Else it is looked for in the PATH of the child's environment (without one,
     * in /bin and /usr/bin): the first file that this process may execute. */
    const char *program;
    /* Changes to the environment that the child inherits, to the NULL at the end: "NAME=VALUE" sets
     * a variable, and "NAME" removes it. The last one counts. No other thread may change the
     * environment of this process during the call, as for getenv(3). */
    const char *const *env;
    bool env_clear;  /* it inherits none, and has only those of `env` */
    const char *dir; /* its working directory; default: ours */
    bide_process_stdio in, out, err;
    const bide_process_fd *fds; /* further descriptors, no child_fd twice */
    size_t fd_count;
    /* Its process group: default ours; BIDE_PROCESS_GROUP_NEW; or the number of one, such as the
     * id of the first child of a pipeline. */
    pid_t group;
    bool session;                    /* a session of its own, and so a group; excludes `group` */
    const sigset_t *mask;            /* the signals that are blocked at its start; default: none */
    const sigset_t *default_signals; /* those that are not ignored at its start, and SIGPIPE */
    /* bide_process_free leaves it running. It is reaped when it ends. */
    bool detached;
    /* Unless NULL: where a text goes that tells why the child could not be started, with the name
     * of the program or of the directory: `cannot run "grpe": No such file or directory`. Cut off
     * to why_size bytes, and empty after success. */
    char *why;
    size_t why_size;
} bide_process_options;

/*
 * Starts a child. `argv` ends with NULL and begins with the name of the program; cast the argv of
 * main to its type. `options` may be NULL, for all defaults. Returns 0 when the child runs the
 * program, and stores it in *process. Otherwise there is no child, no descriptor is left open, and
 * *process is NULL:
 *
 *   -ENOENT           there is no such program, or directory, or interpreter of a script
 *   -EACCES           the file must not be executed, or the directory not be entered
 *   -ENOEXEC, -ENOTDIR, -ELOOP, -ETXTBSY and others of execve(2) and chdir(2)
 *   -E2BIG            the arguments and the environment are too large
 *   -EBADF            a given descriptor is not open, or a child_fd is too large
 *   -EINVAL           no argv[0]; a name in `env` is empty; a child_fd below 3, or twice; `group`
 *                     and `session`; BIDE_PROCESS_OUT not for `err`
 *   -EPERM            there is no such group in this session
 *   -EAGAIN           there are too many processes
 *   -EMFILE, -ENFILE, -ENOMEM, and errors of bide_pipe_new
 *
 * It takes as long as the kernel needs for the exec, half a millisecond or so, during which the
 * thread is blocked. Where there is neither a pidfd nor a thread to wait with, a child that has
 * begun is killed and reaped, and the result is -EAGAIN.
 */
bide_must_use int bide_process_spawn(const char *const *argv, const bide_process_options *options,
                                     bide_process **process bide_gives(bide_process_free));

/*
 * Ends the object; NULL is ignored. A child that has not ended is killed (SIGKILL), with all of its
 * group if it leads one, unless it is `detached`; either way it is reaped as soon as it has ended.
 * Members of its group that outlive the child are killed too. The streams are closed, but for those
 * that were taken. A task that waits for the child goes on waiting, and is told its end.
 */
void bide_process_free(bide_process *process);

/* The number of the process. When it has been waited for, the system may give it to another one. */
pid_t bide_process_id(const bide_process *process);

/*
 * Our ends of its pipes, for BIDE_PROCESS_PIPE; NULL if there is none, or it was taken or closed.
 * They belong to the process. Close its stdin (bide_process_close_in) when it has got all: most
 * programs wait for that.
 */
bide_stream *bide_process_in(const bide_process *process);
bide_stream *bide_process_out(const bide_process *process);
bide_stream *bide_process_err(const bide_process *process);

/* Take one of them out of the process: it is the caller's from now on, for bide_stream_close. */
bide_stream *bide_process_take_in(bide_process *process);
bide_stream *bide_process_take_out(bide_process *process);
bide_stream *bide_process_take_err(bide_process *process);

/* Closes our end of its stdin, if the process has it. A write that waits returns -EBADF. Returns 0;
 * or -EXDEV in a task of another runtime than the stream's: then it is open as before. */
int bide_process_close_in(bide_process *process);

/* ---- its end ---- */

typedef enum bide_process_exit_kind {
    BIDE_PROCESS_EXITED = 0, /* it returned from main, or called exit */
    BIDE_PROCESS_KILLED = 1, /* a signal has ended it */
    BIDE_PROCESS_DUMPED = 2, /* the same, and there is a core dump */
} __attribute__((__mode__(__SI__))) bide_process_exit_kind;

typedef struct bide_process_exit {
    bide_process_exit_kind kind;
    int number; /* BIDE_PROCESS_EXITED: its exit status, 0 to 255; else the number of the signal */
} bide_process_exit;

/* It exited with status 0. */
static __inline__ bool bide_process_exit_ok(bide_process_exit exit)
{
    return exit.kind == BIDE_PROCESS_EXITED && exit.number == 0;
}

/* Writes "exited with status 3", "killed by SIGTERM" or "killed by SIGSEGV, core dumped", cut off
 * to `size` bytes with a zero at the end. Returns `text`. */
const char *bide_process_exit_text(bide_process_exit exit, char *text, size_t size);

/*
 * Waits until the child has ended and stores its end in *exit, unless that is NULL. It first closes
 * the child's stdin, if the process still has it, so that a child which reads to the end does not
 * wait for ever; take the stream first to write while you wait. Its output is not read: a child
 * that fills a pipe which nobody reads does not end. A second wait returns the same at once.
 * Returns 0; -ECHILD (see above); -ENOMEM, -ENOSPC, -EMFILE or -ENXIO: it cannot wait now; -EXDEV:
 * this is another runtime than that of the stdin, which is left open.
 * Cancelled: the stdin is closed, and the child goes on; its end is kept for the next wait.
 */
bide_must_use bide_async int bide_process_wait(bide_process *process, bide_process_exit *exit);

/* The same without waiting, and without closing anything: -EAGAIN if the child has not ended. */
bide_must_use int bide_process_try_wait(bide_process *process, bide_process_exit *exit);

/*
 * Sends a signal to the child, or to all processes of the group that it leads (of
 * BIDE_PROCESS_GROUP_NEW, or a session). 0 as the signal only asks whether it could be sent. It
 * never hits another process: a child whose end is known gets none. Its group still does, until
 * the process is freed.
 * Returns 0; -ESRCH: it has ended, or no member of the group is left; -EINVAL: there is no such
 * signal, or it leads no group; -EPERM: it runs as another user.
 */
int bide_process_kill(bide_process *process, int signo);
int bide_process_kill_group(bide_process *process, int signo);

/*
 * Ends the child: closes its stdin, sends SIGTERM (to its group if it leads one), and SIGKILL when
 * it has not ended after `grace`; waits for the end and stores it as bide_process_wait does. With a
 * grace of 0 or less it is killed at once. Other members of the group may outlive the child until
 * bide_process_free.
 * Returns as bide_process_wait. A child that had ended before is no error.
 * Cancelled: SIGTERM was sent, and SIGKILL perhaps; the child may have ended. Its end is kept.
 */
bide_must_use bide_async int bide_process_stop(bide_process *process, bide_duration grace,
                                               bide_process_exit *exit);

/*
 * Starts a child, waits for its end and stores that in *exit. Errors are those of
 * bide_process_spawn and bide_process_wait. Nobody uses pipes of the options.
 * Cancelled: the child is killed, with the group that it leads, and is reaped in a moment; it goes
 * on if it is `detached`.
 */
bide_must_use bide_async int bide_process_run(const char *const *argv,
                                              const bide_process_options *options,
                                              bide_process_exit *exit);

/* ---- its output ---- */

/* What a child has written. Each text has a zero behind it, which is not counted. Those of which
 * there was no pipe are empty. */
typedef struct bide_output {
    bide_process_exit exit;
    char *out, *err;
    size_t out_size, err_size;
    bool out_is_cut, err_is_cut; /* there was more than the limit */
} bide_output;

/* What a child gets, and how much of its output is kept. Zero in a member means the default. */
typedef struct bide_collect_options {
    const void *input; /* for its stdin; default: nothing */
    size_t input_size;
    size_t out_max, err_max; /* limits in bytes; default 1 MiB each; SIZE_MAX: none */
    bool cut; /* keep what came first and read on, instead of failing with -EMSGSIZE */
} bide_collect_options;

/* Frees what bide_process_output or bide_process_collect has stored. NULL is ignored. */
void bide_output_free(bide_output *output);

/*
 * Feeds a child whose streams are pipes, and reads stdout and stderr to their ends, all at the same
 * time; then waits for its end. The stdin is closed when all input is written. A child that does
 * not read its input is no error. A process that the child leaves behind may keep a pipe open, and
 * then this waits for that one too.
 * Returns 0 and stores *output. Otherwise *output is NULL: -EMSGSIZE: it wrote more than a limit,
 * without `cut`; -ENOMEM; errors of bide_stream_read, bide_stream_write and bide_process_wait. Then
 * the child still runs, perhaps, and what was read is gone.
 * Cancelled: the same.
 */
bide_must_use bide_async int bide_process_collect(
    bide_process *process, const bide_collect_options *options,
    bide_output **output bide_gives(bide_output_free));

/*
 * Starts a child, feeds it, and collects its output. Either kind of options may be NULL. In
 * `options`, BIDE_PROCESS_DEFAULT means here: pipes for stdout and stderr; for stdin a pipe if
 * there is input, and otherwise /dev/null.
 * Returns 0, also if the child has failed (output->exit tells), or an error of bide_process_spawn
 * or bide_process_collect, with *output NULL and the child killed.
 * Cancelled: as bide_process_run.
 */
bide_must_use bide_async int bide_process_output(const char *const *argv,
                                                 const bide_process_options *options,
                                                 const bide_collect_options *collect,
                                                 bide_output **output bide_gives(bide_output_free));

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
