/*
 * lib/iter/call.c: iterators that run async functions of which each item is one call (steps, lines,
 * accepted connections), or which give items while they run (stages); and what nodes with future
 * sets share.
 *
 * The function is the one child of a future set in the node. It stores its item in the node, since
 * it may be suspended, or end, while no bide_next is under way.
 *
 * A stage gives by the leaf bide_give, which copies the item to the node and stops the poll of the
 * set. It is woken when the next item is wanted. `wants` is true from then on until an item is
 * given.
 */
#include "lib/iter/iter.h"

/* ---- sets ---- */

int bide__iter_set_make(struct iter_set *s, size_t limit, bool is_ordered)
{
    int rc = s->set == NULL ? bide__future_set_new(limit, is_ordered, &s->set) : 0;

    if (rc == 0)
        s->set->keeps_memory = true;
    return rc;
}

static void leave_set(struct iter_wait *wait, struct bide_cx *cx)
{
    (void)cx;
    bide__future_set_polled_by(((struct iter_set *)(void *)wait)->set, NULL);
}

int bide__iter_set_poll(struct iter_set *s, struct pull *p, void *out, const bool *stops)
{
    struct bide__future_set *set = s->set;

    if (!p->may_wait && bide__future_set_is_quiet(set))
        return ITER_WAITS;
    if (p->may_wait) {
        set->flock.leaf = p->leaf;
        iter_waits(p, &s->wait, leave_set);
    }
    int r = bide__future_set_poll(set, p->cx, out, stops);
    if (!p->may_wait && r == BIDE__SET_WAITS)
        bide__future_set_polled_by(set, NULL);
    return r;
}

struct bide__future_set *bide__iter_set_take(struct iter_set *s)
{
    struct bide__future_set *set = s->set;

    s->set = NULL;
    return set;
}

/* ---- a call for each item ---- */

struct call_node {
    struct iter node;
    struct iter_set set;
    const struct bide_fn *fn; /* (object, item), or (object, item, more) */
    void *object, *more;
    bool is_called, makes_one;
    _Alignas(max_align_t) char item[];
};

struct call_args {
    void *object, *item, *more;
};

/* A call that ends while the set is closed has an item that nobody gets. */
static void lose_call(void *owner, void *result)
{
    struct call_node *n = owner;
    int r = *(int *)result;

    if (r > 0 || (r == 0 && n->makes_one))
        iter_lose(&n->node, n->item);
}

static int call_poll(struct iter *node, struct pull *p, void *item)
{
    struct call_node *n = (struct call_node *)(void *)node;
    const struct call_args args = {n->object, n->item, n->more};
    int result = 0, r = bide__iter_set_make(&n->set, 1, false);

    if (r < 0)
        return r;
    n->set.set->owner = n;
    n->set.set->drop = lose_call;
    if (!n->is_called && !bide__future_set_try_add(n->set.set, n->fn, &args))
        return -ENOMEM;
    n->is_called = true;
    r = bide__iter_set_poll(&n->set, p, &result, NULL);
    if (r == ITER_WAITS)
        return r;
    n->is_called = false;
    if (r == 1)
        r = result == 0 && n->makes_one ? 1 : result;
    if (r <= 0)
        return r;
    bide__copy(item, n->item, node->size);
    return 1;
}

static struct bide__future_set *call_take_set(struct iter *node)
{
    return bide__iter_set_take(&((struct call_node *)(void *)node)->set);
}

static const struct iter_kind call_kind = {.poll = call_poll, .take_set = call_take_set};

static void *call_new(const struct bide_fn *fn, void *object, const void *more, size_t item_size,
                      bool makes_one)
{
    struct iter *it;
    bool made = false;

    if (item_size > PTRDIFF_MAX / 2)
        return bide__iter_failed(-ENOMEM);
    it = bide__iter_new(&call_kind, sizeof(struct call_node) + item_size, item_size, NULL, NULL,
                        &made);
    if (made) {
        struct call_node *n = (struct call_node *)(void *)it;
        n->fn = fn;
        n->object = object;
        n->more = (void *)(uintptr_t)more;
        n->makes_one = makes_one;
    }
    return it;
}

extern const struct bide_fn bide__desc_bide_reader_line, bide__desc_bide_tcp_accept;
extern const struct bide_fn bide__desc_bide__reader_next, bide__desc_bide__reader_next_frame;
extern const struct bide_fn bide__desc_bide_signals_next;

void *bide_iter_of_steps(size_t item_size, const void *step, void *state)
{
    return call_new(step, state, NULL, item_size, false);
}

void *bide_iter_of_lines(bide_reader *reader)
{
    return call_new(&bide__desc_bide_reader_line, reader, NULL, sizeof(char *), false);
}

void *bide_iter_of_reader(bide_reader *reader)
{
    return call_new(&bide__desc_bide__reader_next, reader, NULL, sizeof(bide_bytes), false);
}

void *bide_iter_of_frames(bide_reader *reader, const bide_codec *codec)
{
    return call_new(&bide__desc_bide__reader_next_frame, reader, codec, sizeof(bide_bytes), false);
}

static void close_stream(void *item)
{
    bide_stream_close(*(bide_stream **)item);
}

