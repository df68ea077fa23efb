/*
 * deadlock.c: see wait.h.
 *
 * A *node* is a task, or a future that nobody polls; a future that is polled belongs to the task
 * that polls it. An *edge* is a wait of a node for an object. It leads to the node that holds the
 * object, and from there to those waits without which the holder does not go on: a branch that
 * holds a lock goes on whatever another branch of its task waits for. A circle of such edges is
 * reported once. Where it is not known whether the holder waits, there is no edge, so what is
 * reported is certain, and not all is reported.
 *
 * The graph is made in memory of its own. If there is none, nothing is reported.
 */
#include "runtime/trace/wait.h"

#include "runtime/task/task.h"
#include "runtime/trace/trace.h"

#include <stdatomic.h>
#include <stdio.h>

static _Atomic(bide__wait_teller *) teller_now;
static _Atomic(bide__leaf_teller *) leaf_teller_now;

void bide__wait_tells(bide__wait_teller *teller)
{
    if (atomic_load_explicit(&teller_now, memory_order_relaxed) != teller)
        atomic_store_explicit(&teller_now, teller, memory_order_relaxed);
}

bool bide__wait_of(const struct bide_frame *leaf, struct bide__wait *wait)
{
    bide__wait_teller *teller = atomic_load_explicit(&teller_now, memory_order_relaxed);
    return leaf != NULL && teller != NULL && teller(leaf, wait);
}

void bide__leaf_tells(bide__leaf_teller *teller)
{
    if (atomic_load_explicit(&leaf_teller_now, memory_order_relaxed) != teller)
        atomic_store_explicit(&leaf_teller_now, teller, memory_order_relaxed);
}

bool bide__leaf_says(const struct bide_frame *leaf, char *text, size_t size)
{
    bide__leaf_teller *teller = atomic_load_explicit(&leaf_teller_now, memory_order_relaxed);
    return teller != NULL && teller(leaf, text, size);
}

void bide__wait_place(char *text, size_t size, const struct bide__wait *wait)
{
    if (wait->place != NULL)
        snprintf(text, size, " at %s", wait->place);
    else
        text[0] = '\0';
}

/* ---- the graph ---- */

enum { NONE = UINT32_MAX };

enum mark { NEW, OPEN, CLOSED };

struct edge {
    const struct bide__task *node;
    struct bide__wait wait;
    const struct bide_frame *below; /* the function that waits */
    uint32_t next;                  /* of the same node */
    uint32_t from;                  /* while it is OPEN: by which edge it was reached */
    uint32_t tried;                 /* and the next edge to try from here */
    uint8_t mark;
};

/* A task, a future that it polls, or a future that nobody polls. */
struct slot {
    const struct bide__task *key, *node;
    uint32_t first; /* edge of the node */
    uint32_t waits; /* for what it holds, if nobody polls it */
};

struct graph {
    const struct bide__hub *hub;
    struct edge *edge;
    struct slot *slot; /* a hash table */
    uint32_t edges, slots;
    uint32_t edge_room, slot_room; /* the second is a power of two */
    bool is_counted;               /* the room is there */
    const struct bide__task *node; /* that is being walked */
    void (*write)(void *argument, const char *text, size_t size);
    void *argument;
};

static struct slot *slot_of(const struct graph *g, const struct bide__task *key)
{
    uint32_t i = (uint32_t)((uintptr_t)key >> 5) * UINT32_C(2654435769);
    for (i &= g->slot_room - 1; g->slot[i].key != NULL && g->slot[i].key != key;)
        i = (i + 1) & (g->slot_room - 1);
    return &g->slot[i];
}

static void add_slot(struct graph *g, const struct bide__task *key)
{
    g->slots++;
    if (g->is_counted)
        *slot_of(g, key) = (struct slot){key, g->node, NONE, 0};
}

static void add_edge(struct graph *g, const struct bide__wait *wait, const struct bide_frame *below)
{
    uint32_t i = g->edges++;
    if (!g->is_counted)
        return;
    struct slot *s = slot_of(g, g->node);
    g->edge[i] = (struct edge){.node = g->node, .wait = *wait, .below = below, .next = s->first};
    s->first = i;
}

