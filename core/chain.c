/*
 * core/chain.c: the loop that drives a chain, and cancellation.
 *
 * A wake polls the leaf; each frame that is done hands over to its parent, until one suspends
 * again. With BIDE_CHAIN_RUN the leaf is not suspended: it is a deferred start, or the frame at
 * which unwinding begins. It is polled at once, and no request is delivered to it.
 *
 * Unwinding happens at a shield level, which is the number of deferred blocks that are running.
 * Level 0 unwinds to the end of the chain. A higher level s unwinds if a request is forced, or
 * memory is missing, while a deferred block runs. It unwinds only down to the frame that runs the
 * block, whose suspended state is marked with BIDE_SHIELDED: there bit s is cleared and the block
 * goes on. In either case bide_fn_fail fills in the result slot of each awaited function that was
 * unwound. From BIDE_LEVELS up nothing unwinds: the await that fails returns the error.
 *
 * A function with BIDE_FN_CANCEL_RETURNS is polled like one that has something to undo, but runs to
 * its own end: its result stands, and the unwinding goes on below it. It starts nothing at that
 * level. Its deferred blocks run one level higher, as always.
 *
 * A function that bide_frame_pause has suspended is the leaf of its chain, without a frame above
 * it. A request unwinds it at once, as if a frame above it had answered BIDE_CANCELLED.
 *
 * While a chain is polled, the context holds the top of its frames and the end of their memory. A
 * suspended chain stores neither: its leaf is the top frame, and the memory is that of its last
 * segment, or else its own.
 *
 * Invariants: a chain that bide_chain_poll leaves pending has a leaf and no BIDE_CHAIN_RUN. A frame
 * is polled while its level unwinds only if its function has BIDE_FN_UNWINDS, and then it ends
 * without an await at that level.
 */
#include "core/ambient.h"
#include "core/inside.h"
#include "core/poll.h"

bool bide__place_far(struct bide_chain *c, char **room, char *end, void *result)
{
    if (!(c->flags & BIDE_CHAIN_FAR)) {
        if (end - *room < BIDE_FAR_SIZE)
            return false;
        c->place.far = (struct bide__far *)(void *)*room;
        c->place.far->ambient = NULL;
        c->flags |= BIDE_CHAIN_FAR;
        *room += BIDE_FAR_SIZE;
    }
    c->place.far->end = end;
    c->place.far->result = result;
    return true;
}

void bide_chain_init(struct bide_chain *chain, void *room, size_t size, void *result)
{
    bide__chain_make(chain, room, size, result);
}

void *bide_chain_begin(struct bide_chain *chain, const struct bide_fn *fn)
{
    size_t size = bide__round_up(fn->frame_size, BIDE_FRAME_UNIT), above = fn->args_size;
    char *at = (char *)chain->leaf;
    bool is_aligned = fn->frame_align_log2 <= 3 && fn->args_align_log2 <= 3;

    bide__must(!(chain->flags & BIDE_CHAIN_LIVE), "chain: begin: it lives already");
    bide__must(fn->version == BIDE_FN_VERSION, "chain: begin: a function of another version");
    if (at == NULL)
        return NULL;
    if (bide__unlikely(!is_aligned)) {
        at = bide__align_up(at, (size_t)1 << fn->frame_align_log2);
        above = bide__args_room(fn);
    }
    if ((intptr_t)(size + above) > bide__own_end(chain) - at)
        return NULL;
    struct bide_frame *f = (struct bide_frame *)(void *)at;
    bide__fresh(f, size);
    f->fn = fn;
    f->state = 0;
    f->parent = f->result = 0;
    chain->leaf = f;
    chain->flags |= BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN;
    at += size;
    return bide__likely(is_aligned) ? at : bide__align_up(at, (size_t)1 << fn->args_align_log2);
}

void bide_chain_cancel(struct bide_chain *chain, int error, bool force)
{
    bide__must(error < 0 && error >= INT16_MIN, "chain: cancel: no negative errno");
    if (!(chain->flags & BIDE_CHAIN_CANCEL))
        chain->request = (int16_t)error;
    chain->flags |= force ? BIDE_CHAIN_CANCEL | BIDE_CHAIN_FORCE : BIDE_CHAIN_CANCEL;
}

static bool level_unwinds(const struct bide_chain *c)
{
    return c->shield < BIDE_LEVELS && (c->unwinding >> c->shield & 1);
}

