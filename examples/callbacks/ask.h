/*
 * ask.h: the same flow twice. It connects to a host and asks a question. A host that is busy is
 * asked again after a pause, ASK_TRIES times in all.
 */
#ifndef ASK_H
#define ASK_H

#include <bide/lang.h>

#include <stddef.h>

enum { ASK_TRIES = 3, ASK_PAUSE_MS = 5, ANSWER_SIZE = 40 };

/* callbacks.c: `done` is called once, on the library's thread, with 0 and the answer, or with a
 * negative errno. `host` and `question` must stay until then, and nothing can stop it. A negative
 * errno: it has not begun, and `done` will not be called. */
int ask_with_callbacks(const char *host, const char *question,
                       void (*done)(void *argument, int error, const char *answer), void *argument);

/* futures.c: stores the answer and returns 0, or returns a negative errno. Cancelled: the
 * connection is closed, and nothing of the call is left. */
bide_async int ask_with_futures(const char *host, const char *question, char answer[ANSWER_SIZE]);

#endif
