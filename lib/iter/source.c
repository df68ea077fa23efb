/*
 * lib/iter/source.c: iterators over what a leaf waits for: a receiver, a subscriber, a watcher, an
 * interval; and over arrays.
 *
 * Such a node first asks without waiting. If there is nothing, its leaf waits in a chain inside the
 * node, with the waker of the task that polls. When that must go, the leaf is cancelled: it answers
 * at once, and if it had got an item, that is kept in the node. So the leaf writes to the node's
 * memory, never to that of the caller.
 */
#include "lib/iter/iter.h"

#include "lib/sync/channel.h"

#include <assert.h>

enum { ROOM = 192 }; /* for the frame of the leaf, or its frame and its arguments at the begin */

enum leaf_state { IDLE, WAITING, KEEPS };

struct leaf_node {
    struct iter node;
    struct iter_wait wait;
    const struct leaf_kind *leaf;
    void *handle;
    struct bide_chain chain;
    enum leaf_state state;
    int result; /* of the leaf; KEEPS: what comes next */
    _Alignas(16) char room[ROOM];
    _Alignas(max_align_t) char item[];
};

struct leaf_kind {
    const struct bide_fn *fn; /* (handle, item), or (handle) */
    /* Without waiting, as the leaf; NULL: there is no such function. */
    int (*now)(void *handle, void *item);
    void (*drop)(void *handle);
    /* Makes 1 and an item of 0, the result of a leaf that has none. NULL: it has. */
    void (*make)(void *handle, void *item);
};

struct leaf_args {
    void *handle, *item;
};

static int result_of(struct leaf_node *n)
{
    int r = bide_chain_error(&n->chain) != 0 ? bide_chain_error(&n->chain) : n->result;

    if (r != 0 || n->leaf->make == NULL)
        return r;
    n->leaf->make(n->handle, n->item);
    return 1;
}

static enum bide_poll poll_leaf(struct leaf_node *n, struct bide_cx *cx)
{
    struct bide_cx sub = {
        .chain = &n->chain, .waker = cx->waker, .turn = cx->turn, .depth = cx->depth + 1};
    return bide_chain_poll(&sub);
}

static void begin(struct leaf_node *n)
{
    const struct leaf_args args = {n->handle, n->item};

    bide_chain_init(&n->chain, n->room, sizeof n->room, &n->result);
    void *to = bide_chain_begin(&n->chain, n->leaf->fn);
    assert(to != NULL);
    memcpy(to, &args, n->leaf->fn->args_size);
    n->state = WAITING;
}

static void undo(struct iter_wait *wait, struct bide_cx *cx)
{
    struct leaf_node *n =
        (struct leaf_node *)(void *)((char *)wait - offsetof(struct leaf_node, wait));

    if (n->state != WAITING)
        return;
    bide_chain_cancel(&n->chain, -ECANCELED, false);
    enum bide_poll poll = poll_leaf(n, cx);
    assert(poll == BIDE_READY);
    (void)poll;
    n->state = bide_chain_error(&n->chain) != 0 ? IDLE : KEEPS;
    if (n->state == KEEPS)
        n->result = result_of(n);
}

/* The item in the node, or the error. */
static int give(struct leaf_node *n, int r, void *item)
{
    n->state = IDLE;
    if (r == 1)
        bide__copy(item, n->item, n->node.size);
    return r;
}

static int leaf_node_poll(struct iter *node, struct pull *p, void *item)
{
    struct leaf_node *n = (struct leaf_node *)(void *)node;
    struct bide_cx *cx = p->cx;

    if (n->state == KEEPS)
        return give(n, n->result, item);
    if (n->state == IDLE && n->leaf->now != NULL) {
        if (!bide_budget_spend(cx))
            return ITER_WAITS;
        int r = n->leaf->now(n->handle, item);
        if (r != -EAGAIN)
            return r;
        cx->turn->budget++; /* what has to wait lets others run */
    }
    if (n->state == IDLE) {
        if (!p->may_wait)
            return ITER_WAITS;
        begin(n);
        iter_waits(p, &n->wait, undo);
    }
    return poll_leaf(n, cx) == BIDE_PENDING ? ITER_WAITS : give(n, result_of(n), item);
}

static void leaf_node_end(struct iter *node)
{
    struct leaf_node *n = (struct leaf_node *)(void *)node;

    if (n->state == KEEPS && n->result == 1)
        iter_lose(node, n->item);
    if (n->leaf->drop != NULL)
        n->leaf->drop(n->handle);
}

