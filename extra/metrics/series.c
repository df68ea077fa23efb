/*
 * series.c: the series of a family.
 *
 * A series is found by the hash of its values, in a chain that only grows at its head. Whoever does
 * not find it looks once more with the lock, and makes it. Its memory is never given back, since
 * the family is static and whoever counts has pointers to it.
 *
 * The series "other" is one like the others, but has a place beyond the limit, and memory of its
 * own, so that there always is one.
 */
#include "internal.h"

#include "lib/sync/wait.h"

static const char other[] = "other";

/* What a series that cannot be made counts into, if there is not even memory for the one of
 * "other". They are in no family. */
static bide_metrics_counter no_counter;
static bide_metrics_gauge no_gauge;
static bide_metrics_histogram no_histogram;

struct values {
    const char *text[BIDE_METRICS_LABELS_MAX];
    size_t size[BIDE_METRICS_LABELS_MAX];
    size_t count;
    uint64_t hash;
};

static size_t label_count(const struct bide__metrics_family *f)
{
    size_t n = 0;
    while (n < BIDE_METRICS_LABELS_MAX && f->labels[n] != NULL)
        n++;
    return n;
}

/* FNV-1a; a byte that no text in UTF-8 has ends each value. */
static void hash(struct values *v)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < v->count; i++) {
        for (size_t k = 0; k < v->size[i]; k++)
            h = (h ^ (unsigned char)v->text[i][k]) * UINT64_C(1099511628211);
        h = (h ^ 0xff) * UINT64_C(1099511628211);
    }
    v->hash = h ^ h >> 32;
}

static void set_other(struct values *v, size_t count)
{
    v->count = count;
    for (size_t i = 0; i < count; i++) {
        v->text[i] = other;
        v->size[i] = sizeof other - 1;
    }
    hash(v);
}

/* False: these are no values for it. */
static bool set_values(struct values *v, const struct bide__metrics_family *f,
                       const char *const *values, size_t count)
{
    v->count = label_count(f);
    if (count != v->count)
        return false;
    for (size_t i = 0; i < count; i++) {
        v->text[i] = values[i];
        if (!bide__metrics_is_value(values[i], &v->size[i]))
            return false;
    }
    hash(v);
    return true;
}

static bool is(const struct bide__metrics_series *s, const struct values *v)
{
    if (s->hash != v->hash)
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(s->values[i], v->text[i]) != 0)
            return false;
    return true;
}

static struct bide__metrics_series *look(struct bide__metrics_family *f, const struct values *v)
{
    struct bide__metrics_series *s =
        __atomic_load_n(&f->chains[v->hash % BIDE__METRICS_CHAINS], __ATOMIC_ACQUIRE);

    while (s != NULL && !is(s, v))
        s = s->chained;
    return s;
}

static struct bide__metrics_series *make(const struct values *v)
{
    size_t size = sizeof(struct bide__metrics_series);
    for (size_t i = 0; i < v->count; i++)
        size += v->size[i] + 1;
    struct bide__metrics_series *s = bide__door.alloc(size, _Alignof(struct bide__metrics_series));
    if (s == NULL)
        return NULL;
    memset(s, 0, size);
    char *to = (char *)(s + 1);
    for (size_t i = 0; i < v->count; i++) {
        memcpy(to, v->text[i], v->size[i]);
        s->values[i] = to;
        to += v->size[i] + 1;
    }
    s->hash = v->hash;
    return s;
}

/* With the lock. */
static void add(struct bide__metrics_family *f, struct bide__metrics_series *s)
{
    struct bide__metrics_series **chain = &f->chains[s->hash % BIDE__METRICS_CHAINS];

    s->chained = *chain;
    __atomic_store_n(chain, s, __ATOMIC_RELEASE);
    __atomic_store_n(f->last != NULL ? &f->last->next : &f->first, s, __ATOMIC_RELEASE);
    f->last = s;
    f->count++;
}

/* NULL: there is no room or no memory for it. */
static struct bide__metrics_series *find(struct bide__metrics_family *f, const struct values *v,
                                         const struct bide__metrics_bounds *bounds, bool is_other)
{
    struct bide__metrics_series *s = look(f, v);

    if (s != NULL)
        return s;
    lock_take(&f->lock);
    s = look(f, v);
    if (s == NULL && (f->count < BIDE_METRICS_SERIES_MAX || is_other)) {
        s = make(v);
        if (s != NULL && bounds != NULL)
            s->is.histogram.family_ = bounds;
        if (s != NULL)
            add(f, s);
    }
    lock_give(&f->lock);
    return s;
}

/* NULL: there is no memory. */
static struct bide__metrics_series *find_any(struct bide__metrics_family *f,
                                             const char *const *values, size_t count,
                                             const struct bide__metrics_bounds *bounds)
{
    struct values v;
    struct bide__metrics_series *s = NULL;

    if (set_values(&v, f, values, count))
        s = find(f, &v, bounds, false);
    if (s != NULL)
        return s;
    bide__metrics_fault(BIDE__METRICS_SERIES);
    set_other(&v, label_count(f));
    return find(f, &v, bounds, true);
}

bide_metrics_counter *bide_metrics_counters_find(bide_metrics_counters *family,
                                                 const char *const *values, size_t count)
{
    struct bide__metrics_series *s = find_any(&family->family_, values, count, NULL);
    return s != NULL ? &s->is.counter : &no_counter;
}

bide_metrics_gauge *bide_metrics_gauges_find(bide_metrics_gauges *family, const char *const *values,
                                             size_t count)
{
    struct bide__metrics_series *s = find_any(&family->family_, values, count, NULL);
    return s != NULL ? &s->is.gauge : &no_gauge;
}

bide_metrics_histogram *bide_metrics_histograms_find(bide_metrics_histograms *family,
                                                     const char *const *values, size_t count)
{
    struct bide__metrics_series *s = find_any(&family->family_, values, count, &family->bounds_);
    return s != NULL ? &s->is.histogram : &no_histogram;
}