/* Chains that are nested too deep are left out. */
static void walk(struct graph *g, const struct bide_chain *chain, unsigned depth)
{
    enum { NEST_MAX = 1000 };
    struct bide_segment *segment = bide_chain_segment(chain), *at = segment;
    struct bide_frame *leaf = chain->leaf;
    struct bide__wait wait;

    if (depth >= NEST_MAX)
        return;
    if (bide__wait_of(leaf, &wait))
        add_edge(g, &wait, bide_frame_below(leaf, &at));
    for (struct bide_frame *f = leaf; f != NULL; f = bide_frame_below(f, &segment)) {
        const struct bide_chain *inner = bide__future_chain(f);
        if (inner != NULL) {
            const char *block = (const char *)inner - offsetof(struct bide__task, chain);
            add_slot(g, (const struct bide__task *)(const void *)block);
            walk(g, inner, depth + 1);
        }
        for (unsigned i = 0; (inner = bide_group_branch(f, &i)) != NULL; i++)
            walk(g, inner, depth + 1);
    }
}

static bool is_unpolled_future(const struct bide__task *task)
{
    return bide__state_is_future(&task->wake.state);
}

static void walk_block(void *block, void *argument)
{
    struct graph *g = argument;
    const struct bide__task *task = block;

    if (bide__state_done(&task->wake.state) || bide__state_runs(&task->wake.state) ||
        bide__state_is_left(&task->wake.state))
        return;
    if (is_unpolled_future(task) && (task->waiters != NULL || !bide__future_has_begun(task)))
        return;
    g->node = task;
    add_slot(g, task);
    walk(g, &task->chain, 0);
}

static bool make(struct graph *g, const struct bide_runtime *rt)
{
    bide__hub_each(rt->hub, walk_block, g);
    if (g->edges == 0)
        return false;
    g->edge_room = g->edges;
    for (g->slot_room = 16; g->slot_room < 2 * g->slots;)
        g->slot_room *= 2;
    g->edge = bide__alloc(g->edge_room * sizeof(*g->edge));
    g->slot = bide__alloc(g->slot_room * sizeof(*g->slot));
    if (g->edge == NULL || g->slot == NULL)
        return false;
    memset(g->slot, 0, g->slot_room * sizeof(*g->slot));
    g->is_counted = true;
    g->edges = g->slots = 0;
    bide__hub_each(rt->hub, walk_block, g);
    return true;
}

/* The slot of the node that holds what e waits for; NULL: not known. */
static struct slot *owner_of(const struct graph *g, const struct edge *e)
{
    if (e->wait.owner.bits == 0 || e->wait.is_granted)
        return NULL;
    const void *key = bide_waker_task(e->wait.owner);
    struct slot *s = slot_of(g, key);
    return s->key != NULL ? slot_of(g, s->node) : NULL;
}

/* The holder for which e waits goes on only when `next`, a wait of its node, is over. */
static bool leads_to(const struct edge *e, const struct edge *next)
{
    unsigned owner = bide_waker_branch(e->wait.owner);
    unsigned waiter = bide_waker_branch(next->wait.waker);
    const void *holder = bide_waker_task(e->wait.owner);

    if (next->wait.is_granted)
        return false;
    if (holder != bide_waker_task(next->wait.waker))
        return owner == 0 && holder == next->node;
    return owner == 0 || waiter == 0 || (owner == waiter && owner < BIDE_BRANCHES - 1);
}

/* ---- what is said ---- */

static void say(const struct graph *g, const char *text, size_t size, int n)
{
    g->write(g->argument, text, (size_t)n < size ? (size_t)n : size - 1);
}

static unsigned long long number(const void *p)
{
    return (unsigned long long)(uintptr_t)p;
}

static const char *noun(const struct bide__task *node)
{
    return is_unpolled_future(node) ? "future" : "task";
}

