/*
 * lib/iter/buffer.c: adaptors that call an async function for each item: then, buffered, unordered.
 *
 * The calls are children of a future set in the node. As long as there is room, items are taken
 * from the source and calls of them are added, but first only those that are there: the source
 * begins to wait when no call has anything to tell. An item lies in the node, as the argument of
 * its call, until that has been made.
 *
 * In an ordered set an error of the source is kept, and nothing is taken, until the calls before it
 * have been told.
 */
#include "lib/iter/iter.h"

enum { FILL_MAX = 32 }; /* then the calls have their turn, before the budget is used up */

struct buffer {
    struct iter node;
    struct iter_set set;
    const struct bide_fn *fn;
    size_t limit;
    int error; /* of the source, to be told when the set is empty; 0: none */
    bool is_ordered;
    bool has_item; /* in `args` */
    _Alignas(max_align_t) char args[];
};

static struct buffer *buffer_of(struct iter *node)
{
    return (struct buffer *)(void *)node;
}

static bool has_room(const struct buffer *n)
{
    return n->error == 0 && n->set.set->length < n->limit &&
           (n->has_item || !n->node.source->has_ended);
}

/* Makes calls of the items that come. Returns what the source did last, or an error to be told
 * now; 1: there is no room. */
static int fill(struct buffer *n, struct pull *p, bool may_wait)
{
    struct iter *source = n->node.source;
    int r = 1;

    for (unsigned i = 0; i < FILL_MAX && has_room(n); i++) {
        if (!n->has_item) {
            r = may_wait ? iter_poll(source, p, n->args) : iter_look(source, p, n->args);
            if (r != 1)
                break;
        }
        n->has_item = true;
        if (!bide__future_set_try_add(n->set.set, n->fn, n->args))
            return -ENOMEM;
        n->has_item = false;
    }
    if (r < 0 && n->is_ordered && n->set.set->length > 0) {
        n->error = r;
        r = 1;
    }
    return r;
}

static int take_error(struct buffer *n)
{
    int error = n->error;
    n->error = 0;
    return error;
}

static void lose_result(void *owner, void *result)
{
    iter_lose(owner, result);
}

static void lose_args(void *owner, void *args)
{
    iter_lose(((struct iter *)owner)->source, args);
}

static int make_set(struct buffer *n)
{
    int rc = bide__iter_set_make(&n->set, n->limit, n->is_ordered);

    if (rc == 0) {
        n->set.set->owner = n;
        n->set.set->drop = lose_result;
        n->set.set->drop_args = lose_args;
    }
    return rc;
}

static int buffer_poll(struct iter *node, struct pull *p, void *item)
{
    struct buffer *n = buffer_of(node);
    int r = make_set(n);

    for (bool may_wait = false; r == 0;) {
        int filled = fill(n, p, may_wait);
        if (filled < 0)
            return filled;
        int told = bide__iter_set_poll(&n->set, p, item, NULL);
        if (told != ITER_WAITS && told != 0)
            return told;
        if (told == 0 && n->error != 0)
            return take_error(n);
        if (told == 0 && node->source->has_ended)
            return 0;
        if (!has_room(n))
            return ITER_WAITS;
        if (filled == 1) /* there may be more */
            continue;
        if (may_wait == p->may_wait)
            return ITER_WAITS;
        may_wait = p->may_wait;
    }
    return r;
}

static void buffer_end(struct iter *node)
{
    struct buffer *n = buffer_of(node);

    if (n->has_item)
        iter_lose(node->source, n->args);
}

static struct bide__future_set *buffer_take_set(struct iter *node)
{
    return bide__iter_set_take(&buffer_of(node)->set);
}

static const struct iter_kind buffer_kind = {
    .poll = buffer_poll, .end = buffer_end, .take_set = buffer_take_set};

void *bide_iter_buffered(void *source, size_t limit, int is_ordered, size_t item_size,
                         const void *f, size_t state_at, void *state)
{
    const struct bide_fn *fn = f;
    bool made;

    if (source == NULL || limit == 0) {
        bide_iter_drop(source);
        return bide__iter_failed(-EINVAL);
    }
    struct iter *it = bide__iter_new(&buffer_kind, sizeof(struct buffer) + fn->args_size, item_size,
                                     source, NULL, &made);
    if (made) {
        struct buffer *n = buffer_of(it);
        n->fn = fn;
        n->limit = limit;
        n->is_ordered = is_ordered;
        if (state_at > 0)
            memcpy(n->args + state_at, &state, sizeof state);
    }
    return it;
}
