/*
 * futures.c: the same flow as an async function, and the library behind two wrappers.
 *
 * Each wrapper turns a call with a callback into one that is awaited. It makes a oneshot, gives the
 * sender to the callback, and waits at the receiver. The sender is what wakes the task; it may be
 * used on any thread, so also on the library's.
 *
 * Who owns what: the callback owns the sender, and uses it once. The wrapper owns the receiver,
 * until it returns or is cancelled. Neither has to know when the other one goes: the oneshot is
 * freed with its second half. A callback that comes when nobody waits any more is told so by
 * -EPIPE, and what it brings is still its own.
 */
#include <bide/bide.h>

#include "ask.h"

#include "courier.h"

#include <errno.h>
#include <stdio.h>

/* ---- the wrappers ---- */

struct answer {
    int error;
    char text[ANSWER_SIZE]; /* a copy: the library's text is gone when the callback returns */
};

static void on_answer(void *argument, int error, const char *text)
{
    bide_oneshot_sender(struct answer) sender = argument;
    struct answer answer = {.error = error};
    snprintf(answer.text, sizeof answer.text, "%s", text != NULL ? text : "");
    (void)bide_oneshot_send(sender, &answer); /* nobody waits any more: nothing to do */
}

static async int ask(struct courier *courier, const char *question, struct answer *answer)
{
    bide_oneshot_sender(struct answer) sender;
    bide_oneshot_receiver(struct answer) receiver;
    int rc = bide_oneshot_new(&sender, &receiver);
    if (rc < 0)
        return rc;
    defer {
        bide_oneshot_receiver_drop(receiver);
    }
    rc = courier_ask(courier, question, on_answer, (void *)sender);
    if (rc < 0) {
        bide_oneshot_sender_drop(sender); /* no callback will come, so it is still ours */
        return rc;
    }
    rc = await bide_oneshot_recv(receiver, answer);
    return rc == 1 ? answer->error : -EPIPE;
}

/* The same for connecting. Here the callback brings something that must be closed: if nobody waits
 * any more, by the callback; if it was sent and then nobody took it, by the oneshot. */
struct connected {
    int error;
    struct courier *courier;
};

static void close_connected(void *item)
{
    struct connected *connected = item;
    if (connected->courier != NULL)
        courier_close(connected->courier);
}

static void on_connected(void *argument, int error, struct courier *courier)
{
    bide_oneshot_sender(struct connected) sender = argument;
    struct connected connected = {error, courier};
    if (bide_oneshot_send(sender, &connected) < 0)
        close_connected(&connected);
}

static async int connect(const char *host, struct courier **courier)
{
    bide_oneshot_sender(struct connected) sender;
    bide_oneshot_receiver(struct connected) receiver;
    int rc = bide_oneshot_new_with(close_connected, &sender, &receiver);
    if (rc < 0)
        return rc;
    defer {
        bide_oneshot_receiver_drop(receiver);
    }
    rc = courier_connect(host, on_connected, (void *)sender);
    if (rc < 0) {
        bide_oneshot_sender_drop(sender);
        return rc;
    }
    struct connected connected;
    rc = await bide_oneshot_recv(receiver, &connected);
    if (rc != 1)
        return -EPIPE;
    *courier = connected.courier;
    return connected.error;
}

/* ---- the flow ---- */

/* It reads as what it does. The connection belongs to this function: however that is left, by an
 * error, at the end or by a cancellation, the deferred block closes it. `host` and `question` are
 * borrowed for the time of the call, as in any function. */
async int ask_with_futures(const char *host, const char *question, char text[ANSWER_SIZE])
{
    struct courier *courier = NULL;
    int rc = await connect(host, &courier);
    if (rc < 0)
        return rc;
    defer {
        courier_close(courier);
    }

    struct answer answer = {0};
    for (int tries = 1;; tries++) {
        rc = await ask(courier, question, &answer);
        if (rc != -EAGAIN || tries == ASK_TRIES)
            break;
        puts("  busy; again after a pause");
        await bide_sleep(BIDE_MS(ASK_PAUSE_MS));
    }
    if (rc == 0)
        snprintf(text, ANSWER_SIZE, "%s", answer.text);
    return rc;
}
