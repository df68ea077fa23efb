/*
 * Finds the variables that each suspension must save, and the variables that must live in the frame
 * instead: the classic backward analysis of liveness, and a forward analysis of initialisation,
 * over the basic blocks of a code (see any compiler textbook, e.g. Appel, "Modern Compiler
 * Implementation in C", chapters 10 and 17).
 *
 * Requires a function's code and the variables that the lowering tracks. Establishes suspend->live,
 * var->saved, and more of var->in_frame.
 *
 * A variable that is live where a suspension resumes is saved there. (If nothing has set it on any
 * path since its declaration, it has no value to keep and is not saved.) It lives in the frame if
 * it cannot be saved:
 *
 * - it is an array, const or volatile;
 * - it may have no value yet: reading it would be undefined, and both compilers would warn;
 * - its name means something else there;
 * - a select may leave it without a value;
 *
 * and also if it would be saved at very many suspensions.
 */
#include "compiler/frame/frame.h"

#include <string.h>

struct block {
    uint32_t first, last; /* pieces; last exclusive */
    uint32_t next[2];     /* the numbers of its successors, or NONE */
    /* sets of variables */
    uint32_t *use, *def;  /* read before any write; written */
    uint32_t *live;       /* live where the block begins */
    uint32_t *bare;       /* perhaps without a value there */
    uint32_t *touched;    /* perhaps with a value there, or with a part of one */
    uint32_t *live_after; /* of a block that ends in a suspension: what is live after it */
};

#define NONE UINT32_MAX

struct live {
    struct lower *l;
    const struct code *code;
    struct block *block;
    uint32_t count;   /* of blocks */
    struct var **var; /* those that are in the sets, by their bits */
    uint32_t var_count, words;
    uint32_t *saves; /* by bit: at how many suspensions it is live, if it is not in the frame */
    uint32_t *bit;   /* by index of a variable; NONE: it is in no set */
    uint32_t *label_block; /* by flow label */
};

/* An empty set of variables. */
static uint32_t *vars_new(struct live *v)
{
    return set_new(v->l->arena, v->var_count);
}

/* ---- blocks ---- */

static bool ends_block(enum piece_kind k)
{
    return k == PC_JUMP || k == PC_BRANCH || k == PC_END || k == PC_SUSPEND;
}

static void find_blocks(struct live *v)
{
    const struct piece *p = v->code->piece;
    uint32_t count = v->code->count;
    v->block = arena_alloc(v->l->arena, (count + 2) * sizeof *v->block);
    v->label_block = arena_alloc(v->l->arena, (v->l->flow_labels + 1) * sizeof(uint32_t));
    memset(v->label_block, 0xff, (v->l->flow_labels + 1) * sizeof(uint32_t));
    v->block[0].first = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (p[i].kind == PC_LABEL) {
            if (v->block[v->count].first != i) {
                v->block[v->count].last = i;
                v->block[++v->count].first = i;
            }
            v->label_block[p[i].first] = v->count;
        } else if (ends_block(p[i].kind)) {
            v->block[v->count].last = i + 1;
            v->block[++v->count].first = i + 1;
        }
    }
    v->block[v->count++].last = count;
}

static void link_blocks(struct live *v)
{
    for (uint32_t b = 0; b < v->count; b++) {
        struct block *k = &v->block[b];
        const struct piece *end = k->last > k->first ? &v->code->piece[k->last - 1] : NULL;
        k->next[0] = b + 1 < v->count ? b + 1 : NONE;
        k->next[1] = NONE;
        if (!end)
            continue;
        if (end->kind == PC_JUMP)
            k->next[0] = v->label_block[end->first];
        else if (end->kind == PC_BRANCH)
            k->next[1] = v->label_block[end->first];
        else if (end->kind == PC_END)
            k->next[0] = NONE;
    }
}

/* ---- which variables are followed ---- */

/* A variable is live at no suspension if each use follows a write in the same block; this is so for
 * most temporaries. The sets have no bits for them: the size of all sets would grow with the square
 * of a function's length. */
static void number_vars(struct live *v)
{
    uint32_t all = v->l->vars.count;
    uint32_t *written_in = arena_alloc(v->l->arena, (all + 1) * sizeof *written_in);

    v->bit = arena_alloc(v->l->arena, (all + 1) * sizeof *v->bit);
    v->var = arena_alloc(v->l->arena, (all + 1) * sizeof(struct var *));
    memset(v->bit, 0xff, (all + 1) * sizeof *v->bit);
    for (uint32_t b = 0; b < v->count; b++)
        for (uint32_t i = v->block[b].first; i < v->block[b].last; i++) {
            const struct piece *p = &v->code->piece[i];
            if (!p->var || !p->var->tracked) /* or it belongs to the function round a branch */
                continue;
            uint32_t n = p->var->index;
            if (p->kind == PC_MAYBE || (p->kind == PC_USE && written_in[n] != b + 1))
                v->bit[n] = 0;
            else if (p->kind == PC_DEF || p->kind == PC_KILL)
                written_in[n] = b + 1;
        }
    for (uint32_t n = 0; n < all; n++)
        if (v->bit[n] != NONE) {
            v->bit[n] = v->var_count;
            v->var[v->var_count++] = v->l->vars.item[n];
        }
    v->words = set_words(v->var_count);
    v->saves = arena_alloc(v->l->arena, (v->var_count + 1) * sizeof *v->saves);
}

