/*
 * service.h: a service that adds numbers up, and that its tests (service_test.c) take apart.
 *
 * A client sends lines: "ADD N" answers "OK TOTAL", "QUIT" answers "BYE" and ends. Anything else
 * answers "WHAT?". A client that says nothing for IDLE_S is told "TIMEOUT"; when the service stops,
 * each client is told "BYE". Once a minute the total is saved.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <bide/bide.h>

enum { IDLE_S = 30, SAVE_S = 60, LINE_MAX_BYTES = 80 };

/* All zeroes, but for `save`, at first. */
struct service {
    long total;
    int clients; /* that are connected */
    bool stops;
    bide_notify stopped;
    bide_async_fn(int, long) save; /* keeps a total; 0 or a negative errno */
};

/* Serves one client to its end and closes the stream. Returns 0, or why the stream failed. */
async int service_talk(struct service *s, bide_stream *client);

/* Serves the clients of the listener until the service is stopped. Then it takes no more, waits
 * until all have been told, and saves the total. Returns 0 or a negative errno. */
async int service_run(struct service *s, bide_tcp_listener *listener);

/* Asks the service to stop. */
void service_stop(struct service *s);

#endif
