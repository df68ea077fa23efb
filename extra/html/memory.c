/*
 * memory.c: gumbo's memory, and the place from which it is left.
 *
 * gumbo does not look at what its allocator returns, has no limits, and cannot be stopped. But it
 * allocates for each tag, so its allocator sees all that it does; and it holds nothing but memory.
 * So where there is no memory, or a limit is passed, or the call was cancelled, the allocator jumps
 * out of gumbo, and all memory is freed at once.
 *
 * What the limits are for. Each is about work of gumbo that grows faster than the page does:
 *
 *  - depth: for most tags, and for each character in formatting elements, gumbo goes through all
 *    open elements. They are at most twice as many as the tree is deep: those in tables need not be
 *    inside each other.
 *  - attributes: each is compared with all others of its tag. Tags that repeat <html> or <body> add
 *    theirs to that element.
 *  - compared: a formatting element with attributes is compared with all open ones of its name,
 *    attribute by attribute. What that costs is added up.
 *  - nodes: formatting elements that are not closed are repeated in each paragraph.
 *
 * The depth is looked at here only so that gumbo ends soon; tree.c looks at the finished tree.
 *
 * How nodes are known. Blocks of the size of a GumboNode come from slabs of their own, so a pointer
 * can be asked whether it is such a block; a few of them are strings or arrays that happen to have
 * that size. They are read as nodes all the same: nothing is outside of the block, and a parent is
 * only followed if it is a block too. At worst a number is wrong. When a node is allocated, the one
 * before it has got its parent, but for some of the misnested ones, whose children then tell.
 *
 * Blocks have a header in front, with the class of their size. A block that is freed goes to the
 * list of its class; one that is freed twice is not.
 */
#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
    UNIT = 16,
    SMALL_MAX = 256,                /* classes in steps of UNIT, */
    BLOCK_MAX = 32768,              /* then powers of two; larger blocks are the door's own */
    CLASSES = SMALL_MAX / UNIT + 7, /* up to BLOCK_MAX */
    OF_NODES = CLASSES,             /* the class of those in slabs */
    LARGE = CLASSES + 1,
    FREED = 0x80, /* beside the class */
    CHUNK_MIN = 16384,
    CHUNK_MAX = 131072,
    SLAB_MIN = 64, /* nodes */
    SLAB_MAX = 1024,
    ATTRIBUTES_FEW = 8,
    COMPARED = 1 << 26, /* attributes, */
    COMPARED_EACH = 256 /* and so many more for each byte of the page */
};

struct header {
    uint32_t class;
    uint32_t
        info; /* of a node: how many are above it, and 1; 0: not known. Of others: their size */
};

struct slot {
    struct header header;
    GumboNode node;
};

struct chunk {
    struct chunk *next, *previous; /* `previous` only of large blocks */
    size_t size;
    _Alignas(16) char data[];
};

struct slab {
    struct slot *first;
    size_t count;
};

struct freed {
    struct freed *next;
};

struct bide__html_memory {
    struct bide__html_work *work;
    jmp_buf out;
    int error; /* why it was left */
    size_t held, held_max;
    struct chunk *chunks, *large;
    char *at, *end; /* of the newest chunk */
    size_t chunk_size;
    struct freed *freed[CLASSES + 1];

    struct slab *slabs; /* by address */
    size_t slab_count, slab_room;
    struct slot *slot, *slot_end; /* of the newest slab */

    const GumboNode *pending; /* the last node, not yet looked at */
    const GumboNode *html, *body;
    size_t nodes, attributes; /* the second one: since the last node, without those freed */
    uint64_t compared, compared_max;
};

/* ---- leaving ---- */

static void leave(struct bide__html_memory *m, int error) __attribute__((noreturn));

static void leave(struct bide__html_memory *m, int error)
{
    m->error = error;
    longjmp(m->out, 1);
}

static void leave_too_large(struct bide__html_memory *m, const char *what, size_t most)
    __attribute__((noreturn));

static void leave_too_large(struct bide__html_memory *m, const char *what, size_t most)
{
    bide__html_fails(&m->work->failure, -EMSGSIZE, what, most);
    leave(m, -EMSGSIZE);
}

