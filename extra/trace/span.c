/*
 * span.c: spans: opened, current, closed, inherited, followed.
 *
 * The current span of a task, or of a branch in it, is a value of its chain (core/ambient.h). The
 * struct of that value is in the guard that the block has, so in the frame of an async function.
 *
 * A span is busy while the chain that has opened it is polled, and idle the rest of its time. The
 * clock is read for that only if some output tells it.
 */
#include "internal.h"

#include "runtime/thread.h"

#include <bide/task.h>

_Static_assert(sizeof(struct bide__ambient) <= sizeof(((bide__span_guard *)0)->room_),
               "the guard has room for the value");

/* What a task inherits. */
struct heir {
    struct bide__ambient ambient; /* the first member */
};

static struct bide__ambient *ambient_of(bide__span_guard *guard)
{
    return (struct bide__ambient *)(void *)guard->room_;
}

struct bide_trace_span *bide__span_here(void)
{
    return bide__here.value;
}

/* Between two polls a worker has the context of a poll that is over. */
static struct bide_cx *cx_here(void)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL && worker->current == NULL ? NULL : bide__here.cx;
}

/* ---- fields ---- */

/* How many there are, and the bytes of a block of them. */
static unsigned count_fields(const bide_field *fields, size_t *size)
{
    unsigned count = 0;
    size_t texts = 0;

    while (count < BIDE__FIELDS_MAX && fields[count].kind != BIDE_FIELD_NONE) {
        texts += fields[count].kind == BIDE_FIELD_TEXT ? fields[count].size : 0;
        count++;
    }
    *size = sizeof(struct bide__field_block) + (count + (size_t)1) * sizeof(bide_field) + texts;
    return count;
}

static void block_fill(struct bide__field_block *block, const bide_field *fields, unsigned count,
                       size_t size)
{
    char *text = (char *)&block->field[count + 1];

    *block = (struct bide__field_block){.size = size, .count = count, .total = count};
    for (unsigned i = 0; i < count; i++) {
        block->field[i] = fields[i];
        if (fields[i].kind != BIDE_FIELD_TEXT)
            continue;
        memcpy(text, fields[i].value.text, fields[i].size);
        block->field[i].value.text = text;
        text += fields[i].size;
    }
    block->field[count] = BIDE__F_END;
}

const bide_field *bide_trace_span_field(const bide_trace_span *span, size_t *at)
{
    struct bide__field_block *newest =
        atomic_load_explicit(&((bide_trace_span *)(uintptr_t)span)->fields, memory_order_acquire);
    size_t total = 0;

    for (const struct bide__field_block *b = newest; b != NULL; b = b->next)
        total += b->count;
    if (*at >= total)
        return NULL;
    for (const struct bide__field_block *b = newest; b != NULL; b = b->next) {
        total -= b->count;
        if (*at >= total)
            return &b->field[(*at)++ - total];
    }
    return NULL;
}

void bide__span_record(const bide_field *fields)
{
    struct bide_trace_span *span = bide__span_here();

    if (span == NULL)
        return;
    size_t size;
    unsigned count = count_fields(fields, &size);
    struct bide__field_block *block = bide__alloc(size);
    if (block == NULL) {
        atomic_fetch_add_explicit(&bide__trace_lost, 1, memory_order_relaxed);
        return;
    }
    block_fill(block, fields, count, size);
    block->next = atomic_load_explicit(&span->fields, memory_order_acquire);
    do {
        block->total = block->count + (block->next != NULL ? block->next->total : 0);
        if (block->total > BIDE__SPAN_FIELDS_MAX) {
            bide__free(block, block->size);
            atomic_fetch_add_explicit(&bide__trace_lost, 1, memory_order_relaxed);
            return;
        }
    } while (!atomic_compare_exchange_weak_explicit(&span->fields, &block->next, block,
                                                    memory_order_acq_rel, memory_order_acquire));
}

/* ---- references ---- */

static void span_ref(struct bide_trace_span *span)
{
    atomic_fetch_add_explicit(&span->references, 1, memory_order_relaxed);
}

