/*
 * accept.c: reads Accept-Encoding; accept.h specifies it.
 *
 * A coding that is not named has the weight of `*`. Identity is acceptable unless it, or `*` in its
 * place, has the weight 0; where it is not named it is the last choice.
 */
#include "lib/runtime.h"

#include "extra/http/layer/accept.h"

#include "extra/http/message/fields.h"
#include "extra/http/message/media.h"

enum { WEIGHT_LEAST = 1 };

const char *bide__http_coding_name(enum http_coding coding)
{
    static const char *const names[] = {"identity", "gzip", "br"};
    return names[coding];
}

static bool is(struct bide__http_text t, const char *name)
{
    return bide__http_same(t.at, t.size, name, strlen(name));
}

void bide__http_accept_encoding(const char *field, size_t size, unsigned weights[CODINGS])
{
    int named[CODINGS], any = -1;
    struct bide__http_text rest = {field, field != NULL ? size : 0}, name;
    unsigned weight;

    for (int i = 0; i < CODINGS; i++)
        named[i] = -1;
    while (bide__http_weighted_next(&rest, &name, &weight)) {
        if (is(name, "*"))
            any = (int)weight;
        else if (is(name, "x-gzip") && named[CODING_GZIP] < 0)
            named[CODING_GZIP] = (int)weight;
        for (int i = 0; i < CODINGS; i++)
            if (is(name, bide__http_coding_name((enum http_coding)i)))
                named[i] = (int)weight;
    }
    for (int i = 0; i < CODINGS; i++)
        weights[i] = named[i] >= 0 ? (unsigned)named[i] : any >= 0 ? (unsigned)any : 0;
    if (named[CODING_NONE] < 0 && any != 0)
        weights[CODING_NONE] = WEIGHT_LEAST;
}

enum http_coding bide__http_coding_choose(const unsigned weights[CODINGS], unsigned offered)
{
    enum http_coding best = CODING_NONE;

    for (int i = 0; i < CODINGS; i++)
        if ((offered & 1U << i) != 0 && weights[i] > 0 && weights[i] >= weights[best])
            best = (enum http_coding)i;
    return best;
}