/* ---- memory of the door ---- */

static void *take(struct bide__html_memory *m, size_t size)
{
    if (size > m->held_max - m->held)
        leave_too_large(m, "parsing the page takes more than %zu bytes of memory",
                        m->work->options.memory_max);
    void *p = bide__alloc(size);
    if (p == NULL)
        leave(m, -ENOMEM);
    m->held += size;
    return p;
}

static void give(struct bide__html_memory *m, void *p, size_t size)
{
    bide__free(p, size);
    m->held -= size;
}

static struct chunk *take_chunk(struct bide__html_memory *m, size_t size)
{
    struct chunk *c = take(m, sizeof *c + size);
    *c = (struct chunk){.size = sizeof *c + size};
    return c;
}

static char *carve(struct bide__html_memory *m, size_t size)
{
    if (size > (size_t)(m->end - m->at)) {
        struct chunk *c = take_chunk(m, m->chunk_size - sizeof *c);
        c->next = m->chunks;
        m->chunks = c;
        m->at = c->data;
        m->end = (char *)c + c->size;
        if (m->chunk_size < CHUNK_MAX)
            m->chunk_size *= 2;
    }
    m->at += size;
    return m->at - size;
}

/* ---- slabs of nodes ---- */

static void insert_slab(struct bide__html_memory *m, struct slab new)
{
    if (m->slab_count == m->slab_room) {
        size_t room = m->slab_room > 0 ? m->slab_room * 2 : 16;
        struct slab *slabs = take(m, room * sizeof *slabs);
        if (m->slabs != NULL) {
            memcpy(slabs, m->slabs, m->slab_count * sizeof *slabs);
            give(m, m->slabs, m->slab_room * sizeof *slabs);
        }
        m->slabs = slabs;
        m->slab_room = room;
    }
    size_t i = m->slab_count++;
    for (; i > 0 && m->slabs[i - 1].first > new.first; i--)
        m->slabs[i] = m->slabs[i - 1];
    m->slabs[i] = new;
}

static struct slot *slot_of(const GumboNode *n)
{
    return (struct slot *)((uintptr_t)(const void *)n - offsetof(struct slot, node));
}

static bool is_node(const struct bide__html_memory *m, const GumboNode *n)
{
    size_t low = 0, high = m->slab_count;
    uintptr_t p = (uintptr_t)(const void *)n - offsetof(struct slot, node);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uintptr_t)m->slabs[middle].first > p)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return false;
    uintptr_t distance = p - (uintptr_t)m->slabs[low - 1].first;
    return distance < m->slabs[low - 1].count * sizeof(struct slot) &&
           distance % sizeof(struct slot) == 0;
}

/* ---- the limits ---- */

static bool is_document(const GumboNode *n)
{
    return n->type == GUMBO_NODE_DOCUMENT && n->parent == NULL;
}

/* How many nodes are above this one, and 1; 0: that is not known yet. */
static uint32_t above(const struct bide__html_memory *m, const GumboNode *node)
{
    const GumboNode *n = node;
    uint32_t steps = 0, most = 2 * m->work->options.depth_max + 16;
    while (is_node(m, n) && slot_of(n)->header.info == 0 && !is_document(n) && steps < most) {
        n = n->parent;
        steps++;
    }
    if (!is_node(m, n))
        return 0;
    uint32_t known = is_document(n) ? 1 : slot_of(n)->header.info;
    if (known == 0)
        return most; /* so many steps lead to nothing that is known */
    for (n = node; steps > 0; n = n->parent, steps--)
        slot_of(n)->header.info = known + steps;
    return slot_of(node)->header.info != 0 ? slot_of(node)->header.info : known;
}

/* The numbers may be old: misnested tags move elements. Counts anew. */
static bool is_too_deep(const struct bide__html_memory *m, const GumboNode *n)
{
    unsigned depth = 0, most = m->work->options.depth_max;
    for (; is_node(m, n) && !is_document(n) && depth <= most; n = n->parent)
        depth++;
    return depth > most;
}