static void span_free(struct bide_trace_span *span)
{
    struct bide__field_block *block = atomic_load_explicit(&span->fields, memory_order_relaxed);

    while (block != span->first) {
        struct bide__field_block *next = block->next;
        bide__free(block, block->size);
        block = next;
    }
    if (span->state != NULL)
        bide__free(span->state, span->state_size);
    bide__free(span, span->size);
}

/* True: that was the last one. A single reference is the caller's own, and nobody can make another
 * of it meanwhile, so it need not be counted down. */
static bool unref_one(struct bide_trace_span *span)
{
    return atomic_load_explicit(&span->references, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(&span->references, 1, memory_order_acq_rel) == 1;
}

/* Not by recursion: a chain of spans may be long. */
void bide__span_unref(struct bide_trace_span *span)
{
    while (span != NULL && unref_one(span)) {
        struct bide_trace_span *parent = span->parent;
        span_free(span);
        span = parent;
    }
}

/* ---- polls ---- */

static void turned(struct bide__ambient *ambient, bool in)
{
    struct bide_trace_span *span = ambient->value;

    if (atomic_load_explicit(&span->own, memory_order_relaxed) != ambient || !span->is_timed)
        return;
    int64_t now_ns = bide__door.clock();
    if (in)
        span->entered_ns = now_ns;
    else
        span->busy_ns += now_ns - span->entered_ns;
}

static void heir_release(struct bide__ambient *ambient)
{
    bide__span_unref(ambient->value);
    bide__free(ambient, sizeof(struct heir));
}

static struct bide__ambient *heir_new(void *value)
{
    struct heir *heir = bide__alloc(sizeof *heir);

    if (heir == NULL) {
        atomic_fetch_add_explicit(&bide__trace_lost, 1, memory_order_relaxed);
        return NULL;
    }
    *heir = (struct heir){.ambient = {.value = value, .release = heir_release}};
    span_ref(value);
    return &heir->ambient;
}

/* When the library is loaded: there is no span yet. */
static __attribute__((constructor)) void prepare(void)
{
    bide__ambient_turned = turned;
    bide__ambient_heir = heir_new;
}

/* ---- opened and closed ---- */

static void set_ids(struct bide_trace_span *span, const bide_trace_context *context)
{
    bide__trace_id(span->span_id, sizeof span->span_id);
    span->flags = 1;
    if (span->parent != NULL) {
        memcpy(span->trace_id, span->parent->trace_id, sizeof span->trace_id);
        span->flags = span->parent->flags;
    } else if (context != NULL) {
        memcpy(span->trace_id, context->trace_id, sizeof span->trace_id);
        memcpy(span->remote_id, context->span_id, sizeof span->remote_id);
        span->flags = context->flags;
    } else {
        bide__trace_id(span->trace_id, sizeof span->trace_id);
    }
}

static bool set_state(struct bide_trace_span *span, const char *state)
{
    size_t size = strlen(state) + 1;

    if (size == 1)
        return true;
    span->state = bide__alloc(size);
    if (span->state == NULL)
        return false;
    memcpy(span->state, state, size);
    span->state_size = size;
    return true;
}

static struct bide_trace_span *span_new(const struct bide__callsite *site,
                                        struct bide_trace_span *parent,
                                        const bide_trace_context *context, const bide_field *fields)
{
    size_t fields_size = 0;
    unsigned count = fields[0].kind != BIDE_FIELD_NONE ? count_fields(fields, &fields_size) : 0;
    struct bide_trace_span *span = bide__alloc(sizeof *span + fields_size);

    if (span == NULL)
        return NULL;
    *span = (struct bide_trace_span){
        .references = 1, .site = site, .parent = parent, .size = sizeof *span + fields_size};
    if (parent != NULL)
        span_ref(parent);
    if (count > 0) {
        span->first = (struct bide__field_block *)(void *)(span + 1);
        block_fill(span->first, fields, count, fields_size);
        atomic_init(&span->fields, span->first);
    }
    if (context != NULL && !set_state(span, context->state)) {
        bide__span_unref(span);
        return NULL;
    }
    set_ids(span, context);
    return span;
}

static const bide_field no_fields[] = {{.kind = BIDE_FIELD_NONE}};

/* With the world's lock. */
static void tell(struct bide_trace_span *span, bide_trace_what what, int64_t now_ns)
{
    bide_trace_record record = {.what = what,
                                .fields = span->first != NULL ? span->first->field : no_fields,
                                .time_ns = bide__trace_wall(now_ns),
                                .task = span->task,
                                .span = span};
    if (what == BIDE_TRACE_SPAN_END) {
        record.busy_ns = span->busy_ns;
        record.idle_ns = now_ns - span->begin_ns - record.busy_ns;
        if (record.idle_ns < 0)
            record.idle_ns = 0;
    }
    bide__trace_tell(span->mask, &record, span->site);
}

/* With the world's lock. NULL: nobody wants it, or it is lost. */
static struct bide_trace_span *begin(struct bide__callsite *site, const struct bide__ambient *own,
                                     struct bide_trace_span *parent,
                                     const bide_trace_context *context, const bide_field *fields)
{
    uint32_t mask = bide__trace_mask(site, fields, parent);

    if (mask == 0)
        return NULL;
    struct bide_trace_span *span = span_new(site, parent, context, fields);
    if (span == NULL) {
        atomic_fetch_add_explicit(&bide__trace_lost, 1, memory_order_relaxed);
        return NULL;
    }
    span->mask = mask;
    span->task = bide_task_id();
    span->is_timed = bide__trace_wants_spans(mask);
    atomic_init(&span->own, own);
    if (span->is_timed) {
        span->begin_ns = span->entered_ns = bide__door.clock();
        tell(span, BIDE_TRACE_SPAN_BEGIN, span->begin_ns);
    }
    return span;
}

static struct bide_trace_span *open_span(struct bide__callsite *site, bide__span_guard *guard,
                                         struct bide_trace_span *parent,
                                         const bide_trace_context *context,
                                         const bide_field *fields)
{
    int place = bide__trace_enter();

    if (place < 0)
        return NULL;
    struct bide_trace_span *span = begin(site, ambient_of(guard), parent, context, fields);
    bide__trace_leave(place);
    if (span != NULL)
        bide__ambient_push(ambient_of(guard), span, cx_here());
    return span;
}

bide_trace_span *bide__span_open(struct bide__callsite *site, bide__span_guard *guard,
                                 const bide_field *fields)
{
    return open_span(site, guard, bide__span_here(), NULL, fields);
}

bide_trace_span *bide__span_open_remote(struct bide__callsite *site, bide__span_guard *guard,
                                        const bide_trace_context *context, const bide_field *fields)
{
    return open_span(site, guard, NULL, context, fields);
}

bide_trace_span *bide__span_follow(bide_trace_span *span, bide__span_guard *guard)
{
    if (span == NULL)
        return NULL;
    span_ref(span);
    bide__ambient_push(ambient_of(guard), span, cx_here());
    return span;
}

static void end(struct bide_trace_span *span)
{
    int64_t now_ns = bide__door.clock();
    int place = bide__trace_enter();

    span->busy_ns += now_ns - span->entered_ns;
    if (place < 0)
        return;
    tell(span, BIDE_TRACE_SPAN_END, now_ns);
    bide__trace_leave(place);
}

void bide__span_close(bide__span_guard *guard)
{
    struct bide_trace_span *span = guard->span;

    guard->span = NULL;
    bide__ambient_pop(ambient_of(guard));
    if (atomic_load_explicit(&span->own, memory_order_relaxed) == ambient_of(guard)) {
        atomic_store_explicit(&span->own, NULL, memory_order_relaxed);
        if (span->is_timed)
            end(span);
    }
    bide__span_unref(span);
}

/* ---- for users ---- */

bide_trace_span *bide_trace_span_current(void)
{
    struct bide_trace_span *span = bide__span_here();

    if (span != NULL)
        span_ref(span);
    return span;
}

void bide_trace_span_drop(bide_trace_span *span)
{
    bide__span_unref(span);
}

const char *bide_trace_span_name(const bide_trace_span *span)
{
    return span->site->name;
}

const bide_trace_span *bide_trace_span_parent(const bide_trace_span *span)
{
    return span->parent;
}