/* Marks the current level as unwinding. A level that already unwinds keeps its reason. */
static void begin_unwinding(struct bide_chain *c, int error)
{
    if (level_unwinds(c))
        return;
    if (c->shield == 0)
        c->error = (int16_t)error;
    else
        c->shield_error = (int16_t)error;
    if (c->shield < BIDE_LEVELS)
        c->unwinding |= (uint16_t)(1u << c->shield);
}

enum bide_poll bide_frame_fail(struct bide_cx *cx, struct bide_frame *parent, int error)
{
    struct bide_chain *c = cx->chain;

    bide__must(error < 0 && error >= INT16_MIN, "chain: fail: no negative errno");
    begin_unwinding(c, error);
    c->leaf = parent;
    c->flags |= BIDE_CHAIN_RUN;
    return BIDE_PENDING;
}

/* True if a request is waiting and may be delivered to the leaf. */
static bool may_deliver(const struct bide_chain *c)
{
    if (!(c->flags & BIDE_CHAIN_CANCEL) || level_unwinds(c))
        return false;
    if (c->leaf->fn->cancel == NULL && !(c->leaf->fn->flags & BIDE_FN_AWAITS))
        return false;
    return c->shield == 0 || c->flags & BIDE_CHAIN_FORCE;
}

/* Pops the top frame, a cancelled leaf, unless it is a paused function. Returns the frame that then
 * unwinds. */
static struct bide_frame *drop_frame(struct bide_cx *cx, struct bide_frame *f)
{
    const struct bide_fn *fn = f->fn;
    if (fn->cancel == NULL)
        return f;
    struct bide_frame *parent = bide__parent(cx->chain, f);
    void *result = bide__slot(cx, f);

    BIDE__ASSERT(level_unwinds(cx->chain) || cx->chain->shield >= BIDE_LEVELS,
                 "chain: drop: its level does not unwind");
    bide_frame_finish(cx, f);
    bide_fn_fail(fn, bide__unwind_error(cx), result);
    return parent;
}

/* Polls the top frame, or pops it if it has nothing to undo. Its level may be unwinding, or the end
 * of a deferred block may return to a level that is. */
static enum bide_poll poll_unwinding(struct bide_cx *cx, struct bide_frame *f)
{
    struct bide_chain *c = cx->chain;
    const struct bide_fn *fn = f->fn;
    void *result = bide__slot(cx, f);
    enum bide_poll poll;

    if (level_unwinds(c) && f->state & BIDE_SHIELDED)
        c->unwinding &= (uint16_t) ~(1u << c->shield);
    if (level_unwinds(c) && !(fn->flags & BIDE_FN_UNWINDS))
        poll = bide_frame_finish(cx, f);
    else
        poll = fn->poll(cx, f);
    if (poll == BIDE_READY && level_unwinds(c) && !(fn->flags & BIDE_FN_CANCEL_RETURNS))
        bide_fn_fail(fn, bide__unwind_error(cx), result);
    return poll;
}

/* Polls `f`, the top frame, and then each parent whose callee is done. *first is the result of
 * polling f itself. For a chain in which a level unwinds, or may come to unwind. */
static enum bide_poll run_unwinding(struct bide_cx *cx, struct bide_frame *f, enum bide_poll *first)
{
    for (enum bide_poll later, *said = first; f != NULL; said = &later) {
        struct bide_frame *parent = bide__parent(cx->chain, f);
        *said = poll_unwinding(cx, f);
        if (*said == BIDE_PENDING)
            return BIDE_PENDING;
        f = parent;
    }
    return BIDE_READY;
}

/* The same while no level unwinds. Unwinding begins only with a poll that returns BIDE_PENDING. */
static inline enum bide_poll run(struct bide_cx *cx, struct bide_frame *f)
{
    struct bide_chain *c = cx->chain;

    do {
        struct bide_frame *parent = bide__parent(c, f);
        if (f->fn->poll(cx, f) == BIDE_PENDING)
            return BIDE_PENDING;
        f = parent;
    } while (f != NULL);
    return BIDE_READY;
}

/* Sets up the context for polling the chain, whose top frame is f. */
static inline void enter(struct bide_cx *cx, const struct bide_frame *f)
{
    cx->top = bide__frame_end(f);
    cx->end = bide__memory_end(cx->chain, f);
}

/* Polls a chain that has a request, an unwinding level or a leaf that is not suspended. Returns
 * true if it must be called again. */
