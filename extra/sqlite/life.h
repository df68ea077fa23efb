/*
 * life.h: the states of a call on a handle and what can happen in each. It needs no SQLite: life.c
 * acts on this table, and the tests go through it.
 *
 *   FRESH     its leaf has not begun it
 *   QUEUED    it is on the handle's list, after others
 *   CALLED    it is the first and has the turn; a message to its runtime is under way
 *   AT_WORK   the first; its job is on the pool
 *   PAUSED    the first; another connection holds a lock, and its timer is armed
 *   STOPPING  the first; it was CALLED, AT_WORK or PAUSED when it was asked to cancel, and
 *             something of it is under way
 *   DONE      off the list; the result waits to be taken
 *   UNDONE    off the list; it was cancelled and did nothing; its leaf has not answered that yet
 *   GONE      it was taken or cancelled; its memory belongs to the leaf again
 *
 * Whether the call is driven is not part of the state: only BEGUN, WITHDRAWN, CANCELLED and TAKEN
 * come from whoever polls. A shutdown is a cancellation, or a drop of the future in which the call
 * waits.
 */
#ifndef BIDE_EXTRA_SQLITE_LIFE_H
#define BIDE_EXTRA_SQLITE_LIFE_H

enum bide__sql_state {
    BIDE__SQL_FRESH,
    BIDE__SQL_QUEUED,
    BIDE__SQL_CALLED,
    BIDE__SQL_AT_WORK,
    BIDE__SQL_PAUSED,
    BIDE__SQL_STOPPING,
    BIDE__SQL_DONE,
    BIDE__SQL_UNDONE,
    BIDE__SQL_GONE,
    BIDE__SQL_STATES,
};

enum bide__sql_event {
    BIDE__SQL_BEGUN,    /* its leaf has begun it, and it is the first on the list */
    BIDE__SQL_ENTERED,  /* the same, after others */
    BIDE__SQL_NEXT,     /* the call before it has left the list */
    BIDE__SQL_STARTED,  /* its runtime has received the message about its turn */
    BIDE__SQL_LOCKED,   /* the job ended at another connection's lock; there is time to try again */
    BIDE__SQL_EXPIRED,  /* the pause is over */
    BIDE__SQL_FINISHED, /* the job ended with a result */
    BIDE__SQL_STOPPED,  /* the job ended because it was asked to */
    BIDE__SQL_WITHDRAWN, /* its leaf was asked to cancel, and took the job back from the pool or
                            ended the pause */
    BIDE__SQL_CANCELLED, /* its leaf was asked to cancel */
    BIDE__SQL_TAKEN,     /* its leaf was polled and took the result */
    BIDE__SQL_EVENTS,
};

/* The state after an event; -1 if the event cannot happen in that state. */
static inline int bide__sql_next(enum bide__sql_state state, enum bide__sql_event event)
{
    enum { fre = BIDE__SQL_FRESH, que, cal, wor, pau, sto, don, und, gon, no = -1 };
    static const signed char next[BIDE__SQL_STATES][BIDE__SQL_EVENTS] = {
        /* BEGUN ENTERED NEXT STARTED LOCKED EXPIRED FINISHED STOPPED WITHDRAWN CANCELLED TAKEN */
        [fre] = {wor, que, no, no, no, no, no, no, no, gon, no},
        [que] = {no, no, cal, no, no, no, no, no, no, gon, no},
        [cal] = {no, no, no, wor, no, no, no, no, no, sto, no},
        [wor] = {no, no, no, no, pau, no, don, no, gon, sto, no},
        [pau] = {no, no, no, no, no, wor, no, no, gon, sto, no},
        [sto] = {no, no, no, und, und, und, don, und, no, sto, no},
        [don] = {no, no, no, no, no, no, no, no, no, don, gon},
        [und] = {no, no, no, no, no, no, no, no, no, gon, no},
        [gon] = {no, no, no, no, no, no, no, no, no, no, no},
    };
    return next[state][event];
}

/* True if a call in this state has the turn. */
static inline bool bide__sql_has_turn(enum bide__sql_state state)
{
    return state >= BIDE__SQL_CALLED && state <= BIDE__SQL_STOPPING;
}

#endif