void *bide_iter_of_listener(bide_tcp_listener *listener)
{
    return bide_iter_owned(
        call_new(&bide__desc_bide_tcp_accept, listener, NULL, sizeof(bide_stream *), true),
        close_stream);
}

void *bide_iter_of_signals(bide_signals *signals)
{
    return call_new(&bide__desc_bide_signals_next, signals, NULL, sizeof(bide_signal), false);
}

/* ---- stages ---- */

struct stage_node {
    struct iter node;
    struct iter_set set;
    const struct bide_fn *fn; /* (giver, state), or (source, giver, state) */
    void *state;
    bool has_begun;
    bool is_given;    /* there is an item, which the caller has not got */
    bool is_over;     /* the stage has failed: the end comes next */
    void *giving;     /* the bide_give that waits for the next to be wanted; NULL: none does */
    bide_waker waker; /* of that, a clone; bits 0: it was woken */
    _Alignas(max_align_t) char item[];
};

static struct stage_node *stage_of(struct iter *node)
{
    return (struct stage_node *)(void *)node;
}

static int begin_stage(struct stage_node *n)
{
    struct iter *source = n->node.source;
    void *const with_source[] = {source, n, n->state}, *const alone[] = {n, n->state};
    int rc = bide__iter_set_make(&n->set, 1, false);

    if (rc < 0)
        return rc;
    n->has_begun =
        bide__future_set_try_add(n->set.set, n->fn, source != NULL ? with_source : alone);
    return n->has_begun ? 0 : -ENOMEM;
}

static void want(struct stage_node *n)
{
    bide_waker waker = n->waker;

    n->giving = NULL;
    n->waker.bits = 0;
    if (waker.bits != 0)
        bide_waker_wake(waker);
}

static int stage_poll(struct iter *node, struct pull *p, void *item)
{
    struct stage_node *n = stage_of(node);
    int result = 0, r = 0;

    if (n->is_over)
        return 0;
    if (!n->has_begun && (r = begin_stage(n)) < 0)
        return r;
    if (!n->is_given && n->giving != NULL)
        want(n);
    if (!n->is_given)
        r = bide__iter_set_poll(&n->set, p, &result, &n->is_given);
    if (n->is_given) {
        n->is_given = false;
        bide__copy(item, n->item, node->size);
        return 1;
    }
    if (r == ITER_WAITS)
        return r;
    r = r == 1 && result < 0 ? result : r < 0 ? r : 0;
    n->is_over = true;
    return r;
}

static struct bide__future_set *stage_take_set(struct iter *node)
{
    return bide__iter_set_take(&stage_of(node)->set);
}

static const struct iter_kind stage_kind = {.poll = stage_poll, .take_set = stage_take_set};

static void *stage_new(struct iter *source, size_t item_size, const void *stage, void *state)
{
    struct iter *it;
    bool made = false;

    if (item_size > PTRDIFF_MAX / 2) {
        bide_iter_drop(source);
        return bide__iter_failed(-ENOMEM);
    }
    it = bide__iter_new(&stage_kind, sizeof(struct stage_node) + item_size, item_size, source, NULL,
                        &made);
    if (made) {
        stage_of(it)->fn = stage;
        stage_of(it)->state = state;
    }
    return it;
}

void *bide_iter_of_stage(size_t item_size, const void *stage, void *state)
{
    return stage_new(NULL, item_size, stage, state);
}

void *bide_iter_through(void *source, size_t item_size, const void *stage, void *state)
{
    if (source == NULL)
        return bide__iter_failed(-EINVAL);
    return stage_new(source, item_size, stage, state);
}

/* ---- to give ---- */

struct give {
    struct bide_frame h;
    void *giver;
    const void *item;
};

/* It is about to be cancelled. A give in a deferred block is not, so when nobody will ever want its
 * item, it fails. */
static bool is_asked(const struct bide_chain *c)
{
    return c->flags & BIDE_CHAIN_CANCEL && c->shield == 0;
}

static enum bide_poll give_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct give *f = (struct give *)(void *)h;
    struct stage_node *n = f->giver;

    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        if (n->set.set == NULL && !is_asked(cx->chain))
            return bide__leaf_finish(cx, h, -EPIPE);
        if (n->giving != NULL)
            return bide__leaf_finish(cx, h, -EBUSY);
        n->giving = h;
        n->is_given = true;
        bide__copy(n->item, f->item, n->node.size);
    }
    if (n->giving != h) /* the next one is wanted */
        return bide__leaf_finish(cx, h, 0);
    bide_waker old = n->waker;
    n->waker = bide_waker_clone(cx->waker);
    if (old.bits != 0)
        bide_waker_drop(old);
    return bide_frame_suspend(cx, h);
}

static enum bide_answer give_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    const struct give *f = (const struct give *)(const void *)h;
    struct stage_node *n = f->giver;

    (void)cx;
    if (n->giving != h)
        return BIDE_COMPLETED;
    bide_waker waker = n->waker;
    bool is_back = n->is_given; /* nobody has got the item */
    n->giving = NULL;
    n->waker.bits = 0;
    n->is_given = false;
    if (waker.bits != 0)
        bide_waker_drop(waker);
    return is_back ? BIDE_CANCELLED : BIDE_COMPLETED;
}

BIDE__LEAF(int, bide_give, struct give, give_poll, give_cancel, (void *, giver),
           (const void *, item));
