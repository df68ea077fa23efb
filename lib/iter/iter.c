/*
 * lib/iter/iter.c: nodes made and freed; bide_next; bide_iter_drop and bide_iter_close. See iter.h.
 *
 * The end of a tree goes from its root to its leaves, since an async function above may use what is
 * below it: of each node first the set ends, which may have to wait, and then the node is freed. A
 * drop does as much of that as it can in place, with a waker that wakes nobody. If some function
 * still waits, a task closes the rest.
 */
#include "lib/iter/iter.h"

#include <assert.h>

enum { DROP_BUDGET = 1024, NEST_MAX = 1000 };

/* ---- iterators that fail ---- */

static int failed_enomem(struct iter *node, struct pull *p, void *item)
{
    (void)node, (void)item;
    return bide_budget_spend(p->cx) ? -ENOMEM : ITER_WAITS;
}

static int failed_einval(struct iter *node, struct pull *p, void *item)
{
    (void)node, (void)item;
    return bide_budget_spend(p->cx) ? -EINVAL : ITER_WAITS;
}

static const struct iter_kind enomem_kind = {.poll = failed_enomem};
static const struct iter_kind einval_kind = {.poll = failed_einval};

/* They are never written. */
static const struct iter enomem = {.kind = &enomem_kind}, einval = {.kind = &einval_kind};

struct iter *bide__iter_failed(int error)
{
    return (struct iter *)(uintptr_t)(error == -ENOMEM ? &enomem : &einval);
}

bool bide__iter_is_failed(const struct iter *node)
{
    return node == &enomem || node == &einval;
}

/* ---- made ---- */

struct iter *bide__iter_new(const struct iter_kind *kind, size_t size, size_t item_size,
                            struct iter *source, struct iter *second, bool *made)
{
    struct iter *failed = NULL, *node = NULL;
    unsigned depth = 0;

    if (source != NULL && bide__iter_is_failed(source))
        failed = source;
    else if (second != NULL && bide__iter_is_failed(second))
        failed = second;
    if (source != NULL)
        depth = source->depth;
    if (second != NULL && second->depth > depth)
        depth = second->depth;
    if (failed == NULL && depth < ITER_DEPTH_MAX)
        node = bide__alloc(size);
    *made = node != NULL;
    if (node == NULL) {
        bide_iter_drop(source);
        bide_iter_drop(second);
        return failed != NULL ? failed : bide__iter_failed(-ENOMEM);
    }
    memset(node, 0, size);
    *node = (struct iter){.kind = kind,
                          .source = source,
                          .second = second,
                          .size = item_size,
                          .block = size,
                          .depth = (uint16_t)(depth + 1)};
    return node;
}

/* ---- next ---- */

struct next {
    struct bide_frame h;
    void *it;
    void *item;
    struct iter_wait *waits;
};

/* Nothing in the tree has the waker any more. */
static void undo_all(struct iter_wait **waits, struct bide_cx *cx)
{
    struct iter_wait *w;
    uint32_t budget = cx->turn->budget;

    cx->turn->budget = UINT32_MAX; /* what comes now is kept */
    while ((w = *waits) != NULL) {
        void (*undo)(struct iter_wait *, struct bide_cx *) = w->undo;
        *waits = w->next;
        w->undo = NULL;
        undo(w, cx);
    }
    cx->turn->budget = budget;
}

/* True: there is nothing to poll, but an error. */
static bool is_refused(const struct bide_cx *cx, const struct iter *it, int *error)
{
    *error = it == NULL ? -EINVAL : it->leaf != NULL ? -EBUSY : -ENOMEM;
    return it == NULL || it->leaf != NULL || cx->depth >= NEST_MAX;
}

static void set_leaf(struct iter *it, const struct bide_frame *leaf)
{
    if (!bide__iter_is_failed(it))
        it->leaf = leaf;
}

/* What is there at once, without a frame. The root has the leaf of nobody meanwhile, so that a
 * function of the user that comes back is refused. */
static bool next_now(struct bide_cx *cx, void *it, void *item, int *result)
{
    static const struct bide_frame nobody;
    struct iter_wait *waits = NULL;
    struct pull p = {.cx = cx, .waits = &waits};

    if (is_refused(cx, it, result))
        return true;
    set_leaf(it, &nobody);
    *result = iter_poll(it, &p, item);
    set_leaf(it, NULL);
    return *result != ITER_WAITS;
}

static enum bide_poll next_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;
    struct pull p = {.cx = cx, .waits = &f->waits, .leaf = h, .may_wait = true};
    int r;

    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        f->waits = NULL;
        if (is_refused(cx, f->it, &r))
            return bide__leaf_finish(cx, h, r);
        set_leaf(f->it, h);
    }
    r = iter_poll(f->it, &p, f->item);
    if (r == ITER_WAITS)
        return bide_frame_suspend(cx, h);
    undo_all(&f->waits, cx);
    set_leaf(f->it, NULL);
    return bide__leaf_finish(cx, h, r);
}

static enum bide_answer next_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    undo_all(&f->waits, cx);
    set_leaf(f->it, NULL);
    return BIDE_CANCELLED;
}

