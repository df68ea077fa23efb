/*
 * callbacks.c: the flow in callback style.
 *
 * What is a local variable in a function that reads from top to bottom is here a member of a struct
 * on the heap, since each step is a function of its own that returns before the next one begins.
 *
 * Who owns the struct, and the connection in it? At each moment, the callback that will come next.
 * Each function below either starts exactly one more call, which takes over, or calls finish, which
 * frees; it must not touch the struct after either. No compiler checks that, and the loop over the
 * tries is nowhere to be seen: it is hidden in who starts whom.
 *
 * Nobody can stop the flow. For that, the struct would have to be known outside, have a flag that
 * each step looks at, a lock for it, and a count of those who hold it.
 */
#include "ask.h"

#include "courier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct flow {
    struct courier *courier; /* NULL: not connected yet */
    const char *question;    /* borrowed from the caller, until `done` */
    int tries;
    void (*done)(void *argument, int error, const char *answer);
    void *argument;
};

/* The end of the flow, whichever step has come to it: frees all that it owns. The answer is the
 * library's, and good until the callback returns; so `done` comes first. */
static void finish(struct flow *flow, int error, const char *answer)
{
    flow->done(flow->argument, error, answer);
    if (flow->courier != NULL)
        courier_close(flow->courier);
    free(flow);
}

static void on_answer(void *argument, int error, const char *answer);

/* Step 2, and again after each pause. */
static void on_pause(void *argument)
{
    struct flow *flow = argument;
    flow->tries++;
    int error = courier_ask(flow->courier, flow->question, on_answer, flow);
    if (error < 0)
        finish(flow, error, NULL);
}

/* Step 3: done, or a pause and back to step 2. */
static void on_answer(void *argument, int error, const char *answer)
{
    struct flow *flow = argument;
    if (error == -EAGAIN && flow->tries < ASK_TRIES) {
        puts("  busy; again after a pause");
        error = courier_after(ASK_PAUSE_MS, on_pause, flow);
        if (error == 0)
            return; /* the flow is on_pause's now */
    }
    finish(flow, error, answer);
}

static void on_connected(void *argument, int error, struct courier *courier)
{
    struct flow *flow = argument;
    if (error < 0) {
        finish(flow, error, NULL);
        return;
    }
    flow->courier = courier;
    on_pause(flow); /* there is none before the first try */
}

int ask_with_callbacks(const char *host, const char *question,
                       void (*done)(void *argument, int error, const char *answer), void *argument)
{
    struct flow *flow = malloc(sizeof *flow);
    if (flow == NULL)
        return -ENOMEM;
    *flow = (struct flow){.question = question, .done = done, .argument = argument};
    int error = courier_connect(host, on_connected, flow); /* step 1 */
    if (error < 0)
        free(flow); /* no callback will come, so it is still ours */
    return error;
}
