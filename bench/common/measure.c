#define _GNU_SOURCE
#include "measure.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { ROUNDS = 7, MAX = 64 };

static double now_ns(const struct workload *w)
{
    struct timespec t;
    struct rusage used;
    if (w->time == CHILDREN_TIME && getrusage(RUSAGE_CHILDREN, &used) == 0)
        return 1e9 * (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               1e3 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    clock_gettime(w->time == WALL_TIME ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median of the workload of that name, or 0 if it was not run. */
static double median_of(const struct workload *w, double (*ns)[ROUNDS], int count, const char *name)
{
    for (int i = 0; name && i < count; i++)
        if (strcmp(w[i].name, name) == 0)
            return ns[i][ROUNDS / 2];
    return 0;
}

static void print_row(const struct workload *w, const double *ns, double base, bool tsv)
{
    const char *form = tsv ? "%s\t%.2f\t%.2f\t%.2f\tns" : "%-40s %10.2f %10.2f %10.2f  ns";
    printf(form, w->name, ns[ROUNDS / 2], ns[0], ns[ROUNDS - 1]);
    if (base > 0)
        printf(tsv ? "\t%.2f\t%s" : "  %.2f x %s", ns[ROUNDS / 2] / base, w->than);
    putchar('\n');
}

int measure(const struct workload *w, int count, int argc, char **argv)
{
    static double ns[MAX][ROUNDS];
    const char *only = NULL;
    bool tsv = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--tsv") == 0)
            tsv = true;
        else
            only = argv[i];
    }
    if (count > MAX)
        return 1;
    for (int round = -1; round < ROUNDS; round++) { /* the first one warms up */
        for (int i = 0; i < count; i++) {
            if (only && !strstr(w[i].name, only))
                continue;
            double start = now_ns(&w[i]);
            w[i].run(w[i].n);
            if (round >= 0)
                ns[i][round] = (now_ns(&w[i]) - start) / (double)w[i].n;
        }
    }
    if (!tsv)
        printf("%-40s %10s %10s %10s\n", "workload", "median", "min", "max");
    for (int i = 0; i < count; i++)
        qsort(ns[i], ROUNDS, sizeof ns[i][0], by_size);
    for (int i = 0; i < count; i++)
        if (!only || strstr(w[i].name, only))
            print_row(&w[i], ns[i], median_of(w, ns, count, w[i].than), tsv);
    return 0;
}