BIDE__LEAF_NOW(int, bide_next, struct next, next_now, next_poll, next_cancel, (void *, it),
               (void *, item));

/* ---- the end ---- */

struct close {
    struct bide_frame h;
    void *it;  /* what is left of it; NULL: nothing */
    void *set; /* is being unwound; NULL: none is */
    bool forced;
};

/* Frees nodes until none is left, and returns true, or until a set must be unwound first. The nodes
 * that are left hang together by `source`: the second one of a node comes before the first. */
static bool free_until_set(struct close *f)
{
    struct iter *node, *next;

    while ((node = f->it) != NULL && !bide__iter_is_failed(node)) {
        assert(node->leaf == NULL);
        if (node->kind->take_set != NULL && (f->set = node->kind->take_set(node)) != NULL)
            return false;
        if (node->kind->end != NULL)
            node->kind->end(node);
        next = node->source;
        if (node->second != NULL) {
            struct iter *last = node->second;
            while (last->source != NULL)
                last = last->source;
            last->source = next;
            next = node->second;
        }
        f->it = next;
        bide__free(node, node->block);
    }
    return true;
}

/* Goes on with the end. True: it is over. */
static bool end_further(struct close *f, struct bide_cx *cx)
{
    do {
        if (f->set != NULL && f->h.fn != NULL) /* a frame, which dumps know */
            bide__future_set_polled_by(f->set, &f->h);
        if (f->set != NULL && !bide__future_set_unwind(f->set, cx))
            return false;
        f->set = NULL;
        if (free_until_set(f))
            return true;
        bide__future_set_ask(f->set, f->forced);
    } while (true);
}

static enum bide_poll close_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct close *f = (struct close *)(void *)h;

    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        f->forced = false;
    }
    return end_further(f, cx) ? bide_frame_finish(cx, h) : bide_frame_suspend(cx, h);
}

/* It ends all the same. */
static enum bide_answer close_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct close *f = (struct close *)(void *)h;

    if (cx->chain->flags & BIDE_CHAIN_FORCE && !f->forced) {
        f->forced = true;
        bide__future_set_ask(f->set, true);
    }
    if (!end_further(f, cx)) {
        bide_frame_suspend(cx, h);
        return BIDE_WAIT;
    }
    f->it = NULL;
    return BIDE_COMPLETED;
}

/* What a drop has left. */
BIDE__LEAF_INNER(void, bide__iter_end, struct close, BIDE__NOT_NOW, close_poll, close_cancel,
                 (void *, it), (void *, set));

static enum bide_poll close_begin(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct close *)(void *)h)->set = NULL;
    return close_poll(cx, h);
}

BIDE__LEAF_ARGS(bide_iter_close, (void *, it))

enum bide_poll bide__start_bide_iter_close(struct bide_cx *cx, struct bide_frame *parent,
                                           void *result, void *it);

/* Without memory for its frame nobody waits. */
enum bide_poll bide__start_bide_iter_close(struct bide_cx *cx, struct bide_frame *parent,
                                           void *result, void *it)
{
    struct close *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_iter_close, parent, result);

    if (f == NULL) {
        bide_iter_drop(it);
        return BIDE_PENDING;
    }
    f->it = it;
    return close_begin(cx, &f->h);
}

BIDE__LEAF_BLOCKING(void, bide_iter_close, (void *, it))
BIDE__LEAF_REST(void, bide_iter_close, struct close, bide_iter_close, close_begin, close_cancel,
                (void *, it));

/* ---- without waiting ---- */

static void ignore(struct bide_wakeable *w)
{
    (void)w;
}

static void ignore_wake(struct bide_wakeable *w, unsigned branch)
{
    (void)w, (void)branch;
}

static const struct bide_waker_vtable nobody_vtable = {ignore, ignore_wake, ignore_wake, ignore};

/* Ends what can be ended without a wait. False: the rest is in *f. Only a thread that runs tasks
 * can poll what must be unwound. */
static bool end_at_once(struct close *f)
{
    static struct bide_wakeable nobody = {.vtable = &nobody_vtable};
    struct bide_turn turn = {.memory = &bide__memory, .woken = UINT32_MAX, .budget = DROP_BUDGET};
    struct bide_cx cx = {.waker = bide_waker_make(&nobody, 0), .turn = &turn};
    bool is_over = false;

    if (bide__runtime_running() != NULL) {
        is_over = end_further(f, &cx);
        bide_turn_end(&turn);
        return is_over;
    }
    while (!is_over && (f->set == NULL || bide__future_set_is_empty(f->set))) {
        if (f->set != NULL)
            bide__future_set_unwind(f->set, &cx);
        f->set = NULL;
        is_over = free_until_set(f);
        if (!is_over)
            bide__future_set_ask(f->set, false);
    }
    return is_over;
}

void bide_iter_drop(void *it)
{
    struct close f = {.it = it};

    if (end_at_once(&f))
        return;
    const struct bide__iter_end_args args = {f.it, f.set};
    bide__task_release(bide__spawn(&bide__desc_bide__iter_end, &args));
}
