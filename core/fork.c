/*
 * core/fork.c: a group that is made only when one of its branches suspends.
 *
 * A fork (bide/core.h) starts its branches on the awaiting chain, above the place of the group's
 * frame. As long as they are ready nothing of a group is needed. The first one that suspends, or
 * whose start is deferred or fails, is adopted: the frames above the awaiting frame stay where they
 * are, and what the chain says about them moves to a chain of the branch's own.
 *
 *     awaiting chain:  ... awaiting frame | (group, chains)  frames of the branch
 *     afterwards:      ... awaiting frame | group, chains  | frames of the branch, room | rooms
 *
 * A fork needs room for all of the group, so that nothing can fail when the branch is adopted.
 * Otherwise, and in deferred blocks, whose shield is the chain's, a group is pushed at once.
 *
 * Values (ambient.h) that the branch has opened on the awaiting chain move with its frames.
 *
 * Invariants: before the start, the chain's shield and unwinding are 0, and they are 0 again when
 * the branch has been adopted. The branch keeps the waker with which it began, so its id is that of
 * the waker (see bide__fork).
 */
#include "core/ambient.h"
#include "core/inside.h"

/* Rooms are at most this; larger frames go to segments. */
enum { ROOM_MAX = 1 << 26 };

void bide__site_measure(struct bide__site *site)
{
    size_t size = sizeof(struct bide_group) + site->count * sizeof(struct bide_chain);

    /* Several threads may be here; they store the same. */
    for (unsigned i = 0; i < site->count; i++) {
        size_t room = bide_fn_room(site->fns[i]);
        if (room < sizeof(struct bide_frame))
            room = sizeof(struct bide_frame); /* for `paused` */
        if (room > ROOM_MAX)
            room = ROOM_MAX;
        __atomic_store_n(&site->rooms[i], (uint32_t)room, __ATOMIC_RELAXED);
        size += room;
    }
    __atomic_store_n(&site->size, (uint32_t)size, __ATOMIC_RELEASE);
}

static bool is_new(const struct bide__site *site)
{
    return bide__unlikely(__atomic_load_n(&site->size, __ATOMIC_ACQUIRE) == BIDE__SITE_NEW);
}

struct bide_group *bide__fork_slow(struct bide_cx *cx, struct bide__site *site,
                                   struct bide_frame *parent, struct bide_group_result *result)
{
    if (is_new(site))
        bide__site_measure(site);
    return bide__group_make(cx, site, parent, result);
}

/* ---- a branch that has paused (bide_frame_pause) without a frame of its own ---- */

static enum bide_poll paused_poll(struct bide_cx *cx, struct bide_frame *f)
{
    return bide_frame_finish(cx, f);
}

static enum bide_answer paused_cancel(struct bide_cx *cx, struct bide_frame *f)
{
    (void)cx, (void)f;
    return BIDE_CANCELLED;
}

static const struct bide_fn_info paused_info = {.name = "bide_pause", .file = "core/fork.c"};