static const struct iter_kind leaf_iter = {.poll = leaf_node_poll, .end = leaf_node_end};

/* `extra`: bytes of the node behind the item. */
static struct leaf_node *leaf_node_new(const struct leaf_kind *leaf, size_t item_size, size_t extra,
                                       struct iter **it)
{
    bool made = false;

    if (item_size > PTRDIFF_MAX / 2)
        *it = bide__iter_failed(-ENOMEM);
    else
        *it = bide__iter_new(&leaf_iter, sizeof(struct leaf_node) + item_size + extra, item_size,
                             NULL, NULL, &made);
    if (!made)
        return NULL;
    struct leaf_node *n = (struct leaf_node *)(void *)*it;
    n->leaf = leaf;
    return n;
}

static void *of_handle(const struct leaf_kind *leaf, size_t item_size, void *handle)
{
    struct iter *it;
    struct leaf_node *n = leaf_node_new(leaf, item_size, 0, &it);

    if (n != NULL)
        n->handle = handle;
    else
        leaf->drop(handle);
    return it;
}

/* ---- the leaves ---- */

extern const struct bide_fn bide__desc_bide_recv, bide__desc_bide_subscriber_recv,
    bide__desc_bide_watcher_changed, bide__desc_bide_interval_tick;

void *bide_iter_of(size_t item_size, void *rx)
{
    static const struct leaf_kind kind = {&bide__desc_bide_recv, bide_try_recv, bide_receiver_drop,
                                          NULL};
    struct channel *c = rx;
    if (c == NULL)
        return bide__iter_failed(-EINVAL);
    void (*drop)(void *) = c->drop;
    struct iter *it = of_handle(&kind, item_size, rx);
    if (it->kind == &leaf_iter)
        it->drop = drop;
    return it;
}

void *bide_iter_of_subscriber(size_t item_size, void *subscriber)
{
    static const struct leaf_kind kind = {&bide__desc_bide_subscriber_recv,
                                          bide_subscriber_try_recv, bide_subscriber_drop, NULL};
    if (subscriber == NULL)
        return bide__iter_failed(-EINVAL);
    return of_handle(&kind, item_size, subscriber);
}

static int watcher_now(void *watcher, void *item)
{
    int r = bide_watcher_has_changed(watcher);
    if (r == 1)
        bide_watcher_get(watcher, item);
    return r;
}

void *bide_iter_of_watcher(size_t item_size, void *watcher)
{
    static const struct leaf_kind kind = {&bide__desc_bide_watcher_changed, watcher_now,
                                          bide_watcher_drop, NULL};
    if (watcher == NULL)
        return bide__iter_failed(-EINVAL);
    return of_handle(&kind, item_size, watcher);
}

static void make_instant(void *interval, void *item)
{
    *(bide_instant *)item = bide_interval_ticked(interval);
}

void *bide_iter_of_interval(bide_interval interval)
{
    static const struct leaf_kind kind = {&bide__desc_bide_interval_tick, NULL, NULL, make_instant};
    struct iter *it;
    struct leaf_node *n = leaf_node_new(&kind, sizeof(bide_instant), sizeof(bide_interval), &it);

    if (n != NULL) {
        n->handle = n->item + sizeof(bide_instant);
        memcpy(n->handle, &interval, sizeof interval);
    }
    return it;
}

/* ---- arrays ---- */

struct array_node {
    struct iter node;
    const char *items;
    size_t count;
};

static int array_poll(struct iter *node, struct pull *p, void *item)
{
    struct array_node *n = (struct array_node *)(void *)node;

    if (n->count == 0)
        return 0;
    if (!bide_budget_spend(p->cx))
        return ITER_WAITS;
    bide__copy(item, n->items, node->size);
    n->items += node->size;
    n->count--;
    return 1;
}

static const struct iter_kind array_iter = {.poll = array_poll};

void *bide_iter_of_array(size_t item_size, const void *items, size_t count)
{
    bool made;
    struct iter *it =
        bide__iter_new(&array_iter, sizeof(struct array_node), item_size, NULL, NULL, &made);

    if (made) {
        struct array_node *n = (struct array_node *)(void *)it;
        n->items = items;
        n->count = count;
    }
    return it;
}
