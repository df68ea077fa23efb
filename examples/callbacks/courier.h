/*
 * courier.h: stands for a C library that reports by callbacks, as many do. It knows nothing of
 * bide.
 *
 * Each call that returns 0 calls its function once, later, on the library's own thread. What it is
 * given must stay until then. The text of an answer is the library's, and gone when the callback
 * returns.
 */
#ifndef COURIER_H
#define COURIER_H

struct courier; /* a connection */

/* Connects to a host. `done` gets 0 and the connection, which the caller closes, or a negative
 * errno and NULL. */
int courier_connect(const char *host,
                    void (*done)(void *argument, int error, struct courier *courier),
                    void *argument);

/* Asks a question. `done` gets 0 and the answer, or a negative errno and NULL: -EAGAIN if the host
 * is busy, -ECANCELED if the connection is closed meanwhile. One question at a time. */
int courier_ask(struct courier *courier, const char *question,
                void (*done)(void *argument, int error, const char *answer), void *argument);

/* Closes a connection. If a question is open, its callback is called before this returns. */
void courier_close(struct courier *courier);

/* Calls `done` after `ms`. */
int courier_after(int ms, void (*done)(void *argument), void *argument);

/* Ends the library's thread. Nothing may be open. */
void courier_end(void);

#endif
