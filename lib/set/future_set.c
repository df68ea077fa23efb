/*
 * future_set.c: future sets: made, asked for the next end, closed. future_set.h says what a child
 * is.
 *
 * The leaves poll the children that were woken, one after another, and spend one operation of the
 * task's budget on each; when that is used up they let other tasks run. They hold no memory of
 * their own, so a `next` that is cancelled changes nothing.
 */
#include "lib/set/future_set.h"

#undef bide_future_set_next
#undef bide_future_set_close

enum { WAITS = BIDE__SET_WAITS };

enum { NEST_MAX = 1000 }; /* as for futures that are driven inside each other */

/* ---- next ---- */

struct next {
    struct bide_frame h;
    struct bide__future_set *set;
    void *out;     /* the result goes here; */
    size_t stride; /* not 0: `out` is an array, and it goes to the place of its number */
    uint64_t *id;
};

/* The child has ended. */
static int tell(struct next *f, struct child *c)
{
    int error = c->error;

    if (f->id != NULL)
        *f->id = c->id;
    if (error == 0 && f->out != NULL)
        bide__copy((char *)f->out + f->stride * (c->id - 1), c->result, c->fn->result_size);
    bide__child_take(f->set, c); /* `out` NULL: it has no result */
    return error == 0 ? 1 : error;
}

/* The end that is to be told next, if it is known without a poll; else WAITS. */
static int known_end(struct next *f)
{
    struct bide__future_set *set = f->set;

    if (set->is_ordered && set->first != NULL && set->first->has_ended)
        return tell(f, set->first);
    if (set->first != NULL)
        return WAITS;
    if (set->unmade == 0)
        return 0;
    set->unmade--;
    set->length--;
    if (f->id != NULL)
        *f->id = 0;
    return -ENOMEM;
}

/* The first child of a poll is polled, and costs nothing, if it has begun: else sets inside each
 * other, deeper than the budget, would use it up in each turn before the innermost child. */
static bool is_free(const struct child *c, bool is_first)
{
    return is_first && c->is_begun;
}

/* True: there is a child to poll, but the budget is used up; the task is woken. */
static bool must_yield(struct bide__future_set *set, struct bide_cx *cx, bool is_first)
{
    if (cx->turn->budget > 0)
        return false;
    const struct bide_wakeable *w = ready_first(&set->ready);
    return w != NULL && !is_free((const struct child *)(const void *)w, is_first) &&
           !bide_budget_spend(cx);
}

/* Polls until a child has ended whose end is to be told, or *stops. WAITS: none has. */
static int poll_until_told(struct next *f, struct bide_cx *cx, const bool *stops)
{
    struct bide__future_set *set = f->set;
    int r;

    for (bool is_first = true; (r = known_end(f)) == WAITS; is_first = false) {
        if (must_yield(set, cx, is_first))
            return WAITS;
        struct child *c = bide__child_pop(set);
        if (c == NULL && ready_wait(&set->ready, cx->waker))
            return WAITS;
        if (c == NULL)
            continue;
        if (!is_free(c, is_first))
            bide_budget_spend(cx);
        if (bide__child_poll(set, cx, c) && !set->is_ordered)
            r = tell(f, c);
        bide__child_unref(c);
        if (r != WAITS || (stops != NULL && *stops))
            break;
    }
    return r;
}

int bide__future_set_poll(struct bide__future_set *set, struct bide_cx *cx, void *out,
                          const bool *stops)
{
    struct next f = {.set = set, .out = out};

    return poll_until_told(&f, cx, stops);
}

void bide__future_set_polled_by(struct bide__future_set *set, const struct bide_frame *leaf)
{
    set->flock.leaf = leaf;
    if (leaf == NULL)
        ready_leave(&set->ready);
}

/* The awaiting function is unwound, as by a call that finds no memory. */
static enum bide_poll too_deep(struct bide_cx *cx, struct next *f)
{
    struct bide_segment *segment = bide_chain_segment(cx->chain);
    struct bide_frame *parent = bide_frame_below(&f->h, &segment);

    bide__leaf_finish(cx, &f->h, -ENOMEM);
    return bide_frame_fail(cx, parent, -ENOMEM);
}

static enum bide_poll next_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    h->state = BIDE__BEGUN;
    if (f->set == NULL)
        return bide__leaf_finish(cx, h, -EINVAL);
    if (f->set->is_closing || (f->set->flock.leaf != NULL && f->set->flock.leaf != h))
        return bide__leaf_finish(cx, h, -EBUSY);
    if (cx->depth >= NEST_MAX)
        return too_deep(cx, f);
    f->set->flock.leaf = h;
    int r = poll_until_told(f, cx, NULL);
    if (r == WAITS)
        return bide_frame_suspend(cx, h);
    f->set->flock.leaf = NULL;
    return bide__leaf_finish(cx, h, r);
}

static enum bide_answer next_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    (void)cx;
    bide__future_set_polled_by(f->set, NULL);
    return BIDE_CANCELLED;
}

BIDE__LEAF(int, bide_future_set_next, struct next, next_poll, next_cancel,
           (struct bide__future_set *, set), (void *, out), (size_t, stride), (uint64_t *, id));

size_t bide__future_set_length(const struct bide__future_set *set)
{
    return set != NULL ? set->length : 0;
}

uint64_t bide__future_set_ids(const struct bide__future_set *set)
{
    return set != NULL ? set->ids : 0;
}

void bide__future_set_unconstrain(struct bide__future_set *set)
{
    if (set != NULL)
        set->is_unconstrained = true;
}

/* ---- close ---- */

struct close {
    struct bide_frame h;
    struct bide__future_set *set; /* NULL: it is gone, or there was none */
    bool forced;
};

