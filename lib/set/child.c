/*
 * child.c: the children of future sets: made, woken, polled, ended, freed. See future_set.h.
 */
#include "lib/set/future_set.h"

/* A result is aligned as its size allows, up to this, unless the flag asks for more. */
enum { RESULT_ALIGN_MAX = 64 };

/* ---- memory ---- */

void bide__future_set_unref(struct bide__future_set *set)
{
    if (word_add(&set->references, -(uintptr_t)1, memory_order_acq_rel) == 1)
        bide__free(set, sizeof(*set));
}

/* The usual alignment is twice what the heap gives. To ask for more than it needs and move on costs
 * a third of what the heap's aligned blocks do. *shift is by how much. */
static void *block_new(size_t *size, size_t align, uint8_t *shift)
{
    enum { HEAP = _Alignof(max_align_t), USUAL = _Alignof(struct child) };

    *shift = 0;
    if (align > USUAL)
        return bide__door.alloc(*size, align);
    *size += USUAL - HEAP;
    char *p = bide__door.alloc(*size, 0);
    if (p == NULL)
        return NULL;
    *shift = (uint8_t)(-(uintptr_t)p & (USUAL - 1));
    return p + *shift;
}

static void child_free(struct child *c)
{
    struct bide__future_set *set = c->set;

    bide__free((char *)c - c->shift, c->size);
    bide__future_set_unref(set);
}

void bide__child_unref(struct child *c)
{
    struct bide__future_set *set = c->set;

    if (!child_unref(&c->wake))
        return;
    if (!set->keeps_memory || set->is_closing) {
        child_free(c);
        return;
    }
    c->newer = set->spare;
    set->spare = c;
    bide__future_set_unref(set); /* the handle has another reference */
}

void bide__child_memory_free(struct bide__future_set *set)
{
    struct child *c;

    while ((c = set->spare) != NULL) {
        set->spare = c->newer;
        bide__free((char *)c - c->shift, c->size);
    }
}

/* Memory for a child of this size, all of which have one function if memory is kept. */
static struct child *child_memory(struct bide__future_set *set, size_t *size, size_t align,
                                  uint8_t *shift)
{
    struct child *c = set->spare;

    if (c == NULL)
        return block_new(size, align, shift);
    set->spare = c->newer;
    *size = c->size;
    *shift = c->shift;
    return c;
}

static size_t result_align(const struct bide_fn *fn)
{
    size_t size = fn->result_size, align = size & -size;

    if (fn->flags & BIDE_FN_RESULT_ALIGNED)
        return (size_t)1 << fn->frame_align_log2;
    return align < RESULT_ALIGN_MAX ? align : RESULT_ALIGN_MAX;
}

static size_t round_up(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

/* A child that has not begun, in no list; NULL: no memory. */
static struct child *child_new(struct bide__future_set *set, const struct bide_fn *fn,
                               const void *args)
{
    size_t align = _Alignof(struct child), frame_align = (size_t)1 << fn->frame_align_log2;
    size_t at = offsetof(struct child, room), value_align = 1;

    if (frame_align > align)
        align = frame_align;
    at = round_up(at, frame_align > BIDE_FRAME_UNIT ? frame_align : BIDE_FRAME_UNIT);
    size_t room = at, room_size = round_up(bide_fn_room(fn), BIDE_FRAME_UNIT);
    at += room_size;
    if (fn->result_size > 0) {
        value_align = result_align(fn);
        align = value_align > align ? value_align : align;
        at = round_up(at, value_align);
    }
    size_t size = at + fn->result_size;
    uint8_t shift;
    struct child *c = child_memory(set, &size, align, &shift);
    if (c == NULL)
        return NULL;
    *c = (struct child){
        .wake.vtable = &bide__child_vtable, .set = set, .fn = fn, .size = size, .shift = shift};
    atomic_init(&c->wake.state, CHILD_REF);
    c->result = fn->result_size > 0 ? (char *)c + at : NULL;
    bide_chain_init(&c->chain, (char *)c + room, room_size, c->result);
    void *to = bide_chain_begin(&c->chain, fn);
    bide__copy(to, args, fn->args_size);
    return c;
}

/* ---- wakes ---- */

static struct child *child_of(struct bide_wakeable *w)
{
    return (struct child *)(void *)w;
}

static void waker_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    ready_push(&child_of(w)->set->ready, w, UINT32_C(1) << branch);
}

static void waker_drop(struct bide_wakeable *w)
{
    if (child_unref(w))
        child_free(child_of(w));
}

