/*
 * lib/process/spawn.c: starts a child.
 *
 * All that can be missing is got before the child is made: memory, pipes, our ends as streams. What
 * can fail afterwards is only the thread of a child that has no pidfd (watch.c).
 *
 * The descriptors of the child are made one after another, so one that is still needed could be
 * overwritten by one before it: 3 becomes 4, and 4 becomes 3. Therefore each that has the number of
 * one to be made is first moved, in this process, to a number above all of these.
 */
#include "lib/process/process.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "lib/io/stream.h"

#include "runtime/door/spawn.h"

enum { STDIO = 3 };

struct plan {
    const bide_process_options *options;
    const char *name;
    struct bide_process *process;
    char **envp;
    size_t envp_size;
    struct bide__spawn_file *files; /* those of stdio first */
    size_t file_count, file_room;
    int ends[STDIO]; /* of the pipes, those of the child; -1: none */
    int *moved;      /* copies, as many as files at most */
    size_t moved_count;
    char path[PATH_MAX];
};

static const bide_process_options defaults;

/* ---- what is asked for ---- */

static bool is_twice(const bide_process_options *o, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (o->fds[j].child_fd == o->fds[i].child_fd)
            return true;
    return false;
}

static bool is_valid(const bide_process_stdio *end, bool is_err)
{
    return end->kind >= BIDE_PROCESS_DEFAULT && end->kind <= BIDE_PROCESS_OUT &&
           (end->kind != BIDE_PROCESS_OUT || is_err);
}

static int check(const bide_process_options *o)
{
    if (!is_valid(&o->in, false) || !is_valid(&o->out, false) || !is_valid(&o->err, true))
        return -EINVAL;
    if (o->group < BIDE_PROCESS_GROUP_NEW || (o->group != 0 && o->session))
        return -EINVAL;
    for (size_t i = 0; i < o->fd_count; i++) {
        if (o->fds[i].child_fd < STDIO || is_twice(o, i))
            return -EINVAL;
        if (o->fds[i].fd < 0)
            return -EBADF;
    }
    return 0;
}

/* ---- its descriptors ---- */

static void add_file(struct plan *plan, int from, int to)
{
    plan->files[plan->file_count++] = (struct bide__spawn_file){from, to};
}

/* The child has yet to write, so the first read need not be tried before it waits. */
static void begin_stream(struct bide_process *p, int i, struct bide__fd *registration)
{
    p->home = registration->runtime;
    if (i != 0)
        bide__fd_clear(registration, BIDE__READ, bide__fd_seen(registration, BIDE__READ));
}

/* The end that is ours becomes a stream of the process; 0 is the reading end. */
static int open_pipe(struct plan *plan, int i)
{
    int fds[2], ours = i == 0 ? 1 : 0;
    bide_stream *stream = NULL;
    int r = bide__door.pipe2(fds, O_CLOEXEC);
    if (r < 0)
        return r;
    plan->ends[i] = fds[!ours];
    r = bide__door.fcntl(fds[ours], F_SETFL, O_NONBLOCK);
    if (r == 0)
        r = bide__fd_stream_new(fds[ours], i == 0 ? BIDE__STREAM_PIPE : BIDE__STREAM_OTHER,
                                &stream);
    if (r < 0)
        bide__door.close(fds[ours]);
    else
        add_file(plan, plan->ends[i], i);
    plan->process->streams[i] = stream;
    if (stream != NULL)
        begin_stream(plan->process, i, bide__stream_registration(stream));
    return r;
}

static int add_stdio(struct plan *plan, int i, const bide_process_stdio *end)
{
    switch (end->kind) {
    case BIDE_PROCESS_NULL: add_file(plan, -1, i); break;
    case BIDE_PROCESS_FD:
        if (end->fd < 0)
            return -EBADF;
        add_file(plan, end->fd, i);
        break;
    case BIDE_PROCESS_PIPE: return open_pipe(plan, i);
    default: break;
    }
    return 0;
}

static bool is_made(const struct plan *plan, int fd)
{
    for (size_t i = 0; i < plan->file_count; i++)
        if (plan->files[i].to == fd)
            return true;
    return false;
}

static int move_files(struct plan *plan)
{
    int above = STDIO;
    for (size_t i = 0; i < plan->file_count; i++)
        if (plan->files[i].to >= above && plan->files[i].to < INT_MAX)
            above = plan->files[i].to + 1;
    for (size_t i = 0; i < plan->file_count; i++) {
        struct bide__spawn_file *f = &plan->files[i];
        if (f->from < 0 || f->from == f->to || !is_made(plan, f->from))
            continue;
        int copy = bide__door.fcntl(f->from, F_DUPFD_CLOEXEC, above);
        if (copy < 0)
            return copy == -EINVAL ? -EBADF : copy; /* `above` is too large */
        plan->moved[plan->moved_count++] = copy;
        f->from = copy;
    }
    return 0;
}

