/*
 * tree.c: makes the tree of tree.h out of a row of patterns.
 *
 * The sorted row is cut recursively. A range of patterns with a common beginning is a node: its
 * text is what they share up to the next special byte, the patterns that end there are its leaf,
 * and the others are cut by their next byte into ranges for its children. The first pass counts
 * what will be there, the second one fills the block; both are this same walk. The children of a
 * node are in a row, so their places are taken before any of them is filled.
 */
#include "lib/runtime.h"

#include "extra/http/route/tree.h"

#include <stdlib.h>

struct make {
    const struct tree_entry *entries;
    struct tree_node *nodes; /* NULL in the pass that counts */
    struct tree_leaf *leaves;
    struct tree_choice *choices;
    char *texts;
    unsigned char *bytes;
    uint32_t node_count, leaf_count, choice_count, text_count;
};

static int compare(const void *a, const void *b)
{
    const struct tree_entry *x = a, *y = b;
    size_t least = x->size < y->size ? x->size : y->size;
    int r = least > 0 ? memcmp(x->pattern, y->pattern, least) : 0;

    if (r != 0)
        return r;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    if (x->is_zone != y->is_zone)
        return x->is_zone ? -1 : 1;
    return x->method < y->method ? -1 : x->method > y->method;
}

static bool is_special(char c)
{
    return c == TREE_PARAM || c == TREE_REST;
}

/* How many literal bytes after `at` all of the range share. The first and the last one decide,
 * since the row is sorted. */
static size_t common(const struct make *m, size_t first, size_t end, size_t at)
{
    const struct tree_entry *a = &m->entries[first], *b = &m->entries[end - 1];
    size_t n = at;

    while (n < a->size && n < b->size && a->pattern[n] == b->pattern[n] &&
           !is_special(a->pattern[n]))
        n++;
    return n - at;
}

/* The patterns of the range that end here. Returns the first one that does not. */
static size_t put_ends(struct make *m, struct tree_node *node, size_t first, size_t end, size_t at)
{
    struct tree_leaf leaf = {.first = m->choice_count, .any = TREE_NONE};
    bool has_leaf = false;

    for (; first < end && m->entries[first].size == at; first++) {
        const struct tree_entry *e = &m->entries[first];
        if (e->is_zone) {
            node->zone = e->value;
            continue;
        }
        has_leaf = true;
        if (e->method == TREE_NONE) {
            leaf.any = e->value;
            continue;
        }
        if (m->nodes != NULL)
            m->choices[m->choice_count] = (struct tree_choice){e->method, e->value};
        m->choice_count++;
        leaf.count++;
        leaf.methods |= UINT32_C(1) << e->method;
    }
    if (has_leaf) {
        node->leaf = (int)m->leaf_count++;
        if (m->nodes != NULL)
            m->leaves[node->leaf] = leaf;
    }
    return first;
}

static size_t end_of_group(const struct make *m, size_t first, size_t end, size_t at)
{
    char byte = m->entries[first].pattern[at];
    while (first < end && m->entries[first].pattern[at] == byte)
        first++;
    return first;
}

static void put_text(struct make *m, struct tree_node *node, const char *text, size_t size)
{
    node->text = m->text_count;
    node->size = (uint16_t)size;
    if (m->nodes != NULL && size > 0)
        memcpy(m->texts + node->text, text, size);
    m->text_count += (uint32_t)size;
}

/* Fills the node `place` with the patterns of a range, which share their first `at` bytes. The
 * depth is at most the length of a pattern. */
static void put_node(struct make *m, uint32_t place, size_t first, size_t end, size_t at)
{
    struct tree_node node = {
        .param = TREE_NONE, .rest = TREE_NONE, .leaf = TREE_NONE, .zone = TREE_NONE};
    size_t size = common(m, first, end, at);

    put_text(m, &node, m->entries[first].pattern + at, size);
    at += size;
    first = put_ends(m, &node, first, end, at);
    for (size_t i = first; i < end; i = end_of_group(m, i, end, at))
        if (!is_special(m->entries[i].pattern[at]))
            node.child_count++;
    node.first_child = m->node_count;
    m->node_count += node.child_count;
    uint32_t child = node.first_child;
    for (size_t next; first < end; first = next) {
        char byte = m->entries[first].pattern[at];
        next = end_of_group(m, first, end, at);
        uint32_t to = is_special(byte) ? m->node_count++ : child++;
        if (byte == TREE_PARAM)
            node.param = (int)to;
        else if (byte == TREE_REST)
            node.rest = (int)to;
        else if (m->nodes != NULL)
            m->bytes[to] = (unsigned char)byte;
        put_node(m, to, first, next, is_special(byte) ? at + 1 : at);
    }
    if (m->nodes != NULL)
        m->nodes[place] = node;
}

static int find_double(const struct tree_entry *entries, size_t count, size_t *a, size_t *b)
{
    for (size_t i = 1; i < count; i++)
        if (compare(&entries[i - 1], &entries[i]) == 0) {
            *a = i - 1;
            *b = i;
            return -EEXIST;
        }
    return 0;
}

int bide__http_tree_new(struct tree_entry *entries, size_t count, size_t *a, size_t *b,
                        struct tree **tree)
{
    struct make m = {.entries = entries, .node_count = 1};

    *tree = NULL;
    if (count > 0)
        qsort(entries, count, sizeof *entries, compare);
    int r = find_double(entries, count, a, b);
    if (r < 0)
        return r;
    if (count > 0)
        put_node(&m, 0, 0, count, 0);
    size_t nodes = sizeof(struct tree), leaves = nodes + m.node_count * sizeof(struct tree_node);
    size_t choices = leaves + m.leaf_count * sizeof(struct tree_leaf);
    size_t texts = choices + m.choice_count * sizeof(struct tree_choice);
    size_t bytes = texts + m.text_count, all = bytes + m.node_count;
    char *block = bide__alloc(all);
    if (block == NULL)
        return -ENOMEM;
    memset(block, 0, all);
    struct make second = {.entries = entries,
                          .nodes = (struct tree_node *)(void *)(block + nodes),
                          .leaves = (struct tree_leaf *)(void *)(block + leaves),
                          .choices = (struct tree_choice *)(void *)(block + choices),
                          .texts = block + texts,
                          .bytes = (unsigned char *)block + bytes,
                          .node_count = 1};
    second.nodes[0] = (struct tree_node){
        .param = TREE_NONE, .rest = TREE_NONE, .leaf = TREE_NONE, .zone = TREE_NONE};
    if (count > 0)
        put_node(&second, 0, 0, count, 0);
    struct tree *t = (struct tree *)(void *)block;
    *t =
        (struct tree){all, second.nodes, second.leaves, second.choices, second.texts, second.bytes};
    *tree = t;
    return 0;
}

void bide__http_tree_free(struct tree *tree)
{
    if (tree != NULL)
        bide__free(tree, tree->bytes_all);
}
