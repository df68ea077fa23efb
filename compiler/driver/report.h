/*
 * What compilers have said, for those that decide what of it is shown: driver_block.c reads it,
 * driver_confirm.c asks what holds for the program as bide makes it, driver_report.c prints.
 */
#ifndef BIDE_REPORT_H
#define BIDE_REPORT_H

#include "inside.h"

/* One message with the lines that belong to it. */
struct block {
    const char *start; /* the context lines before it included */
    size_t length, context_length;
    char *place;  /* file:line, NULL: not a message of a compiler about a place */
    char *text;   /* after "error: ", without colours and without the option */
    char *option; /* [-W...], or "" */
    bool error;
};

struct blocks {
    struct arena *arena;
    struct list list;
    const char *context; /* lines that belong to the next message; or NULL */
};

/* ---- driver_block.c ---- */

struct blocks blocks_read(struct arena *, const struct buffer *);
/* "FILE:LINE:COLUMN: " with the column left out at will; the rest after it, or NULL. */
const char *block_read_place(struct arena *, const char *line, char **place);
/* Two messages are the same when file, line and text agree, or file, line and option. */
bool block_same(const struct block *, const struct block *);
/* The warning's name without -W, error= and a value: "maybe-uninitialized"; "" without one. */
const char *block_option(struct arena *, const struct block *);
/* Is it an error that no option made one? */
bool block_is_hard(const struct block *);

/* ---- driver_confirm.c ---- */

/* What a job's forms mean for messages about its lines. */
struct confirm {
    struct arena *arena;
    struct job *job;
    const struct blocks *got; /* about the generated text */
    struct list flows;    /* struct line_span *: functions whose flow the plain reading has not */
    struct list deferred; /* struct line_span *: deferred blocks */
    struct list orders;   /* struct line_span *: expressions whose order bide defines */
};
struct confirm confirm_begin(struct arena *, struct job *, const struct blocks *got);
/* Does a message about the plain reading hold for what bide makes of the file? */
bool confirm_holds(struct confirm *, const struct block *);
/* Has the unit functions whose flow only the generated code has? */
bool confirm_is_needed(struct unit *);

#endif