static __attribute__((noinline)) bool poll_slow(struct bide_cx *cx, enum bide_poll *poll)
{
    struct bide_chain *c = cx->chain;
    struct bide_frame *f = c->leaf;
    enum bide_answer answer = BIDE_WAIT;
    enum bide_poll first = BIDE_READY;

    bide__must(c->flags & (BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN), "chain: poll: it has ended");
    *poll = BIDE_PENDING;
    if (f != NULL)
        enter(cx, f);
    if (c->flags & BIDE_CHAIN_RUN) {
        c->flags &= (uint8_t)~BIDE_CHAIN_RUN;
    } else if (may_deliver(c)) {
        answer = f->fn->cancel != NULL ? f->fn->cancel(cx, f) : BIDE_CANCELLED;
        BIDE__ASSERT(answer == BIDE_WAIT || answer == BIDE_CANCELLED || answer == BIDE_COMPLETED,
                     "chain: cancel: the leaf gave no answer");
        if (answer == BIDE_WAIT)
            return false;
        if (answer == BIDE_CANCELLED) {
            begin_unwinding(c, c->request);
            f = drop_frame(cx, f);
        }
    }
    c->leaf = NULL;
    *poll = run_unwinding(cx, f, &first);
    if (*poll == BIDE_READY) {
        BIDE__ASSERT(!(c->flags & BIDE_CHAIN_LIVE), "chain: end: a frame is left");
        return false;
    }
    if (c->flags & BIDE_CHAIN_RUN)
        return true;
    bide__must(c->leaf != NULL, "chain: suspend: no leaf");
    /*
     * If a request is waiting, ask the new leaf at once. But not a leaf that has answered
     * BIDE_COMPLETED and suspended: the task's budget is spent, and it will return its result
     * later.
     */
    if (!may_deliver(c) || (answer == BIDE_COMPLETED && first == BIDE_PENDING))
        return false;
    /* A deferred block that awaits in an endless loop would be asked for ever, so let others
     * run. */
    return c->shield == 0 || bide_budget_spend(cx);
}

static enum bide_poll poll_on(struct bide_cx *cx)
{
    enum bide_poll poll;

    while (poll_slow(cx, &poll))
        continue;
    return poll;
}

/* Polls f, whose callee is done or which is the leaf, and goes on. */
static inline enum bide_poll poll_from(struct bide_cx *cx, struct bide_frame *f)
{
    struct bide_chain *c = cx->chain;
    enum bide_poll poll = run(cx, f);

    if (poll == BIDE_READY) {
        BIDE__ASSERT(!(c->flags & BIDE_CHAIN_LIVE), "chain: end: a frame is left");
        return poll;
    }
    bide__must(c->leaf != NULL || c->flags & BIDE_CHAIN_RUN, "chain: suspend: no leaf");
    if (bide__likely(!(c->flags & (BIDE_CHAIN_CANCEL | BIDE_CHAIN_RUN))))
        return poll;
    return poll_on(cx);
}

enum bide_poll bide__chain_poll_on(struct bide_cx *cx)
{
    struct bide_chain *c = cx->chain;
    enum bide_poll poll = BIDE_PENDING;

    if (c->flags & (BIDE_CHAIN_CANCEL | BIDE_CHAIN_RUN))
        poll = poll_on(cx);
    bide__ambient_leave(c, poll);
    return poll;
}

enum bide_poll bide__chain_poll_from(struct bide_cx *cx, struct bide_frame *f)
{
    struct bide_chain *c = cx->chain;
    enum bide_poll poll = poll_from(cx, f);

    bide__ambient_leave(c, poll);
    return poll;
}

enum bide_poll bide_chain_poll(struct bide_cx *cx)
{
    struct bide_chain *c = cx->chain;
    struct bide_frame *f = c->leaf;
    struct bide_cx *outer = bide__here.cx;
    enum bide_poll poll;

    bide__here.cx = cx;
    bide__ambient_enter(c);
    if (bide__likely(bide__chain_is(c, BIDE_CHAIN_CANCEL | BIDE_CHAIN_LIVE, BIDE_CHAIN_LIVE))) {
        if (c->flags & BIDE_CHAIN_RUN)
            c->flags &= (uint8_t)~BIDE_CHAIN_RUN;
        enter(cx, f);
        c->leaf = NULL;
        poll = poll_from(cx, f);
    } else {
        poll = poll_on(cx);
    }
    bide__ambient_leave(c, poll);
    bide__here.cx = outer;
    return poll;
}