static void waker_wake(struct bide_wakeable *w, unsigned branch)
{
    waker_wake_by_ref(w, branch);
    waker_drop(w);
}

const struct bide_waker_vtable bide__child_vtable = {child_ref, waker_wake, waker_wake_by_ref,
                                                     waker_drop};

struct child *bide__child_pop(struct bide__future_set *set)
{
    struct bide_wakeable *w;

    while ((w = ready_pop(&set->ready)) != NULL) {
        if (!child_of(w)->has_ended)
            return child_of(w);
        bide__child_unref(child_of(w));
    }
    return NULL;
}

/* ---- the row ---- */

/* Those that the limit has held up, as many as may run. */
static void start_held(struct bide__future_set *set)
{
    while (set->held != NULL && set->running < set->limit) {
        struct bide_wakeable *w = set->held;
        set->held = w->next;
        set->running++;
        ready_push(&set->ready, w, 1);
    }
}

bool bide__future_set_try_add(struct bide__future_set *set, const struct bide_fn *fn,
                              const void *args)
{
    struct child *c = child_new(set, fn, args);

    if (c == NULL)
        return false;
    set->length++;
    word_add(&set->references, 1, memory_order_relaxed);
    c->id = ++set->ids;
    c->older = set->last;
    if (set->last != NULL)
        set->last->newer = c;
    else
        set->first = c;
    set->last = c;
    if (set->held != NULL)
        set->held_last->next = &c->wake;
    else
        set->held = &c->wake;
    set->held_last = &c->wake;
    start_held(set);
    return true;
}

uint64_t bide__future_set_add(void *handle, const struct bide_fn *fn, const void *args)
{
    struct bide__future_set *set = handle;

    if (set != NULL && !set->is_closing) {
        if (bide__future_set_try_add(set, fn, args))
            return set->ids;
        set->length++;
        set->unmade++;
    }
    bide__args_release(fn, args);
    return 0;
}

void bide__child_take(struct bide__future_set *set, struct child *c)
{
    if (c->older != NULL)
        c->older->newer = c->newer;
    else
        set->first = c->newer;
    if (c->newer != NULL)
        c->newer->older = c->older;
    else
        set->last = c->older;
    set->length--;
    bide__child_unref(c);
}

void bide__child_drop(struct bide__future_set *set, struct child *c)
{
    if (c->error == 0)
        bide__value_release(c->fn, c->result);
    if (c->error == 0 && set->drop != NULL)
        set->drop(set->owner, c->result);
    bide__child_take(set, c);
}

/* ---- polls ---- */

static void ended(struct bide__future_set *set, struct child *c, int error)
{
    c->has_ended = true;
    c->error = error;
    word_set(&c->wake.state, CHILD_ENDED);
    set->running--;
    if (!set->is_closing)
        start_held(set);
}

void bide__child_forget(struct bide__future_set *set, struct child *c)
{
    void *args = bide__args_above(c->chain.leaf);

    bide__args_release(c->fn, args);
    if (set->drop_args != NULL)
        set->drop_args(set->owner, args);
    ended(set, c, -ECANCELED);
}

/* It holds what belongs to one thread, and this task may change threads. */
static bool is_refused(const struct bide_cx *cx, const struct child *c)
{
    return !c->is_begun && cx->turn->refuses != NULL && cx->turn->refuses(c->fn);
}

bool bide__child_poll(struct bide__future_set *set, struct bide_cx *cx, struct child *c)
{
    uint32_t outer = cx->turn->woken;
    uint32_t woken = child_take_woken(&c->wake);

    if (is_refused(cx, c)) {
        bide__child_forget(set, c);
        c->error = -EPERM;
        return true;
    }
    struct bide_cx sub = {.chain = &c->chain,
                          .waker = bide_waker_make(&c->wake, 0),
                          .turn = cx->turn,
                          .depth = cx->depth + 1};
    c->is_begun = true;
    cx->turn->woken = woken & 1 ? UINT32_MAX : woken;
    uint32_t budget = cx->turn->budget;
    if (set->is_unconstrained)
        cx->turn->budget = UINT32_MAX;
    enum bide_poll poll = bide_chain_poll(&sub);
    if (set->is_unconstrained)
        cx->turn->budget = budget;
    cx->turn->woken = outer;
    if (poll == BIDE_PENDING)
        return false;
    ended(set, c, bide_chain_error(&c->chain));
    return true;
}
