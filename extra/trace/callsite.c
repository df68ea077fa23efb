/*
 * callsite.c: where something is traced, and who wants to hear of it.
 *
 * A callsite is unseen until it is first reached; then it joins the list and gets its word. When
 * outputs or filters change, the words of all in the list are made anew, with the lock for writing.
 * A thread that has read an old word looks again with the lock, or loses one event that was wanted
 * since a moment ago.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <bide/task.h>

#include <errno.h>

enum { ASK_SHIFT = 15, ASK_MASK = (1 << ASK_SHIFT) - 1 };
#define UNSEEN BIDE__SITE_UNSEEN

_Atomic uint64_t bide__trace_lost;

/* Who writes goes first: a slow output is left for a moment only. Nobody takes it for reading
 * twice, since what is traced by an output is dropped. */
static pthread_rwlock_t world = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static bide_trace_output *outputs[BIDE__OUTPUTS_MAX];

static pthread_mutex_t sites_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct bide__callsite *sites;

static _Thread_local bool is_telling;

static const int64_t LOOK_AGAIN_NS = 1000000000;
static _Atomic int64_t wall_offset, wall_looked_ns;

bool bide__trace_is_telling(void)
{
    return is_telling;
}

/* The clock stands still while the machine is suspended, and the time may be set. */
int64_t bide__trace_wall(int64_t clock_ns)
{
    int64_t looked_ns = atomic_load_explicit(&wall_looked_ns, memory_order_relaxed);

    if (clock_ns - looked_ns >= LOOK_AGAIN_NS &&
        atomic_compare_exchange_strong(&wall_looked_ns, &looked_ns, clock_ns))
        atomic_store_explicit(&wall_offset, bide__door.wall() - bide__door.clock(),
                              memory_order_relaxed);
    return clock_ns + atomic_load_explicit(&wall_offset, memory_order_relaxed);
}

/* ---- callsites ---- */

/* The name of the file, without folders and what follows the first point. */
static void set_target(struct bide__callsite *site)
{
    if (site->target == NULL) {
        const char *slash = strrchr(site->file, '/');
        site->target = slash != NULL ? slash + 1 : site->file;
        site->target_size = (uint32_t)strcspn(site->target, ".");
    } else {
        site->target_size = (uint32_t)strlen(site->target);
    }
}

/* With the world's lock. */
static uint32_t word_of(const struct bide__callsite *site)
{
    uint32_t word = 0;

    for (unsigned i = 0; i < BIDE__OUTPUTS_MAX; i++) {
        if (outputs[i] == NULL)
            continue;
        enum bide__verdict verdict = bide__filter_site(outputs[i]->filter, site);
        if (verdict == BIDE__FILTER_YES)
            word |= UINT32_C(1) << i;
        else if (verdict == BIDE__FILTER_ASK)
            word |= UINT32_C(1) << (i + ASK_SHIFT);
    }
    return word;
}

