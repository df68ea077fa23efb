/*
 * bide/trace.h: spans and events. In libbide-trace: link with -lbide-trace.
 *
 * An *event* is something that happens; a *span* is something that takes time, and in which other
 * spans begin and events happen. Both have a name or text, a level, a target, and fields:
 *
 *     bide_span("request", BIDE_F("path", request->path), BIDE_F("size", request->size));
 *     bide_info("begins");
 *     int rc = bide_instrument(query(request->id), "query", BIDE_F("id", request->id));
 *     if (rc < 0)
 *         bide_error("no answer", BIDE_F_ERROR("why", rc));
 *
 * Where they go is the business of *outputs*: text for people, JSON, a timeline, or a function of
 * yours. Each output has a filter. Without an output, and for whatever no filter lets through, an
 * event or a span costs one load and one branch; its fields are not evaluated.
 *
 * The current span belongs to a task, not to a thread. It is left whenever the task waits and
 * entered again when it goes on, also on another thread. Each branch of a join or select, each
 * future and each child of a future set has a current span of its own as soon as it opens one;
 * until then it has that of the function that awaits it. A task that is spawned, and a function on
 * the blocking pool, begin in the span in which they were spawned.
 *
 * Threads: everything here may be called on any thread, unless it says otherwise. Without memory a
 * span or an event is dropped and counted (bide_trace_dropped); nothing else happens.
 *
 * C only.
 */
#ifndef BIDE_TRACE_H
#define BIDE_TRACE_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#error "bide/trace.h is for C"
#endif

/* ---- levels and targets ---- */

/* Higher numbers tell more. Members of enums in macros: a level is always a constant. */
#define BIDE_TRACE_OFF   0
#define BIDE_TRACE_ERROR 1
#define BIDE_TRACE_WARN  2
#define BIDE_TRACE_INFO  3
#define BIDE_TRACE_DEBUG 4
#define BIDE_TRACE_TRACE 5

/* Define it before the include, or on the command line: what has a higher level is not compiled,
 * and nothing of it is left in the program. */
#ifndef BIDE_TRACE_LEVEL
#define BIDE_TRACE_LEVEL BIDE_TRACE_TRACE
#endif

/* Define it before the include to name the target of what follows, as in "net.http". By default
 * the target is the file's name, without folders and without ".c". */
#ifndef BIDE_TRACE_TARGET
#define BIDE_TRACE_TARGET NULL
#endif

/* ---- fields ---- */

typedef enum bide_field_kind {
    BIDE_FIELD_NONE, /* ends a list */
    BIDE_FIELD_INT,
    BIDE_FIELD_UINT,
    BIDE_FIELD_DOUBLE,
    BIDE_FIELD_BOOL,
    BIDE_FIELD_TEXT,
    BIDE_FIELD_POINTER,
    BIDE_FIELD_ERROR, /* a negative errno */
} __attribute__((__mode__(__SI__))) bide_field_kind;

/* A name and a value. The name must stay as long as the program runs: it is a literal. The text of
 * a field is copied if it is kept. */
typedef struct bide_field {
    const char *name;
    bide_field_kind kind;
    uint32_t size; /* of a text */
    union {
        int64_t i;
        uint64_t u;
        double d;
        bool b;
        const char *text;
        const void *pointer;
    } value;
} bide_field;

static __inline__ bide_field bide__f_int(const char *name, long long i)
{
    return (bide_field){.name = name, .kind = BIDE_FIELD_INT, .value.i = i};
}

static __inline__ bide_field bide__f_uint(const char *name, unsigned long long u)
{
    return (bide_field){.name = name, .kind = BIDE_FIELD_UINT, .value.u = u};
}

static __inline__ bide_field bide__f_double(const char *name, double d)
{
    return (bide_field){.name = name, .kind = BIDE_FIELD_DOUBLE, .value.d = d};
}

static __inline__ bide_field bide__f_bool(const char *name, bool b)
{
    return (bide_field){.name = name, .kind = BIDE_FIELD_BOOL, .value.b = b};
}

static __inline__ bide_field bide__f_bytes(const char *name, const char *text, size_t size)
{
    return (bide_field){.name = name,
                        .kind = BIDE_FIELD_TEXT,
                        .size = (uint32_t)(size < 65536 ? size : 65536),
                        .value.text = text};
}

