/*
 * internal.h: how the parts of libbide-trace fit together.
 *
 *   callsite.c  the list of callsites; their words; the outputs that there are; events
 *   lock.h      the world's lock
 *   filter.c    filters, read and asked
 *   span.c      spans: made, current, closed; who inherits them
 *   id.c        random ids
 *   buffer.c    text that grows
 *   value.c     values of fields as text and as JSON
 *   text.c      lines for people
 *   json.c      lines of JSON
 *   timeline.c  the format of Chrome's trace viewer
 *   output.c    outputs: made and freed; descriptors
 *   context.c   W3C Trace Context
 *
 * Invariants
 *  - The world's lock is held for reading while a record goes to the outputs, and for writing while
 *    outputs or filters change. The lock of the sites is taken inside it, or alone.
 *  - The word of a callsite that is in the list is what the filters say, except while the world's
 *    lock is held for writing.
 *  - A span refers to its parent, and everything that is current to its span. A span ends when the
 *    block that has opened it does; its memory goes with the last reference.
 *  - Fields of a span are in blocks that do not change any more once others can see them.
 */
#ifndef BIDE_EXTRA_TRACE_INTERNAL_H
#define BIDE_EXTRA_TRACE_INTERNAL_H

#include "lib/runtime.h"

#include "core/ambient.h"

#include <bide/trace.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BIDE__OUTPUTS_MAX = 15,
    BIDE__FIELDS_MAX = 32, /* of one event, or one block of a span */
    BIDE__SPAN_FIELDS_MAX = 256,
};

/* ---- span.c ---- */

/* Fields that were given at once. The texts follow them. */
struct bide__field_block {
    struct bide__field_block *next; /* those given before */
    size_t size;                    /* of the block */
    unsigned count;
    unsigned total; /* with those given before */
    bide_field field[];
};

struct bide_trace_span {
    _Atomic uint32_t references;
    const struct bide__callsite *site;
    struct bide_trace_span *parent;
    _Atomic(struct bide__field_block *) fields; /* the newest */
    struct bide__field_block *first;            /* those that it began with, behind it; or NULL */
    uint8_t trace_id[16], span_id[8], remote_id[8]; /* of a parent in another process, or zeroes */
    uint8_t flags;
    bool is_timed;
    /* Of the block that has opened it; NULL: it has ended. */
    _Atomic(const struct bide__ambient *) own;
    uint32_t mask; /* of the outputs that it is told to */
    uint64_t task;
    int64_t begin_ns, entered_ns,
        busy_ns;             /* the clock; only who polls the block's chain writes them */
    char *state;             /* tracestate, or NULL: that of the parent */
    size_t state_size, size; /* size: with the fields behind it */
};

struct bide_trace_span *bide__span_here(void);
void bide__span_unref(struct bide_trace_span *span);

/* ---- id.c ---- */

void bide__trace_id(uint8_t *id, size_t size);

/* ---- buffer.c ---- */

struct bide__text {
    char *data; /* `small`, or memory */
    size_t size, room;
    bool failed; /* there was no memory */
    char small[1000];
};

void bide__text_begin(struct bide__text *t);
void bide__text_end(struct bide__text *t);
void bide__text_add(struct bide__text *t, const char *bytes, size_t size);
void bide__text_put(struct bide__text *t, const char *text);
void bide__text_print(struct bide__text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- value.c ---- */

/* As people read it; `quoted`: texts have quotes. */
void bide__value_text(struct bide__text *t, const bide_field *f, bool quoted);
void bide__value_json(struct bide__text *t, const bide_field *f);
void bide__json_string(struct bide__text *t, const char *text, size_t size);
void bide__json_fields(struct bide__text *t, const bide_field *fields, bool comma);
void bide__time_utc(struct bide__text *t, int64_t time_ns);
const char *bide__level_name(int level);

/* ---- filter.c ---- */

struct bide__filter;

/* *place: where it is wrong. */
int bide__filter_new(const char *text, struct bide__filter **filter, size_t *place);
void bide__filter_free(struct bide__filter *filter);

enum bide__verdict { BIDE__FILTER_NO, BIDE__FILTER_YES, BIDE__FILTER_ASK };

/* Of a callsite, whatever its fields are. */
enum bide__verdict bide__filter_site(const struct bide__filter *filter,
                                     const struct bide__callsite *site);

/* If the verdict is ASK. `span`: around it. */
bool bide__filter_ask(const struct bide__filter *filter, const struct bide__callsite *site,
                      const bide_field *fields, const struct bide_trace_span *span);

/* ---- callsite.c ---- */

/* What an output does. With the world's lock for reading. */
struct bide__output_kind {
    void (*told)(bide_trace_output *output, const bide_trace_record *record);
    bool wants_spans; /* always; else if the options say so */
};

struct bide_trace_output {
    const struct bide__output_kind *kind;
    struct bide__filter *filter; /* with the world's lock */
    bide_trace_options options;
    unsigned number; /* its bit */
    int fd;
    bool coloured;
    void (*sink)(void *argument, const bide_trace_record *record);
    void *argument;
    int64_t begin_ns;
    pthread_mutex_t mutex;  /* of a timeline: */
    struct bide__text kept; /* what is to be written */
    bool is_first;
    _Atomic uint64_t dropped;
};

extern _Atomic uint64_t bide__trace_lost;

/* 0 or -ENOSPC. And the opposite. */
int bide__output_add(bide_trace_output *output);
void bide__output_remove(bide_trace_output *output);
void bide__output_filter(bide_trace_output *output, struct bide__filter *filter);

/* Takes the world's lock for reading. -1: not taken, since this thread tells something; what it
 * traces meanwhile is dropped. */
int bide__trace_enter(void);
void bide__trace_leave(int place);

/* With the lock: the outputs to which this goes. A site that is new is noted first. */
uint32_t bide__trace_mask(struct bide__callsite *site, const bide_field *fields,
                          const struct bide_trace_span *span);

/* With the lock: one of those in `mask`, which was asked for with this lock, wants to hear of
 * spans' begins and ends. */
bool bide__trace_wants_spans(uint32_t mask);

/* With the lock: tells it to the outputs in `mask`, each with the nearest span that it knows. */
void bide__trace_tell(uint32_t mask, bide_trace_record *record, const struct bide__callsite *site);

/* True while this thread tells something. */
bool bide__trace_is_telling(void);

/* Nanoseconds since 1970 at this reading of the clock. */
int64_t bide__trace_wall(int64_t clock_ns);

/* ---- the formats ---- */

extern const struct bide__output_kind bide__trace_text, bide__trace_json, bide__trace_timeline;
void bide__output_write(bide_trace_output *output, const char *bytes, size_t size);
bool bide__span_is_told(const bide_trace_output *output, const struct bide_trace_span *span);
/* The nearest span around it, or itself, that is told to this output. */
const struct bide_trace_span *bide__span_for(const bide_trace_output *output,
                                             const struct bide_trace_span *span);
void bide__timeline_end(bide_trace_output *output);

#endif