static const struct bide_fn paused = {
    .poll = paused_poll,
    .cancel = paused_cancel,
    .info = &paused_info,
    .frame_size = sizeof(struct bide_frame),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

/* ---- adopting ---- */

/* The frames of a branch that has begun on the awaiting chain. */
struct begun {
    struct bide_frame *root;      /* NULL: it has none */
    struct bide_segment *segment; /* the first of its segments; NULL: it has none */
    char *end;                    /* of what it uses of the memory of the awaiting frame */
    void *result;                 /* its slot */
};

/* The leaf is a start that was deferred. */
static bool is_deferred(const struct bide_chain *c)
{
    return c->flags & BIDE_CHAIN_RUN && c->unwinding == 0 && c->leaf->state == 0;
}

static struct begun find(const struct bide_cx *cx, const struct bide_frame *parent)
{
    const struct bide_chain *c = cx->chain;
    struct bide_segment *segment = bide_chain_segment(c);
    struct begun b = {.end = cx->top};

    for (struct bide_frame *f = c->leaf; f != parent;) {
        b.root = f;
        if (bide__likely(f->parent != 0)) {
            f = bide__parent(c, f);
        } else {
            b.segment = segment;
            f = bide_frame_below(f, &segment);
        }
    }
    if (b.root == NULL)
        return b;
    if (b.segment != NULL)
        b.end = b.segment->previous_top;
    else if (is_deferred(c)) /* its arguments are above its frame */
        b.end = (char *)bide__args_above(c->leaf) + c->leaf->fn->args_size;
    if (b.root->parent == 0)
        b.result = b.segment->result;
    else if (b.root->result != 0)
        b.result = (char *)(uintptr_t)parent + b.root->result;
    return b;
}

/* Takes the segments of the branch from the chain; `own`: the memory of the branch. */
static void move_segments(struct bide_chain *branch, struct bide_chain *c, const struct begun *b,
                          union bide__place own)
{
    struct bide_segment *last = c->place.segment, *below = b->segment->previous;

    if (below != NULL) {
        c->place.segment = below;
    } else {
        c->place = b->segment->own;
        c->flags &= (uint8_t)~BIDE_CHAIN_SEGMENT;
    }
    b->segment->previous = NULL;
    if (b->root->parent == 0)
        b->segment->parent = NULL;
    for (struct bide_segment *s = last; s != NULL; s = s->previous)
        s->own = own;
    branch->place.segment = last;
    branch->flags |= BIDE_CHAIN_SEGMENT;
}

/* Moves to the branch what the chain says about it. Its frames may use the memory up to `end`. */
static void move_chain(struct bide_cx *cx, struct bide_chain *branch, struct bide_frame *parent,
                       struct begun *b, char *end)
{
    struct bide_chain *c = cx->chain;
    bool runs = c->flags & BIDE_CHAIN_RUN;

    if (b->root == NULL && !runs) {
        b->root = c->leaf = (struct bide_frame *)(void *)cx->top;
        bide__fresh(b->root, sizeof(*b->root));
        *b->root = (struct bide_frame){.fn = &paused, .state = 1};
    }
    *branch = (struct bide_chain){.leaf = c->leaf != parent ? c->leaf : NULL,
                                  .ids = c->ids,
                                  .shield = c->shield,
                                  .error = c->error,
                                  .shield_error = c->shield_error,
                                  .unwinding = c->unwinding};
    branch->place.near.end = (int32_t)(end - (char *)branch);
    if (b->result != NULL)
        branch->place.near.result = (int32_t)((char *)b->result - (char *)branch);
    if (b->segment != NULL)
        move_segments(branch, c, b, branch->place);
    if (b->root != NULL) {
        b->root->parent = b->root->result = 0;
        branch->flags |= BIDE_CHAIN_LIVE;
    }
    if (runs)
        branch->flags |= BIDE_CHAIN_RUN | BIDE_CHAIN_DUE;
    c->leaf = NULL;
    c->ids = 0;
    c->shield = c->unwinding = 0;
    c->flags &= (uint8_t)~BIDE_CHAIN_RUN;
}

/* Was the value opened by the branch? Then it lies above the place of the group's frame, or in a
 * segment of the branch. */
static bool is_of_branch(const struct bide_chain *c, const struct begun *b, const char *group,
                         const char *end, const struct bide__ambient *a)
{
    const char *at = (const char *)a; /* in the frame that has opened it */

    if (at > group && at < end)
        return true;
    if (b->segment == NULL)
        return false;
    for (const struct bide_segment *s = c->place.segment; s != b->segment->previous;
         s = s->previous)
        if (at > (const char *)s && at < (const char *)s + s->size)
            return true;
    return false;
}

/* Takes the values of the branch from the awaiting chain; returns them in a list, the oldest
 * first. */
static struct bide__ambient *take_values(const struct bide_cx *cx, const struct begun *b,
                                         const char *group)
{
    struct bide_chain *c = cx->chain;
    struct bide__ambient *a, *list = NULL;

    while ((a = bide__ambient_of(c)) != NULL) {
        const char *end = b->segment != NULL ? b->segment->previous_top : cx->end;
        if (!is_of_branch(c, b, group, end, a))
            break;
        if (bide__ambient_turned != NULL)
            bide__ambient_turned(a, false);
        bide__ambient_pop(a);
        a->below = list;
        list = a;
    }
    return list;
}

static void give_values(struct bide_chain *branch, struct bide__ambient *list)
{
    for (struct bide__ambient *a = list, *next; a != NULL; a = next) {
        next = a->below;
        bide__ambient_attach(branch, a);
    }
}

/* A start that was deferred would nest too deep: it is dropped, and the awaiting function fails. */
static bool is_too_deep(const struct bide_cx *cx, const struct begun *b)
{
    return bide__unlikely(cx->depth >= BIDE__GROUPS_MAX) && is_deferred(cx->chain) &&
           cx->chain->leaf == b->root;
}

static void drop(struct bide_group *g, struct bide_cx *cx, struct bide_frame *parent,
                 const struct begun *b, struct bide_group_result *result)
{
    const struct bide_fn *fn = b->root->fn;

    if (fn->release != NULL)
        fn->release(bide__args_above(b->root), NULL);
    bide_fn_fail(fn, -BIDE__ENOMEM, b->result);
    bide_frame_finish(cx, b->root);
    cx->top = (char *)g;
    *result = (struct bide_group_result){.value = -BIDE__ENOMEM};
    bide_frame_fail(cx, parent, -BIDE__ENOMEM);
}

/* Makes the chains of the other branches. Those that are not `done` share the memory from `room`
 * to `end`; returns the end of the rooms. */
static char *make_others(struct bide_group *g, const struct bide__site *site, unsigned adopted,
                         uint32_t done, char *room, char *end)
{
    for (unsigned i = 0; i < site->count; i++) {
        struct bide_chain *branch = &g->branch[i];
        size_t size = done >> i & 1 ? 0 : bide__site_room(site, i);
        if (i == adopted)
            continue;
        if (size > (size_t)(end - room))
            size = (size_t)(end - room);
        bide__chain_make(branch, room, size, NULL);
        branch->branch =
            done >> i & 1 ? BIDE__SHARED_ID : bide__branch_bits(site->kind, site->fns[i]);
        room += size;
    }
    return room;
}

struct bide_group *bide__fork_adopt(struct bide_group *g, struct bide_frame *parent,
                                    struct bide_cx *cx, struct bide__site *site, unsigned i,
                                    struct bide_group_result *result)
{
    struct bide_chain *branch = &g->branch[i];
    char *room = (char *)&g->branch[site->count];
    struct begun b = find(cx, parent);
    bool in_order = site->kind != BIDE_SELECT;

    if (is_new(site))
        bide__site_measure(site);
    if (is_too_deep(cx, &b)) {
        drop(g, cx, parent, &b, result);
        return NULL;
    }
    struct bide__ambient *values = bide__unlikely(cx->chain->flags & BIDE_CHAIN_FAR)
                                       ? take_values(cx, &b, (const char *)g)
                                       : NULL;
    bide__unpoison(g, room);
    room += bide__site_room(site, i);
    if (room < b.end)
        room = (char *)(uintptr_t)bide__round_up((uintptr_t)b.end, BIDE_FRAME_UNIT);
    move_chain(cx, branch, parent, &b, room);
    give_values(branch, values);
    branch->branch =
        (uint8_t)(bide__branch_bits(site->kind, site->fns[i]) | bide_waker_branch(cx->waker));
    g->fn = &bide__group_fn;
    g->state = site->kind;
    g->first = in_order ? 0 : (uint8_t)i;
    g->begun = (uint8_t)(in_order ? i + 1 : 1);
    g->count = site->count;
    g->h.parent = (uint16_t)((size_t)((char *)g - (char *)parent) / BIDE_FRAME_UNIT);
    g->h.result = (uint16_t)((char *)result - (char *)parent);
    g->live = (uint32_t)1 << i;
    g->value = bide__task_hash(bide_waker_task(cx->waker));
    cx->end = bide__memory_end(cx->chain, parent);
    cx->top = make_others(g, site, i, in_order ? ((uint32_t)1 << i) - 1 : 0, room, cx->end);
    bide__unpoison(room, cx->top);
    if (branch->flags & BIDE_CHAIN_RUN)
        g->begun |= BIDE__GROUP_DUE;
    if (branch->unwinding & 1)
        g->begun = (uint8_t)(g->count | (g->begun & BIDE__GROUP_DUE));
    return g;
}
