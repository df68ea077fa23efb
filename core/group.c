/*
 * core/group.c: join, try_join and select.
 *
 * A group is a leaf of the chain that awaits it, and drives a chain for each branch. A waker names
 * the task and a branch id, so the group polls only branches that were woken (those whose id, or an
 * id of a group further up, has its bit in turn->woken) and those that are due: they have a request
 * to hear of, or begin late.
 *
 * The first branch that decides the group (see `ended`) cancels the others, and the group is done
 * only when every branch is gone. So is a group that is cancelled: it answers BIDE_WAIT until then.
 *
 * Ids belong to the task's whole tree of groups: 1 to 30 to one branch each, 31 to all that find
 * none left. They are given back when the group ends, so a late wake may poll the branch that has
 * the id next. A group stays with the wakeable that it began with.
 */
#include "core/inside.h"

enum {
    DECIDED = 1, /* `value` is final */
    ASKED = 2,   /* a request has been passed on to the branches */
    FORCED = 4,  /* the same, with force */
};

enum {
    SHARED_ID = BIDE_BRANCHES - 1,
    NEST_MAX = 1000, /* groups nested in groups: each costs C stack at every poll */
};

static enum bide_poll group_poll(struct bide_cx *cx, struct bide_frame *f);
static enum bide_answer group_cancel(struct bide_cx *cx, struct bide_frame *f);

static const struct bide_fn_info group_info = {.name = "bide_group", .file = "core/group.c"};