static bool is_element(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
}

static bool is_formatting(GumboTag tag)
{
    switch ((int)tag) {
    case GUMBO_TAG_A:
    case GUMBO_TAG_B:
    case GUMBO_TAG_BIG:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_FONT:
    case GUMBO_TAG_I:
    case GUMBO_TAG_NOBR:
    case GUMBO_TAG_S:
    case GUMBO_TAG_SMALL:
    case GUMBO_TAG_STRIKE:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_U: return true;
    default: return false;
    }
}

/* Those that a new formatting element was compared with are above it, or were repeated there. */
static void add_compared(struct bide__html_memory *m, const GumboNode *n)
{
    size_t own = n->v.element.attributes.length;
    unsigned depth = 0;
    if (own < ATTRIBUTES_FEW || !is_formatting(n->v.element.tag))
        return;
    for (const GumboNode *p = n->parent;
         is_node(m, p) && is_element(p) && depth <= m->work->options.depth_max;
         p = p->parent, depth++) {
        size_t others = p->v.element.attributes.length;
        if (p->v.element.tag == n->v.element.tag)
            m->compared += own * (own < others ? own : others);
    }
    if (m->compared > m->compared_max)
        leave_too_large(m, "formatting elements with many attributes (%zu are allowed) are nested",
                        m->work->options.attributes_max);
}

static void check_attributes(struct bide__html_memory *m, const GumboNode *n)
{
    if (n != NULL && n->v.element.attributes.length > m->work->options.attributes_max)
        leave_too_large(m, "an element has more than %zu attributes",
                        m->work->options.attributes_max);
}

/* Looks at the node that was allocated last. */
static void look(struct bide__html_memory *m)
{
    const GumboNode *n = m->pending;
    m->pending = NULL;
    if (n == NULL || !is_element(n) || !is_node(m, n->parent))
        return;
    uint32_t count = above(m, n);
    if (count > m->work->options.depth_max && is_too_deep(m, n))
        leave_too_large(m, "elements are nested deeper than %zu", m->work->options.depth_max);
    if (m->html == NULL && n->v.element.tag == GUMBO_TAG_HTML && is_document(n->parent))
        m->html = n;
    if (n->v.element.tag == GUMBO_TAG_BODY && n->parent == m->html)
        m->body = n;
    add_compared(m, n);
}

static void count_node(struct bide__html_memory *m)
{
    look(m);
    m->attributes = 0;
    if (++m->nodes / 2 > m->work->options.nodes_max)
        leave_too_large(m, "the page has more than %zu nodes", m->work->options.nodes_max);
}

static void count_attribute(struct bide__html_memory *m)
{
    /* Some of these blocks are strings of the same size, so this is about twice the limit. */
    if (++m->attributes / 2 > m->work->options.attributes_max)
        leave_too_large(m, "an element has more than %zu attributes",
                        m->work->options.attributes_max);
    check_attributes(m, m->html);
    check_attributes(m, m->body);
}

/* ---- what gumbo calls ---- */

static unsigned class_of(size_t size)
{
    unsigned class = SMALL_MAX / UNIT;
    if (size <= SMALL_MAX)
        return (unsigned)((size - 1) / UNIT);
    for (size_t most = 2 * SMALL_MAX; most < size; most *= 2)
        class ++;
    return class;
}

static size_t size_of(unsigned class)
{
    return class < SMALL_MAX / UNIT ? (class + 1) * (size_t)UNIT
                                    : (size_t)(2 * SMALL_MAX) << (class - SMALL_MAX / UNIT);
}

static void *reuse(struct bide__html_memory *m, unsigned class)
{
    struct freed *f = m->freed[class];
    if (f != NULL)
        m->freed[class] = f->next;
    return f;
}

static struct header *header_of(void *p)
{
    return (struct header *)p - 1;
}

