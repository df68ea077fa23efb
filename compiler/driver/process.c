/*
 * Runs other programs, and catches what they print.
 *
 * A program inherits our standard streams, except those that are caught. Text for its standard
 * input goes through a file in memory, so a program need not read it. The words of a command line
 * are never looked at here, and no shell is used.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- processes ---- */

void argv_add(struct process *p, const char *word)
{
    list_add(p->arena, &p->argv, (void *)word);
}

void argv_add_arg(struct process *p, const struct arg *arg)
{
    for (int k = 0; k < 2 && arg->word[k]; k++)
        argv_add(p, arg->word[k]);
}

static char **terminated_argv(struct process *p)
{
    char **argv = arena_alloc(p->arena, (p->argv.count + 1) * sizeof *argv);
    if (p->argv.count)
        memcpy(argv, p->argv.item, p->argv.count * sizeof *argv);
    return argv;
}

/* Reports this once for each name: a compiler that could not preprocess a file is run again, to
 * report what is wrong. */
static int cannot_run(const char *name, int err)
{
    static char said[256];
    if (strncmp(said, name, sizeof said - 1) != 0)
        diag_plain(SEV_ERROR, "cannot run '%s': %s", name, strerror(err));
    snprintf(said, sizeof said, "%s", name);
    return 127;
}

/* A descriptor at the beginning of the text, or -1 with errno. */
static int text_as_file(const struct buffer *text)
{
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < text->length) {
        ssize_t n = write(fd, text->data + done, text->length - done);
        if (n < 0 && errno != EINTR) {
            int err = errno;
            close(fd);
            errno = err;
            return -1;
        }
        if (n > 0)
            done += (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* One of our ends of a pipe and its bytes; fd -1: none, or done. */
struct stream {
    int fd;
    struct buffer *into;
    const char *from; /* written, not read */
    size_t left;
};

/* Moves some bytes. False: no more bytes can be moved. */
static bool move_bytes(struct stream *s)
{
    char chunk[65536];
    ssize_t n = s->from ? write(s->fd, s->from, s->left) : read(s->fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n > 0 && s->from) {
        s->from += n;
        s->left -= (size_t)n;
    } else if (n > 0) {
        buffer_add(s->into, chunk, (size_t)n);
    }
    return n > 0 && !(s->from && !s->left);
}

enum { STREAM_COUNT = 3 };

static void move_streams(struct stream s[STREAM_COUNT])
{
    for (;;) {
        struct pollfd p[STREAM_COUNT];
        int open_count = 0;
        for (int i = 0; i < STREAM_COUNT; i++) {
            p[i] = (struct pollfd){.fd = s[i].fd, .events = s[i].from ? POLLOUT : POLLIN};
            open_count += s[i].fd >= 0;
        }
        if (!open_count)
            return;
        if (poll(p, STREAM_COUNT, -1) < 0)
            continue;
        for (int i = 0; i < STREAM_COUNT; i++) {
            if (s[i].fd >= 0 && p[i].revents && !move_bytes(&s[i])) {
                close(s[i].fd);
                s[i].fd = -1;
            }
        }
    }
}

static bool leads_group(const volatile int *child)
{
    return child == &temp_child[CHILD_PLAIN];
}

static int wait_for_child(volatile int *child, int *signal)
{
    int status = 0;
    while (waitpid(*child, &status, 0) < 0) {
        if (errno != EINTR)
            return 127;
    }
    if (leads_group(child))
        temp_tell_group(0);
    *child = 0;
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return *signal ? 128 + *signal : WEXITSTATUS(status);
}

/* Starts it with fd[0..2] as its standard streams (-1: ours); returns 0 or an errno. No signal
 * comes between its start and its number in `*pid`, so that none is lost to it. */
static int start(struct process *p, const int fd[3], volatile int *pid)
{
    char **argv = terminated_argv(p);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, before;
    pid_t started;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++) {
        if (fd[i] >= 0)
            posix_spawn_file_actions_adddup2(&actions, fd[i], i);
    }
    if (p->given) /* to itself: it stays open in the program */
        posix_spawn_file_actions_adddup2(&actions, p->given, p->given);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &before);
    posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK |
                                                  (leads_group(pid) ? POSIX_SPAWN_SETPGROUP : 0)));
    int err = posix_spawnp(&started, argv[0], &actions, &attributes, argv, environ);
    if (!err)
        *pid = started;
    if (!err && leads_group(pid))
        temp_tell_group(started);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return err;
}

