/*
 * Decides which members of a frame share bytes.
 *
 * Requires frame_layout. Changes nothing; returns a tree of boxes to be printed.
 *
 * First it finds the members that are *in each other's way*: they hold something at the same time.
 *
 * - A saved variable is in memory from the save at a suspension to the load at its resume label,
 *   and at no other time. So two of them are in each other's way if both are live at one
 *   suspension.
 * - A variable that lives in the frame is there from its declaration to the end of its block; from
 *   the block's beginning, if a label lets control come back. (C begins its life with the block,
 *   but nothing can name it before the declaration.) It is in the way of other such variables whose
 *   lives meet its own, and of what is saved at a suspension in its life. If its address is not
 *   taken, only the suspensions count where it is live, since what is saved is in memory only while
 *   nothing runs. Places are tokens of the source; what is in a deferred block is also at the end
 *   of its scope.
 * - A slot is written while its await waits, and read before the next await, but perhaps after
 *   later parts of the same expression. So it is in the way of variables that are saved at a
 *   suspension inside that await, of variables of the blocks round it or in it, and of literals in
 *   that expression. Slots are not in each other's way: two awaits at the same time are branches,
 *   whose slots are in one struct.
 *
 * Then it packs the members. Members that are in each other's way become different members of one
 * struct, members that share bytes become different members of one union, and the target's compiler
 * lays these out. So a wrong guess of a size can never make two members overlap that must not. What
 * nested structs and unions cannot express costs bytes, never correctness:
 *
 * - if the graph of "in the way" falls into pieces, the pieces share bytes: a union of them;
 * - if its complement falls into pieces, no member of a piece may share with another piece: a
 *   struct of the pieces (Corneil, Lerchs and Stewart Burlingham, "Complement reducible graphs",
 *   1981, decompose graphs in this way);
 * - otherwise either one member is taken out, as if it were in the way of all others, or the
 *   members are put into unions by a greedy colouring, the largest first: whichever is smaller.
 *
 * Sizes are estimates. They only decide that choice and the order of members, which avoids padding.
 */
#include "compiler/frame/frame.h"

#include <stdlib.h>
#include <string.h>

enum {
    MEMBERS_MAX = 10000, /* with more, all have bytes of their own: the graph is quadratic */
    TAKE_OUT_MAX = 400,  /* with more, only colouring is tried: the alternative is cubic */
};

struct node {
    struct box box;
    struct span life;   /* of a variable in the frame */
    uint32_t *in_way;   /* set of nodes */
    uint32_t *suspends; /* set of suspensions: where it holds something that is needed; of a slot:
                         * which may come between its writing and its reading */
    struct span *use;   /* slot: its awaits by where they begin; `last` is the largest so far */
};

struct overlap {
    struct lower *l;
    struct node *node;
    uint32_t count;
    struct span *span; /* of each suspension: the places where it may run */
};

/* ---- sizes, as far as they can be guessed ---- */

struct extent {
    uint64_t size, align;
};

static uint64_t round_up(uint64_t size, uint64_t align)
{
    return (size + align - 1) / align * align;
}

static struct extent extent_of(struct unit *u, const struct type *t, int depth);

static struct extent extent_of_tag(struct unit *u, const struct tag *tag, int depth)
{
    struct extent all = {0, 1};
    for (int i = 0; i < tag->member_count; i++) {
        struct extent one = extent_of(u, tag->member[i].type, depth + 1);
        if (one.align > all.align)
            all.align = one.align;
        if (tag->kind == TY_UNION)
            all.size = one.size > all.size ? one.size : all.size;
        else
            all.size = round_up(all.size, one.align) + one.size;
    }
    all.size = round_up(all.size, all.align);
    return all;
}

static struct extent extent_of_bits(int64_t width)
{
    uint64_t size = 1;
    while (size < 8 && 8 * size < (uint64_t)width)
        size *= 2;
    return (struct extent){width > 64 ? ((uint64_t)width + 63) / 64 * 8 : size, size};
}

static struct extent extent_of(struct unit *u, const struct type *t, int depth)
{
    const struct target *target = &u->target;
    uint64_t n = 8;