/* With the world's lock. */
static uint32_t see(struct bide__callsite *site)
{
    pthread_mutex_lock(&sites_mutex);
    uint32_t word = __atomic_load_n(&site->word, __ATOMIC_RELAXED);
    if (word == UNSEEN) {
        set_target(site);
        site->next = sites;
        sites = site;
        word = word_of(site);
        __atomic_store_n(&site->word, word, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&sites_mutex);
    return word;
}

/* With the world's lock for writing. */
static void refresh(void)
{
    pthread_mutex_lock(&sites_mutex);
    for (struct bide__callsite *s = sites; s != NULL; s = s->next)
        __atomic_store_n(&s->word, word_of(s), __ATOMIC_RELEASE);
    pthread_mutex_unlock(&sites_mutex);
}

/* ---- outputs ---- */

int bide__output_add(bide_trace_output *output)
{
    int r = -ENOSPC;

    pthread_rwlock_wrlock(&world);
    for (unsigned i = 0; i < BIDE__OUTPUTS_MAX && r < 0; i++) {
        if (outputs[i] != NULL)
            continue;
        outputs[i] = output;
        output->number = i;
        r = 0;
    }
    if (r == 0) {
        output->begin_ns = bide__door.clock();
        atomic_store_explicit(&wall_offset, bide__door.wall() - output->begin_ns,
                              memory_order_relaxed);
        atomic_store_explicit(&wall_looked_ns, output->begin_ns, memory_order_relaxed);
        refresh();
    }
    pthread_rwlock_unlock(&world);
    return r;
}

void bide__output_remove(bide_trace_output *output)
{
    pthread_rwlock_wrlock(&world);
    outputs[output->number] = NULL;
    refresh();
    pthread_rwlock_unlock(&world);
}

void bide__output_filter(bide_trace_output *output, struct bide__filter *filter)
{
    pthread_rwlock_wrlock(&world);
    struct bide__filter *old = output->filter;
    output->filter = filter;
    refresh();
    pthread_rwlock_unlock(&world);
    bide__filter_free(old);
}

/* ---- telling ---- */

static uint32_t mask_of(struct bide__callsite *site, const bide_field *fields,
                        const struct bide_trace_span *span)
{
    uint32_t word = __atomic_load_n(&site->word, __ATOMIC_ACQUIRE);

    if (word == UNSEEN)
        word = see(site);
    uint32_t mask = word & ASK_MASK;
    for (uint32_t ask = word >> ASK_SHIFT; ask != 0; ask &= ask - 1) {
        const bide_trace_output *o = outputs[__builtin_ctz(ask)];
        if (bide__filter_ask(o->filter, site, fields, span))
            mask |= UINT32_C(1) << o->number;
    }
    return mask;
}

uint32_t bide__trace_mask(struct bide__callsite *site, const bide_field *fields,
                          const struct bide_trace_span *span)
{
    if (is_telling)
        return 0;
    pthread_rwlock_rdlock(&world);
    uint32_t mask = mask_of(site, fields, span);
    pthread_rwlock_unlock(&world);
    return mask;
}

uint32_t bide__trace_span_mask(uint32_t mask)
{
    uint32_t wants = 0;

    pthread_rwlock_rdlock(&world);
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
        const bide_trace_output *o = outputs[__builtin_ctz(rest)];
        if (o != NULL && (o->kind->wants_spans || o->options.spans != 0))
            wants |= UINT32_C(1) << o->number;
    }
    pthread_rwlock_unlock(&world);
    return wants;
}

/* With the world's lock. */
static void tell(uint32_t mask, bide_trace_record *record, const struct bide__callsite *site)
{
    record->level = site->level;
    record->name = site->name;
    record->target = site->target;
    record->target_size = site->target_size;
    record->file = site->file;
    record->line = site->line;
    is_telling = true;
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
        bide_trace_output *o = outputs[__builtin_ctz(rest)];
        /* An output that has come since knows nothing of a span that ends now. */
        bool is_older = record->what == BIDE_TRACE_SPAN_END && record->span != NULL && o != NULL &&
                        record->span->begin_ns < o->begin_ns;
        if (o != NULL && !is_older)
            o->kind->told(o, record);
    }
    is_telling = false;
}

void bide__trace_tell(uint32_t mask, bide_trace_record *record, const struct bide__callsite *site)
{
    pthread_rwlock_rdlock(&world);
    tell(mask, record, site);
    pthread_rwlock_unlock(&world);
}

void bide__trace_event(struct bide__callsite *site, const bide_field *fields)
{
    struct bide_trace_span *span = bide__span_here();

    if (is_telling)
        return;
    pthread_rwlock_rdlock(&world);
    uint32_t mask = mask_of(site, fields, span);
    if (mask != 0) {
        bide_trace_record record = {.what = BIDE_TRACE_EVENT,
                                    .fields = fields,
                                    .time_ns = bide__trace_wall(bide__door.clock()),
                                    .task = bide_task_id(),
                                    .span = span};
        tell(mask, &record, site);
    }
    pthread_rwlock_unlock(&world);
}