static volatile int *child_of(const struct process *p)
{
    return &temp_child[p->place];
}

int process_start(struct process *p)
{
    int fd[3] = {-1, -1, -1};
    bool caught[2] = {p->catch_out, p->catch_err};
    int err = 0;
    p->said[0] = p->said[1] = -1;
    if (p->input) {
        fd[0] = text_as_file(p->input);
        err = fd[0] < 0 ? errno : 0;
    }
    for (int i = 0; i < 2 && !err; i++) {
        int ends[2];
        if (caught[i] && pipe2(ends, O_CLOEXEC) < 0) {
            err = errno;
        } else if (caught[i]) {
            p->said[i] = ends[0];
            fd[i + 1] = ends[1];
        }
    }
    if (!err)
        err = start(p, fd, child_of(p));
    for (int i = 0; i < 3; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
    }
    if (!err)
        return 0;
    for (int i = 0; i < 2; i++) {
        if (p->said[i] >= 0)
            close(p->said[i]);
    }
    return cannot_run(p->argv.item[0], err);
}

int process_finish(struct process *p, const struct buffer *text, int fd)
{
    struct stream streams[STREAM_COUNT] = {
        {.fd = p->said[0], .into = &p->out}, {.fd = p->said[1], .into = &p->err}, {.fd = fd}};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    if (fd >= 0) {
        streams[2].from = text->data;
        streams[2].left = text->length;
        sigaction(SIGPIPE, &ignore, &before);
    }
    move_streams(streams);
    if (fd >= 0)
        sigaction(SIGPIPE, &before, NULL);
    return wait_for_child(child_of(p), &p->signal);
}

void process_abandon(struct process *p)
{
    for (int i = 0; i < 2; i++) {
        if (p->said[i] >= 0)
            close(p->said[i]);
    }
    kill(p->place == CHILD_PLAIN ? -*child_of(p) : *child_of(p), SIGTERM);
    wait_for_child(child_of(p), &p->signal);
}

int process_run(struct process *p)
{
    int status = process_start(p);
    return status ? status : process_finish(p, NULL, -1);
}

int process_exec(struct process *p)
{
    char **argv = terminated_argv(p);
    if (p->input) {
        int fd = text_as_file(p->input);
        if (fd < 0)
            return cannot_run(argv[0], errno);
        dup2(fd, STDIN_FILENO);
    }
    execvp(argv[0], argv);
    return cannot_run(argv[0], errno);
}

/* ---- the user's program ---- */

static volatile int user_child, early_signal;

/* A signal from the terminal reaches the program by itself: it is in the same group. */
static void forward(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (user_child <= 0)
        early_signal = signal;
    else if (info->si_code <= 0)
        kill(user_child, signal);
}

int process_run_as_user(struct process *p)
{
    static const int forwarded[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    enum { COUNT = sizeof forwarded / sizeof *forwarded };
    static const int own_streams[3] = {-1, -1, -1};
    struct sigaction old[COUNT];
    struct sigaction action = {.sa_sigaction = forward, .sa_flags = SA_SIGINFO | SA_RESTART};
    int status = 0;

    sigemptyset(&action.sa_mask);
    for (int i = 0; i < COUNT; i++) {
        sigaction(forwarded[i], NULL, &old[i]);
        if (old[i].sa_handler != SIG_IGN)
            sigaction(forwarded[i], &action, NULL);
    }
    int err = start(p, own_streams, &user_child);
    if (!err && early_signal)
        kill(user_child, early_signal);
    if (!err) {
        while (waitpid(user_child, &status, 0) < 0 && errno == EINTR)
            ;
        user_child = 0;
    }
    for (int i = 0; i < COUNT; i++)
        sigaction(forwarded[i], &old[i], NULL);
    if (err)
        return cannot_run(p->argv.item[0], err);
    p->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return p->signal ? 128 + p->signal : WEXITSTATUS(status);
}

int process_end_like(int status, int by_signal)
{
    struct rlimit none = {0, 0};
    temp_remove();
    if (!by_signal)
        return status;
    setrlimit(RLIMIT_CORE, &none);
    signal(by_signal, SIG_DFL);
    raise(by_signal);
    return status;
}
