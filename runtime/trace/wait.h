/*
 * wait.h: what a leaf above the runtime waits for, for dumps; and what is wrong among those that
 * wait: circles, and locks that were given to a future that nobody polls.
 */
#ifndef BIDE_RUNTIME_TRACE_WAIT_H
#define BIDE_RUNTIME_TRACE_WAIT_H

#include <bide/core.h>

struct bide_runtime;

struct bide__wait {
    const char *what; /* the kind of the object */
    const void *object;
    bide_waker waker;  /* of the wait */
    bide_waker owner;  /* of the task or future that holds the object; bits 0: not known */
    uint32_t thread;   /* or the thread; 0: not known */
    const char *place; /* "FILE:LINE" where it was locked; NULL: not known */
    bool is_granted;   /* it has been handed over to this wait */
};

/* False: the frame is no such leaf. */
typedef bool bide__wait_teller(const struct bide_frame *leaf, struct bide__wait *wait);

/* From now on dumps ask the teller; there is one. Any thread. */
void bide__wait_tells(bide__wait_teller *teller);

/* False: the leaf waits for something else, or nothing is known of it. */
bool bide__wait_of(const struct bide_frame *leaf, struct bide__wait *wait);

/* What more is to be said of a leaf that waits, in one line. False: nothing. */
typedef bool bide__leaf_teller(const struct bide_frame *leaf, char *text, size_t size);

/* From now on dumps ask this teller too; there is one. Any thread. */
void bide__leaf_tells(bide__leaf_teller *teller);

bool bide__leaf_says(const struct bide_frame *leaf, char *text, size_t size);

/* " at FILE:LINE", or nothing. */
void bide__wait_place(char *text, size_t size, const struct bide__wait *wait);

/* Writes what is wrong among the waits of the runtime's tasks. No other thread runs them. */
void bide__dump_deadlocks(const struct bide_runtime *rt,
                          void (*write)(void *argument, const char *text, size_t size),
                          void *argument);

#endif
