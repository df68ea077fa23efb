/*
 * lib/iter/pair.c: adaptors of two iterators: merge, chain, zip. A merge of many is a tree of those
 * of two: a side gives as many items in a row as it has iterators, so all have the same share.
 *
 * A merge first looks at both sides, and begins to wait only if neither has anything: so a side
 * that has nothing does not begin a wait, and end it again, for each item of the other.
 */
#include "lib/iter/iter.h"

struct pair {
    struct iter node;
    struct iter_call call;
    unsigned turn;    /* merge: the side that is asked first */
    size_t given;     /* merge: how many items that side has given in a row */
    size_t share[2];  /* merge: how many iterators a side has */
    bool has[2];      /* zip: the item of that side is here */
    size_t second_at; /* zip: in `items` */
    _Alignas(max_align_t) char items[];
};

static struct pair *pair_of(struct iter *node)
{
    return (struct pair *)(void *)node;
}

static struct pair *pair_new(const struct iter_kind *kind, struct iter *a, struct iter *b,
                             size_t items, size_t item_size, struct iter **it)
{
    bool made = false;

    if (a == NULL || b == NULL) {
        bide_iter_drop(a);
        bide_iter_drop(b);
        *it = bide__iter_failed(-EINVAL);
        return NULL;
    }
    *it = bide__iter_new(kind, sizeof(struct pair) + items, item_size, a, b, &made);
    return made ? pair_of(*it) : NULL;
}

/* ---- merge ---- */

/* Side `now` has given an item. */
static void take_turns(struct pair *n, unsigned now)
{
    n->given = n->turn == now ? n->given + 1 : 1;
    n->turn = now;
    if (n->given >= n->share[now]) {
        n->turn = now ^ 1;
        n->given = 0;
    }
}

static int merge_poll(struct iter *node, struct pull *p, void *item)
{
    struct pair *n = pair_of(node);
    struct iter *const side[] = {node->source, node->second};
    bool has_looked = p->has_looked;
    int r, result = 0;

    for (int pass = has_looked && p->may_wait; pass < 2; pass++) {
        p->has_looked = has_looked || pass == 1;
        result = 0;
        for (unsigned i = 0; i < 2; i++) {
            unsigned now = n->turn ^ i;
            r = pass == 0 ? iter_look(side[now], p, item) : iter_poll(side[now], p, item);
            if (r == ITER_WAITS)
                result = ITER_WAITS;
            else if (r != 0) {
                take_turns(n, now);
                p->has_looked = has_looked;
                return r;
            }
        }
        if (result == 0 || !p->may_wait)
            break;
    }
    p->has_looked = has_looked;
    return result;
}

static const struct iter_kind merge_kind = {.poll = merge_poll};

static void *two(const struct iter_kind *kind, struct iter *a, struct iter *b)
{
    struct iter *it;

    if (a != NULL && b != NULL && !bide__iter_is_failed(a) && !bide__iter_is_failed(b) &&
        a->drop != b->drop) {
        bide_iter_drop(a);
        bide_iter_drop(b);
        return bide__iter_failed(-EINVAL);
    }
    if (pair_new(kind, a, b, 0, a != NULL ? a->size : 0, &it) != NULL)
        it->drop = a->drop;
    return it;
}

static void *merge(void *a, void *b, size_t share, size_t other_share)
{
    struct iter *it = two(&merge_kind, a, b);

    if (!bide__iter_is_failed(it)) {
        pair_of(it)->share[0] = share;
        pair_of(it)->share[1] = other_share;
    }
    return it;
}

void *bide_iter_merge(void *a, struct bide__iter *b)
{
    return merge(a, b, 1, 1);
}

void *bide_iter_merge_all(size_t item_size, const void *iters, size_t count)
{
    void *it;

    if (count == 0)
        return bide_iter_of_array(item_size, NULL, 0);
    if (count == 1) {
        memcpy(&it, iters, sizeof(it));
        return it != NULL ? it : bide__iter_failed(-EINVAL);
    }
    size_t half = count / 2;
    it = bide_iter_merge_all(item_size, iters, half);
    return merge(
        it, bide_iter_merge_all(item_size, (const char *)iters + half * sizeof(it), count - half),
        half, count - half);
}

/* ---- chain ---- */

static int chain_poll(struct iter *node, struct pull *p, void *item)
{
    int r = iter_poll(node->source, p, item);
    return r != 0 ? r : iter_poll(node->second, p, item);
}

static const struct iter_kind chain_kind = {.poll = chain_poll};

void *bide_iter_chain(void *a, struct bide__iter *b)
{
    return two(&chain_kind, a, (struct iter *)b);
}

/* ---- zip ---- */

static int zip_poll(struct iter *node, struct pull *p, void *item)
{
    struct pair *n = pair_of(node);
    struct iter *const side[] = {node->source, node->second};
    void *const items[] = {n->items, n->items + n->second_at};
    int r, result = 1;

    for (unsigned i = 0; i < 2; i++) {
        r = n->has[i] ? 1 : iter_poll(side[i], p, items[i]);
        if (r == 1)
            n->has[i] = true;
        else if (r == ITER_WAITS)
            result = r;
        else
            return r;
    }
    if (result == 1) {
        n->has[0] = n->has[1] = false;
        n->call.caller(n->call.f, items, item);
    }
    return result;
}

static void zip_end(struct iter *node)
{
    struct pair *n = pair_of(node);

    if (n->has[0])
        iter_lose(node->source, n->items);
    if (n->has[1])
        iter_lose(node->second, n->items + n->second_at);
}

static const struct iter_kind zip_kind = {.poll = zip_poll, .end = zip_end};

void *bide_iter_zip(void *a, struct bide__iter *b, size_t item_size, void (*f)(void),
                    void (*caller)(void))
{
    struct iter *first = a, *second = (struct iter *)b;
    size_t align = _Alignof(max_align_t);
    size_t at = first != NULL ? (first->size + align - 1) & ~(align - 1) : 0;
    struct iter *it;
    struct pair *n = pair_new(&zip_kind, first, second, at + (second != NULL ? second->size : 0),
                              item_size, &it);

    if (n != NULL) {
        n->second_at = at;
        iter_call_init(&n->call, f, caller, NULL);
    }
    return it;
}
