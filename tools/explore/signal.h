/*
 * signal.h: for models: a task waits for a signal, which comes once, from any thread.
 */
#ifndef EXPLORE_SIGNAL_H
#define EXPLORE_SIGNAL_H

#include <bide/core.h>
#include <bide/lang.h>

#include <pthread.h>
#include <stdbool.h>

struct signal {
    pthread_mutex_t mutex;
    bool is_set;
    bide_waker waker; /* a clone */
};

#define SIGNAL_INIT                        \
    {                                      \
        .mutex = PTHREAD_MUTEX_INITIALIZER \
    }

void signal_set(struct signal *signal);

/* One task at a time. 0. Cancelled: nothing has happened. */
bide_async int signal_wait(struct signal *signal);

#endif