static uint32_t bit_of(const struct live *v, const struct piece *p)
{
    return p->var && p->var->tracked ? v->bit[p->var->index] : NONE;
}

/* ---- liveness, backwards ---- */

static void local_sets(struct live *v, struct block *k)
{
    k->use = vars_new(v);
    k->def = vars_new(v);
    k->live = vars_new(v);
    k->bare = vars_new(v);
    k->touched = vars_new(v);
    for (uint32_t i = k->first; i < k->last; i++) {
        const struct piece *p = &v->code->piece[i];
        uint32_t n = bit_of(v, p);
        if (n == NONE)
            continue;
        if (p->kind == PC_USE && !set_has(k->def, n))
            set_put(k->use, n);
        else if (p->kind == PC_DEF || p->kind == PC_KILL)
            set_put(k->def, n);
    }
}

static bool flow_back(struct live *v, struct block *k)
{
    bool changed = false;
    for (uint32_t w = 0; w < v->words; w++) {
        uint32_t out = 0;
        for (int s = 0; s < 2; s++)
            if (k->next[s] != NONE)
                out |= v->block[k->next[s]].live[w];
        uint32_t in = k->use[w] | (out & ~k->def[w]);
        changed |= in != k->live[w];
        k->live[w] = in;
    }
    return changed;
}

/* ---- initialisation, forwards ---- */

/* The effect of one piece on the variables that perhaps have no value, and on those that perhaps
 * have one. A use may be an assignment too (asm). */
static void step(const struct live *v, uint32_t *bare, uint32_t *touched, const struct piece *p)
{
    uint32_t n = bit_of(v, p);
    if (n == NONE || p->kind == PC_DECLARE)
        return;
    if (p->kind == PC_KILL) {
        set_put(bare, n);
        set_take(touched, n);
    } else {
        if (p->kind == PC_DEF)
            set_take(bare, n);
        set_put(touched, n);
    }
}

static bool add_all(uint32_t *to, const uint32_t *set, uint32_t words)
{
    bool changed = false;
    for (uint32_t w = 0; w < words; w++) {
        changed |= (set[w] & ~to[w]) != 0;
        to[w] |= set[w];
    }
    return changed;
}

static bool flow_on(struct live *v, struct block *k, uint32_t *bare, uint32_t *touched)
{
    bool changed = false;
    memcpy(bare, k->bare, v->words * sizeof *bare);
    memcpy(touched, k->touched, v->words * sizeof *touched);
    for (uint32_t i = k->first; i < k->last; i++)
        step(v, bare, touched, &v->code->piece[i]);
    for (int s = 0; s < 2; s++) {
        if (k->next[s] == NONE)
            continue;
        changed |= add_all(v->block[k->next[s]].bare, bare, v->words);
        changed |= add_all(v->block[k->next[s]].touched, touched, v->words);
    }
    return changed;
}

static void mark_from(struct live *v, uint32_t root, bool *reached, uint32_t *stack)
{
    uint32_t top = 0;
    stack[top++] = root;
    reached[root] = true;
    while (top) {
        struct block *k = &v->block[stack[--top]];
        for (int s = 0; s < 2; s++)
            if (k->next[s] != NONE && !reached[k->next[s]]) {
                reached[k->next[s]] = true;
                stack[top++] = k->next[s];
            }
    }
}

/* As far as a compiler knows, a suspension in unreachable code may resume: after it only loaded
 * variables have a value. */
static void mark_reachable(struct live *v, bool *reached)
{
    uint32_t *stack = arena_alloc(v->l->arena, (v->count + 1) * sizeof *stack);
    mark_from(v, 0, reached, stack);
    for (uint32_t b = 0; b < v->count; b++) {
        const struct block *k = &v->block[b];
        if (reached[b] || k->last == k->first || k->next[0] == NONE || reached[k->next[0]] ||
            v->code->piece[k->last - 1].kind != PC_SUSPEND)
            continue;
        struct block *next = &v->block[k->next[0]];
        for (uint32_t w = 0; w < v->words; w++) {
            next->bare[w] = ~next->live[w];
            next->touched[w] = UINT32_MAX;
        }
        mark_from(v, k->next[0], reached, stack);
    }
}

/* ---- the decisions ---- */

static bool can_be_saved(const struct var *x)
{
    return !(x->type && (x->type->kind == TY_ARRAY || x->type->quals & (Q_VOLATILE | Q_ATOMIC) ||
                         type_is_const(x->type)));
}

