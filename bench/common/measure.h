/*
 * bench/common/measure.h: how figures are measured and printed.
 *
 * A workload is a function that does n operations. All workloads of a program run in turn, ROUNDS
 * times over, so that a change in the machine's speed affects all of them. A row has the median,
 * the least and the most of the rounds. With --tsv, columns are separated by tabs and there is no
 * heading.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

enum measured {
    CPU_TIME,      /* of the process */
    CHILDREN_TIME, /* CPU time of the child processes that it has waited for */
    WALL_TIME,
};

struct workload {
    const char *name;
    void (*run)(long n);
    long n; /* operations a round */
    enum measured time;
    const char *than; /* the workload to which the ratio is printed, or NULL */
};

/* Measures `count` workloads and prints a row for each. Takes --tsv and a part of a name from
 * argv. */
int measure(const struct workload *workload, int count, int argc, char **argv);

#endif
