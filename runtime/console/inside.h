/*
 * inside.h: what only the files of console/ share.
 */
#ifndef BIDE_RUNTIME_CONSOLE_INSIDE_H
#define BIDE_RUNTIME_CONSOLE_INSIDE_H

#include "runtime/console/console.h"

#include "runtime/trace/scroll.h"

/* answer.c: what is to be told of all runtimes, as one line of JSON. Waits for the workers, for
 * those that come to no await 300 ms. False: no memory. */
bool bide__console_answer(struct bide__scroll *text);

/* answer.c: is there a runtime of a program's main, which looks whether it is stuck? */
bool bide__console_pauses(void);

/* serve.c: the thread. `wake` is readable when it is to end; then it closes all that it has opened,
 * but not the two. */
struct bide__console_fds {
    int listener, wake;
};
void bide__console_serve(const struct bide__console_fds *fds);

/* In a child of fork(): closes what the parent's thread has open for clients. */
void bide__console_forget(void);

#endif