static __inline__ bide_field bide__f_text(const char *name, const char *text)
{
    return text != NULL ? bide__f_bytes(name, text, __builtin_strlen(text))
                        : bide__f_bytes(name, "(null)", 6);
}

static __inline__ bide_field bide__f_pointer(const char *name, const void *pointer)
{
    return (bide_field){.name = name, .kind = BIDE_FIELD_POINTER, .value.pointer = pointer};
}

static __inline__ bide_field bide__f_error(const char *name, long long error)
{
    return (bide_field){.name = name, .kind = BIDE_FIELD_ERROR, .value.i = error};
}

/*
 * A field: a name, and a value of an integer or floating type, a bool, a text that ends with a zero
 * byte (NULL is "(null)"), or a `void *`. Another type is an error of the compiler. The value must
 * not contain an await.
 */
#define BIDE_F(name, value) \
    _Generic((value),                   \
        _Bool: bide__f_bool,            \
        char: bide__f_int,              \
        signed char: bide__f_int,       \
        short: bide__f_int,             \
        int: bide__f_int,               \
        long: bide__f_int,              \
        long long: bide__f_int,         \
        unsigned char: bide__f_uint,    \
        unsigned short: bide__f_uint,   \
        unsigned: bide__f_uint,         \
        unsigned long: bide__f_uint,    \
        unsigned long long: bide__f_uint, \
        float: bide__f_double,          \
        double: bide__f_double,         \
        long double: bide__f_double,    \
        char *: bide__f_text,           \
        const char *: bide__f_text,     \
        void *: bide__f_pointer,        \
        const void *: bide__f_pointer)("" name, (value))

/* A text of this many bytes. What is beyond 64 KiB is cut off. */
#define BIDE_F_BYTES(name, text, size) bide__f_bytes("" name, (text), (size))

/* What a function of bide has returned: outputs write the text of the error, as strerror(3) has it,
 * and the number if it is 0 or more. */
#define BIDE_F_ERROR(name, result)     bide__f_error("" name, (result))

/* ---- where something is traced: private ---- */

struct bide__callsite {
    const char *name, *target, *file;
    uint32_t line;
    uint8_t level;
    bool is_span;
    /* 0: no filter wants it. Otherwise a bit for each output: from bit 0, those whose filter lets
     * it through; from bit 15, those that must look at fields. Or NEW. */
    uint32_t word;
    uint32_t target_size;
    struct bide__callsite *next;
};
#define BIDE__SITE_UNSEEN UINT32_C(0x80000000)
#define BIDE__SITE(level, name, is_span)                                                          \
    {                                                                                             \
        "" name, BIDE_TRACE_TARGET, __FILE__, __LINE__, (level), (is_span), BIDE__SITE_UNSEEN, 0, \
            NULL                                                                                  \
    }
#define BIDE__F_END ((bide_field){.kind = BIDE_FIELD_NONE})

static __inline__ bool bide__site_on(const struct bide__callsite *site)
{
    return __builtin_expect(__atomic_load_n(&site->word, __ATOMIC_RELAXED) != 0, 0);
}

void bide__trace_event(struct bide__callsite *site, const bide_field *fields);

/* ---- events ---- */

/* An event: a level, a text, which is a literal, and up to 32 fields. */
#define bide_event(level, ...) BIDE__EVENT(level, __VA_ARGS__, BIDE__F_END)
#define BIDE__EVENT(level, text, ...)                                                 \
    do {                                                                              \
        if ((level) <= BIDE_TRACE_LEVEL) {                                            \
            static struct bide__callsite bide__site = BIDE__SITE(level, text, false); \
            if (bide__site_on(&bide__site))                                           \
                bide__trace_event(&bide__site, (const bide_field[]){__VA_ARGS__});    \
        }                                                                             \
    } while (0)

