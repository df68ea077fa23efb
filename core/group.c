/*
 * core/group.c: join, try_join and select.
 *
 * A group is a leaf of the chain that awaits it, and drives a chain for each branch. A waker names
 * the task and a branch id, so the group polls only the branches that were woken (their own id, or
 * that of a branch in a group above them, has its bit in turn->woken) and those that are due: they
 * have a request, or their start was deferred.
 *
 * The first branch that decides the group (see `ended`) cancels the others, and the group is done
 * only when every branch is gone. The same holds for a cancelled group: it answers BIDE_WAIT until
 * then.
 *
 * The task's whole tree of groups shares the ids: each of 2 to 30 has one branch, and 31 all
 * branches that find no other id left. A branch that fork.c adopts shares the id of its chain, or
 * has 1. The ids are given back when the group ends, so a late wake may poll the branch that gets
 * the id next. A group stays with the wakeable that it began with.
 */
#include "core/ambient.h"
#include "core/inside.h"

enum {
    KIND = BIDE__GROUP_KIND,
    DECIDED = BIDE__GROUP_DECIDED,
    ASKED = BIDE__GROUP_ASKED,
    FORCED = BIDE__GROUP_FORCED,
    FAILED = BIDE__GROUP_FAILED,
    DUE = BIDE__GROUP_DUE,
    BEGUN = BIDE__GROUP_BEGUN,
    EXCLUSIVE_IDS = 0x7ffffffc,
};

static enum bide_poll group_poll(struct bide_cx *cx, struct bide_frame *f);
static enum bide_answer group_cancel(struct bide_cx *cx, struct bide_frame *f);

static const struct bide_fn_info group_info = {.name = "bide_group", .file = "core/group.c"};

