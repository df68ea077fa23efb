/*
 * life.h: the states of a request and what can happen in each. It needs no curl: life.c acts on
 * this table, and the tests go through it.
 *
 *   FRESH   it was made; curl does not know it
 *   ACTIVE  curl has it: it waits for a connection, sends or receives, polled or not
 *   DOOMED  curl still has it, but we found an error; lasts until the current call of curl returns
 *   DONE    curl has forgotten it; the result waits to be taken
 *   GONE    it was taken or cancelled, and is freed
 *
 * Whether the request is driven is not part of the state: only TAKEN and CANCELLED come from
 * whoever polls. A shutdown is a cancellation, or a drop of the future in which the request waits.
 */
#ifndef BIDE_EXTRA_HTTP_LIFE_H
#define BIDE_EXTRA_HTTP_LIFE_H

enum bide__http_state {
    BIDE__HTTP_FRESH,
    BIDE__HTTP_ACTIVE,
    BIDE__HTTP_DOOMED,
    BIDE__HTTP_DONE,
    BIDE__HTTP_GONE,
    BIDE__HTTP_STATES,
};

enum bide__http_event {
    BIDE__HTTP_BEGUN,     /* curl has taken it */
    BIDE__HTTP_REFUSED,   /* it is malformed, or there is no memory or no runtime for it */
    BIDE__HTTP_NOTED,     /* a callback of curl found an error */
    BIDE__HTTP_SAID,      /* curl is done with it */
    BIDE__HTTP_SETTLED,   /* curl has returned and did not report a doomed one */
    BIDE__HTTP_EXPIRED,   /* its deadline has passed */
    BIDE__HTTP_TAKEN,     /* its leaf was polled and took the result */
    BIDE__HTTP_CANCELLED, /* its leaf was asked to cancel */
    BIDE__HTTP_CLOSED,    /* the client is freed */
    BIDE__HTTP_EVENTS,
};

/* The state after an event; -1 if the event cannot happen in that state. */
static inline int bide__http_next(enum bide__http_state state, enum bide__http_event event)
{
    enum { fre = BIDE__HTTP_FRESH, act, doo, don, gon, no = -1 };
    static const signed char next[BIDE__HTTP_STATES][BIDE__HTTP_EVENTS] = {
        /* BEGUN REFUSED NOTED SAID SETTLED EXPIRED TAKEN CANCELLED CLOSED */
        [fre] = {act, don, no, no, no, no, no, no, no},
        [act] = {no, no, doo, don, no, don, no, gon, don},
        [doo] = {no, no, doo, don, don, no, no, no, no},
        [don] = {no, no, no, no, no, no, gon, don, no},
        [gon] = {no, no, no, no, no, no, no, no, no},
    };
    return next[state][event];
}

#endif
