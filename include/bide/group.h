/*
 * bide/group.h: join and select, for generated code. A part of bide/core.h, which includes it.
 *
 * A *group* is a join or select: a leaf of its chain, each branch of which has a chain of its own.
 * A *fork* is a group that is made only when one of its branches suspends.
 */
#ifndef BIDE_GROUP_H
#define BIDE_GROUP_H

#include <bide/core.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

typedef struct bide_group bide_group;
typedef struct bide_group_result bide_group_result;

typedef enum bide_group_kind {
    BIDE_JOIN,          /* wait for all */
    BIDE_TRY_JOIN,      /* the first negative result cancels the rest */
    BIDE_SELECT,        /* the first to finish cancels the rest; polled from a random start */
    BIDE_SELECT_BIASED, /* the same, but polled in order */
    BIDE_TIMEOUT,       /* the same with two branches, the second of which is the clock */
} BIDE__INT_ENUM bide_group_kind;

/* What a group leaves in the awaiting frame, even when it is cancelled or fails. */
struct bide_group_result {
    int32_t value;        /* try_join: 0 or the first negative result; select: the winner's index,
                             or -ENOENT without branches; timeout: 0 or -ETIMEDOUT; if cancelled:
                             the error; otherwise 0 */
    uint32_t branch_done; /* bit i: branch i returned and filled in its result slot; the other slots
                             may hold what bide_fn_fail made of an error */
};

/*
 * A join or select. It is a leaf of its chain; the branches' chains follow it, then the rooms for
 * their frames. Sets of branches are bit masks.
 */
struct bide_group {
    union {
        bide_frame h;
        struct { /* the last four lie in h.state; neither the first nor the last may use the bit of
                    BIDE_SHIELDED */
            const bide_fn *fn;
            uint8_t state; /* flags, and the kind */
            uint8_t first; /* the branch to begin a round of polls with */
            uint8_t begun; /* how many branches bide__group_next has handed out; `count`: no more
                              will be. The flag DUE: a branch may be due */
            uint8_t count;
        };
    };
    uint32_t live; /* the branches that have begun and not ended */
    int32_t value; /* the value for bide_group_result, or the error that it FAILED with; before
                      that, the hash of the task whose branch ids it holds */
    bide_chain branch[];
};

/*
 * Pushes a group of `count` (1 to 32) branches, the i-th a call of fns[i]. The group's frame and
 * its branches, with room for their frames, are one push, so nothing is allocated while the reserve
 * lasts. Then the caller starts the branches:
 *
 *     for (int i; (i = bide__group_next(group, cx, &sub)) >= 0;)
 *         switch (i) {
 *         case 0: bide__group_started(group, bide__start_f(&sub, NULL, &slot_0, x)); break;
 *         ...
 *         }
 *     if (bide__group_run(cx, group) == BIDE_PENDING) { save, state, return BIDE_PENDING; resume: }
 *
 * bide__group_next fills in `sub`, the context of the branch to start, and returns its index, or -1
 * if there is nothing more to start (all have started, or a select or try_join is decided).
 * bide__group_begin does the same for a caller that goes through the branches in order: it says
 * whether to start the i-th. Without memory the group is NULL, there is nothing to start, and run
 * returns BIDE_PENDING with the chain unwinding. `fns` is not needed afterwards. A branch that is
 * unwound without a request (-ENOMEM) cancels the others and then fails the awaiting function with
 * its error.
 *
 * An entry of `fns` may stand for a branch that is itself a group: a function of frame size 0 that
 * is never run, with the inner group's branches as its callees. bide__group_leave_out, called
 * before the first next, leaves out the branches whose bits are set: they do not begin, a join does
 * not wait for them, and a select with no branch left ends at once.
 *
 * A group polls only those of its branches that were woken, and stays with the wakeable that it
 * began with. So a leaf that polls another chain inside itself must do one of two things. Either it
 * gives that chain a wakeable of its own (as a future as a value has one), and for that poll sets
 * turn->woken to what was woken there. Or it polls the chain in one task only, each time the leaf
 * is polled, and copies chain->ids to the outer chain when it suspends.
 */
bide_group *bide__group_push(bide_cx *cx, bide_group_kind kind, unsigned count,
                             const bide_fn *const *fns, bide_frame *parent,
                             bide_group_result *result);
void bide__group_leave_out(bide_group *group, bide_cx *cx, uint32_t branches);
int bide__group_next(bide_group *group, bide_cx *cx, bide_cx *sub);
bool bide__group_begin(bide_group *group, bide_cx *cx, bide_cx *sub, unsigned i);
void bide__group_started(bide_group *group, bide_poll poll);
bide_poll bide__group_run(bide_cx *cx, bide_group *group);