static GumboNode *alloc_node(struct bide__html_memory *m)
{
    count_node(m);
    GumboNode *n = reuse(m, OF_NODES);
    if (n == NULL) {
        if (m->slot == m->slot_end) {
            size_t count = m->nodes < SLAB_MIN ? SLAB_MIN : m->nodes;
            count = count < SLAB_MAX ? count : SLAB_MAX;
            struct chunk *c = take_chunk(m, count * sizeof(struct slot));
            c->next = m->chunks; /* not the one that is carved */
            m->chunks = c;
            m->slot = (struct slot *)(void *)c->data;
            m->slot_end = m->slot + count;
            insert_slab(m, (struct slab){m->slot, count});
        }
        n = &m->slot++->node;
    }
    *header_of(n) = (struct header){.class = OF_NODES};
    m->pending = n;
    return n;
}

static void *alloc_large(struct bide__html_memory *m, size_t size)
{
    struct chunk *c = take_chunk(m, sizeof(struct header) * 2 + size);
    c->next = m->large;
    if (c->next != NULL)
        c->next->previous = c;
    m->large = c;
    void *p = c->data + 2 * sizeof(struct header);
    *header_of(p) = (struct header){.class = LARGE};
    return p;
}

static void free_large(struct bide__html_memory *m, void *p)
{
    struct chunk *c =
        (struct chunk *)(void *)((char *)p - 2 * sizeof(struct header) - sizeof(struct chunk));
    *(c->previous != NULL ? &c->previous->next : &m->large) = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    give(m, c, c->size);
}

static void *on_alloc(void *memory, size_t size)
{
    struct bide__html_memory *m = memory;
    if (atomic_load_explicit(&m->work->cancelled, memory_order_relaxed))
        leave(m, -ECANCELED);
    if (size == sizeof(GumboNode))
        return alloc_node(m);
    if (size == sizeof(GumboAttribute))
        count_attribute(m);
    if (size > BLOCK_MAX)
        return alloc_large(m, size);
    unsigned class = class_of(size > 0 ? size : 1);
    void *p = reuse(m, class);
    if (p == NULL)
        p = carve(m, sizeof(struct header) + size_of(class)) + sizeof(struct header);
    *header_of(p) = (struct header){class, (uint32_t)size};
    return p;
}

static void on_free(void *memory, void *p)
{
    struct bide__html_memory *m = memory;
    if (p == NULL || header_of(p)->class & FREED)
        return;
    uint32_t class = header_of(p)->class;
    if (class == LARGE) {
        free_large(m, p);
        return;
    }
    if (class != OF_NODES && header_of(p)->info == sizeof(GumboAttribute) && m->attributes > 0)
        m->attributes--;
    header_of(p)->class |= FREED;
    struct freed *f = p;
    f->next = m->freed[class];
    m->freed[class] = f;
}

/* ---- its life ---- */

struct bide__html_memory *bide__html_memory_new(struct bide__html_work *w)
{
    struct bide__html_memory *m = bide__alloc(sizeof *m);
    if (m == NULL)
        return NULL;
    memset(m, 0, sizeof *m);
    m->work = w;
    m->held_max = w->options.memory_max;
    m->chunk_size = CHUNK_MIN;
    m->compared_max = COMPARED + COMPARED_EACH * (uint64_t)w->size;
    return m;
}

int bide__html_memory_parse(struct bide__html_memory *m, const struct bide__html_bytes *bytes,
                            const GumboOutput **output)
{
    const GumboOptions options = {.allocator = on_alloc,
                                  .deallocator = on_free,
                                  .userdata = m,
                                  .tab_stop = 8,
                                  .max_errors = 0,
                                  .fragment_context = GUMBO_TAG_LAST,
                                  .fragment_namespace = GUMBO_NAMESPACE_HTML};
    if (setjmp(m->out) != 0)
        return m->error;
    *output = gumbo_parse_with_options(&options, bytes->data, bytes->size);
    return 0;
}

static void free_chunks(struct bide__html_memory *m, struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;
        give(m, c, c->size);
        c = next;
    }
}

void bide__html_memory_free(struct bide__html_memory *m)
{
    if (m == NULL)
        return;
    free_chunks(m, m->chunks);
    free_chunks(m, m->large);
    bide__free(m->slabs, m->slab_room * sizeof *m->slabs);
    bide__free(m, sizeof *m);
}
