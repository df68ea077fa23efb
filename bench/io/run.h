/*
 * bench/io/run.h: what the rows of one process have in common, for bide's program and the peers in
 * C: the files that they work on, the clock, and what is printed. tokio and go have the same.
 *
 * A folder of data, which `plain prepare FOLDER` and io.sh make, has
 *
 *   small/0 ... 999     files of 4 KiB
 *   large/0 ... 99      files of 1 MiB
 *   at0                 one of 64 MiB
 *   send                one of 16 MiB, for the servers
 *   tree/0/0 ... 99/99  empty files in folders
 *   out                 a folder that is written to
 *   child               a program (child.c): it ends at once, or with an argument prints 1 KiB
 *
 * A run does n operations, `width` of them at once, after a tenth of that to warm up. Operation i
 * takes the i-th file, and begins with the first one again behind the last.
 */
#ifndef BENCH_IO_RUN_H
#define BENCH_IO_RUN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SMALL_FILES = 1000,
    LARGE_FILES = 100,
    SMALL_SIZE = 4096,
    LARGE_SIZE = 1 << 20,
    PIECE_SIZE = 65536,
    AT_SIZE = 64 << 20,
    SEND_SIZE = 16 << 20,
    TREE_FOLDERS = 100,
    TREE_FILES = 100,
    TREE_ENTRIES = TREE_FOLDERS + TREE_FOLDERS * TREE_FILES,
    OUTPUT_SIZE = 1024,
    PATH_SIZE = 400,
    NOT_BUILT = 77,
};

struct run {
    const char *what;
    long width, n;
    const char *data; /* the folder */
    int64_t cpu_from_ns, wall_from_ns;
};

static inline int64_t run_clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Ends the program unless `good`. */
static inline void run_expect(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

/* From `PROGRAM run WHAT WIDTH N FOLDER`. */
static inline struct run run_of(char **argv)
{
    struct run run = {.what = argv[2], .width = atol(argv[3]), .n = atol(argv[4]), .data = argv[5]};
    run_expect(run.width > 0 && run.n > 0, "run WHAT WIDTH N FOLDER");
    return run;
}

static inline long run_warm(const struct run *run)
{
    return run->n / 10 + 1;
}

/* The path of operation i: "FOLDER/KIND/NUMBER". Returns `path`. */
static inline char *run_path(const struct run *run, const char *kind, long i, long files,
                             char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s%ld", run->data, kind, i % files);
    return path;
}

/* Where operation i reads in `at`. */
static inline uint64_t run_offset(long i)
{
    return (uint64_t)i * 2654435761u % (AT_SIZE / SMALL_SIZE) * SMALL_SIZE;
}

static inline void run_begin(struct run *run)
{
    run->cpu_from_ns = run_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    run->wall_from_ns = run_clock_ns(CLOCK_MONOTONIC);
}

/* Prints the microseconds of an operation, of CPU time of the process and by the clock, and `more`
 * behind that. */
static inline void run_end(const struct run *run, const char *more)
{
    double cpu_ns = (double)(run_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - run->cpu_from_ns);
    double wall_ns = (double)(run_clock_ns(CLOCK_MONOTONIC) - run->wall_from_ns);
    printf("%.4f %.4f%s\n", cpu_ns / 1e3 / (double)run->n, wall_ns / 1e3 / (double)run->n, more);
}

#endif