/* The first variable of the set from `n` on; NONE: there are no more. */
static uint32_t next_in(const struct live *v, const uint32_t *set, uint32_t n)
{
    while (n < v->var_count && !set_has(set, n))
        n = set[n / 32] >> (n % 32) ? n + 1 : (n / 32 + 1) * 32;
    return n < v->var_count ? n : NONE;
}

/* A variable that would be saved at more suspensions than this is cheaper in the frame; the code
 * would grow with the square of a function's length. */
enum { SAVES_MAX = 64 };

static void decide_at(struct live *v, const struct suspend *s, const uint32_t *live,
                      const uint32_t *bare)
{
    for (uint32_t n = next_in(v, live, 0); n != NONE; n = next_in(v, live, n + 1)) {
        struct var *x = v->var[n];
        if (x->in_frame)
            continue;
        if (++v->saves[n] > SAVES_MAX && x->type && !x->by_address) {
            x->in_frame = true;
            continue;
        }
        if (!is_in_scope(v->l, x, s->token))
            continue;
        bool named = (!x->stmt || x->token <= s->token) && !is_shadowed(v->l, x, s->token);
        if (set_has(bare, n) || !can_be_saved(x) || !named)
            x->in_frame = true;
    }
}

/* The variables that are live after the block, which ends in a suspension, except variables that
 * nothing has set. */
static uint32_t *live_after(struct live *v, const struct block *k, const uint32_t *touched)
{
    uint32_t *live = vars_new(v);
    for (uint32_t w = 0; w < v->words; w++)
        live[w] = v->block[k->next[0]].live[w] & touched[w];
    return live;
}

static void decide(struct live *v, struct block *k, uint32_t *bare, uint32_t *touched)
{
    memcpy(bare, k->bare, v->words * sizeof *bare);
    memcpy(touched, k->touched, v->words * sizeof *touched);
    for (uint32_t i = k->first; i < k->last; i++) {
        const struct piece *p = &v->code->piece[i];
        if (p->kind == PC_MAYBE && p->var->tracked && set_has(bare, bit_of(v, p)))
            p->var->in_frame = true;
        if (p->kind == PC_SUSPEND && k->next[0] != NONE) {
            k->live_after = live_after(v, k, touched);
            decide_at(v, p->thing, k->live_after, bare);
        }
        step(v, bare, touched, p);
    }
}

/* The variables to save at the suspension, then the variables in the frame that are live there. */
static void list_live(struct live *v, struct suspend *s, const uint32_t *live)
{
    uint32_t count = 0;
    for (uint32_t n = next_in(v, live, 0); n != NONE; n = next_in(v, live, n + 1))
        count++;
    s->live = arena_alloc(v->l->arena, (count + 1) * sizeof(struct var *));
    for (int held = 0; held < 2; held++)
        for (uint32_t n = next_in(v, live, 0); n != NONE; n = next_in(v, live, n + 1)) {
            struct var *x = v->var[n];
            if (x->in_frame != held || !is_in_scope(v->l, x, s->token))
                continue;
            x->saved |= !held;
            s->live[s->live_count + s->held_count] = x;
            *(held ? &s->held_count : &s->live_count) += 1;
        }
}

/* Liveness, until nothing changes. */
static void find_live(struct live *v)
{
    for (uint32_t b = 0; b < v->count; b++)
        local_sets(v, &v->block[b]);
    for (bool again = true; again;) {
        again = false;
        for (uint32_t b = v->count; b-- > 0;)
            again |= flow_back(v, &v->block[b]);
    }
}

/* Initialisation, until nothing changes. `bare` and `touched` are scratch. */
static void find_values(struct live *v, uint32_t *bare, uint32_t *touched)
{
    bool *reached = arena_alloc(v->l->arena, v->count + 1);
    for (uint32_t n = 0; n < v->var_count; n++)
        set_put(v->block[0].bare, n);
    mark_reachable(v, reached);
    for (uint32_t b = 0; b < v->count; b++)
        if (!reached[b])
            memset(v->block[b].touched, 0xff, v->words * sizeof(uint32_t));
    for (bool again = true; again;) {
        again = false;
        for (uint32_t b = 0; b < v->count; b++)
            if (reached[b])
                again |= flow_on(v, &v->block[b], bare, touched);
    }
}

void live_function(struct lower *l, struct code *code)
{
    struct live *v = arena_alloc(l->arena, sizeof *v);
    v->l = l;
    v->code = code;
    find_blocks(v);
    link_blocks(v);
    number_vars(v);
    find_live(v);
    uint32_t *bare = vars_new(v), *touched = vars_new(v);
    find_values(v, bare, touched);
    for (uint32_t b = 0; b < v->count; b++)
        decide(v, &v->block[b], bare, touched);
    for (uint32_t b = 0; b < v->count; b++) {
        struct block *k = &v->block[b];
        const struct piece *end = k->last > k->first ? &code->piece[k->last - 1] : NULL;
        if (end && end->kind == PC_SUSPEND && k->next[0] != NONE)
            list_live(v, end->thing, k->live_after);
    }
}