static int prepare_files(struct plan *plan)
{
    const bide_process_options *o = plan->options;
    const bide_process_stdio *const stdio[STDIO] = {&o->in, &o->out, &o->err};

    plan->file_room = STDIO + o->fd_count;
    plan->files = bide__alloc(plan->file_room * sizeof *plan->files);
    plan->moved = bide__alloc(plan->file_room * sizeof *plan->moved);
    if (plan->files == NULL || plan->moved == NULL)
        return -ENOMEM;
    for (int i = 0; i < STDIO; i++) {
        int r = add_stdio(plan, i, stdio[i]);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < o->fd_count; i++)
        add_file(plan, o->fds[i].fd, o->fds[i].child_fd);
    int r = move_files(plan);
    if (r == 0 && o->err.kind == BIDE_PROCESS_OUT)
        add_file(plan, STDOUT_FILENO, STDERR_FILENO); /* that of the child */
    return r;
}

/* ---- to make it ---- */

static int prepare(struct plan *plan)
{
    const bide_process_options *o = plan->options;
    int r = bide__fork_watch();
    if (r == 0)
        r = check(o);
    if (r < 0)
        return r;
    r = bide__process_environment(o, &plan->envp, &plan->envp_size);
    if (r == 0)
        r = bide__process_find(plan->name, o->dir, plan->envp, plan->path);
    if (r < 0)
        return r;
    struct bide_process *p = plan->process = bide__alloc(sizeof *p);
    if (p == NULL)
        return -ENOMEM;
    *p = (struct bide_process){.forks = bide__forks,
                               .fd = -1,
                               .leads = o->session || o->group == BIDE_PROCESS_GROUP_NEW,
                               .detached = o->detached};
    atomic_init(&p->refs, 1);
    return prepare_files(plan);
}

static int spawn(const struct plan *plan, const char *const *argv)
{
    const bide_process_options *o = plan->options;
    struct bide__spawn spawn = {.path = plan->path,
                                .argv = (char *const *)(uintptr_t)argv,
                                .envp = plan->envp,
                                .dir = o->dir,
                                .files = plan->files,
                                .file_count = plan->file_count,
                                .session = o->session,
                                .has_group = o->group != 0,
                                .group = o->group > 0 ? o->group : 0};
    sigemptyset(&spawn.mask);
    sigemptyset(&spawn.defaults);
    if (o->mask != NULL)
        spawn.mask = *o->mask;
    if (o->default_signals != NULL)
        spawn.defaults = *o->default_signals;
    sigaddset(&spawn.defaults, SIGPIPE);
    int r;
    do
        r = bide__door.posix_spawn(&spawn);
    while (r == -EINTR);
    return r;
}

/* It runs, but its end would not be told. */
static void undo(pid_t child)
{
    siginfo_t info;
    int r;
    bide__door.kill(child, SIGKILL);
    do
        r = bide__door.waitid(P_PID, (id_t)child, &info, WEXITED);
    while (r == -EINTR);
}

static int start(struct plan *plan, const char *const *argv)
{
    int r = prepare(plan);
    if (r < 0)
        return r;
    r = spawn(plan, argv);
    if (r < 0)
        return r;
    plan->process->pid = r;
    r = bide__process_watch(plan->process);
    if (r < 0)
        undo(plan->process->pid);
    return r;
}

/* What only the start has needed. */
static void end(struct plan *plan)
{
    for (int i = 0; i < STDIO; i++)
        if (plan->ends[i] >= 0)
            bide__door.close(plan->ends[i]);
    while (plan->moved_count > 0)
        bide__door.close(plan->moved[--plan->moved_count]);
    bide__free(plan->files, plan->file_room * sizeof *plan->files);
    bide__free(plan->moved, plan->file_room * sizeof *plan->moved);
    if (plan->envp_size > 0)
        bide__free(plan->envp, plan->envp_size);
}

/* There is no child. */
static void end_process(struct bide_process *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < STDIO; i++)
        bide_stream_close(p->streams[i]);
    bide__free(p, sizeof *p);
}

int bide_process_spawn(const char *const *argv, const bide_process_options *options,
                       bide_process **process)
{
    struct plan plan = {.options = options != NULL ? options : &defaults, .ends = {-1, -1, -1}};

    *process = NULL;
    bide__reaper_retry();
    if (plan.options->why != NULL && plan.options->why_size > 0)
        plan.options->why[0] = '\0';
    if (argv == NULL || argv[0] == NULL)
        return -EINVAL;
    plan.name = plan.options->program != NULL ? plan.options->program : argv[0];
    int r = start(&plan, argv);
    if (r < 0) {
        bide__process_explain(plan.options, plan.name, plan.path, r);
        end_process(plan.process);
    } else {
        *process = plan.process;
    }
    end(&plan);
    return r < 0 ? r : 0;
}
