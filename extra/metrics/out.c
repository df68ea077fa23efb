/*
 * out.c: samples come, from metrics and from functions that collect, and are gathered by metric:
 * all samples of one must stand together in the text, whoever has put them out.
 *
 * What is wrong is left out, sample by sample, so that the text as a whole is always good: a server
 * that reads it would refuse all of it for one bad line.
 */
#include "internal.h"

/* ---- buffers ---- */

void bide__metrics_buffer_add(bide_metrics_out *out, struct bide__metrics_buffer *b,
                              const char *data, size_t size)
{
    enum { FIRST_ROOM = 256 };
    size_t room = b->room > 0 ? b->room : FIRST_ROOM;

    while (room - b->size <= size) /* one byte more: for a zero byte at the end */
        room *= 2;
    if (room > b->room && out->error == 0) {
        char *more = bide__alloc(room);
        if (more == NULL) {
            out->error = -ENOMEM;
            return;
        }
        if (b->size > 0)
            memcpy(more, b->data, b->size);
        bide__free(b->data, b->room);
        b->data = more;
        b->room = room;
    }
    if (out->error < 0)
        return;
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

void bide__metrics_buffer_free(struct bide__metrics_buffer *b)
{
    bide__free(b->data, b->room);
}

static void put(bide_metrics_out *out, const char *text)
{
    bide__metrics_buffer_add(out, &out->now->samples, text, strlen(text));
}

void bide__metrics_put_escaped(bide_metrics_out *out, struct bide__metrics_buffer *b,
                               const char *text, bool quotes)
{
    while (*text != 0) {
        size_t plain = strcspn(text, quotes ? "\\\n\"" : "\\\n");
        bide__metrics_buffer_add(out, b, text, plain);
        text += plain;
        if (*text == 0)
            break;
        char escaped[2] = {'\\', *text == '\n' ? 'n' : *text};
        bide__metrics_buffer_add(out, b, escaped, 2);
        text++;
    }
}

/* ---- metrics ---- */

static char *copy(bide_metrics_out *out, const char *text)
{
    size_t size = strlen(text) + 1;
    char *to = bide__alloc(size);

    if (to == NULL)
        out->error = -ENOMEM;
    else
        memcpy(to, text, size);
    return to;
}

static void free_text(char *text)
{
    if (text != NULL)
        bide__free(text, strlen(text) + 1);
}

static void free_block(struct bide__metrics_block *b)
{
    free_text(b->name);
    free_text(b->help);
    bide__metrics_buffer_free(&b->samples);
    bide__free(b->seen, b->seen_room * sizeof *b->seen);
}

void bide__metrics_out_end(bide_metrics_out *out)
{
    for (size_t i = 0; i < out->count; i++)
        free_block(&out->blocks[i]);
    bide__free(out->blocks, out->room * sizeof *out->blocks);
}

/* Where the metric is, or would be. */
static size_t place_of(const bide_metrics_out *out, const char *name)
{
    size_t low = 0, high = out->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(out->blocks[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* 0 or -ENOMEM. */
static int make_room(bide_metrics_out *out)
{
    enum { FIRST_ROOM = 64 };
    size_t room = out->room > 0 ? out->room * 2 : FIRST_ROOM;

    if (out->count < out->room)
        return 0;
    struct bide__metrics_block *blocks = bide__alloc(room * sizeof *blocks);
    if (blocks == NULL)
        return out->error = -ENOMEM;
    if (out->count > 0)
        memcpy(blocks, out->blocks, out->count * sizeof *blocks);
    bide__free(out->blocks, out->room * sizeof *out->blocks);
    out->blocks = blocks;
    out->room = room;
    return 0;
}

static struct bide__metrics_block *insert(bide_metrics_out *out, size_t at, bide_metrics_kind kind,
                                          const char *name, const char *help)
{
    struct bide__metrics_block block = {.kind = kind};

    if (make_room(out) == 0 && (block.name = copy(out, name)) != NULL)
        block.help = copy(out, help);
    if (out->error < 0) {
        free_block(&block);
        return NULL;
    }
    memmove(&out->blocks[at + 1], &out->blocks[at], (out->count - at) * sizeof *out->blocks);
    out->blocks[at] = block;
    out->count++;
    return &out->blocks[at];
}

void bide_metrics_out_begin(bide_metrics_out *out, bide_metrics_kind kind, const char *name,
                            const char *help)
{
    out->now = NULL;
    if (out->error < 0 || !bide__metrics_is_name(name, true) || help == NULL ||
        !bide__metrics_is_utf8(help))
        return;
    if (!out->is_own && out->metrics != NULL && bide__metrics_has(out->metrics, name))
        return;
    size_t at = place_of(out, name);
    if (at < out->count && strcmp(out->blocks[at].name, name) == 0)
        out->now = out->blocks[at].kind == kind ? &out->blocks[at] : NULL;
    else
        out->now = insert(out, at, kind, name, help);
}

/* ---- samples ---- */

static uint64_t hash_of(const char *const *labels)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; labels != NULL && *labels != NULL; labels++) {
        for (const char *p = *labels; *p != 0; p++)
            h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
        h = (h ^ 0xff) * UINT64_C(1099511628211);
    }
    return h;
}

static bool are_labels(const char *const *labels, bide_metrics_kind kind)
{
    for (size_t i = 0; labels != NULL && labels[i] != NULL; i += 2) {
        if (!bide__metrics_is_label(labels[i], kind) || labels[i + 1] == NULL ||
            !bide__metrics_is_utf8(labels[i + 1]))
            return false;
        for (size_t k = 0; k < i; k += 2)
            if (strcmp(labels[i], labels[k]) == 0)
                return false;
    }
    return true;
}

/* True: there was none with these labels; from now on there is. */
static bool is_new(bide_metrics_out *out, const char *const *labels)
{
    enum { FIRST_ROOM = 8 };
    struct bide__metrics_block *b = out->now;
    uint64_t hash = hash_of(labels);

    for (size_t i = 0; i < b->seen_count; i++)
        if (b->seen[i] == hash)
            return false;
    if (b->seen_count == b->seen_room) {
        size_t room = b->seen_room > 0 ? b->seen_room * 2 : FIRST_ROOM;
        uint64_t *seen = bide__alloc(room * sizeof *seen);
        if (seen == NULL) {
            out->error = -ENOMEM;
            return true;
        }
        if (b->seen_count > 0)
            memcpy(seen, b->seen, b->seen_count * sizeof *seen);
        bide__free(b->seen, b->seen_room * sizeof *seen);
        b->seen = seen;
        b->seen_room = room;
    }
    b->seen[b->seen_count++] = hash;
    return true;
}

/* May such a sample be put out? What comes from the registry has been checked. */
static bool begin(bide_metrics_out *out, const char *const *labels, bool is_histogram, bool is_nan)
{
    if (out->error < 0)
        return false;
    if (out->now != NULL && out->is_own)
        return true;
    if (out->now != NULL && !is_nan &&
        (out->now->kind == BIDE_METRICS_IS_HISTOGRAM) == is_histogram &&
        are_labels(labels, out->now->kind) && is_new(out, labels))
        return out->error == 0;
    bide__metrics_fault(BIDE__METRICS_SAMPLE);
    return false;
}

/* `le`: the bound of a bucket; NULL: it is none. */
static void put_sample(bide_metrics_out *out, const char *suffix, const char *const *labels,
                       const char *le, const char *value)
{
    const char *before = "{";

    put(out, out->now->name);
    put(out, suffix);
    for (; labels != NULL && *labels != NULL; labels += 2) {
        put(out, before);
        put(out, labels[0]);
        put(out, "=\"");
        bide__metrics_put_escaped(out, &out->now->samples, labels[1], true);
        put(out, "\"");
        before = ",";
    }
    if (le != NULL) {
        put(out, before);
        put(out, "le=\"");
        put(out, le);
        put(out, "\"");
    }
    put(out, le != NULL || before[0] == ',' ? "} " : " ");
    put(out, value);
    put(out, "\n");
}

void bide_metrics_out_u64(bide_metrics_out *out, const char *const *labels, uint64_t value)
{
    char text[BIDE__METRICS_NUMBER];

    bide__metrics_put_u64(text, value);
    if (begin(out, labels, false, false))
        put_sample(out, "", labels, NULL, text);
}

void bide_metrics_out_double(bide_metrics_out *out, const char *const *labels, double value)
{
    char text[BIDE__METRICS_NUMBER];

    bide__metrics_put_double(text, value);
    if (begin(out, labels, false, __builtin_isnan(value)))
        put_sample(out, "", labels, NULL, text);
}

void bide_metrics_out_time(bide_metrics_out *out, const char *const *labels, bide_duration value)
{
    char text[BIDE__METRICS_NUMBER];

    bide__metrics_put_time(text, value.ns);
    if (begin(out, labels, false, false))
        put_sample(out, "", labels, NULL, text);
}

void bide_metrics_out_histogram(bide_metrics_out *out, const char *const *labels,
                                const double *bounds, const uint64_t *counts, size_t count,
                                double sum)
{
    char text[BIDE__METRICS_NUMBER], le[BIDE__METRICS_NUMBER];
    uint64_t all = 0;

    if (!begin(out, labels, true, __builtin_isnan(sum) || !bide__metrics_are_bounds(bounds, count)))
        return;
    for (size_t i = 0; i <= count; i++) {
        all += counts[i];
        bide__metrics_put_double(le, i < count ? bounds[i] : (double)__builtin_inf());
        bide__metrics_put_u64(text, all);
        put_sample(out, "_bucket", labels, le, text);
    }
    bide__metrics_put_double(text, sum);
    put_sample(out, "_sum", labels, NULL, text);
    bide__metrics_put_u64(text, all);
    put_sample(out, "_count", labels, NULL, text);
}
