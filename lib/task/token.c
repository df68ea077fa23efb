/*
 * token.c: tokens of cancellation. The tree, and who waits at its tokens, is under one lock, that
 * of the root. A token refers to the one above it, so the root lives as long as any token.
 *
 * To cancel is two steps: under the lock all tokens below are marked, and those at which somebody
 * waits are put into a list, with a reference; then those that wait are woken, one after another,
 * without the lock. A token that is marked already was marked with all below it, by somebody who
 * wakes them: it is passed over.
 */
#include "lib/leaf.h"

#include "lib/task/sleepers.h"

#include <bide/token.h>

#include <stdatomic.h>

struct bide_token {
    uint32_t lock; /* of the root: for the whole tree */
    _Atomic bool is_cancelled;
    _Atomic size_t references; /* handles, the tokens directly below, a cancel that wakes here */
    struct bide_token *root, *parent;
    struct bide_token *first, *next, *previous; /* below it; and its sisters */
    struct bide_token *to_wake;                 /* the next one of a cancel */
    struct bide__sleepers waiting;
};

bool bide_token_is_cancelled(const bide_token *token)
{
    return atomic_load_explicit(&token->is_cancelled, memory_order_acquire);
}

/* ---- handles ---- */

static int make(struct bide_token *parent, bide_token **out)
{
    struct bide_token *t = *out = bide__alloc(sizeof(*t));

    if (t == NULL)
        return -ENOMEM;
    *t = (struct bide_token){.root = parent != NULL ? parent->root : t, .parent = parent};
    atomic_init(&t->references, 1);
    if (parent == NULL)
        return 0;
    atomic_fetch_add_explicit(&parent->references, 1, memory_order_relaxed);
    lock_take(&t->root->lock);
    atomic_init(&t->is_cancelled, bide_token_is_cancelled(parent));
    t->next = parent->first;
    if (t->next != NULL)
        t->next->previous = t;
    parent->first = t;
    lock_give(&t->root->lock);
    return 0;
}

int bide_token_new(bide_token **token)
{
    return make(NULL, token);
}

int bide_token_child(bide_token *parent, bide_token **token)
{
    return make(parent, token);
}

bide_token *bide_token_clone(bide_token *token)
{
    atomic_fetch_add_explicit(&token->references, 1, memory_order_relaxed);
    return token;
}

/* With the lock. */
static void take_out(struct bide_token *t)
{
    if (t->previous != NULL)
        t->previous->next = t->next;
    else
        t->parent->first = t->next;
    if (t->next != NULL)
        t->next->previous = t->previous;
}

/* A token that is free lets go of the one above it, which may then be free too. */
void bide_token_drop(bide_token *token)
{
    struct bide_token *t = token, *parent;

    for (; t != NULL; t = parent) {
        /* A cancel takes its reference under the lock, while the token is in the tree. */
        lock_take(&t->root->lock);
        bool is_last = atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) == 1;
        parent = is_last ? t->parent : NULL;
        if (parent != NULL)
            take_out(t);
        lock_give(&t->root->lock);
        if (!is_last)
            return;
        bide__free(t, sizeof(*t));
    }
}

/* ---- cancel ---- */

/* The next token of the tree below `top`, in some order; `into`: with those below this one. */
static struct bide_token *following(const struct bide_token *top, struct bide_token *t, bool into)
{
    if (into && t->first != NULL)
        return t->first;
    while (t != top && t->next == NULL)
        t = t->parent;
    return t != top ? t->next : NULL;
}

/* With the lock: marks all, and returns the list of those where somebody waits. */
static struct bide_token *mark(struct bide_token *top)
{
    struct bide_token *list = NULL;

    for (struct bide_token *t = top; t != NULL;) {
        bool is_new = !atomic_load_explicit(&t->is_cancelled, memory_order_relaxed);
        if (is_new && t->waiting.first != NULL) {
            bide_token_clone(t);
            t->to_wake = list;
            list = t;
        }
        atomic_store_explicit(&t->is_cancelled, true, memory_order_release);
        t = following(top, t, is_new);
    }
    return list;
}

void bide_token_cancel(bide_token *token)
{
    struct bide_token *root = token->root, *list, *next;

    /* Each token in the list keeps the root, which is above it. */
    lock_take(&root->lock);
    list = mark(token);
    lock_give(&root->lock);
    for (; list != NULL; list = next) {
        next = list->to_wake;
        lock_take(&root->lock);
        sleepers_wake_unlock(&root->lock, &list->waiting);
        bide_token_drop(list);
    }
}

/* ---- wait ---- */

struct wait {
    struct bide_frame h;
    bide_token *token;
    struct bide__sleeper s;
};

static bool is_cancelled(const void *token)
{
    return bide_token_is_cancelled(token);
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_token *t = f->token;

    if (h->state == 0) {
        f->s.is_listed = f->s.is_done = false;
        h->state = BIDE__BEGUN;
        if (bide_token_is_cancelled(t))
            return bide_budget_spend(cx) ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
    }
    bool done = sleeper_poll(cx, &t->root->lock, &t->waiting, &f->s, is_cancelled, t);
    return done ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;

    return sleeper_leave(cx, &f->token->root->lock, &f->token->waiting, &f->s);
}

BIDE__LEAF(int, bide_token_wait, struct wait, wait_poll, wait_cancel, (bide_token *, token));
