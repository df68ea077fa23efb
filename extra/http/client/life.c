/*
 * life.c: the life of a request, from its first poll until its result is taken. life.h has the
 * table of states and events; bide__http_happens makes every transition.
 *
 *            event      what is done
 *   FRESH    BEGUN      the deadline is armed
 *            REFUSED    the result is filled in; the leaf, which is being polled, takes it
 *   ACTIVE   NOTED      the error is kept
 *            SAID, EXPIRED, CLOSED
 *                       it is taken away from curl, the result filled in, the leaf woken
 *            CANCELLED  it is taken away from curl and freed with everything received
 *   DOOMED   NOTED      the first error stays
 *            SAID, SETTLED
 *                       as in ACTIVE, with the error
 *   DONE     TAKEN      it is freed; the response has gone to the caller
 *            CANCELLED  nothing: the leaf answers BIDE_COMPLETED
 *
 * Nothing else can happen: a request that curl does not have has no armed deadline and is not on
 * the client's list, and a doomed one is settled before anything but curl runs.
 */
#include "internal.h"

static struct bide__http_transfer *of(struct bide_wakeable *self)
{
    return (struct bide__http_transfer *)(void *)((char *)self -
                                                  offsetof(struct bide__http_transfer, self));
}

/* The deadline has passed. Called outside of polls, on the executor's thread, or on any if the
 * runtime has several workers. */
static void deadline_wake(struct bide_wakeable *self, unsigned branch)
{
    struct bide__http_transfer *t = of(self);
    bide_http_client *client = t->owner;
    (void)branch;
    if (bide__http_client_note_late(t))
        return;
    bide__http_lock(client);
    bide__http_happens(t, BIDE__HTTP_EXPIRED, 0);
    bide__http_unlock(client);
}

/* References are not counted: the timer is disarmed before the transfer is freed. */
static void no_reference(struct bide_wakeable *self)
{
    (void)self;
}

static const struct bide_waker_vtable vtable = {no_reference, deadline_wake, deadline_wake,
                                                no_reference};

static void arm_deadline(struct bide__http_transfer *t, bide_duration timeout)
{
    t->wheel = bide__wheel_running();
    if (timeout.ns >= 0)
        bide__timer_arm(t->wheel, &t->deadline, bide__deadline(timeout),
                        bide_waker_make(&t->self, 0));
}

struct bide__http_transfer *bide__http_begin(bide_http_client *client,
                                             const bide_http_request *request, bide_waker waker)
{
    struct bide__http_transfer *t =
        bide__door.alloc(sizeof *t, _Alignof(struct bide__http_transfer));
    if (t == NULL)
        return NULL;
    *t = (struct bide__http_transfer){.self.vtable = &vtable, .waker = waker, .owner = client};
    client->holders++;
    int n = bide__http_transfer_init(t, client, request);
    if (n == 0)
        n = bide__http_client_add(client, t);
    if (n < 0) {
        bide__http_happens(t, BIDE__HTTP_REFUSED, n);
        return t;
    }
    bide__http_happens(t, BIDE__HTTP_BEGUN, 0);
    arm_deadline(t, request->timeout.ns != 0 ? request->timeout : client->options.timeout);
    return t;
}

static void free_transfer(struct bide__http_transfer *t)
{
    t->owner->holders--;
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    bide_http_response_free(t->response);
    bide__free(t, sizeof *t);
}

static void note(struct bide__http_transfer *t, int error)
{
    if (t->error == 0)
        t->error = error;
}

/* Notes an event's error, unless one was noted before. Returns curl's code for the result. */
static CURLcode note_end(struct bide__http_transfer *t, enum bide__http_event event, int outcome)
{
    switch (event) {
    case BIDE__HTTP_SAID: return (CURLcode)outcome;
    case BIDE__HTTP_REFUSED: note(t, outcome); break;
    case BIDE__HTTP_EXPIRED: note(t, -ETIMEDOUT); break;
    case BIDE__HTTP_CLOSED: note(t, -ECANCELED); break;
    default: break;
    }
    return CURLE_OK;
}

enum bide__http_state bide__http_happens(struct bide__http_transfer *t, enum bide__http_event event,
                                         int outcome)
{
    enum bide__http_state before = t->state;
    int after = bide__http_next(before, event);
    bide_http_client *client = t->client;

    if (after < 0)
        __builtin_trap();
    t->state = (enum bide__http_state)after;
    if (event == BIDE__HTTP_NOTED) {
        note(t, outcome);
        client->some_doomed = true;
    }
    if (after == BIDE__HTTP_DONE && before != BIDE__HTTP_DONE)
        bide__http_conclude(t, note_end(t, event, outcome));
    bool had = before == BIDE__HTTP_ACTIVE || before == BIDE__HTTP_DOOMED;
    bool has = after == BIDE__HTTP_ACTIVE || after == BIDE__HTTP_DOOMED;
    if (had && !has) {
        bide__timer_disarm(t->wheel, &t->deadline);
        bide__http_client_remove(t);
        if (after == BIDE__HTTP_DONE)
            bide_waker_wake_by_ref(t->waker);
    }
    if (after == BIDE__HTTP_GONE)
        free_transfer(t);
    if (had && !has)
        bide__http_client_settle(client);
    return (enum bide__http_state)after;
}