static const struct bide_fn group_fn = {
    .poll = group_poll,
    .cancel = group_cancel,
    .info = &group_info,
    .frame_size = sizeof(struct bide_group),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

static uint32_t all_of(const struct bide_group *g)
{
    return ~(uint32_t)0 >> (32 - g->count);
}

static unsigned random_below(struct bide_turn *turn, unsigned n)
{
    turn->seed = turn->seed * 747796405u + 2891336453u;
    return (unsigned)((uint64_t)turn->seed * n >> 32);
}

/* ---- branch ids ---- */

static uint8_t id_take(struct bide_group *g)
{
    uint32_t vacant = ~g->task->branches & (((uint32_t)1 << SHARED_ID) - 2);

    if (vacant == 0)
        return SHARED_ID;
    uint32_t bit = vacant & -vacant;
    g->task->branches |= bit;
    g->ids |= bit;
    return (uint8_t)__builtin_ctz(bit);
}

static void ids_release(struct bide_group *g)
{
    g->task->branches &= ~g->ids;
    g->ids = 0;
}

/* A wake with one of these polls the branch. */
static uint32_t ids_of(const struct bide_chain *branch)
{
    return (uint32_t)1 << branch->branch | branch->ids;
}

/* ---- branches ---- */

static struct bide_cx context_of(const struct bide_cx *cx, struct bide_group *g, unsigned i)
{
    struct bide_chain *branch = &g->branch[i];

    return (struct bide_cx){.chain = branch,
                            .waker = bide_waker_make(g->task, branch->branch),
                            .turn = cx->turn,
                            .depth = cx->depth + 1};
}

/* Requests that all branches which run cancel; the others never begin. */
static void cancel_rest(struct bide_group *g, int error, bool force)
{
    for (unsigned i = 0; i < g->count; i++)
        if (g->live >> i & 1)
            bide_chain_cancel(&g->branch[i], error, force);
    g->due = g->live;
    g->begun = g->count;
}

static void decide(struct bide_group *g, int32_t value)
{
    g->value = value;
    g->state |= DECIDED;
    cancel_rest(g, -BIDE__ECANCELED, false);
}

/* The negative result that the i-th branch of a try_join has returned, or 0. */
static int32_t failure_of(const struct bide_group *g, unsigned i)
{
    int8_t of_1;
    int16_t of_2;
    int32_t of_4;
    int64_t n = 0;
    const void *result = g->branch[i].result;

    if (!(g->fallible >> i & 1) || result == NULL)
        return 0;
    switch (g->widths >> 2 * i & 3) {
    case 0: n = (__builtin_memcpy(&of_1, result, 1), of_1); break;
    case 1: n = (__builtin_memcpy(&of_2, result, 2), of_2); break;
    case 2: n = (__builtin_memcpy(&of_4, result, 4), of_4); break;
    case 3: __builtin_memcpy(&n, result, 8); break;
    }
    return n >= 0 ? 0 : n < INT32_MIN ? INT32_MIN : (int32_t)n;
}

/* The chain of the i-th branch is empty. */
static void ended(struct bide_group *g, unsigned i)
{
    struct bide_chain *branch = &g->branch[i];
    uint32_t bit = (uint32_t)1 << i;
    int error = bide_chain_error(branch);

    g->live &= ~bit;
    g->due &= ~bit;
    if (error != 0) {
        if (!(branch->flags & BIDE_CHAIN_CANCEL) && g->error == 0) {
            g->error = (int16_t)error;
            cancel_rest(g, -BIDE__ECANCELED, false);
        }
        return;
    }
    g->done |= bit;
    if (g->state & DECIDED || g->error != 0)
        return;
    if (g->kind == BIDE_TRY_JOIN) {
        int32_t failure = failure_of(g, i);
        if (failure != 0)
            decide(g, failure);
    } else if (g->kind != BIDE_JOIN) {
        decide(g, g->kind == BIDE_TIMEOUT && i != 0 ? -BIDE__ETIMEDOUT : (int32_t)i);
    }
}

/*
 * Polls the branches that are due or named in `woken`. True: all are gone. The one that has used up
 * the turn's budget gets what is left the next time, not the first of it.
 */
static bool settle(struct bide_cx *cx, struct bide_group *g, uint32_t woken)
{
    unsigned begin;

    bide__assert(g->task == bide_waker_task(cx->waker));
    begin = g->first;
    do {
        for (unsigned n = 0; n < g->count; n++) {
            unsigned i = begin + n < g->count ? begin + n : begin + n - g->count;
            uint32_t bit = (uint32_t)1 << i;
            if (!(g->live & bit) || !(g->due & bit || woken & ids_of(&g->branch[i])))
                continue;
            bool had_budget = cx->turn->budget != 0;
            struct bide_cx sub = context_of(cx, g, i);
            g->due &= ~bit;
            if (bide_chain_poll(&sub) == BIDE_READY)
                ended(g, i);
            if (had_budget && cx->turn->budget == 0 && g->kind < BIDE_SELECT_BIASED)
                g->first = (uint8_t)(i + 1 < g->count ? i + 1 : 0);
        }
        woken = 0;
    } while (g->due != 0);
    return g->live == 0;
}

/* ---- the whole ---- */

static uint32_t left_out(const struct bide_group *g)
{
    uint32_t set = 0;

    for (unsigned i = 0; i < g->count; i++)
        if (g->branch[i].flags & BIDE_CHAIN_OUT)
            set |= (uint32_t)1 << i;
    return set;
}

/* With every branch gone: the group has a value. */
static bool is_complete(const struct bide_group *g)
{
    if (g->kind == BIDE_JOIN || g->kind == BIDE_TRY_JOIN)
        return g->state & DECIDED || g->done == (all_of(g) & ~left_out(g));
    return g->state & DECIDED;
}

/* Leaves the result, before the frame is popped; `error` 0: the group's own value. */
static void conclude(struct bide_cx *cx, struct bide_group *g, int error)
{
    struct bide_group_result *result = bide__slot(cx, &g->h);

    if (result != NULL) {
        result->value = error != 0 ? error : g->value;
        result->branch_done = g->done;
    }
    ids_release(g);
    cx->chain->ids = 0;
}

static enum bide_poll finish(struct bide_cx *cx, struct bide_group *g)
{
    struct bide_frame *parent = bide__parent(cx->chain, &g->h);
    int error = g->error;

    conclude(cx, g, error);
    enum bide_poll poll = bide_frame_finish(cx, &g->h);
    return error != 0 ? bide_frame_fail(cx, parent, error) : poll;
}

static enum bide_poll suspend(struct bide_cx *cx, struct bide_group *g)
{
    uint32_t ids = 0;

    for (unsigned i = 0; i < g->count; i++)
        if (g->live >> i & 1)
            ids |= ids_of(&g->branch[i]);
    cx->chain->ids = ids;
    return bide_frame_suspend(cx, &g->h);
}

static enum bide_poll group_poll(struct bide_cx *cx, struct bide_frame *f)
{
    struct bide_group *g = (struct bide_group *)f;

    return settle(cx, g, cx->turn->woken) ? finish(cx, g) : suspend(cx, g);
}

static enum bide_answer group_cancel(struct bide_cx *cx, struct bide_frame *f)
{
    struct bide_group *g = (struct bide_group *)f;
    bool force = cx->chain->flags & BIDE_CHAIN_FORCE;

    if (!(g->state & ASKED) || (force && !(g->state & FORCED))) {
        g->state |= force ? ASKED | FORCED : ASKED;
        cancel_rest(g, cx->chain->request, force);
    }
    if (!settle(cx, g, cx->turn->woken)) {
        suspend(cx, g);
        return BIDE_WAIT;
    }
    if (is_complete(g))
        return BIDE_COMPLETED;
    conclude(cx, g, g->error != 0 ? g->error : cx->chain->request);
    return BIDE_CANCELLED;
}

struct bide_group *bide__group_push(struct bide_cx *cx, enum bide_group_kind kind, unsigned count,
                                    const struct bide_fn *const *fns, struct bide_frame *parent,
                                    struct bide_group_result *result)
{
    struct bide_group *g = NULL;
    size_t chains = sizeof(*g) + count * sizeof(g->branch[0]), size = chains;
    size_t rooms[32];

    bide__assert(count >= 1 && count <= 32);
    for (unsigned i = 0; i < count; i++)
        size += rooms[i] = bide_fn_room(fns[i]);
    if (cx->depth < NEST_MAX)
        g = bide_frame_push(cx, size, &group_fn, parent, result);
    else
        bide_frame_fail(cx, parent, -BIDE__ENOMEM);
    if (g == NULL) {
        if (result != NULL)
            *result = (struct bide_group_result){.value = -BIDE__ENOMEM};
        return NULL;
    }
    *g = (struct bide_group){.h = g->h,
                             .task = bide_waker_task(cx->waker),
                             .kind = (uint8_t)kind,
                             .count = (uint8_t)count};
    if (kind == BIDE_SELECT)
        g->first = (uint8_t)random_below(cx->turn, count);
    char *room = (char *)g + chains;
    for (unsigned i = 0; i < count; i++) {
        const struct bide_fn *fn = fns[i];
        bide_chain_init(&g->branch[i], room, rooms[i], NULL);
        room += rooms[i];
        if (kind == BIDE_TRY_JOIN && fn->flags & BIDE_FN_RESULT_SIGNED && fn->result_size != 0) {
            g->fallible |= (uint32_t)1 << i;
            g->widths |= (uint64_t)__builtin_ctz(fn->result_size) << 2 * i;
        }
    }
    return g;
}

void bide__group_leave_out(struct bide_group *group, struct bide_cx *cx, uint32_t branches)
{
    if (group == NULL)
        return;
    unsigned rest = 0;
    for (unsigned i = 0; i < group->count; i++) {
        if (branches >> i & 1)
            group->branch[i].flags |= BIDE_CHAIN_OUT;
        else
            rest++;
    }
    if (rest == 0 && group->kind >= BIDE_SELECT)
        decide(group, -BIDE__ENOENT);
    if (rest == 0 || rest == group->count || group->kind != BIDE_SELECT)
        return;
    /* each of the others is as likely to be the first */
    unsigned skip = random_below(cx->turn, rest);
    for (group->first = 0; branches >> group->first & 1 || skip-- > 0;)
        group->first++;
}

int bide__group_next(struct bide_group *group, struct bide_cx *cx, struct bide_cx *sub)
{
    unsigned i;

    do {
        if (group == NULL || group->begun == group->count)
            return -1;
        i = (unsigned)group->first + group->begun++;
        if (i >= group->count)
            i -= group->count;
    } while (bide__unlikely(group->branch[i].flags & BIDE_CHAIN_OUT));
    group->current = (uint8_t)i;
    group->live |= (uint32_t)1 << i;
    group->branch[i].branch = id_take(group);
    *sub = context_of(cx, group, i);
    return (int)i;
}

void bide__group_started(struct bide_group *group, enum bide_poll poll)
{
    struct bide_chain *branch = &group->branch[group->current];

    if (poll == BIDE_READY)
        ended(group, group->current);
    else if (branch->flags & BIDE_CHAIN_RUN)
        group->due |= (uint32_t)1 << group->current;
    if (branch->unwinding & 1)
        group->begun = group->count;
}

enum bide_poll bide__group_run(struct bide_cx *cx, struct bide_group *group)
{
    if (group == NULL)
        return BIDE_PENDING;
    if (group->due != 0 && !settle(cx, group, 0))
        return suspend(cx, group);
    return group->live == 0 ? finish(cx, group) : suspend(cx, group);
}

struct bide_chain *bide_group_branch(struct bide_frame *frame, unsigned *index)
{
    struct bide_group *g = (struct bide_group *)frame;

    if (frame->fn != &group_fn)
        return NULL;
    for (; *index < g->count; ++*index)
        if (g->live >> *index & 1)
            return &g->branch[*index];
    return NULL;
}
