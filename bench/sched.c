/*
 * bench/sched.c: one workload of bench/sched/, measured once, for sched.sh.
 *
 *   sched ROW RUNTIME N [HOW]   does N operations of ROW, and prints two numbers: nanoseconds of an
 *                               operation by the clock, and of CPU time of the process. Rows that
 *                               measure something else print that, twice.
 *   sched --list                prints the names of the rows
 *   sched --smoke               runs each row with a few operations
 *
 * HOW is `cold`: there is no round to warm up; `long`: the same is done again until a second has
 * passed, and the means are printed; or `watched`: the same, while somebody looks at it through the
 * console that BIDE_CONSOLE names.
 *
 * RUNTIME is ct (current_thread) or mtN (multi_thread with N workers). The exit status is 77 if
 * this build has no such runtime or row.
 */
#define _GNU_SOURCE
#include "sched/rows.h"

#include <bide/bide.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NOT_BUILT = 77 };
enum how { WARM, COLD, LONG, WRONG };

static const struct row *const lists[] = {spawn_rows,   remote_rows, talk_rows,
                                          channel_rows, group_rows,  set_rows,
                                          time_rows,    lock_rows,   whole_rows};

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void run_begin(struct run *run)
{
    run->cpu_from_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    run->wall_from_ns = clock_ns();
}

void run_end(struct run *run)
{
    run->wall_ns = (double)(clock_ns() - run->wall_from_ns) / (double)run->n;
    run->cpu_ns =
        (double)(read_clock(CLOCK_PROCESS_CPUTIME_ID) - run->cpu_from_ns) / (double)run->n;
}

void expect(const char *what, long got, long expected)
{
    if (got == expected)
        return;
    fprintf(stderr, "sched: %s: %ld, expected %ld\n", what, got, expected);
    exit(1);
}

double resident_bytes(void)
{
    long all, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld %ld", &all, &pages) != 2)
        expect("/proc/self/statm", 0, 1);
    else
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

double quantile(int64_t *ns, long count, double part)
{
    qsort(ns, (size_t)count, sizeof *ns, by_size);
    return (double)ns[(long)(part * (double)(count - 1) + 0.5)];
}

/* ---- crowds ---- */

static atomic_long crowd;
static bide_oneshot_sender(char) crowd_goes;
static bide_oneshot_receiver(char) crowd_gone;

void crowd_begin(long count)
{
    expect("bide_oneshot_new", bide_oneshot_new(&crowd_goes, &crowd_gone), 0);
    atomic_store(&crowd, count);
}

void crowd_leave(void)
{
    static const char gone;
    if (atomic_fetch_sub_explicit(&crowd, 1, memory_order_acq_rel) == 1)
        expect("bide_oneshot_send", bide_oneshot_send(crowd_goes, &gone), 0);
}

async void crowd_wait(void)
{
    char gone;
    expect("bide_oneshot_recv", await bide_oneshot_recv(crowd_gone, &gone), 1);
    bide_oneshot_receiver_drop(crowd_gone);
}

/* ---- running ---- */

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct row *row = lists[i]; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

/* The number of workers that the name of a runtime says, or -1. */
static int workers_of(const char *name)
{
    char *end;
    if (strcmp(name, "ct") == 0)
        return 0;
    if (strncmp(name, "mt", 2) != 0)
        return -1;
    long workers = strtol(name + 2, &end, 10);
    return *end || workers < 1 || workers > 1024 ? -1 : (int)workers;
}

/* Again and again; the two figures become the means. */
static void run_long(const struct row *row, struct run *run)
{
    static const int64_t second_ns = 1000000000;
    double wall_ns = 0, cpu_ns = 0;
    long times = 0;
    int64_t from_ns = clock_ns();

    do {
        row->run(run);
        wall_ns += run->wall_ns;
        cpu_ns += run->cpu_ns;
        times++;
    } while (!row->once && clock_ns() - from_ns < second_ns);
    run->wall_ns = wall_ns / (double)times;
    run->cpu_ns = cpu_ns / (double)times;
}

/* Returns 0, or NOT_BUILT. */
static int run_row(const struct row *row, unsigned workers, long n, enum how how, struct run *run)
{
    bide_runtime_options options = {
        .flavour = workers > 0 ? BIDE_MULTI_THREAD : BIDE_CURRENT_THREAD, .workers = workers};
    *run = (struct run){.n = n, .workers = workers};
    int r = bide_runtime_new(&options, &run->rt);
    if (r == -ENOSYS)
        return NOT_BUILT;
    expect("bide_runtime_new", r, 0);
    bide_runtime_enter(run->rt);
    look_begin();
    if (how != COLD && !row->once && n >= 10) {
        run->n = n / 10;
        row->run(run);
        run->n = n;
    }
    if (how == LONG)
        run_long(row, run);
    else
        row->run(run);
    bide_runtime_enter(NULL);
    return 0;
}

static int smoke(void)
{
    static const unsigned workers[] = {0, 1, 2};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct row *row = lists[i]; row->name; row++)
            for (size_t k = 0; k < sizeof workers / sizeof *workers; k++) {
                struct run run;
                if (row->several && workers[k] < 2)
                    continue;
                if (run_row(row, workers[k], 20, WARM, &run) != 0) {
                    printf("%s %u not built\n", row->name, workers[k]);
                    continue;
                }
                expect("bide_runtime_shutdown", bide_runtime_shutdown(run.rt, BIDE_S(1)), 0);
                expect("bide_runtime_free", bide_runtime_free(run.rt), 0);
                printf("%s %u\n", row->name, workers[k]);
            }
    return 0;
}

static int list(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct row *row = lists[i]; row->name; row++)
            puts(row->name);
    return 0;
}

static enum how how_of(const char *name)
{
    if (strcmp(name, "watched") == 0 || strcmp(name, "long") == 0)
        return LONG;
    if (strcmp(name, "cold") == 0)
        return COLD;
    return *name ? WRONG : WARM;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc == 2 && strcmp(argv[1], "--smoke") == 0)
        return smoke();
    int workers = argc >= 4 ? workers_of(argv[2]) : -1;
    long n = workers >= 0 ? atol(argv[3]) : 0;
    enum how how = how_of(argc > 4 ? argv[4] : "");
    if (n < 1 || how == WRONG) {
        fputs("sched ROW ct|mtN N [cold|long|watched]\n", stderr);
        return 2;
    }
    if (argc > 4 && strcmp(argv[4], "watched") == 0)
        look_prepare();
    const struct row *row = find(argv[1]);
    struct run run;
    if (row == NULL || run_row(row, (unsigned)workers, n, how, &run) != 0)
        return NOT_BUILT;
    look_end();
    if (run.value != 0)
        run.wall_ns = run.cpu_ns = run.value;
    printf("%.4f %.4f\n", run.wall_ns, run.cpu_ns);
    fflush(stdout);
    _exit(0); /* tasks that are parked, as some rows leave them, need not be unwound */
}
