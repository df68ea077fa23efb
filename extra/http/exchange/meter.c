/*
 * exchange/meter.c: see meter.h.
 */
#include "extra/http/exchange/exchange.h"

void bide__http_meter_init(struct bide__http_meter *meter)
{
    static const bide_metrics_histogram times =
        BIDE_METRICS_HISTOGRAM(NULL, NULL, BIDE_METRICS_SECONDS);

    memset(meter, 0, sizeof *meter);
    for (unsigned i = 0; i < BIDE__HTTP_CLASSES; i++)
        meter->times[i] = times;
}

/* Both are rows of numbers of 64 bits. */
void bide__http_meter_sum(const struct bide__http_meter *meter, struct bide__http_counts *sum)
{
    enum { NUMBERS = sizeof *sum / sizeof(uint64_t) };
    uint64_t all[NUMBERS] = {0};

    for (unsigned s = 0; s < BIDE__METRICS_STRIPES; s++) {
        const uint64_t *from = (const void *)&meter->stripes[s];
        for (size_t i = 0; i < NUMBERS; i++)
            all[i] += bide__metrics_read(&from[i]);
    }
    memcpy(sum, all, sizeof *sum);
}

static struct bide__http_meter *meter_of(struct bide__http_home *home)
{
    return home != NULL ? atomic_load_explicit(&home->meter, memory_order_acquire) : NULL;
}

static struct bide__http_counts *counts(struct bide__http_meter *meter)
{
    return &meter->stripes[bide__metrics_stripe()];
}

void bide__http_refused(struct bide__http_home *home, enum bide__http_refusal why)
{
    struct bide__http_meter *meter = meter_of(home);
    if (meter != NULL)
        bide__metrics_add(&counts(meter)->refused[why], 1);
}

void bide__http_meter_begin(bide_http_exchange *x)
{
    x->meter = meter_of(x->home);
    if (__builtin_expect(x->meter == NULL, 1))
        return;
    x->begun_ns = bide__clock_ns();
    bide__metrics_add(&counts(x->meter)->begun, 1);
}

void bide__http_meter_refuse(bide_http_exchange *x, int status)
{
    enum bide__http_refusal why = status == 400   ? BIDE__HTTP_REFUSED_MALFORMED
                                  : status == 431 ? BIDE__HTTP_REFUSED_HEAD_BYTES
                                  : status == 414 ? BIDE__HTTP_REFUSED_TARGET_BYTES
                                  : status == 408 ? BIDE__HTTP_REFUSED_HEAD_TIMEOUT
                                                  : BIDE__HTTP_REFUSED_OTHER;
    if (x->meter != NULL)
        bide__metrics_add(&counts(x->meter)->refused[why], 1);
}

/* The first digit of the status of a response that was sent as a whole. */
static unsigned class_of(const bide_http_exchange *x)
{
    if (x->reply.stage == BIDE__HTTP_UPGRADED)
        return 1;
    unsigned class = (unsigned)x->reply.status / 100;
    return x->reply.stage == BIDE__HTTP_ENDED && class < BIDE__HTTP_CLASSES ? class : 0;
}

void bide__http_meter_end(bide_http_exchange *x)
{
    struct bide__http_counts *c = counts(x->meter);
    unsigned class = class_of(x);
    unsigned method = x->request.method < BIDE__HTTP_METHODS ? x->request.method : 0;
    uint64_t out = x->reply.sent;

    if (class > 1 && bide__http_has_body(x))
        out += x->reply.size;
    bide__metrics_add(&c->ended[method][class], 1);
    bide__metrics_add(&c->in_bytes, x->body.got);
    bide__metrics_add(&c->out_bytes, out);
    if (x->body.error == -EMSGSIZE)
        bide__metrics_add(&c->refused[BIDE__HTTP_REFUSED_BODY_BYTES], 1);
    if (x->body.error == -ETIMEDOUT)
        bide__metrics_add(&c->refused[BIDE__HTTP_REFUSED_BODY_TIMEOUT], 1);
    bide_metrics_histogram_add_time(&x->meter->times[class],
                                    (bide_duration){bide__clock_ns() - x->begun_ns});
    x->meter = NULL;
}