static void say_edge(const struct graph *g, const struct edge *e, const char *word)
{
    const struct bide_fn_info *info = e->below != NULL ? e->below->fn->info : NULL;
    const struct bide__task *owner = owner_of(g, e)->node;
    char text[640], place[160], label[BIDE__TASK_LABEL], others[BIDE__TASK_LABEL];

    bide__wait_place(place, sizeof(place), &e->wait);
    int n = snprintf(
        text, sizeof(text),
        "%s%s %llx%s waits in %s (%s:%u) for the %s %llx, which %s %llx%s has locked%s\n", word,
        noun(e->node), number(e->node), bide__task_label(g->hub, e->node, label),
        info != NULL ? info->name : "?", info != NULL ? info->file : "?",
        e->below != NULL ? bide__frame_line(e->below) : 0, e->wait.what, number(e->wait.object),
        noun(owner), number(owner), bide__task_label(g->hub, owner, others), place);
    say(g, text, sizeof(text), n);
}

/* From the edge `first` over those by which `last` was reached. */
static void say_circle(const struct graph *g, uint32_t first, uint32_t last)
{
    uint32_t after = NONE;

    /* The way there is turned round, and back again. */
    for (uint32_t i = last, from; i != first; i = from) {
        from = g->edge[i].from;
        g->edge[i].from = after;
        after = i;
    }
    say_edge(g, &g->edge[first], "deadlock: ");
    for (uint32_t i = after, before = first, next; i != NONE; i = next) {
        say_edge(g, &g->edge[i], "          ");
        next = g->edge[i].from;
        g->edge[i].from = before;
        before = i;
    }
}

static void follow(struct graph *g, uint32_t start)
{
    uint32_t at = start;
    const struct slot *s = owner_of(g, &g->edge[at]);

    g->edge[at].mark = OPEN;
    g->edge[at].from = NONE;
    g->edge[at].tried = s != NULL ? s->first : NONE;
    while (at != NONE) {
        struct edge *e = &g->edge[at];
        uint32_t i = e->tried;
        if (i == NONE) {
            e->mark = CLOSED;
            at = e->from;
            continue;
        }
        struct edge *next = &g->edge[i];
        e->tried = next->next;
        if (!leads_to(e, next))
            continue;
        if (next->mark == OPEN) {
            say_circle(g, i, at);
        } else if (next->mark == NEW) {
            s = owner_of(g, next);
            next->mark = OPEN;
            next->from = at;
            next->tried = s != NULL ? s->first : NONE;
            at = i;
        }
    }
}

/* A future that nobody polls has been given something, or holds what others wait for. */
static void say_unpolled(const struct graph *g, const struct edge *e)
{
    char text[320], place[160];
    struct slot *s = owner_of(g, e);
    int n;

    if (e->wait.is_granted && is_unpolled_future(e->node)) {
        n = snprintf(text, sizeof(text),
                     "futurelock: future %llx has been given the %s %llx, and nobody polls it\n",
                     number(e->node), e->wait.what, number(e->wait.object));
        say(g, text, sizeof(text), n);
    } else if (s != NULL && is_unpolled_future(s->node) && s->waits++ == 0) {
        bide__wait_place(place, sizeof(place), &e->wait);
        n = snprintf(text, sizeof(text),
                     "futurelock: %s %llx waits for the %s %llx, which future %llx has locked%s, "
                     "and nobody polls that\n",
                     noun(e->node), number(e->node), e->wait.what, number(e->wait.object),
                     number(s->key), place);
        say(g, text, sizeof(text), n);
    }
}

void bide__dump_deadlocks(const struct bide_runtime *rt,
                          void (*write)(void *argument, const char *text, size_t size),
                          void *argument)
{
    struct graph g = {.hub = rt->hub, .write = write, .argument = argument};

    if (make(&g, rt)) {
        for (uint32_t i = 0; i < g.edges; i++)
            say_unpolled(&g, &g.edge[i]);
        for (uint32_t i = 0; i < g.edges; i++)
            if (g.edge[i].mark == NEW)
                follow(&g, i);
    }
    bide__free(g.edge, g.edge_room * sizeof(*g.edge));
    bide__free(g.slot, g.slot_room * sizeof(*g.slot));
}
