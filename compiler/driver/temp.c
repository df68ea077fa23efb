/*
 * The private folder for generated text. It is made when it is first needed, in TMPDIR or, if that
 * is not a writable folder, in the folders that gcc tries. It is gone when the program has ended,
 * however it ends, even by SIGKILL.
 *
 * A child, the keeper, makes the folder. It removes the folder and everything in it when it reads
 * the end of a socket. Only bide has the other end of the socket, and the system closes it when
 * bide ends. The keeper has a session of its own, so that signals to bide's process group do not
 * reach it, and it blocks all signals. An orderly end waits for the keeper.
 *
 * When a signal ends bide, it first ends the running children and waits for them: a compiler then
 * removes its own unfinished output. They get SIGTERM: after SIGQUIT, clang goes on and gcc removes
 * nothing.
 *
 * The child that compiles the plain reading has a process group of its own, since gcc does not end
 * the compiler proper when gcc itself is ended. Only bide knows that group, so it names the group
 * to the keeper, which ends the group if bide dies suddenly.
 *
 * Each file lies alone in a numbered folder, since compilers derive the names of other files from
 * its name and two inputs may have the same.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *root;
static volatile int keeper, keeper_socket = -1;
volatile int temp_child[CHILD_COUNT];

/* ---- the keeper ---- */

/* Removes what is in the folder and, depth levels down, in its folders. */
static void empty_folder(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (unlinkat(fd, e->d_name, 0) == 0 || !depth)
            continue;
        empty_folder(fd, e->d_name, depth - 1);
        unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    if (dir)
        closedir(dir);
}

/* Closes the descriptors that the keeper inherits: a reader of bide's output waits until all copies
 * are closed. */
static void close_all_but(int kept)
{
    enum { FDS_WITHOUT_CLOSE_RANGE = 256 };
    if (close_range(0, (unsigned)kept - 1, 0) == 0 && close_range((unsigned)kept + 1, ~0U, 0) == 0)
        return;
    for (int i = 0; i < FDS_WITHOUT_CLOSE_RANGE; i++)
        if (i != kept)
            close(i);
}

/* Waits until the other end is closed, and notes the group that temp_tell_group names. Returns the
 * group, or 0. */
static int hear_groups(int fd)
{
    int group = 0, heard;
    for (;;) {
        ssize_t n = read(fd, &heard, sizeof heard);
        if (n == (ssize_t)sizeof heard)
            group = heard;
        else if (n >= 0 || errno != EINTR)
            return group;
    }
}

/* Makes the folder, whose name ends in XXXXXX; reports 0 or the errno, and the name; then waits. */
static _Noreturn void keep(int fd, char *path)
{
    int group = 0;
    setsid();
    int err = mkdtemp(path) ? 0 : errno;
    bool said =
        write(fd, &err, sizeof err) == (ssize_t)sizeof err && write(fd, path, strlen(path) + 1) > 0;
    close_all_but(fd);
    if (said && !err)
        group = hear_groups(fd);
    if (group > 0)
        kill(-group, SIGTERM);
    if (!err) {
        empty_folder(AT_FDCWD, path, 1);
        rmdir(path);
    }
    _exit(0);
}

void temp_remove(void)
{
    if (keeper <= 0)
        return;
    close(keeper_socket);
    while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
        ;
    keeper = 0;
}

void temp_tell_group(int group)
{
    if (keeper > 0)
        send(keeper_socket, &group, sizeof group, MSG_NOSIGNAL);
}

/* ---- signals ---- */

static void at_signal(int signal)
{
    int err = errno;
    for (int i = 0; i < CHILD_COUNT; i++)
        if (temp_child[i] > 0)
            kill(i == CHILD_PLAIN ? -(pid_t)temp_child[i] : (pid_t)temp_child[i], SIGTERM);
    for (int i = 0; i < CHILD_COUNT; i++)
        if (temp_child[i] > 0)
            waitpid((pid_t)temp_child[i], NULL, 0);
    temp_remove();
    errno = err;
    /* SA_RESETHAND: the second delivery, when this handler returns, ends us. */
    raise(signal);
}

/* Watches the signals that end the process, also those of a crash. SIGSEGV may mean that the stack
 * is full. */
static void watch_signals(void)
{
    static const int watched[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU,
                                  SIGABRT, SIGBUS,  SIGFPE, SIGILL,  SIGSEGV};
    static char stack[16384];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack}, before;
    struct sigaction action = {.sa_handler = at_signal}, old;
    action.sa_flags = (int)SA_RESETHAND | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&action.sa_mask, watched[i]);
    if (sigaltstack(NULL, &before) == 0 && before.ss_flags & SS_DISABLE)
        sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(watched[i], &action, NULL);
    }
}

/* ---- the folder ---- */

/* True for a folder in which others can be made, if there is room for names after its own. */
static bool is_usable(const char *folder)
{
    enum { ROOM = 512 };
    struct stat st;
    return folder && *folder && strlen(folder) < PATH_MAX - ROOM && stat(folder, &st) == 0 &&
           S_ISDIR(st.st_mode) && access(folder, R_OK | W_OK | X_OK) == 0;
}

/* The first usable folder of those that gcc tries. */
static const char *temp_base(void)
{
    static const char *const names[] = {"TMPDIR", "TMP", "TEMP"};
    static const char *const folders[] = {P_tmpdir, "/var/tmp", "."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_usable(getenv(names[i])))
            return getenv(names[i]);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (is_usable(folders[i]))
            return folders[i];
    return P_tmpdir; /* using it fails, with an error that names it */
}

static void cannot_make(const char *path, int err)
{
    diag_plain(SEV_ERROR, "cannot make the folder '%s': %s", path, strerror(err));
    temp_remove();
    exit(1);
}

/* Starts the keeper; 0 or an errno. No signal comes before its number is noted. */
static int start_keeper(char *path)
{
    int ends[2], err = 0;
    sigset_t all, before;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        keep(ends[1], path);
    if (pid < 0)
        err = errno;
    close(ends[1]);
    keeper_socket = ends[0];
    keeper = pid;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!err && read(ends[0], &err, sizeof err) != (ssize_t)sizeof err)
        err = EIO;
    if (!err && read(ends[0], path, strlen(path) + 1) <= 0)
        err = EIO;
    return err;
}

void temp_begin(struct arena *arena)
{
    if (root)
        return;
    char *path = arena_printf(arena, "%s/bide-XXXXXX", temp_base());
    watch_signals();
    int err = start_keeper(path);
    if (err)
        cannot_make(path, err);
    root = path;
    atexit(temp_remove);
}

const char *temp_path(struct arena *arena, const char *name)
{
    static int count;
    temp_begin(arena);
    char *folder = arena_printf(arena, "%s/%d", root, ++count);
    if (mkdir(folder, 0700) < 0)
        cannot_make(folder, errno);
    return arena_printf(arena, "%s/%s", folder, name);
}

const char *temp_keep(struct arena *arena, const char *path)
{
    char *folder = arena_printf(arena, "%s/bide-kept-XXXXXX", temp_base());
    if (!mkdtemp(folder))
        return NULL;
    char *kept = arena_printf(arena, "%s/%s", folder, base_name(path));
    if (rename(path, kept) == 0)
        return kept;
    rmdir(folder);
    return NULL;
}
