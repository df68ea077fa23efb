/*
 * Private to the room diag: what a message is made of.
 */
#ifndef BIDE_COMPILER_DIAG_INSIDE_H
#define BIDE_COMPILER_DIAG_INSIDE_H

#include "compiler/diag/diag.h"

struct fixit {
    uint32_t token; /* the text goes before it */
    const char *text;
};

struct message {
    enum severity severity;
    uint32_t first, last; /* tokens */
    uint32_t number;      /* in the order in which messages came */
    const char *option, *text;
    bool was_warning; /* made an error by -Werror */
    bool silent;      /* switched off, and its notes with it */
    bool is_bare;     /* printed without the source line, which has just been shown */
    bool taken;       /* held before, now released or left to the user's compiler */
    struct list fixits;
    struct list notes; /* struct message * */
};

/* ---- plain.c ---- */

extern const char *const severity_names[]; /* by enum severity */

/* ---- place.c: where a message points to ---- */

/* How many bytes of the line are marked from the message's place on: to its last token, or to the
 * end of the line. */
size_t diag_mark_length(struct unit *, const struct message *, const struct spot *);
/* Where a fix-it is put in: before the byte spot->start. False: nowhere. */
bool diag_fixit_place(struct unit *, const struct fixit *, struct spot *);
/* The outermost function round the token, or NULL. */
const struct function *diag_function_at(struct unit *, uint32_t token);

/* ---- json.c ---- */

void json_message(struct unit *, const struct message *, FILE *);

/* ---- warning.c ---- */

/* 0: off; 1: a warning; 2: an error. `option`: without -W; NULL for a warning without a name. */
int warning_level(const struct unit *, const char *option, uint32_t token);

#endif