/* Asks all that have begun to cancel, in their order; the others never begin. */
void bide__future_set_ask(struct bide__future_set *set, bool force)
{
    struct child *c, *newer;

    set->is_closing = true;
    set->held = NULL;
    set->unmade = 0;
    while ((c = bide__child_pop(set)) != NULL)
        bide__child_unref(c);
    for (c = set->first; c != NULL; c = newer) {
        newer = c->newer;
        if (!c->has_ended && !c->is_begun)
            bide__child_forget(set, c);
        if (c->has_ended) {
            bide__child_drop(set, c);
            continue;
        }
        bide_chain_cancel(&c->chain, -ECANCELED, force);
        ready_push(&set->ready, &c->wake, 1);
    }
}

static void set_end(struct bide__future_set *set)
{
    struct bide_wakeable *w, *next;

    bide__flock_remove(&set->flock);
    for (w = ready_end(&set->ready); w != NULL; w = next) {
        next = w->next;
        bide__child_unref((struct child *)(void *)w);
    }
    bide__child_memory_free(set);
    bide__future_set_unref(set);
}

/* True: all children have ended, and the set is gone. */
bool bide__future_set_unwind(struct bide__future_set *set, struct bide_cx *cx)
{
    for (bool is_first = true; set->first != NULL; is_first = false) {
        if (must_yield(set, cx, is_first))
            return false;
        struct child *c = bide__child_pop(set);
        if (c == NULL && ready_wait(&set->ready, cx->waker))
            return false;
        if (c == NULL)
            continue;
        if (!is_free(c, is_first))
            bide_budget_spend(cx);
        if (bide__child_poll(set, cx, c))
            bide__child_drop(set, c);
        bide__child_unref(c);
    }
    set_end(set);
    return true;
}

static enum bide_poll close_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct close *f = (struct close *)(void *)h;

    if (h->state == 0) {
        f->forced = false;
        h->state = BIDE__BEGUN;
        if (f->set != NULL)
            bide__future_set_ask(f->set, false);
    }
    if (f->set == NULL)
        return bide_frame_finish(cx, h);
    f->set->flock.leaf = h;
    return bide__future_set_unwind(f->set, cx) ? bide_frame_finish(cx, h)
                                               : bide_frame_suspend(cx, h);
}

/* The set is closed all the same. */
static enum bide_answer close_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct close *f = (struct close *)(void *)h;

    if (cx->chain->flags & BIDE_CHAIN_FORCE && !f->forced) {
        f->forced = true;
        bide__future_set_ask(f->set, true);
    }
    if (!bide__future_set_unwind(f->set, cx)) {
        bide_frame_suspend(cx, h);
        return BIDE_WAIT;
    }
    f->set = NULL;
    return BIDE_COMPLETED;
}

BIDE__LEAF_ARGS(bide_future_set_close, (struct bide__future_set *, set))

enum bide_poll bide__start_bide_future_set_close(struct bide_cx *cx, struct bide_frame *parent,
                                                 void *result, struct bide__future_set *set);

/* Without memory for its frame a task of its own does it. */
enum bide_poll bide__start_bide_future_set_close(struct bide_cx *cx, struct bide_frame *parent,
                                                 void *result, struct bide__future_set *set)
{
    struct close *f =
        bide_frame_push(cx, sizeof(*f), &bide__desc_bide_future_set_close, parent, result);

    if (f == NULL) {
        bide__future_set_free(set);
        return BIDE_PENDING;
    }
    f->set = set;
    return close_poll(cx, &f->h);
}

BIDE__LEAF_BLOCKING(void, bide_future_set_close, (struct bide__future_set *, set))
BIDE__LEAF_REST(void, bide_future_set_close, struct close, bide_future_set_close, close_poll,
                close_cancel, (struct bide__future_set *, set));

int bide__future_set_free(struct bide__future_set *set)
{
    bool is_begun = false;

    if (set == NULL)
        return 0;
    for (const struct child *c = set->first; c != NULL && !is_begun; c = c->newer)
        is_begun = c->is_begun && !c->has_ended;
    if (!is_begun) {
        bide__future_set_ask(set, false);
        set_end(set);
        return 0;
    }
    const struct bide_future_set_close_args args = {set};
    void *task = bide__spawn(&bide__desc_bide_future_set_close, &args);
    int error = bide__handle_error(task);
    bide__task_release(task);
    return error;
}

/* ---- its beginning, and dumps ---- */

static void each_child(const struct bide__flock *flock,
                       void (*f)(void *argument, uint64_t id, const char *state,
                                 const struct bide_chain *chain, const struct bide_fn *fn),
                       void *argument)
{
    const struct bide__future_set *set = (const struct bide__future_set *)(const void *)flock;

    for (const struct child *c = set->first; c != NULL; c = c->newer) {
        bool is_woken = atomic_load_explicit(&c->wake.state, memory_order_relaxed) & CHILD_QUEUED;
        const char *state = !c->is_begun ? " has not begun" : is_woken ? " was woken" : " waits";
        if (!c->has_ended)
            f(argument, c->id, state, c->is_begun ? &c->chain : NULL, c->fn);
    }
}

int bide__future_set_new(size_t limit, int is_ordered, void *out)
{
    struct bide__future_set *set = bide__alloc(sizeof(*set));

    if (set != NULL) {
        *set = (struct bide__future_set){.flock.each = each_child,
                                         .limit = limit > 0 ? limit : SIZE_MAX,
                                         .is_ordered = is_ordered};
        atomic_init(&set->references, 1);
        bide__flock_add(&set->flock);
    }
    memcpy(out, &set, sizeof(set));
    return set != NULL ? 0 : -ENOMEM;
}
