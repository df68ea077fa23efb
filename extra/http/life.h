/*
 * life.h: the states of a request and what can happen in them, without curl: life.c acts on this
 * table, and the tests go through it.
 *
 *   FRESH   it is made; curl does not know it
 *   ACTIVE  curl has it: it waits for a connection, sends or receives, polled or not
 *   DOOMED  curl has it still, but we have found an error; only until that call of curl returns
 *   DONE    curl has forgotten it; the result waits to be taken
 *   GONE    it was taken or cancelled, and is freed
 *
 * Being driven or not is no state: nothing but TAKEN and CANCELLED comes from whoever polls. A
 * shutdown is a cancellation, or a drop of the future in which the request waits.
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
    BIDE__HTTP_REFUSED,   /* it is malformed, or there is no memory for it, or no runtime */
    BIDE__HTTP_NOTED,     /* a callback of curl has found an error */
    BIDE__HTTP_SAID,      /* curl is done with it */
    BIDE__HTTP_SETTLED,   /* curl has returned and says nothing of a doomed one */
    BIDE__HTTP_EXPIRED,   /* its deadline has come */
    BIDE__HTTP_TAKEN,     /* its leaf was polled and takes the result */
    BIDE__HTTP_CANCELLED, /* its leaf was asked to cancel */
    BIDE__HTTP_CLOSED,    /* the client is freed */
    BIDE__HTTP_EVENTS,
};

/* The state after an event; -1: it cannot come in that state. */
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
