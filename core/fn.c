/*
 * core/fn.c: what descriptors tell: the room that a chain should have, and the result of a failed
 * call.
 *
 * The need of a function is the memory that the deepest path of awaits takes above its frame, as
 * far as descriptors tell (calls through pointers and recursions are not followed), and at most
 * BIDE_RESERVE_MAX. But a function's own join or select gets room for its branches, up to
 * GROUP_MAX: the group is one push, and putting it into a segment would leave the reserve below it
 * unused. The need is found by a depth-first search over the callees, which stops as soon as the
 * path exceeds the limit. A result that was cut short because an ancestor was met again would be
 * too small for a search that begins there, so it is not cached.
 */
#include "core/bound.h"
#include "core/inside.h"

enum {
    SEARCH_MAX = 1000, /* functions visited; beyond that (a thicket of recursions) the need is the
                          limit */
    AHEAD_MAX = 150,   /* the same for bide__fn_ahead */
    GROUP_MAX = 4096,
};

/* The functions on the path from the root of the search, innermost first. */
struct path {
    const struct bide_fn *fn;
    const struct path *below;
    unsigned depth;
};

struct search {
    unsigned steps;
    bool full; /* the need is BIDE_RESERVE_MAX: stop */
};

static const struct path *find(const struct path *path, const struct bide_fn *fn)
{
    while (path != NULL && path->fn != fn)
        path = path->below;
    return path;
}

static size_t frame_room(const struct bide_fn *fn)
{
    return bide__pad_max((size_t)1 << fn->frame_align_log2) +
           bide__round_up(fn->frame_size, BIDE_FRAME_UNIT);
}

static size_t max_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The cached need; 0: it is not known. The word has other bits too, which other threads may set. */
static size_t need_known(const struct bide_fn_info *info)
{
    return __atomic_load_n(info->need, __ATOMIC_RELAXED) & (BIDE__NEED_END - 1);
}

