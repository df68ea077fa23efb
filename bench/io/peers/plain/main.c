/*
 * bench/io/peers/plain/main.c: the floor of `./x bench io`: the bare system calls, one after
 * another, on one thread. Where several operations are to run at once, they do not: nothing that a
 * thread does by itself costs less CPU time.
 *
 *   plain tls|tls_bulk|file|relay|lines    a server (serve.c, tls.c); prints its port
 *   plain run WHAT WIDTH N FOLDER          prints two figures (../../run.h)
 *   plain prepare FOLDER                   makes the folder of data, without `child`
 */
#define _GNU_SOURCE
#include "plain.h"

#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char buffer[LARGE_SIZE];

/* ---- files ---- */

static void read_small(struct run *run, long i)
{
    char path[PATH_SIZE];
    struct stat status;
    int fd = open(run_path(run, "small/", i, SMALL_FILES, path), O_RDONLY | O_CLOEXEC);
    run_expect(fd >= 0 && fstat(fd, &status) == 0, path);
    run_expect(read(fd, buffer, (size_t)status.st_size) == SMALL_SIZE, "read");
    close(fd);
}

static void write_file(const char *path, size_t size, size_t piece)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    run_expect(fd >= 0, path);
    for (size_t done = 0; done < size; done += piece)
        run_expect(write(fd, buffer + done, piece) == (ssize_t)piece, "write");
    close(fd);
}

static void write_small(struct run *run, long i)
{
    char path[PATH_SIZE];
    write_file(run_path(run, "out/", i, SMALL_FILES, path), SMALL_SIZE, SMALL_SIZE);
}

static void read_large(struct run *run, long i)
{
    char path[PATH_SIZE];
    ssize_t n, sum = 0;
    int fd = open(run_path(run, "large/", i, LARGE_FILES, path), O_RDONLY | O_CLOEXEC);
    run_expect(fd >= 0, path);
    while ((n = read(fd, buffer, PIECE_SIZE)) > 0)
        sum += n;
    run_expect(sum == LARGE_SIZE, "the size of a file");
    close(fd);
}

static void write_large(struct run *run, long i)
{
    char path[PATH_SIZE];
    write_file(run_path(run, "out/large", i, LARGE_FILES, path), LARGE_SIZE, PIECE_SIZE);
}

static void read_at(struct run *run, long i)
{
    static int fd = -1;
    char path[PATH_SIZE];
    if (fd < 0)
        fd = open(run_path(run, "at", 0, 1, path), O_RDONLY | O_CLOEXEC);
    run_expect(pread(fd, buffer, SMALL_SIZE, (off_t)run_offset(i)) == SMALL_SIZE, "pread");
}

/* ---- folders ---- */

static long walk_below(int at, const char *name)
{
    long entries = 0;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    run_expect(folder != NULL, name);
    for (struct dirent *one; (one = readdir(folder)) != NULL;) {
        if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0)
            continue;
        entries++;
        if (one->d_type == DT_DIR)
            entries += walk_below(fd, one->d_name);
    }
    closedir(folder);
    return entries;
}

static void walk(struct run *run, long i)
{
    char path[PATH_SIZE];
    (void)i;
    snprintf(path, sizeof path, "%s/tree", run->data);
    run_expect(walk_below(AT_FDCWD, path) == TREE_ENTRIES, "the entries of the tree");
}

/* ---- processes ---- */

static pid_t start(const char *data, const char *argument,
                   const posix_spawn_file_actions_t *actions)
{
    char path[PATH_SIZE];
    pid_t pid;
    snprintf(path, sizeof path, "%s/child", data);
    char *const argv[] = {path, (char *)argument, NULL};
    errno = posix_spawn(&pid, path, actions, NULL, argv, environ);
    run_expect(errno == 0, path);
    return pid;
}

static void end(void)
{
    int status = -1;
    run_expect(wait(&status) > 0 && status == 0, "the child");
}

static void spawn(struct run *run, long i)
{
    start(run->data, NULL, NULL);
    if (i >= run->width - 1)
        end();
    if (i == run->n - 1)
        for (long left = run->width < run->n ? run->width - 1 : run->n - 1; left > 0; left--)
            end();
}

static void output(struct run *run, long i)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    ssize_t n, sum = 0;
    (void)i;
    run_expect(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    start(run->data, "x", &actions);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0)
        sum += n;
    run_expect(sum == OUTPUT_SIZE, "what the child prints");
    close(ends[0]);
    end();
}

/* ---- data ---- */

static void make_folder(const struct run *run, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", run->data, name);
    run_expect(mkdir(path, 0777) == 0 || errno == EEXIST, path);
}

static void make_large(const char *path, int size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    run_expect(fd >= 0, path);
    for (int done = 0; done < size; done += LARGE_SIZE)
        run_expect(write(fd, buffer, LARGE_SIZE) == LARGE_SIZE, path);
    close(fd);
}

static int prepare(const char *data)
{
    struct run run = {.data = data};
    char path[PATH_SIZE], name[64];
    make_folder(&run, "small");
    make_folder(&run, "large");
    make_folder(&run, "out");
    make_folder(&run, "tree");
    memset(buffer, 'x', sizeof buffer);
    for (long i = 0; i < SMALL_FILES; i++)
        write_file(run_path(&run, "small/", i, SMALL_FILES, path), SMALL_SIZE, SMALL_SIZE);
    for (long i = 0; i < LARGE_FILES; i++)
        write_file(run_path(&run, "large/", i, LARGE_FILES, path), LARGE_SIZE, LARGE_SIZE);
    make_large(run_path(&run, "at", 0, 1, path), AT_SIZE);
    snprintf(path, sizeof path, "%s/send", data);
    make_large(path, SEND_SIZE);
    for (long i = 0; i < TREE_FOLDERS; i++) {
        snprintf(name, sizeof name, "tree/%ld", i);
        make_folder(&run, name);
        snprintf(name, sizeof name, "tree/%ld/", i);
        for (long k = 0; k < TREE_FILES; k++)
            write_file(run_path(&run, name, k, TREE_FILES, path), 0, 1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*operate)(struct run *run, long i);
    } rows[] = {
        {"read_small", read_small}, {"write_small", write_small},
        {"read_large", read_large}, {"write_large", write_large},
        {"read_at", read_at},       {"walk", walk},
        {"spawn", spawn},           {"output", output},
    };
    if (argc == 3 && strcmp(argv[1], "prepare") == 0)
        return prepare(argv[2]);
    if (argc == 2)
        return serve(argv[1]);
    if (argc != 6 || strcmp(argv[1], "run") != 0)
        return 2;
    struct run run = run_of(argv), warm = run;
    warm.n = run_warm(&run);
    size_t row = 0;
    while (row < sizeof rows / sizeof *rows && strcmp(rows[row].name, run.what) != 0)
        row++;
    if (row == sizeof rows / sizeof *rows)
        return NOT_BUILT;
    for (long i = 0; i < warm.n; i++)
        rows[row].operate(&warm, i);
    run_begin(&run);
    for (long i = 0; i < run.n; i++)
        rows[row].operate(&run, i);
    run_end(&run, "");
    return 0;
}
