/*
 * text.c: the whole text. Everything is gathered first, with the lock of the registry shared, and
 * then put together.
 */
#include "internal.h"

struct bide_metrics_text {
    struct bide__metrics_buffer buffer;
};

/* ---- what a registry knows itself ---- */

static void put_faults(bide_metrics_out *out)
{
    static const char *const reasons[BIDE__METRICS_FAULTS] = {"value", "series", "sample"};
    uint64_t count[BIDE__METRICS_FAULTS];

    for (unsigned i = 0; i < BIDE__METRICS_FAULTS; i++)
        count[i] = bide__metrics_faults(i);
    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "bide_metrics_faults_total",
                           "What was not told: values that are no numbers, series beyond the limit"
                           " of a family, samples that were not allowed.");
    for (unsigned i = 0; i < BIDE__METRICS_FAULTS; i++) {
        const char *labels[] = {"reason", reasons[i], NULL};
        bide_metrics_out_u64(out, labels, count[i]);
    }
}

/* ---- all of it ---- */

static void collect(bide_metrics_out *out, bide_metrics *m)
{
    pthread_rwlock_rdlock(&m->lock);
    out->metrics = m;
    for (size_t i = 0; i < m->count && out->error == 0; i++) {
        const struct bide__metrics_item *item = &m->items[i];
        out->now = NULL;
        out->is_own = item->name != NULL;
        if (item->function != NULL)
            item->function(out, (void *)(uintptr_t)item->what);
        else
            item->collect(out, item->what, item->label);
    }
    out->is_own = false;
    put_faults(out);
    out->metrics = NULL;
    pthread_rwlock_unlock(&m->lock);
}

static void put(bide_metrics_out *out, struct bide__metrics_buffer *b, const char *text)
{
    bide__metrics_buffer_add(out, b, text, strlen(text));
}

static void put_block(bide_metrics_out *out, struct bide__metrics_buffer *b,
                      const struct bide__metrics_block *block)
{
    static const char *const kinds[] = {" counter\n", " gauge\n", " histogram\n"};

    put(out, b, "# HELP ");
    put(out, b, block->name);
    put(out, b, " ");
    bide__metrics_put_escaped(out, b, block->help, false);
    put(out, b, "\n# TYPE ");
    put(out, b, block->name);
    put(out, b, kinds[block->kind]);
    if (block->samples.size > 0)
        bide__metrics_buffer_add(out, b, block->samples.data, block->samples.size);
}

int bide_metrics_text_new(bide_metrics *m, bide_metrics_text **text)
{
    bide_metrics_out out = {.metrics = NULL};
    struct bide__metrics_buffer buffer = {NULL, 0, 0};

    *text = NULL;
    collect(&out, m);
    for (size_t i = 0; i < out.count && out.error == 0; i++)
        put_block(&out, &buffer, &out.blocks[i]);
    bide_metrics_text *t = out.error == 0 ? bide__alloc(sizeof *t) : NULL;
    bide__metrics_out_end(&out);
    if (t == NULL) {
        bide__metrics_buffer_free(&buffer);
        return -ENOMEM;
    }
    buffer.data[buffer.size] = 0;
    t->buffer = buffer;
    *text = t;
    return 0;
}

void bide_metrics_text_free(bide_metrics_text *text)
{
    if (text == NULL)
        return;
    bide__metrics_buffer_free(&text->buffer);
    bide__free(text, sizeof *text);
}

const char *bide_metrics_text_data(const bide_metrics_text *text, size_t *size)
{
    if (size != NULL)
        *size = text->buffer.size;
    return text->buffer.data;
}