static void need_keep(const struct bide_fn_info *info, size_t need)
{
    uint32_t word = __atomic_load_n(info->need, __ATOMIC_RELAXED), next;
    do
        next = (word & ~(uint32_t)(BIDE__NEED_END - 1)) | (uint32_t)need;
    while (!__atomic_compare_exchange_n(info->need, &word, next, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
}

static size_t need_of(const struct bide_fn *fn, size_t used, const struct path *below,
                      struct search *s, unsigned *lowest);

/* The room for all branches of the group whose first callee is the i-th. */
static size_t group_room(const struct bide_fn_info *info, unsigned i, size_t used,
                         const struct path *path, struct search *s, unsigned *lowest)
{
    uint32_t group = info->callees[i].group;
    size_t size = sizeof(struct bide_group);

    for (; i < info->callee_count && !s->full; i++) {
        const struct bide_fn *fn = info->callees[i].fn;
        if (info->callees[i].group != group)
            continue;
        size_t frame = frame_room(fn), need = need_of(fn, used + size + frame, path, s, lowest);
        size_t room = frame + max_of(bide__args_room(fn), need);
        size += sizeof(struct bide_chain) + bide__round_up(room, BIDE_FRAME_UNIT);
    }
    return size;
}

static bool group_is_new(const struct bide_fn_info *info, unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (info->callees[j].group == info->callees[i].group)
            return false;
    return true;
}

/* Is it the first of a group whose room is known? */
static bool begins_group(const struct bide_fn_info *info, unsigned i)
{
    uint32_t group = info->callees[i].group;
    return group != 0 && group != BIDE_GROUP_UNKNOWN && group_is_new(info, i);
}

static bool has_group(const struct bide_fn_info *info)
{
    for (unsigned i = 0; i < info->callee_count; i++)
        if (begins_group(info, i))
            return true;
    return false;
}

/* The room for the largest of the root's own groups that fits into GROUP_MAX; 0 if there is
 * none. */
static size_t own_group(const struct bide_fn_info *info, const struct path *root)
{
    size_t most = 0;

    for (unsigned i = 0; i < info->callee_count; i++) {
        size_t size = sizeof(struct bide_group);
        if (!begins_group(info, i))
            continue;
        for (unsigned j = i; j < info->callee_count; j++) {
            const struct bide_fn *fn = info->callees[j].fn;
            struct search s = {0};
            unsigned lowest = 0;
            if (info->callees[j].group != info->callees[i].group)
                continue;
            size_t need = need_of(fn, 0, root, &s, &lowest);
            size_t room = frame_room(fn) + max_of(bide__args_room(fn), need);
            size += sizeof(struct bide_chain) + bide__round_up(room, BIDE_FRAME_UNIT);
        }
        if (size <= GROUP_MAX)
            most = max_of(most, size);
    }
    return most;
}

/*
 * The need of fn. `used` is the room that the path to fn takes. *lowest is lowered to the depth of
 * the outermost function on the path that was met again.
 */
static size_t need_of(const struct bide_fn *fn, size_t used, const struct path *below,
                      struct search *s, unsigned *lowest)
{
    const struct bide_fn_info *info = fn->info;
    struct path here = {fn, below, below != NULL ? below->depth + 1 : 0};
    unsigned met = here.depth;
    size_t most = 0;

    if (info == NULL || info->need == NULL || info->callee_count == 0)
        return 0;
    size_t known = need_known(info);
    if (known != 0)
        return known;
    const struct path *again = find(below, fn);
    if (again != NULL) {
        if (again->depth < *lowest)
            *lowest = again->depth;
        return 0;
    }
    if (++s->steps > SEARCH_MAX)
        s->full = true;
    for (unsigned i = 0; i < info->callee_count && !s->full; i++) {
        const struct bide_fn *callee = info->callees[i].fn;
        size_t size = 0;
        if (info->callees[i].group == 0) {
            if (find(&here, callee) == NULL && !(callee->flags & BIDE_FN_FORWARDS))
                size = frame_room(callee);
            size += need_of(callee, used + size, &here, s, &met);
        } else if (begins_group(info, i)) {
            size = group_room(info, i, used, &here, s, &met);
        }
        most = max_of(most, size);
        if (used + most >= BIDE_RESERVE_MAX)
            s->full = true;
    }
    if (s->full)
        most = BIDE_RESERVE_MAX;
    if (met < *lowest)
        *lowest = met;
    if (below == NULL)
        most = max_of(most, own_group(info, &here));
    if (below == NULL || (!s->full && met >= here.depth && !has_group(info)))
        need_keep(info, most);
    return most;
}

/* For alignments above BIDE_FRAME_UNIT, and at the first call. */
static __attribute__((noinline)) size_t room_slow(const struct bide_fn *fn)
{
    struct search s = {0};
    unsigned lowest = 0;
    size_t need = need_of(fn, 0, NULL, &s, &lowest);

    return bide__round_up(frame_room(fn) + max_of(bide__args_room(fn), need), BIDE_FRAME_UNIT);
}

size_t bide_fn_room(const struct bide_fn *fn)
{
    const struct bide_fn_info *info = fn->info;
    size_t need = 0;

    if (info != NULL && info->need != NULL && info->callee_count != 0) {
        need = need_known(info);
        if (bide__unlikely(need == 0))
            return room_slow(fn);
    }
    if (bide__unlikely(fn->frame_align_log2 > 3 || fn->args_align_log2 > 3))
        return room_slow(fn);
    size_t above = max_of(fn->args_size, need);
    return bide__round_up(fn->frame_size, BIDE_FRAME_UNIT) + bide__round_up(above, BIDE_FRAME_UNIT);
}

/* Like need_of plus fn's frame, without the limit and the cache. *steps is how many functions may
 * still be visited; if it ends at 0, there is no answer. */
static size_t ahead_of(const struct bide_fn *fn, const struct path *below, unsigned *steps)
{
    const struct bide_fn_info *info = fn->info;
    struct path here = {fn, below, 0};
    size_t most = bide__args_room(fn);

    if (*steps == 0 || find(below, fn) != NULL) {
        *steps = 0;
        return 0;
    }
    --*steps;
    for (unsigned i = 0; info != NULL && i < info->callee_count && *steps != 0; i++) {
        uint32_t group = info->callees[i].group;
        size_t size = 0;
        if (group == 0) {
            size = ahead_of(info->callees[i].fn, &here, steps);
        } else if (begins_group(info, i)) {
            size = sizeof(struct bide_group);
            for (unsigned j = i; j < info->callee_count; j++)
                if (info->callees[j].group == group)
                    size += sizeof(struct bide_chain) + bide_fn_room(info->callees[j].fn);
        }
        most = max_of(most, size);
    }
    if (!(fn->flags & BIDE_FN_FORWARDS))
        most += frame_room(fn);
    return bide__round_up(most, BIDE_FRAME_UNIT);
}

size_t bide__fn_ahead(const struct bide_fn *fn)
{
    unsigned steps = AHEAD_MAX;
    size_t size = ahead_of(fn, NULL, &steps);

    return steps != 0 ? size : 0;
}

void bide_fn_fail(const struct bide_fn *fn, int error, void *result)
{
    if (result == NULL || fn->result_size == 0)
        return;
    if (!(fn->flags & BIDE_FN_RESULT_SIGNED)) {
        __builtin_memset(result, 0, fn->result_size);
        return;
    }
    int8_t of_1 = error < INT8_MIN ? INT8_MIN : (int8_t)error;
    int16_t of_2 = (int16_t)error;
    int32_t of_4 = error;
    int64_t of_8 = error;
    switch (fn->result_size) {
    case 1: __builtin_memcpy(result, &of_1, 1); break;
    case 2: __builtin_memcpy(result, &of_2, 2); break;
    case 4: __builtin_memcpy(result, &of_4, 4); break;
    case 8: __builtin_memcpy(result, &of_8, 8); break;
    default: __builtin_trap();
    }
}
