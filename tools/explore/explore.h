/*
 * explore.h: what a model for the explorer is written with; README.md beside it is the manual.
 *
 * A model is a few threads that use shipped code. The explorer runs them in every order, and lets
 * every atomic load read every value that C11 allows. All of the model and of the code under test
 * is compiled with -fsanitize=thread, whose calls the explorer answers instead of the sanitizer.
 *
 * Each execution begins with all variables of the program as they were at the start of main.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Threads of one execution: the first one, those of the model, and those that they create. */
enum { EXPLORE_THREADS = 8 };

enum { EXPLORE_NO_BOUND = -1, EXPLORE_NONE = -2 };

struct explore_model {
    const char *name;
    void (*begin)(void);                        /* runs first, alone; or NULL */
    void (*threads[EXPLORE_THREADS - 1])(void); /* then these together, */
    void (*end)(void);                          /* and when they have ended, this; or NULL */
    int bound;    /* preemptions; 0: two, the default; EXPLORE_NONE: none */
    int stale;    /* reads of another store than the newest, and stores that come before it in
                         the modification order; 0: any number, EXPLORE_NONE: none */
    int timeouts; /* timed waits that end although somebody can go on; -1: none ever ends
                         by time, so that a wake that only a time-out makes up for is missed */
    int spurious; /* weak compare-exchanges that fail without a reason */
    bool leaks;   /* memory may be left at the end */
    const char *outcomes;  /* all that explore_outcome may say, sorted, with a blank between */
    unsigned fails_within; /* it has a fault, which must be found within this many schedules */
};

/* What the program explores; the last one has no name. */
extern const struct explore_model explore_models[];

/* The execution fails unless `condition` holds. */
#define explore_check(condition) explore__check((condition), #condition, __FILE__, __LINE__)

/* Ends the execution as failed. */
void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* One of 0 .. n-1; each is explored. */
int explore_choose(int n);

/* This thread can do nothing useful before another one has done something. */
void explore_yield(void);

/* Waits, as in the system, until somebody has called explore_wake for this event since the last
 * wait of it. Like an eventfd, what was before the wake is seen after the wait. False: the wait has
 * ended by time; it is `timed`. explore_look does not wait: it takes the wake, if there is one. */
bool explore_wait(void *event, bool timed);
bool explore_look(void *event);
void explore_wake(void *event);

/* Waits until no other thread can go on (but by time). */
void explore_settle(void);

/* From explore_focus(false) on nothing is explored: the threads run one after another as far as
 * they can, and loads read the newest store. For what leads to the interesting part, or follows
 * it. If an execution begins with such a part, that is executed only once. */
void explore_focus(bool on);

/* 0: the first thread, which runs `begin` and `end`; 1: threads[0] and so on. */
int explore_thread(void);

/* From `end`: what came out. */
void explore_outcome(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The clock of the execution, which stands still otherwise. */
void explore_advance(int64_t ns);

/* driver.c, a driver for runtimes in models: the descriptor is ready for these directions. */
void explore_ready(int fd, unsigned directions);

/* The same: how the drivers of runtimes are begun, if a model brings its own. */
struct bide__driver;
struct bide__driver_options;
extern int (*explore_driver)(struct bide__driver **out, const struct bide__driver_options *options);

void explore__check(bool condition, const char *text, const char *file, int line);

#endif
