/*
 * registry.c: a registry, and what is in it.
 */
#include "internal.h"

int bide_metrics_new(bide_metrics **metrics)
{
    bide_metrics *m = bide__alloc(sizeof *m);

    *metrics = NULL;
    if (m == NULL)
        return -ENOMEM;
    *m = (bide_metrics){.items = NULL};
    pthread_rwlock_init(&m->lock, NULL);
    *metrics = m;
    return 0;
}

void bide_metrics_free(bide_metrics *m)
{
    if (m == NULL)
        return;
    pthread_rwlock_destroy(&m->lock);
    bide__free(m->items, m->room * sizeof *m->items);
    bide__free(m, sizeof *m);
}

bool bide__metrics_has(const bide_metrics *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->items[i].name != NULL && strcmp(m->items[i].name, name) == 0)
            return true;
    return false;
}

/* ---- adding ---- */

/* With the lock. 0 or -ENOMEM. */
static int make_room(bide_metrics *m)
{
    enum { FIRST_ROOM = 16 };
    size_t room = m->room > 0 ? m->room * 2 : FIRST_ROOM;

    if (m->count < m->room)
        return 0;
    struct bide__metrics_item *items = bide__alloc(room * sizeof *items);
    if (items == NULL)
        return -ENOMEM;
    if (m->count > 0)
        memcpy(items, m->items, m->count * sizeof *items);
    bide__free(m->items, m->room * sizeof *m->items);
    m->items = items;
    m->room = room;
    return 0;
}

/* With the lock: it is there, or something that could not be told from it. */
static bool is_taken(const bide_metrics *m, const struct bide__metrics_item *new)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct bide__metrics_item *item = &m->items[i];
        if (item->what == new->what)
            return true;
        if (item->name != NULL && new->name != NULL && strcmp(item->name, new->name) == 0)
            return true;
        if (item->is_labelled && new->is_labelled &&
            item->collect == new->collect &&strcmp(item->label, new->label) == 0)
            return true;
    }
    return false;
}

static int add(bide_metrics *m, const struct bide__metrics_item *item)
{
    pthread_rwlock_wrlock(&m->lock);
    int rc = is_taken(m, item) ? -EEXIST : make_room(m);
    if (rc == 0)
        m->items[m->count++] = *item;
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

int bide__metrics_add_object(bide_metrics *m, bide__metrics_collect *collect, const void *what,
                             const char *label)
{
    struct bide__metrics_item item = {.what = what, .collect = collect, .is_labelled = true};
    size_t size;

    if (m == NULL || what == NULL || !bide__metrics_is_value(label, &size))
        return -EINVAL;
    memcpy(item.label, label, size);
    return add(m, &item);
}

int bide_metrics_add_collector(bide_metrics *m,
                               void (*collect)(bide_metrics_out *out, void *argument),
                               void *argument)
{
    struct bide__metrics_item item = {.what = argument, .function = collect};

    return m == NULL || collect == NULL || argument == NULL ? -EINVAL : add(m, &item);
}

int bide_metrics_remove(bide_metrics *m, const void *what)
{
    int rc = -ENOENT;

    pthread_rwlock_wrlock(&m->lock);
    for (size_t i = 0; i < m->count && rc < 0; i++) {
        if (m->items[i].what != what)
            continue;
        m->items[i] = m->items[--m->count];
        rc = 0;
    }
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

/* ---- metrics ---- */

static int add_metric(bide_metrics *m, bide__metrics_collect *collect, const void *what,
                      const char *name, const char *help)
{
    struct bide__metrics_item item = {.what = what, .name = name, .collect = collect};

    if (!bide__metrics_is_name(name, true) || help == NULL || !bide__metrics_is_utf8(help))
        return -EINVAL;
    return add(m, &item);
}

static bool are_labels(const struct bide__metrics_family *f, bide_metrics_kind kind)
{
    for (size_t i = 0; i <= BIDE_METRICS_LABELS_MAX && f->labels[i] != NULL; i++) {
        if (i == BIDE_METRICS_LABELS_MAX || !bide__metrics_is_label(f->labels[i], kind))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(f->labels[i], f->labels[k]) == 0)
                return false;
    }
    return f->labels[0] != NULL;
}

static int add_family(bide_metrics *m, bide__metrics_collect *collect,
                      const struct bide__metrics_family *f, bide_metrics_kind kind)
{
    return are_labels(f, kind) ? add_metric(m, collect, f, f->name, f->help) : -EINVAL;
}

static bool good_bounds(const struct bide__metrics_bounds *b)
{
    return b->count > 0 && b->count <= BIDE_METRICS_BOUNDS_MAX &&
           bide__metrics_are_bounds(b->bound, b->count);
}

int bide_metrics_add_counter(bide_metrics *m, bide_metrics_counter *counter)
{
    return add_metric(m, bide__metrics_put_counter, counter, counter->name_, counter->help_);
}

int bide_metrics_add_counters(bide_metrics *m, bide_metrics_counters *family)
{
    return add_family(m, bide__metrics_put_counters, &family->family_, BIDE_METRICS_IS_COUNTER);
}

int bide_metrics_add_gauge(bide_metrics *m, bide_metrics_gauge *gauge)
{
    return add_metric(m, bide__metrics_put_gauge, gauge, gauge->name_, gauge->help_);
}

int bide_metrics_add_gauges(bide_metrics *m, bide_metrics_gauges *family)
{
    return add_family(m, bide__metrics_put_gauges, &family->family_, BIDE_METRICS_IS_GAUGE);
}

int bide_metrics_add_histogram(bide_metrics *m, bide_metrics_histogram *histogram)
{
    if (!good_bounds(&histogram->bounds_))
        return -EINVAL;
    return add_metric(m, bide__metrics_put_histogram, histogram, histogram->name_,
                      histogram->help_);
}

int bide_metrics_add_histograms(bide_metrics *m, bide_metrics_histograms *family)
{
    if (!good_bounds(&family->bounds_))
        return -EINVAL;
    return add_family(m, bide__metrics_put_histograms, &family->family_, BIDE_METRICS_IS_HISTOGRAM);
}
