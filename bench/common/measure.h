/*
 * bench/measure.h: how figures are taken and printed.
 *
 * A workload is a function that does n operations. All workloads of a program are run in turn,
 * ROUNDS times over, so that a change in the machine's mood meets all of them; a row is the median,
 * the least and the most of the rounds. With --tsv rows are separated by tabs, without a heading.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

enum measured {
    CPU_TIME,      /* of the process */
    CHILDREN_TIME, /* CPU time of the programs that it runs and waits for */
    WALL_TIME,
};

struct workload {
    const char *name;
    void (*run)(long n);
    long n; /* operations a round */
    enum measured time;
    const char *than; /* the workload that the ratio is to, or NULL */
};

/* Measures `count` workloads and prints a row each; takes --tsv and a part of a name from argv. */
int measure(const struct workload *workload, int count, int argc, char **argv);

#endif
