/*
 * lib/iter/adapt.c: adaptors that pass items on one by one: map, filter and their like, take, skip,
 * enumerate, borrowed, and the node of a fold; whose the items are.
 *
 * A filter and its like test the item where the caller wants it; what becomes another item is first
 * taken into the node, behind its struct.
 */
#include "lib/iter/iter.h"

struct adapt {
    struct iter node;
    struct iter_call call;
    size_t count; /* take: still to give; skip: still to lose; enumerate: the next number */
    bool is_open; /* skip_while: the first item was given */
    struct iter *borrowed;             /* of somebody else */
    _Alignas(max_align_t) char item[]; /* of the source */
};

static struct adapt *adapt_of(struct iter *node)
{
    return (struct adapt *)(void *)node;
}

/* `keeps`: it takes items into the node before it gives another type. */
static struct adapt *adapt_new(const struct iter_kind *kind, struct iter *source, bool keeps,
                               size_t item_size, struct iter **it)
{
    bool made = false;

    if (source == NULL || item_size > PTRDIFF_MAX / 2) {
        bide_iter_drop(source);
        *it = bide__iter_failed(source == NULL ? -EINVAL : -ENOMEM);
        return NULL;
    }
    *it = bide__iter_new(kind, sizeof(struct adapt) + (keeps ? source->size : 0), item_size, source,
                         NULL, &made);
    if (!made)
        return NULL;
    if (!keeps)
        (*it)->drop = source->drop;
    return adapt_of(*it);
}

static void *with_call(const struct iter_kind *kind, struct iter *source, bool keeps,
                       size_t item_size, void (*f)(void), void (*caller)(void), void *state)
{
    struct iter *it;
    struct adapt *n = adapt_new(kind, source, keeps, item_size, &it);

    if (n != NULL)
        iter_call_init(&n->call, f, caller, state);
    return it;
}

static size_t size_of(const struct iter *source)
{
    return source != NULL ? source->size : 0;
}

/* ---- another item for each ---- */

static int map_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    int r = iter_poll(node->source, p, n->item);

    if (r == 1)
        iter_call(&n->call, n->item, item);
    return r;
}

static const struct iter_kind map_kind = {.poll = map_poll};

void *bide_iter_map(void *it, size_t item_size, void (*f)(void), void (*caller)(void), void *state)
{
    return with_call(&map_kind, it, true, item_size, f, caller, state);
}

static int filter_map_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    bool is_given = false;
    int r;

    while ((r = iter_poll(node->source, p, n->item)) == 1) {
        void *const args[] = {n->item, &item, &n->call.state};
        n->call.caller(n->call.f, args, &is_given);
        if (is_given)
            break;
    }
    return r;
}

static const struct iter_kind filter_map_kind = {.poll = filter_map_poll};

void *bide_iter_filter_map(void *it, size_t item_size, void (*f)(void), void (*caller)(void),
                           void *state)
{
    return with_call(&filter_map_kind, it, true, item_size, f, caller, state);
}

static int enumerate_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    int r = iter_poll(node->source, p, n->item);

    if (r == 1) {
        void *const args[] = {&n->count, n->item};
        n->call.caller(n->call.f, args, item);
        n->count++;
    }
    return r;
}

static const struct iter_kind enumerate_kind = {.poll = enumerate_poll};

void *bide_iter_enumerate(void *it, size_t item_size, void (*f)(void), void (*caller)(void))
{
    return with_call(&enumerate_kind, it, true, item_size, f, caller, NULL);
}

/* ---- some of the items ---- */

static int filter_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    int r;

    while ((r = iter_poll(node->source, p, item)) == 1 && !iter_test(&n->call, item))
        iter_lose(node, item);
    return r;
}

static const struct iter_kind filter_kind = {.poll = filter_poll};

void *bide_iter_filter(void *it, void (*f)(void), void (*caller)(void), void *state)
{
    return with_call(&filter_kind, it, false, size_of(it), f, caller, state);
}

static int take_while_poll(struct iter *node, struct pull *p, void *item)
{
    int r = iter_poll(node->source, p, item);

    if (r != 1 || iter_test(&adapt_of(node)->call, item))
        return r;
    iter_lose(node, item);
    return 0;
}

static const struct iter_kind take_while_kind = {.poll = take_while_poll};

void *bide_iter_take_while(void *it, void (*f)(void), void (*caller)(void), void *state)
{
    return with_call(&take_while_kind, it, false, size_of(it), f, caller, state);
}

static int skip_while_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    int r;

    while ((r = iter_poll(node->source, p, item)) == 1 && !n->is_open) {
        n->is_open = !iter_test(&n->call, item);
        if (n->is_open)
            break;
        iter_lose(node, item);
    }
    return r;
}

static const struct iter_kind skip_while_kind = {.poll = skip_while_poll};

void *bide_iter_skip_while(void *it, void (*f)(void), void (*caller)(void), void *state)
{
    return with_call(&skip_while_kind, it, false, size_of(it), f, caller, state);
}

static int take_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    int r = n->count > 0 ? iter_poll(node->source, p, item) : 0;

    if (r == 1)
        n->count--;
    return r;
}

static const struct iter_kind take_kind = {.poll = take_poll};

static int skip_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    int r;

    while ((r = iter_poll(node->source, p, item)) == 1 && n->count > 0) {
        n->count--;
        iter_lose(node, item);
    }
    return r;
}

static const struct iter_kind skip_kind = {.poll = skip_poll};

static void *counted(const struct iter_kind *kind, struct iter *source, size_t count)
{
    struct iter *it;
    struct adapt *n = adapt_new(kind, source, false, size_of(source), &it);

    if (n != NULL)
        n->count = count;
    return it;
}

void *bide_iter_take(void *it, size_t count)
{
    return counted(&take_kind, it, count);
}

void *bide_iter_skip(void *it, size_t count)
{
    return counted(&skip_kind, it, count);
}

/* ---- whose the items are, and whose the iterator ---- */

void *bide_iter_owned(void *handle, void (*drop)(void *item))
{
    struct iter *it = handle;

    if (it != NULL && !bide__iter_is_failed(it))
        it->drop = drop;
    return it;
}

static int borrowed_poll(struct iter *node, struct pull *p, void *item)
{
    struct iter *of = adapt_of(node)->borrowed;
    return of->leaf == NULL ? iter_poll(of, p, item) : -EBUSY;
}

static const struct iter_kind borrowed_kind = {.poll = borrowed_poll};

void *bide_iter_borrowed(void *handle)
{
    struct iter *of = handle, *it;
    bool made;

    if (of == NULL)
        return bide__iter_failed(-EINVAL);
    if (of->depth >= ITER_DEPTH_MAX)
        return bide__iter_failed(-ENOMEM);
    it = bide__iter_new(&borrowed_kind, sizeof(struct adapt), of->size, NULL, NULL, &made);
    if (made) {
        adapt_of(it)->borrowed = of;
        it->drop = of->drop;
        it->depth = (uint16_t)(of->depth + 1);
    }
    return it;
}

/* ---- folds ---- */

static int fold_poll(struct iter *node, struct pull *p, void *item)
{
    struct adapt *n = adapt_of(node);
    void *const args[] = {n->call.state, n->item};
    int r;

    (void)item;
    while ((r = iter_poll(node->source, p, n->item)) == 1)
        n->call.caller(n->call.f, args, n->call.state);
    return r;
}

static const struct iter_kind fold_kind = {.poll = fold_poll};

void *bide__iter_folded(void *it, void (*f)(void), void (*caller)(void), void *all)
{
    return with_call(&fold_kind, it, true, 0, f, caller, all);
}
