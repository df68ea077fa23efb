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
 *
 * The answer of a stream is taken by its response, which is freed with TAKEN or CANCELLED.
 */
#include "internal.h"

static struct bide__http_transfer *of(struct bide_wakeable *self)
{
    return (struct bide__http_transfer *)(void *)((char *)self -
                                                  offsetof(struct bide__http_transfer, self));
}

/* A limit has passed. Called outside of polls, on the executor's thread, or on any if the runtime
 * has several workers. */
static void limit_wake(struct bide_wakeable *self, unsigned limit)
{
    struct bide__http_transfer *t = of(self);
    bide_http_client *client = t->owner;
    if (bide__http_client_note_late(t, limit))
        return;
    bide__http_lock(client);
    bide__http_late(t, 1U << limit);
    bide__http_unlock(client);
}

/* References are not counted: the timer is disarmed before the transfer is freed. */
static void no_reference(struct bide_wakeable *self)
{
    (void)self;
}

static const struct bide_waker_vtable vtable = {no_reference, limit_wake, limit_wake, no_reference};

void bide__http_late(struct bide__http_transfer *t, unsigned bits)
{
    if (bits & 1U << BIDE__HTTP_TOTAL)
        bide__http_happens(t, BIDE__HTTP_EXPIRED, 0);
    else if (bits & 1U << BIDE__HTTP_SILENCE)
        bide__http_silent(t);
}

static void wake(bide_waker *waker)
{
    if (waker->bits != 0)
        bide_waker_wake_by_ref(*waker);
}

void bide__http_wake(struct bide__http_transfer *t)
{
    wake(&t->waker);
}

void bide__http_leave(struct bide__http_transfer *t)
{
    bide_http_client *client = t->owner;
    bide__http_lock(client);
    t->waker = t->stream.out_waker = t->stream.over_waker = (bide_waker){0};
    t->response = NULL;
    bool done = t->state == BIDE__HTTP_DONE;
    bide__http_happens(t, done ? BIDE__HTTP_TAKEN : BIDE__HTTP_CANCELLED, 0);
    bide__http_unlock(client);
}

void bide__http_unwanted_now(struct bide__http_transfer *t)
{
    struct bide__http_stream *s = &t->stream;
    if (!s->gives_body || s->out_ended)
        return;
    s->out_unwanted = true;
    t->owner->some_unwanted = true;
    wake(&s->out_waker);
    wake(&s->over_waker);
}

void bide__http_head_is_there(struct bide__http_transfer *t)
{
    struct bide__http_stream *s = &t->stream;
    s->has_head = true;
    /* curl does not send the rest then, and does not say so. */
    if (t->response->status >= 300)
        bide__http_unwanted_now(t);
    t->response = NULL;
    if (!t->total_is_own) {
        bide__timer_disarm(t->wheel, &t->deadline);
        atomic_fetch_and_explicit(&t->late, ~(1U << BIDE__HTTP_TOTAL), memory_order_relaxed);
    }
    bide__http_wake(t);
}

static void arm_deadline(struct bide__http_transfer *t, bide_duration timeout)
{
    t->wheel = t->silence_wheel = bide__wheel_running();
    if (timeout.ns >= 0)
        bide__timer_arm(t->wheel, &t->deadline, bide__deadline(timeout),
                        bide_waker_make(&t->self, BIDE__HTTP_TOTAL));
}

struct bide__http_transfer *bide__http_begin(bide_http_client *client,
                                             const bide_http_request *request, bool stream,
                                             bide_waker waker)
{
    struct bide__http_transfer *t =
        bide__door.alloc(sizeof *t, _Alignof(struct bide__http_transfer));
    if (t == NULL)
        return NULL;
    *t = (struct bide__http_transfer){.self.vtable = &vtable,
                                      .waker = waker,
                                      .owner = client,
                                      .sent = -1,
                                      .total_is_own = request->timeout.ns != 0,
                                      .stream.is_on = stream};
    client->holders++;
    t->begun_ns = bide__clock_ns();
    bide__metrics_add(&client->meter.begun, 1);
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
    bide__metrics_add(&t->owner->meter.gone, 1);
    if (t->easy != NULL)
        bide__http_handle_give(t);
    curl_slist_free_all(t->addresses);
    bide__http_request_free(t);
    bide__http_queue_free(&t->stream.in);
    bide__http_queue_free(&t->stream.out);
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
    if (after == BIDE__HTTP_DONE && before != BIDE__HTTP_DONE) {
        bide__http_conclude(t, note_end(t, event, outcome));
        bide__http_client_count(t);
    }
    bool had = before == BIDE__HTTP_ACTIVE || before == BIDE__HTTP_DOOMED;
    bool has = after == BIDE__HTTP_ACTIVE || after == BIDE__HTTP_DOOMED;
    if (had && !has) {
        bide__timer_disarm(t->wheel, &t->deadline);
        bide__timer_disarm(t->silence_wheel, &t->silence);
        bide__http_client_remove(t);
        if (after == BIDE__HTTP_DONE) {
            wake(&t->waker);
            wake(&t->stream.out_waker);
            wake(&t->stream.over_waker);
        }
    }
    if (after == BIDE__HTTP_GONE)
        free_transfer(t);
    if (had && !has)
        bide__http_client_settle(client);
    return (enum bide__http_state)after;
}
