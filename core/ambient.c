/*
 * core/ambient.c: see ambient.h.
 *
 * While a chain has segments, each of them holds the chain's own place. All of them hold the same
 * one, so that it does not matter which is popped next.
 */
#include "core/ambient.h"

#include "core/inside.h"

#if defined __unix__ && __STDC_HOSTED__
_Thread_local struct bide__here bide__here;
#else
struct bide__here bide__here;
#endif

void (*bide__ambient_turned)(struct bide__ambient *ambient, bool in);
struct bide__ambient *(*bide__ambient_heir)(void *value);

static void own_set(struct bide_chain *c, union bide__place own, bool is_far)
{
    if (c->flags & BIDE_CHAIN_SEGMENT) {
        for (struct bide_segment *s = c->place.segment; s != NULL; s = s->previous)
            s->own = own;
    } else {
        c->place = own;
    }
    c->flags &= (uint8_t)~BIDE_CHAIN_FAR;
    if (is_far)
        c->flags |= BIDE_CHAIN_FAR;
}

static void *own_result(const struct bide_chain *c, union bide__place own)
{
    if (c->flags & BIDE_CHAIN_FAR)
        return own.far->result;
    return own.near.result != 0 ? (char *)(uintptr_t)c + own.near.result : NULL;
}

void bide__ambient_attach(struct bide_chain *c, struct bide__ambient *a)
{
    union bide__place own = c->flags & BIDE_CHAIN_SEGMENT ? c->place.segment->own : c->place;

    a->chain = c;
    a->place = own;
    a->was_far = c->flags & BIDE_CHAIN_FAR;
    a->below = bide__ambient_of(c);
    a->around = a->below != NULL ? a->below->around : NULL;
    a->far = (struct bide__far){bide__own_end(c), own_result(c, own), a};
    own_set(c, (union bide__place){.far = &a->far}, true);
}

void bide__ambient_push(struct bide__ambient *a, void *value, struct bide_cx *cx)
{
    a->value = value;
    a->release = NULL;
    a->chain = NULL;
    a->below = NULL;
    a->around = bide__here.value;
    if (cx != NULL) {
        bide__ambient_attach(cx->chain, a);
        if (a->below == NULL)
            a->around = bide__here.value;
    }
    bide__here.value = value;
}

static void detach(struct bide__ambient *a)
{
    bide__must(bide__ambient_of(a->chain) == a, "chain: value: it is not the last one");
    own_set(a->chain, a->place, a->was_far);
}

void bide__ambient_pop(struct bide__ambient *a)
{
    if (a->chain != NULL)
        detach(a);
    bide__here.value = a->below != NULL ? a->below->value : a->around;
    if (a->below != NULL)
        a->below->around = a->around;
}

void bide__ambient_enter_far(struct bide_chain *c)
{
    struct bide__ambient *a = bide__ambient_of(c);

    if (a == NULL)
        return;
    a->around = bide__here.value;
    bide__here.value = a->value;
    for (struct bide__ambient *each = a; each != NULL && bide__ambient_turned != NULL;
         each = each->below)
        bide__ambient_turned(each, true);
}

void bide__ambient_leave_far(struct bide_chain *c, enum bide_poll poll)
{
    struct bide__ambient *a = bide__ambient_of(c);

    if (a == NULL)
        return;
    bide__here.value = a->around;
    for (struct bide__ambient *each = a; each != NULL && bide__ambient_turned != NULL;
         each = each->below)
        bide__ambient_turned(each, false);
    if (poll == BIDE_PENDING)
        return;
    bide__must(a->release != NULL && a->below == NULL, "chain: end: a value is left");
    detach(a);
    a->release(a);
}
