/*
 * bench/common/driver.h: for programs that are measured on both drivers, with the one that
 * BIDE_IO names: include it in one file. Where that one cannot be had, the program ends before its
 * main, with the exit status 77.
 */
#ifndef BENCH_COMMON_DRIVER_H
#define BENCH_COMMON_DRIVER_H

#include <bide/runtime.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before main, which has a runtime. */
__attribute__((constructor)) static void driver_refuse(void)
{
    bide_runtime *rt;
    int r = getenv("BIDE_IO") != NULL ? bide_runtime_new(NULL, &rt) : -EBUSY;
    if (r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP) /* io_uring is wanted */
        _exit(77);
    if (r == 0)
        bide_runtime_free(rt);
}

/* `uring` if the process has a ring, else `epoll`. Call it on a runtime that has waited. */
static inline const char *driver_name(void)
{
    char path[300], target[100];
    const char *name = "epoll";
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *one; folder != NULL && (one = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "/proc/self/fd/%s", one->d_name);
        ssize_t size = readlink(path, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        if (strstr(target, "[io_uring]") != NULL)
            name = "uring";
    }
    if (folder != NULL)
        closedir(folder);
    return name;
}

#endif