/* The same for each level. */
#define bide_error(...) bide_event(BIDE_TRACE_ERROR, __VA_ARGS__)
#define bide_warn(...)  bide_event(BIDE_TRACE_WARN, __VA_ARGS__)
#define bide_info(...)  bide_event(BIDE_TRACE_INFO, __VA_ARGS__)
#define bide_debug(...) bide_event(BIDE_TRACE_DEBUG, __VA_ARGS__)
#define bide_trace(...) bide_event(BIDE_TRACE_TRACE, __VA_ARGS__)

/* ---- spans ---- */

/* Names a span that is, or was, open. It holds memory, not the span: that ends as always. */
typedef struct bide_trace_span bide_trace_span;

/* Holds a span open; private. */
typedef struct bide__span_guard {
    bide_trace_span *span; /* NULL: there is none */
    void *room_[12];
} bide__span_guard;

bide_trace_span *bide__span_open(struct bide__callsite *site, bide__span_guard *guard,
                                 const bide_field *fields);
bide_trace_span *bide__span_follow(bide_trace_span *span, bide__span_guard *guard);
void bide__span_close(bide__span_guard *guard);

static __inline__ void bide__span_leave(bide__span_guard *guard)
{
    if (__builtin_expect(guard->span != NULL, 0))
        bide__span_close(guard);
}

/*
 * Opens a span, which ends where the block ends, however that is left: also if the task is
 * cancelled, when the block is unwound. The name is a literal; up to 32 fields follow. In async and
 * in plain functions; the block may await. It is a declaration and a statement, so it stands in a
 * block, not as the body of an `if`.
 */