const struct bide_fn bide__group_fn = {
    .poll = group_poll,
    .cancel = group_cancel,
    .info = &group_info,
    .frame_size = sizeof(struct bide_group),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

static enum bide_group_kind kind_of(const struct bide_group *g)
{
    return (enum bide_group_kind)(g->state & KIND);
}

/* ---- branch ids ---- */

static uint8_t id_take(struct bide_wakeable *task)
{
    uint32_t vacant = ~task->branches & EXCLUSIVE_IDS;

    if (vacant == 0)
        return BIDE__SHARED_ID;
    uint32_t bit = vacant & -vacant;
    task->branches |= bit;
    return (uint8_t)__builtin_ctz(bit);
}

static unsigned id_of(const struct bide_chain *branch)
{
    return branch->branch & (BIDE_BRANCHES - 1);
}

/* The ids whose wakes poll the branch. */
static uint32_t ids_of(const struct bide_chain *branch)
{
    return (uint32_t)1 << id_of(branch) | branch->ids;
}

/* ---- branches ---- */

static void fill_in(struct bide_cx *sub, const struct bide_cx *cx, struct bide_chain *branch)
{
    sub->chain = branch;
    sub->waker = bide_waker_make(bide_waker_task(cx->waker), id_of(branch));
    sub->turn = cx->turn;
    sub->depth = cx->depth + 1;
}

/* Asks all running branches to cancel; the others never begin. */
static void cancel_rest(struct bide_group *g, int error, bool force)
{
    for (uint32_t rest = g->live; rest != 0; rest &= rest - 1) {
        struct bide_chain *branch = &g->branch[__builtin_ctz(rest)];
        bide_chain_cancel(branch, error, force);
        branch->flags |= BIDE_CHAIN_DUE;
    }
    g->begun = (uint8_t)(g->count | DUE);
}

static void decide(struct bide_group *g, int32_t value)
{
    g->value = value;
    g->state |= DECIDED;
    cancel_rest(g, -BIDE__ECANCELED, false);
}

/* The negative result of the i-th branch of a try_join, or 0. */
static int32_t failure_of(const struct bide_group *g, unsigned i)
{
    int8_t of_1;
    int16_t of_2;
    int32_t of_4;
    int64_t n = 0;
    const struct bide_chain *branch = &g->branch[i];
    const void *result = bide__first_slot(branch);

    if (!(branch->branch & BIDE__BRANCH_FALLIBLE) || result == NULL)
        return 0;
    switch (branch->branch >> BIDE__BRANCH_WIDTH_SHIFT) {
    case 0: n = (__builtin_memcpy(&of_1, result, 1), of_1); break;
    case 1: n = (__builtin_memcpy(&of_2, result, 2), of_2); break;
    case 2: n = (__builtin_memcpy(&of_4, result, 4), of_4); break;
    case 3: __builtin_memcpy(&n, result, 8); break;
    }
    return n >= 0 ? 0 : n < INT32_MIN ? INT32_MIN : (int32_t)n;
}

/* Records the end of the i-th branch: its chain is empty. */
static void ended(struct bide_group *g, unsigned i)
{
    struct bide_chain *branch = &g->branch[i];
    uint32_t bit = (uint32_t)1 << i;
    int error = bide_chain_error(branch);

    BIDE__ASSERT(g->live & bit, "group: branch ends: it has not begun");
    g->live &= ~bit;
    branch->flags &= (uint8_t)~BIDE_CHAIN_DUE;
    if (error != 0) {
        if (!(branch->flags & BIDE_CHAIN_CANCEL) && !(g->state & FAILED)) {
            g->state |= FAILED;
            g->value = error;
            cancel_rest(g, -BIDE__ECANCELED, false);
        }
        return;
    }
    if (g->state & (DECIDED | FAILED))
        return;
    if (kind_of(g) == BIDE_TRY_JOIN) {
        int32_t failure = failure_of(g, i);
        if (failure != 0)
            decide(g, failure);
    } else if (kind_of(g) != BIDE_JOIN) {
        decide(g, kind_of(g) == BIDE_TIMEOUT && i != 0 ? -BIDE__ETIMEDOUT : (int32_t)i);
    }
}

/*
 * Polls the branches that are due or named in `woken`. Returns true if all are gone. The branch
 * that used up the turn's budget comes last in the next round.
 */
static bool settle(struct bide_cx *cx, struct bide_group *g, uint32_t woken)
{
    unsigned begin = g->first;

    bide__must(g->state & (DECIDED | FAILED) ||
                   g->value == bide__task_hash(bide_waker_task(cx->waker)),
               "group: poll: its branch ids are another task's");
    do {
        g->begun &= BEGUN;
        for (unsigned n = 0; n < g->count; n++) {
            unsigned i = begin + n < g->count ? begin + n : begin + n - g->count;
            struct bide_chain *branch = &g->branch[i];
            if (!(g->live >> i & 1) || !(branch->flags & BIDE_CHAIN_DUE || woken & ids_of(branch)))
                continue;
            bool had_budget = cx->turn->budget != 0;
            struct bide_cx sub;
            fill_in(&sub, cx, branch);
            branch->flags &= (uint8_t)~BIDE_CHAIN_DUE;
            if (bide_chain_poll(&sub) == BIDE_READY)
                ended(g, i);
            if (had_budget && cx->turn->budget == 0 && kind_of(g) < BIDE_SELECT_BIASED)
                g->first = (uint8_t)(i + 1 < g->count ? i + 1 : 0);
        }
        woken = 0;
    } while (g->begun & DUE);
    return g->live == 0;
}

/* ---- the whole ---- */

/* For a branch that is gone. */
static bool has_returned(const struct bide_chain *branch)
{
    return id_of(branch) != 0 && bide_chain_error(branch) == 0;
}

/* Asked when every branch is gone: true if the group has a value. */
static bool is_complete(const struct bide_group *g)
{
    bool complete = kind_of(g) == BIDE_JOIN || kind_of(g) == BIDE_TRY_JOIN;

    for (unsigned i = 0; complete && i < g->count; i++)
        complete = has_returned(&g->branch[i]) || g->branch[i].flags & BIDE_CHAIN_OUT;
    return complete || g->state & DECIDED;
}

/* All branches are gone: stores the result, before the frame is popped. */
static void conclude(struct bide_cx *cx, struct bide_group *g, int value)
{
    struct bide_group_result *result = bide__slot(cx, &g->h);
    uint32_t ids = 0, done = 0, bit = 1;

    BIDE__ASSERT(g->live == 0, "group: end: a branch is left");
    for (const struct bide_chain *b = g->branch, *end = b + g->count; b < end; b++, bit <<= 1) {
        ids |= (uint32_t)1 << id_of(b);
        if (has_returned(b))
            done |= bit;
    }
    if (result != NULL)
        *result = (struct bide_group_result){value, done};
    /* The branch that fork.c made first has the id of this chain. */
    ids &= EXCLUSIVE_IDS & ~((uint32_t)1 << bide_waker_branch(cx->waker));
    bide_waker_task(cx->waker)->branches &= ~ids;
    cx->chain->ids = 0;
#ifdef BIDE__ASAN
    /* Polling a suspended group has set top to the end of its frame, below the branches' rooms,
     * which bide_frame_finish poisons. */
    cx->top = bide__group_end(g);
#endif
}

static enum bide_poll finish(struct bide_cx *cx, struct bide_group *g)
{
    struct bide_frame *parent = bide__parent(cx->chain, &g->h);
    int error = g->state & FAILED ? g->value : 0;

    conclude(cx, g, g->state & (DECIDED | FAILED) ? g->value : 0);
    enum bide_poll poll = bide_frame_finish(cx, &g->h);
    return error != 0 ? bide_frame_fail(cx, parent, error) : poll;
}

static enum bide_poll suspend(struct bide_cx *cx, struct bide_group *g)
{
    uint32_t ids = 0;

    for (uint32_t rest = g->live; rest != 0; rest &= rest - 1)
        ids |= ids_of(&g->branch[__builtin_ctz(rest)]);
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
    conclude(cx, g, g->state & FAILED ? g->value : cx->chain->request);
    return BIDE_CANCELLED;
}

static struct bide_group *push(struct bide_cx *cx, const struct bide__site *site,
                               struct bide_frame *parent, struct bide_group_result *result,
                               size_t *extra)
{
    struct bide_group *g = NULL;
    size_t size = bide__site_size(site);

    /* A segment may be far from the result slots, which are in the awaiting frame. */
    *extra = 0;
    if (size > (size_t)(cx->end - cx->top)) {
        *extra = BIDE_FAR_SIZE;
        size += site->count * (size_t)BIDE_FAR_SIZE;
    }
    if (cx->depth < BIDE__GROUPS_MAX)
        g = bide_frame_push(cx, size, &bide__group_fn, parent, result);
    else
        bide_frame_fail(cx, parent, -BIDE__ENOMEM);
    if (g == NULL && result != NULL)
        *result = (struct bide_group_result){.value = -BIDE__ENOMEM};
    return g;
}

struct bide_group *bide__group_make(struct bide_cx *cx, const struct bide__site *site,
                                    struct bide_frame *parent, struct bide_group_result *result)
{
    enum bide_group_kind kind = (enum bide_group_kind)site->kind;
    unsigned count = site->count;
    size_t extra;
    struct bide_group *g = push(cx, site, parent, result, &extra);

    if (g == NULL)
        return NULL;
    g->state = site->kind;
    g->first = kind == BIDE_SELECT ? (uint8_t)bide__random_below(cx->turn, count) : 0;
    g->begun = 0;
    g->count = (uint8_t)count;
    g->live = 0;
    g->value = bide__task_hash(bide_waker_task(cx->waker));
    char *room = (char *)&g->branch[count];
    for (unsigned i = 0; i < count; i++) {
        size_t size = bide__site_room(site, i) + extra;
        bide__chain_make(&g->branch[i], room, size, NULL);
        g->branch[i].branch = bide__branch_bits(kind, site->fns[i]);
        room += size;
    }
    return g;
}

struct bide_group *bide__group_push(struct bide_cx *cx, enum bide_group_kind kind, unsigned count,
                                    const struct bide_fn *const *fns, struct bide_frame *parent,
                                    struct bide_group_result *result)
{
    uint32_t rooms[32];
    struct bide__site site = {fns, rooms, BIDE__SITE_NEW, (uint8_t)kind, (uint8_t)count};

    bide__must(count >= 1 && count <= 32, "group: begin: no such number of branches");
    return bide__fork_slow(cx, &site, parent, result);
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
    if (rest == 0 && kind_of(group) >= BIDE_SELECT)
        decide(group, -BIDE__ENOENT);
    if (rest == 0 || rest == group->count || kind_of(group) != BIDE_SELECT)
        return;
    /* each of the others is equally likely to be the first */
    unsigned skip = bide__random_below(cx->turn, rest);
    for (group->first = 0; branches >> group->first & 1 || skip-- > 0;)
        group->first++;
}

/* Fills in the context in which the i-th branch begins. */
static void begin(struct bide_group *group, unsigned i, struct bide_cx *cx, struct bide_cx *sub)
{
    struct bide_chain *branch = &group->branch[i];

    group->live |= (uint32_t)1 << i;
    branch->branch |= id_take(bide_waker_task(cx->waker));
    fill_in(sub, cx, branch);
    sub->top = sub->end = NULL; /* the first push sets them */
    bide__here.cx = sub;
}

int bide__group_next(struct bide_group *group, struct bide_cx *cx, struct bide_cx *sub)
{
    unsigned i;

    do {
        if (group == NULL || (group->begun & BEGUN) == group->count)
            return -1;
        i = (unsigned)group->first + (group->begun++ & BEGUN);
        if (i >= group->count)
            i -= group->count;
    } while (bide__unlikely(group->branch[i].flags & BIDE_CHAIN_OUT));
    begin(group, i, cx, sub);
    return (int)i;
}

bool bide__group_begin(struct bide_group *group, struct bide_cx *cx, struct bide_cx *sub,
                       unsigned i)
{
    if (group == NULL || (group->begun & BEGUN) == group->count)
        return false;
    BIDE__ASSERT((group->begun & BEGUN) == i && group->first == 0,
                 "group: branch begins: it is not its turn");
    group->begun++;
    if (bide__unlikely(group->branch[i].flags & BIDE_CHAIN_OUT))
        return false;
    begin(group, i, cx, sub);
    return true;
}

void bide__group_started(struct bide_group *group, enum bide_poll poll)
{
    unsigned i = (unsigned)group->first + (group->begun & BEGUN) - 1;

    if (i >= group->count)
        i -= group->count;
    struct bide_chain *branch = &group->branch[i];
    bide__ambient_leave(branch, poll);
    if (poll == BIDE_READY) {
        ended(group, i);
    } else if (branch->flags & BIDE_CHAIN_RUN) {
        branch->flags |= BIDE_CHAIN_DUE;
        group->begun |= DUE;
    }
    if (branch->unwinding & 1)
        group->begun = (uint8_t)(group->count | (group->begun & DUE));
}

enum bide_poll bide__group_run(struct bide_cx *cx, struct bide_group *group)
{
    bide__here.cx = cx;
    if (group == NULL)
        return BIDE_PENDING;
    if (group->begun & DUE && !settle(cx, group, 0))
        return suspend(cx, group);
    return group->live == 0 ? finish(cx, group) : suspend(cx, group);
}

const char *bide__group_word(const struct bide_frame *frame)
{
    static const char *const words[] = {[BIDE_JOIN] = "join",
                                        [BIDE_TRY_JOIN] = "try_join",
                                        [BIDE_SELECT] = "select",
                                        [BIDE_SELECT_BIASED] = "select",
                                        [BIDE_TIMEOUT] = "timeout"};
    return frame->fn == &bide__group_fn ? words[kind_of((const struct bide_group *)frame)] : NULL;
}

struct bide_chain *bide_group_branch(struct bide_frame *frame, unsigned *index)
{
    struct bide_group *g = (struct bide_group *)frame;

    if (frame->fn != &bide__group_fn)
        return NULL;
    for (; *index < g->count; ++*index)
        if (g->live >> *index & 1)
            return &g->branch[*index];
    return NULL;
}