    if (depth > 20)
        return (struct extent){n, n};
    switch (t->kind) {
    case TY_BOOL:
    case TY_CHAR:
    case TY_SCHAR:
    case TY_UCHAR: n = 1; break;
    case TY_SHORT:
    case TY_USHORT: n = (uint64_t)target->size_short; break;
    case TY_FLOAT: n = 4; break;
    case TY_ENUM:
    case TY_INT:
    case TY_UINT: n = (uint64_t)target->size_int; break;
    case TY_LONG:
    case TY_ULONG: n = (uint64_t)target->size_long; break;
    case TY_POINTER: n = (uint64_t)target->size_pointer; break;
    case TY_BITINT:
    case TY_UBITINT: return extent_of_bits(t->length);
    case TY_LDOUBLE:
    case TY_FLOATN:
    case TY_INT128:
    case TY_UINT128:
    case TY_VECTOR: n = 16; break;
    case TY_BUILTIN: return (struct extent){24, 8};
    case TY_STRUCT:
    case TY_UNION: return extent_of_tag(u, t->tag, depth);
    case TY_COMPLEX: {
        struct extent part = extent_of(u, t->base, depth + 1);
        return (struct extent){2 * part.size, part.align};
    }
    case TY_ARRAY: {
        struct extent part = extent_of(u, t->base, depth + 1);
        return (struct extent){part.size * (uint64_t)(t->length > 0 ? t->length : 1), part.align};
    }
    default: break;
    }
    return (struct extent){n ? n : 1, n ? n : 1};
}

/* ---- which are in each other's way ---- */

static bool spans_meet(struct span a, struct span b)
{
    return a.first <= b.last && b.first <= a.last;
}

static bool sets_meet(const struct overlap *o, const struct node *a, const struct node *b)
{
    for (uint32_t w = 0; w < set_words(o->l->suspends.count); w++)
        if (a->suspends[w] & b->suspends[w])
            return true;
    return false;
}

static bool uses_meet(const struct node *slot, struct span span)
{
    uint32_t low = 0, high = slot->box.slot->uses.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slot->use[middle].first <= span.last)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && slot->use[low - 1].last >= span.first;
}

static bool slot_meets(const struct overlap *o, const struct node *slot, const struct node *b)
{
    if (!b->box.var->in_frame)
        return sets_meet(o, slot, b);
    return uses_meet(slot, b->life);
}

static bool vars_meet(const struct overlap *o, const struct node *a, const struct node *b)
{
    if (a->box.var->in_frame && b->box.var->in_frame)
        return spans_meet(a->life, b->life);
    return sets_meet(o, a, b);
}

static bool meet(const struct overlap *o, const struct node *a, const struct node *b)
{
    if (a->box.kind == BOX_SLOT)
        return b->box.kind == BOX_VAR && slot_meets(o, a, b);
    if (b->box.kind == BOX_SLOT)
        return slot_meets(o, b, a);
    return vars_meet(o, a, b);
}