#define bide_span(...)            bide_span_at(BIDE_TRACE_INFO, __VA_ARGS__)
#define bide_span_at(level, ...)  BIDE__SPAN(level, __COUNTER__, __VA_ARGS__, BIDE__F_END)
#define BIDE__SPAN(level, n, ...) BIDE__SPAN_(level, n, __VA_ARGS__)
#define BIDE__SPAN_(level, n, name, ...)                                            \
    static struct bide__callsite bide__site_##n = BIDE__SITE(level, name, true);    \
    bide__span_guard bide__span_##n __attribute__((__cleanup__(bide__span_leave))); \
    bide__span_##n.span = NULL;                                                     \
    if ((level) <= BIDE_TRACE_LEVEL && bide__site_on(&bide__site_##n))              \
    bide__span_##n.span =                                                           \
        bide__span_open(&bide__site_##n, &bide__span_##n, (const bide_field[]){__VA_ARGS__})

/*
 * Awaits a call of an async function inside a span; the value is the call's:
 * `n = bide_instrument(count(file), "count", BIDE_F("file", name))`. Only in async functions and
 * branches; the arguments of the call are evaluated inside the span.
 */
#define bide_instrument(call, ...) \
    __extension__({                \
        bide_span(__VA_ARGS__);    \
        bide_await call;           \
    })

/* Adds fields to the innermost span that is open here; without one, nothing happens. Fields that
 * the span has already stay, and outputs show both. What would make them more than 256 is dropped
 * and counted. */
#define bide_span_record(...) bide__span_record((const bide_field[]){__VA_ARGS__, BIDE__F_END})
void bide__span_record(const bide_field *fields);

/*
 * The innermost span that is open here, to be followed elsewhere: in a callback, for example, or on
 * a thread. NULL: there is none. It is let go of with bide_trace_span_drop.
 */
bide_trace_span *bide_trace_span_current(void);
void bide_trace_span_drop(bide_trace_span *span);

/* To the end of the block, what is traced here is inside this span, which may have ended. NULL:
 * nothing changes. */
#define bide_span_within(span) BIDE__WITHIN(span, __COUNTER__)
#define BIDE__WITHIN(span, n)  BIDE__WITHIN_(span, n)
#define BIDE__WITHIN_(of, n)                                                        \
    bide__span_guard bide__span_##n __attribute__((__cleanup__(bide__span_leave))); \
    bide__span_##n.span = NULL;                                                     \
    bide__span_##n.span = bide__span_follow((of), &bide__span_##n)

/* ---- filters ---- */

/*
 * A filter is a list of directives with commas between them. The environment variable BIDE_TRACE
 * has one, as in `BIDE_TRACE=warn,net=debug,app[user=7]=trace`.
 *
 *   warn                   the level of every target that no other directive names
 *   net=debug              of the target net, and of net.http, net/tcp and net::udp
 *   net                    the same as net=trace
 *   app[user=7]=trace      what has this field, and what happens in a span that has it
 *   app[request]=debug     what happens in a span of this name, and the span
 *   app[request{user=7,admin}]=debug    of this name with these fields; without a value: any
 *   [user=7]=trace         of any target
 *
 * Levels are off, error, warn, info, debug, trace, in any case, or 0 to 5. Of the directives
 * without brackets, the one with the longest target counts, and of equal ones the last. Those with
 * brackets let through more. A value is compared with what an output of text writes, without
 * quotes. Blanks round directives do not count. An empty filter lets nothing through.
 *
 * A directive with brackets sees the fields that a span has when it is opened, and those that are
 * added to a span that some filter has let through.
 */

/* Checks a filter: 0, or -EINVAL, and then *place, unless it is NULL, is where it is wrong. */
bide_must_use int bide_trace_filter_check(const char *filter, size_t *place);

/* ---- outputs ---- */

typedef struct bide_trace_output bide_trace_output;

/* Bits for `spans` of the options: what an output of text or JSON tells of spans themselves. */
enum {
    BIDE_TRACE_SPANS_BEGIN = 1,
    BIDE_TRACE_SPANS_END = 2, /* with the time in which it was polled, and in which it waited */
};

typedef enum bide_trace_colour {
    BIDE_TRACE_COLOUR_AUTO, /* on a terminal, unless NO_COLOR is set */
    BIDE_TRACE_COLOUR_ALWAYS,
    BIDE_TRACE_COLOUR_NEVER,
} __attribute__((__mode__(__SI__))) bide_trace_colour;

typedef enum bide_trace_time {
    BIDE_TRACE_TIME_UTC,   /* 2026-11-30T07:22:35.123456Z */
    BIDE_TRACE_TIME_SINCE, /* seconds since the output was made */
    BIDE_TRACE_TIME_NONE,
} __attribute__((__mode__(__SI__))) bide_trace_time;

/* Zero in a member means the default. */
typedef struct bide_trace_options {
    const char *filter; /* NULL: BIDE_TRACE, and "info" if that is not set */
    uint32_t spans;
    bide_trace_colour colour; /* of text */
    bide_trace_time time;     /* of text and JSON */
    bool no_target;           /* text: without the targets */
} bide_trace_options;

/*
 * Each makes an output that writes to a descriptor, which stays the caller's: lines of text for
 * people; lines of JSON, each an object with timestamp, level, target, fields and spans; or a
 * timeline in the format of Chrome's trace viewer, which https://ui.perfetto.dev and `bide trace
 * view` show. A timeline tells spans with the times in which they were polled and waited; it is
 * complete when the output is freed.
 *
 * A line is one write(2), so lines of several threads and processes do not mix. A descriptor that
 * fails, or that does not block (O_NONBLOCK) and takes nothing for a second, loses the line, and
 * that is counted; one that blocks holds up the thread that traces. Returns 0, -EINVAL
 * (the filter, unless it is that of BIDE_TRACE, which is reported on stderr, and "info" taken
 * instead), -ENOMEM, or -ENOSPC: there are 15 outputs already. `options` may be NULL.
 */
bide_must_use int bide_trace_text_new(int fd, const bide_trace_options *options,
                                      bide_trace_output **output);
bide_must_use int bide_trace_json_new(int fd, const bide_trace_options *options,
                                      bide_trace_output **output);
bide_must_use int bide_trace_timeline_new(int fd, const bide_trace_options *options,
                                          bide_trace_output **output);

/* What is told to a function of yours. */
typedef enum bide_trace_what {
    BIDE_TRACE_EVENT,
    BIDE_TRACE_SPAN_BEGIN,
    BIDE_TRACE_SPAN_END,
} __attribute__((__mode__(__SI__))) bide_trace_what;

typedef struct bide_trace_record {
    bide_trace_what what;
    int level;
    const char *name; /* the text of an event */
    const char *target;
    size_t target_size; /* the target has no zero byte at its end */
    const char *file;
    uint32_t line;
    const bide_field
        *fields;     /* up to one of BIDE_FIELD_NONE; of a span: those that it began with */
    int64_t time_ns; /* since 1970 */
    uint64_t task;   /* bide_task_id */
    const bide_trace_span *span; /* in which the event is; or the span itself. Or NULL */
    int64_t busy_ns, idle_ns;    /* the end of a span: polled, and waiting */
} bide_trace_record;

/* Calls a function for each record, on the thread that traces; it must not wait. What it traces
 * itself is dropped. Several threads may call it at once. */
bide_must_use int bide_trace_sink_new(void (*told)(void *argument, const bide_trace_record *record),
                                      void *argument, const bide_trace_options *options,
                                      bide_trace_output **output);

/* Of a span: its name, the span around it (NULL: it is the first) and its fields, one after the
 * other: *at is 0 at first; returns NULL at the end. */
const char *bide_trace_span_name(const bide_trace_span *span);
const bide_trace_span *bide_trace_span_parent(const bide_trace_span *span);
const bide_field *bide_trace_span_field(const bide_trace_span *span, size_t *at);

/* Ends the output: what was told before is written, and no function of it runs any more. NULL is
 * ignored. Not from a function of bide_trace_sink_new. */
void bide_trace_output_free(bide_trace_output *output);

/* Changes the filter of an output, while anything runs. From then on the new one holds for all
 * spans that are opened, and for all events. Returns 0; -EINVAL, -ENOMEM or, in a function of
 * bide_trace_sink_new, -EDEADLK; then nothing has changed. */
bide_must_use int bide_trace_filter_set(bide_trace_output *output, const char *filter);

/* How many records this output has lost: no memory, or they could not be written. NULL: how many
 * spans and events were lost before they came to any output. */
uint64_t bide_trace_dropped(const bide_trace_output *output);

/* For programs that want text on stderr and nothing else: makes that output once, which stays to
 * the end of the program. Returns what bide_trace_text_new returns. */
int bide_trace_stderr(void);

/* ---- W3C Trace Context ---- */

/* What goes from process to process in the headers traceparent and tracestate. */
typedef struct bide_trace_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags;   /* 1: sampled */
    char state[513]; /* tracestate; "": there is none */
} bide_trace_context;

/* With the zero byte. */
enum { BIDE_TRACEPARENT_SIZE = 56 };

/*
 * Reads the header traceparent, and tracestate, which may be NULL. Returns 0, or -EBADMSG: the
 * header is not one of version 00, or of a later one that begins alike; or an id is all zeroes. A
 * tracestate that is longer than 512 bytes, or has control characters, is left out.
 */
bide_must_use int bide_trace_context_parse(const char *traceparent, const char *tracestate,
                                           bide_trace_context *context);

/* Writes the header traceparent. */
void bide_trace_context_format(const bide_trace_context *context,
                               char traceparent[BIDE_TRACEPARENT_SIZE]);

/* The context of the innermost span that is open here, for a request to another process. Returns 0,
 * or -ENOENT: there is none. */
bide_must_use int bide_trace_context_current(bide_trace_context *context);

/* bide_span for a span whose parent is in another process. `context` may be NULL: then it is the
 * first span of a new trace, whatever is open here. */
#define bide_span_remote(context, ...) BIDE__REMOTE(context, __COUNTER__, __VA_ARGS__, BIDE__F_END)
#define BIDE__REMOTE(context, n, ...)  BIDE__REMOTE_(context, n, __VA_ARGS__)
#define BIDE__REMOTE_(context, n, name, ...)                                                  \
    static struct bide__callsite bide__site_##n = BIDE__SITE(BIDE_TRACE_INFO, name, true);    \
    bide__span_guard bide__span_##n __attribute__((__cleanup__(bide__span_leave)));           \
    bide__span_##n.span = NULL;                                                               \
    if (BIDE_TRACE_INFO <= BIDE_TRACE_LEVEL && bide__site_on(&bide__site_##n))                \
    bide__span_##n.span = bide__span_open_remote(&bide__site_##n, &bide__span_##n, (context), \
                                                 (const bide_field[]){__VA_ARGS__})
bide_trace_span *bide__span_open_remote(struct bide__callsite *site, bide__span_guard *guard,
                                        const bide_trace_context *context,
                                        const bide_field *fields);

#endif
