/*
 * callsite.c: where something is traced, and who wants to hear of it.
 *
 * A callsite is unseen until it is first reached; then it joins the list and gets its word. When
 * outputs or filters change, the words of all in the list are made anew, with the lock for writing.
 * A thread that has read an old word looks again with the lock, or loses one event that was wanted
 * since a moment ago.
 */
#include "internal.h"

#include "lock.h"

#include <bide/task.h>

#include <errno.h>

enum { ASK_SHIFT = 15, ASK_MASK = (1 << ASK_SHIFT) - 1 };
#define UNSEEN BIDE__SITE_UNSEEN

_Atomic uint64_t bide__trace_lost;

/* Nobody takes it for reading twice, since what is traced by an output is dropped. */
static struct bide__trace_lock world = BIDE__TRACE_LOCK_INIT;
static bide_trace_output *outputs[BIDE__OUTPUTS_MAX];

static pthread_mutex_t sites_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct bide__callsite *sites;

static _Thread_local struct {
    unsigned place; /* of the world's lock; from 1 on */
    bool is_telling;
} mine;

static const int64_t LOOK_AGAIN_NS = 1000000000;
static _Atomic int64_t wall_offset, wall_looked_ns;

bool bide__trace_is_telling(void)
{
    return mine.is_telling;
}

static unsigned place_of_thread(void)
{
    static _Atomic unsigned next;

    if (__builtin_expect(mine.place == 0, 0))
        mine.place = atomic_fetch_add(&next, 1) % BIDE__TRACE_PLACES + 1;
    return mine.place - 1;
}

int bide__trace_enter(void)
{
    return mine.is_telling ? -1 : (int)bide__trace_lock_read(&world, place_of_thread());
}

void bide__trace_leave(int place)
{
    bide__trace_lock_unread(&world, (unsigned)place);
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

    bide__trace_lock_change(&world);
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
    bide__trace_lock_changed(&world);
    return r;
}

void bide__output_remove(bide_trace_output *output)
{
    bide__trace_lock_change(&world);
    outputs[output->number] = NULL;
    refresh();
    bide__trace_lock_changed(&world);
}

void bide__output_filter(bide_trace_output *output, struct bide__filter *filter)
{
    bide__trace_lock_change(&world);
    struct bide__filter *old = output->filter;
    output->filter = filter;
    refresh();
    bide__trace_lock_changed(&world);
    bide__filter_free(old);
}

/* ---- telling ---- */

uint32_t bide__trace_mask(struct bide__callsite *site, const bide_field *fields,
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

bool bide__trace_wants_spans(uint32_t mask)
{
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
        const bide_trace_output *o = outputs[__builtin_ctz(rest)];
        if (o->kind->wants_spans || o->options.spans != 0)
            return true;
    }
    return false;
}

void bide__trace_tell(uint32_t mask, bide_trace_record *record, const struct bide__callsite *site)
{
    const struct bide_trace_span *span = record->span;

    record->level = site->level;
    record->name = site->name;
    record->target = site->target;
    record->target_size = site->target_size;
    record->file = site->file;
    record->line = site->line;
    mine.is_telling = true;
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
        bide_trace_output *o = outputs[__builtin_ctz(rest)];
        /* An output that has come since knows nothing of a span that ends now. */
        bool is_older =
            record->what == BIDE_TRACE_SPAN_END && o != NULL && span->begin_ns < o->begin_ns;
        if (o == NULL || is_older)
            continue;
        record->span = bide__span_for(o, span);
        o->kind->told(o, record);
    }
    mine.is_telling = false;
}

void bide__trace_event(struct bide__callsite *site, const bide_field *fields)
{
    struct bide_trace_span *span = bide__span_here();
    int place = bide__trace_enter();

    if (place < 0)
        return;
    uint32_t mask = bide__trace_mask(site, fields, span);
    if (mask != 0) {
        bide_trace_record record = {.what = BIDE_TRACE_EVENT,
                                    .fields = fields,
                                    .time_ns = bide__trace_wall(bide__door.clock()),
                                    .task = bide_task_id(),
                                    .span = span};
        bide__trace_tell(mask, &record, site);
    }
    bide__trace_leave(place);
}
