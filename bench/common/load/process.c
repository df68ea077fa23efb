/* bench/common/load/process.c: see process.h. */
#define _GNU_SOURCE
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) < 0)
        die("the process is gone");
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t process_cpu_ns(pid_t process)
{
    clockid_t id;
    if (clock_getcpuclockid(process, &id) != 0)
        die("clock_getcpuclockid");
    return read_clock(id);
}

void pin(unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* a machine with one CPU has to share it */
}

void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Never returns. */
static void run(char **command, int cpu, int to)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cpu >= 0)
        pin((unsigned)cpu);
    if (dup2(to, STDOUT_FILENO) < 0)
        _exit(1);
    execvp(command[0], command);
    fprintf(stderr, "load: %s: %s\n", command[0], strerror(errno));
    _exit(NOT_BUILT);
}

pid_t process_start(char **command, int cpu, int *from)
{
    int ends[2];
    if (pipe(ends) < 0)
        die("pipe");
    pid_t process = fork();
    if (process < 0)
        die("fork");
    if (process == 0) {
        close(ends[0]);
        run(command, cpu, ends[1]);
    }
    close(ends[1]);
    *from = ends[0];
    return process;
}

void process_failed(pid_t process)
{
    int status = 0;
    waitpid(process, &status, 0);
    exit(WIFEXITED(status) && WEXITSTATUS(status) == NOT_BUILT ? NOT_BUILT : 1);
}

bool process_has_ring(pid_t process)
{
    char path[300], target[100];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    DIR *folder = opendir(path);
    for (struct dirent *one; folder != NULL && !found && (one = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)process, one->d_name);
        ssize_t size = readlink(path, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        found = strstr(target, "[io_uring]") != NULL;
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}