static void find_meetings(struct overlap *o)
{
    for (uint32_t i = 0; i < o->count; i++)
        o->node[i].in_way = set_new(o->l->arena, o->count);
    for (uint32_t i = 0; i < o->count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (meet(o, &o->node[i], &o->node[k])) {
                set_put(o->node[i].in_way, k);
                set_put(o->node[k].in_way, i);
            }
}

/* ---- the members ---- */

/* Does it always hold something? This is so if the places where it is live are unknown, or if
 * others may see it. */
static bool holds_always(const struct var *v)
{
    return v->in_frame && (!v->tracked || v->type->quals & (Q_VOLATILE | Q_ATOMIC));
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void sort_uses(struct overlap *o, struct node *node)
{
    const struct list *uses = &node->box.slot->uses;
    node->use = arena_alloc(o->l->arena, (uses->count + 1) * sizeof *node->use);
    for (uint32_t i = 0; i < uses->count; i++)
        node->use[i] = *(struct span *)uses->item[i];
    qsort(node->use, uses->count, sizeof *node->use, compare_spans);
    for (uint32_t i = 1; i < uses->count; i++)
        if (node->use[i].last < node->use[i - 1].last)
            node->use[i].last = node->use[i - 1].last;
}

static void add_node(struct overlap *o, struct box box, const struct type *type)
{
    struct node *node = &o->node[o->count++];
    struct extent extent = type ? extent_of(o->l->unit, type, 0) : (struct extent){16, 8};

    node->box = box;
    node->box.size = extent.size;
    node->box.align = extent.align;
}

static void find_suspends(struct overlap *o, struct node *node)
{
    bool is_slot = node->box.kind == BOX_SLOT;

    node->suspends = set_new(o->l->arena, o->l->suspends.count);
    if (is_slot)
        sort_uses(o, node);
    else
        node->life = life_of(o->l, node->box.var);
    if (!is_slot && !holds_always(node->box.var))
        return;
    for (uint32_t s = 0; s < o->l->suspends.count; s++)
        if (is_slot ? uses_meet(node, o->span[s]) : spans_meet(node->life, o->span[s]))
            set_put(node->suspends, s);
}

/* A variable that is live at a suspension holds something there. */
static void note_live(struct overlap *o)
{
    struct node **by_var = arena_alloc(o->l->arena, (o->l->vars.count + 1) * sizeof *by_var);
    for (uint32_t i = 0; i < o->count; i++)
        if (o->node[i].box.kind == BOX_VAR)
            by_var[o->node[i].box.var->index] = &o->node[i];
    for (uint32_t s = 0; s < o->l->suspends.count; s++) {
        const struct suspend *suspend = o->l->suspends.item[s];
        for (uint32_t i = 0; i < suspend->live_count + suspend->held_count; i++) {
            struct node *node = by_var[suspend->live[i]->index];
            if (node)
                set_put(node->suspends, s);
        }
    }
}

static void find_all_suspends(struct overlap *o)
{
    struct lower *l = o->l;

    o->span = arena_alloc(l->arena, (l->suspends.count + 1) * sizeof *o->span);
    for (uint32_t i = 0; i < l->suspends.count; i++)
        o->span[i] = await_at(l, ((struct suspend *)l->suspends.item[i])->token);
    for (uint32_t i = 0; i < o->count; i++)
        find_suspends(o, &o->node[i]);
    note_live(o);
}

static void find_nodes(struct overlap *o)
{
    struct lower *l = o->l;

    o->node = arena_alloc(l->arena, (l->slots.count + l->vars.count + 1) * sizeof *o->node);
    for (uint32_t i = 0; i < l->slots.count; i++) {
        struct slot *slot = l->slots.item[i];
        add_node(o, (struct box){.kind = BOX_SLOT, .slot = slot}, slot->type);
    }
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if ((v->in_frame || v->saved) && !v->is_scope && !has_flexible_end(v->type))
            add_node(o, (struct box){.kind = BOX_VAR, .var = v}, v->frame_type);
    }
}

/* ---- the packing ---- */

/* Some of the nodes. */
struct some {
    uint32_t *index;
    uint32_t count;
};

static struct some some_new(struct overlap *o, uint32_t room)
{
    return (struct some){arena_alloc(o->l->arena, (room + 1) * sizeof(uint32_t)), 0};
}

static struct box *box_new(struct overlap *o, enum box_kind kind, uint32_t room)
{
    struct box *b = arena_alloc(o->l->arena, sizeof *b);
    b->kind = kind;
    b->part = arena_alloc(o->l->arena, (room + 1) * sizeof *b->part);
    b->align = 1;
    return b;
}

/* Larger alignments first, so that there is no padding between parts. */
static void sort_parts(struct box *b)
{
    for (uint32_t i = 1; i < b->count; i++) {
        struct box *part = b->part[i];
        uint32_t k = i;
        for (; k > 0 && b->part[k - 1]->align < part->align; k--)
            b->part[k] = b->part[k - 1];
        b->part[k] = part;
    }
}

static struct box *box_end(struct overlap *o, struct box *b)
{
    struct box *flat;
    uint32_t room = 0;

    for (uint32_t i = 0; i < b->count; i++)
        room += b->part[i]->kind == b->kind ? b->part[i]->count : 1;
    flat = box_new(o, b->kind, room);
    for (uint32_t i = 0; i < b->count; i++) {
        struct box *part = b->part[i];
        bool same = part->kind == b->kind;
        for (uint32_t k = 0; k < (same ? part->count : 1); k++)
            flat->part[flat->count++] = same ? part->part[k] : part;
    }
    if (flat->count == 1)
        return flat->part[0];
    if (b->kind == BOX_STRUCT)
        sort_parts(flat);
    for (uint32_t i = 0; i < flat->count; i++) {
        struct box *part = flat->part[i];
        if (part->align > flat->align)
            flat->align = part->align;
        if (b->kind == BOX_UNION)
            flat->size = part->size > flat->size ? part->size : flat->size;
        else
            flat->size = round_up(flat->size, part->align) + part->size;
    }
    flat->size = round_up(flat->size, flat->align);
    return flat;
}

/* Moves to the front of `s` the nodes that are connected to its first node, by edges (`edge`) or by
 * the lack of edges. Returns their number. */
static uint32_t gather(struct overlap *o, struct some s, bool edge)
{
    uint32_t found = 1;
    for (uint32_t at = 0; at < found; at++) {
        const uint32_t *in_way = o->node[s.index[at]].in_way;
        for (uint32_t i = found; i < s.count; i++) {
            uint32_t index = s.index[i];
            if (set_has(in_way, index) != edge)
                continue;
            s.index[i] = s.index[found];
            s.index[found++] = index;
        }
    }
    return found;
}

static void sort_by_index(struct some s)
{
    for (uint32_t i = 1; i < s.count; i++) {
        uint32_t index = s.index[i], k = i;
        for (; k > 0 && s.index[k - 1] > index; k--)
            s.index[k] = s.index[k - 1];
        s.index[k] = index;
    }
}

static struct box *pack(struct overlap *o, struct some s);

/* The pieces of the graph as parts of a union, or the pieces of its complement as parts of a
 * struct. NULL: there is only one piece. */
static struct box *pack_pieces(struct overlap *o, struct some s, enum box_kind kind)
{
    struct box *b = NULL;
    for (;;) {
        struct some piece = s;
        piece.count = gather(o, s, kind == BOX_UNION);
        if (piece.count == s.count && !b) {
            sort_by_index(s);
            return NULL;
        }
        if (!b)
            b = box_new(o, kind, s.count);
        sort_by_index(piece);
        b->part[b->count++] = pack(o, piece);
        if (piece.count == s.count)
            return box_end(o, b);
        s.index += piece.count;
        s.count -= piece.count;
        sort_by_index(s);
    }
}

/* Greedy colouring, the largest first: each colour a union. */
static struct box *pack_colours(struct overlap *o, struct some s)
{
    struct box *all = box_new(o, BOX_STRUCT, s.count);
    struct some *colour = arena_alloc(o->l->arena, s.count * sizeof *colour);
    struct some order = some_new(o, s.count);
    uint32_t colours = 0;

    for (uint32_t i = 0; i < s.count; i++) {
        uint32_t k = order.count++;
        for (; k > 0 && o->node[order.index[k - 1]].box.size < o->node[s.index[i]].box.size; k--)
            order.index[k] = order.index[k - 1];
        order.index[k] = s.index[i];
    }
    for (uint32_t i = 0; i < order.count; i++) {
        const struct node *node = &o->node[order.index[i]];
        uint32_t c = 0;
        for (; c < colours; c++) {
            bool vacant = true;
            for (uint32_t k = 0; k < colour[c].count; k++)
                vacant &= !set_has(node->in_way, colour[c].index[k]);
            if (vacant)
                break;
        }
        if (c == colours)
            colour[colours++] = some_new(o, s.count);
        colour[c].index[colour[c].count++] = order.index[i];
    }
    for (uint32_t c = 0; c < colours; c++) {
        struct box *b = box_new(o, BOX_UNION, colour[c].count);
        for (uint32_t k = 0; k < colour[c].count; k++)
            b->part[b->count++] = &o->node[colour[c].index[k]].box;
        all->part[all->count++] = box_end(o, b);
    }
    return box_end(o, all);
}

/* The node that costs least if it shares with no other. */
static uint32_t to_take_out(struct overlap *o, struct some s)
{
    uint64_t least = UINT64_MAX;
    uint32_t best = 0;
    for (uint32_t i = 0; i < s.count; i++) {
        const struct node *node = &o->node[s.index[i]];
        uint64_t shares = 0;
        for (uint32_t k = 0; k < s.count; k++)
            shares += k != i && !set_has(node->in_way, s.index[k]);
        if (shares * node->box.size < least) {
            least = shares * node->box.size;
            best = i;
        }
    }
    return best;
}

static struct box *pack_rest(struct overlap *o, struct some s)
{
    struct box *colours = pack_colours(o, s), *b = box_new(o, BOX_STRUCT, 2);
    struct some rest = some_new(o, s.count);
    uint32_t out;

    if (s.count > TAKE_OUT_MAX)
        return colours;
    out = to_take_out(o, s);
    for (uint32_t i = 0; i < s.count; i++)
        if (i != out)
            rest.index[rest.count++] = s.index[i];
    b->part[b->count++] = &o->node[s.index[out]].box;
    b->part[b->count++] = pack(o, rest);
    b = box_end(o, b);
    return b->size < colours->size ? b : colours;
}

static struct box *pack(struct overlap *o, struct some s)
{
    if (s.count == 1)
        return &o->node[s.index[0]].box;
    struct box *b = pack_pieces(o, s, BOX_UNION);
    if (!b)
        b = pack_pieces(o, s, BOX_STRUCT);
    return b ? b : pack_rest(o, s);
}

static int compare_boxes(const void *a, const void *b)
{
    const struct box *x = *(struct box *const *)a, *y = *(struct box *const *)b;
    if (x->align != y->align)
        return x->align > y->align ? -1 : 1;
    return x < y ? -1 : x > y; /* they are in one array */
}

static struct box *own_bytes(struct overlap *o)
{
    struct box *all = box_new(o, BOX_STRUCT, o->count);
    for (uint32_t i = 0; i < o->count; i++)
        all->part[all->count++] = &o->node[i].box;
    qsort(all->part, all->count, sizeof *all->part, compare_boxes);
    return box_end(o, all);
}

struct box *overlap(struct lower *l)
{
    struct overlap *o = arena_alloc(l->arena, sizeof *o);
    struct some all;

    o->l = l;
    find_nodes(o);
    if (o->count == 0)
        return NULL;
    if (o->count > MEMBERS_MAX)
        return own_bytes(o);
    find_all_suspends(o);
    find_meetings(o);
    all = some_new(o, o->count);
    for (; all.count < o->count; all.count++)
        all.index[all.count] = all.count;
    return pack(o, all);
}
