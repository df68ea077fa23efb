/*
 * bench/common/load/process.h: a process that is measured from outside, a server or a client.
 */
#ifndef BENCH_COMMON_PROCESS_H
#define BENCH_COMMON_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What it cannot do, it says with this exit status. */
enum { NOT_BUILT = 77 };

/* Ends the program, and with it the process that it has started. Each program has its own. */
_Noreturn void die(const char *what);

int64_t clock_ns(void);

/* Puts the calling process, and those that it starts from then on, on one CPU. */
void pin(unsigned cpu);

/* As many descriptors as may be, for this process and those that it starts. */
void allow_descriptors(void);

/* Starts a process, on that CPU unless it is negative, and returns its number. *from: what it
 * writes to its standard output. */
pid_t process_start(char **command, int cpu, int *from);

/* Waits for its end, and ends the program in the same way: NOT_BUILT if it ended with that, else
 * 1. */
_Noreturn void process_failed(pid_t process);

/* Of all its threads, also those that have ended. */
int64_t process_cpu_ns(pid_t process);

bool process_has_ring(pid_t process); /* of io_uring */

#endif