/*
 * Generated code does the same at less cost while its branches are ready at once. A *fork* is a
 * group that may not exist yet. It starts its branches on the awaiting chain itself, one after the
 * other, like other awaits. The first branch that suspends makes the group: its frames stay where
 * they are, and become a chain of their own.
 *
 *     static struct bide__site site = {fns, rooms, BIDE__SITE_NEW, kind, count};
 *     bide_frame *from = &frame->h;
 *     bide_group *group = bide__fork(cx, &site, count, &from, &result);
 *     for each branch i:
 *         if (bide__fork_begin(group, cx, &sub, from, i)) {
 *             poll = bide__start_f(bide__fork_cx(from, cx, &sub), from, &slot, x);
 *             bide__fork_started(&group, &from, cx, &site, i, &result, poll);
 *         }
 *     if (bide__fork_end(cx, group, from, &result, value, done) == BIDE_PENDING) { as above }
 *
 * As long as `from` is not NULL there is no group, and all branches that were started are ready:
 * the fork is not decided yet, or the caller decides it and stops; `value` and `done` are what
 * `result` holds at the end. When `from` is NULL, `group` is what bide__group_push returned.
 *
 * The first branch of a fork that suspends has the branch id of its chain; on a chain without one
 * it has 1, which no other branch gets.
 */
struct bide__site {
    const bide_fn *const *fns;
    uint32_t *rooms; /* of the branches; computed once, by the first to need them */
    uint32_t size;   /* of the group with all rooms; BIDE__SITE_NEW: not computed */
    uint8_t kind, count;
};
enum { BIDE__FIRST_ID = 1 };
#define BIDE__SITE_NEW UINT32_MAX

bide_group *bide__fork_slow(bide_cx *cx, struct bide__site *site, bide_frame *parent,
                            bide_group_result *result);
bide_group *bide__fork_adopt(bide_group *group, bide_frame *parent, bide_cx *cx,
                             struct bide__site *site, unsigned i, bide_group_result *result);

static __inline__ unsigned bide__random_below(struct bide_turn *turn, unsigned n)
{
    uint32_t number = turn->seed; /* so that nobody waits for the next one */
    turn->seed = number * 747796405u + 2891336453u;
    return (unsigned)((uint64_t)number * n >> 32);
}

/* Where the group's frame would be, or is. *from: the awaiting frame, or NULL in a branch whose
 * own group is slow. */
static __inline__ bide_group *bide__fork(bide_cx *cx, struct bide__site *site, unsigned count,
                                         bide_frame **from, bide_group_result *result)
{
    char *top = cx->top;
    bide_frame *parent = *from;

    if (__builtin_expect(__atomic_load_n(&site->size, __ATOMIC_RELAXED) > (size_t)(cx->end - top) ||
                             parent == NULL || cx->chain->shield != 0,
                         0)) {
        *from = NULL;
        return bide__fork_slow(cx, site, parent, result);
    }
    if (bide_waker_branch(cx->waker) == 0)
        cx->waker.bits += BIDE__FIRST_ID;
    cx->top = top + sizeof(bide_group) + count * sizeof(bide_chain);
    return (bide_group *)(void *)top;
}

/* True: start the i-th branch. For a fork that starts its branches in order. */
static __inline__ bool bide__fork_begin(bide_group *group, bide_cx *cx, bide_cx *sub,
                                        const bide_frame *from, unsigned i)
{
    return __builtin_expect(from != NULL, 1) || bide__group_begin(group, cx, sub, i);
}

/* The branch to start first, in random order; -1: none. Those after it come from
 * bide__group_next. */
static __inline__ int bide__fork_first(bide_group *group, bide_cx *cx, bide_cx *sub,
                                       const bide_frame *from, unsigned count)
{
    if (__builtin_expect(from == NULL, 0))
        return bide__group_next(group, cx, sub);
    return (int)bide__random_below(cx->turn, count);
}

/* Where to start the branch. */
static __inline__ bide_cx *bide__fork_cx(const bide_frame *from, bide_cx *cx, bide_cx *sub)
{
    return from != NULL ? cx : sub;
}

/* The i-th branch has been started. */
static __inline__ void bide__fork_started(bide_group **group, bide_frame **from, bide_cx *cx,
                                          struct bide__site *site, unsigned i,
                                          bide_group_result *result, bide_poll poll)
{
    if (__builtin_expect(*from == NULL, 0)) {
        bide__group_started(*group, poll);
    } else if (__builtin_expect(poll == BIDE_PENDING, 0)) {
        *group = bide__fork_adopt(*group, *from, cx, site, i, result);
        *from = NULL;
    }
}

/* The negative result of a branch of a try_join that is ready, without a group; otherwise 0. */
static __inline__ int32_t bide__fork_failure(const bide_frame *from, int64_t result)
{
    if (__builtin_expect(result >= 0, 1) || from == NULL)
        return 0;
    return result < INT32_MIN ? INT32_MIN : (int32_t)result;
}

static __inline__ bide_poll bide__fork_end(bide_cx *cx, bide_group *group, const bide_frame *from,
                                           bide_group_result *result, int32_t value, uint32_t done)
{
    if (__builtin_expect(from == NULL, 0))
        return bide__group_run(cx, group);
    cx->top = (char *)group;
    *result = (bide_group_result){value, done};
    return BIDE_READY;
}

/* For dumps: "join", "select" and so on; NULL if the frame is not a group's. */
const char *bide__group_word(const bide_frame *frame);

#pragma pack(pop)

#endif
