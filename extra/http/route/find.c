/*
 * find.c: the lookup in a tree of paths; tree.h specifies it.
 *
 * Only where a node has a parameter or a rest beside its children is there something to go back to,
 * so only there it recurses: at most once for each segment of the longest pattern.
 */
#include "extra/http/route/tree.h"

#include <string.h>

struct find {
    const struct tree *tree;
    const char *path;
    size_t size;
    int method, second;
    size_t zone_at; /* where in the path the zone ends that was found */
    unsigned zone_count;
    struct tree_span zone_values[TREE_PARAMS_MOST];
    struct tree_found *found;
};

static int choice_of(const struct tree *t, const struct tree_leaf *leaf, int method)
{
    if (method == TREE_NONE || (leaf->methods & UINT32_C(1) << method) == 0)
        return TREE_NONE;
    const struct tree_choice *c = &t->choices[leaf->first];
    while (c->method != method)
        c++;
    return c->value;
}

/* True: the leaf has the method. Otherwise what it has is noted. */
static bool take(struct find *f, int leaf_index, unsigned count)
{
    const struct tree_leaf *leaf = &f->tree->leaves[leaf_index];
    int value = choice_of(f->tree, leaf, f->method);

    if (value == TREE_NONE)
        value = choice_of(f->tree, leaf, f->second);
    if (value == TREE_NONE)
        value = leaf->any;
    f->found->has_path = true;
    f->found->methods |= leaf->methods;
    if (value == TREE_NONE)
        return false;
    f->found->value = value;
    f->found->count = count;
    return true;
}

/* A zone covers what is below it, not names that begin like its last segment. */
static void note_zone(struct find *f, int zone, size_t at, unsigned count)
{
    bool is_below = at == f->size || f->path[at] == '/' || at == 0 || f->path[at - 1] == '/';

    if (!is_below || (f->found->zone != TREE_NONE && at < f->zone_at))
        return;
    f->found->zone = zone;
    f->zone_at = at;
    f->zone_count = count;
    memcpy(f->zone_values, f->found->values, count * sizeof f->zone_values[0]);
}

static int child_of(const struct tree *t, const struct tree_node *n, char byte)
{
    const unsigned char *bytes = t->bytes + n->first_child;

    for (unsigned i = 0; i < n->child_count; i++)
        if (bytes[i] == (unsigned char)byte)
            return (int)(n->first_child + i);
    return TREE_NONE;
}

static bool walk(struct find *f, int node, size_t at, unsigned count);

/* The rest, or the segment, that begins at `at`. */
static bool walk_others(struct find *f, const struct tree_node *n, size_t at, unsigned count)
{
    if (n->param != TREE_NONE && at < f->size && f->path[at] != '/') {
        const char *end = memchr(f->path + at, '/', f->size - at);
        size_t size = end != NULL ? (size_t)(end - f->path) - at : f->size - at;
        f->found->values[count] = (struct tree_span){(uint32_t)at, (uint32_t)size};
        if (walk(f, n->param, at + size, count + 1))
            return true;
    }
    if (n->rest == TREE_NONE)
        return false;
    f->found->values[count] = (struct tree_span){(uint32_t)at, (uint32_t)(f->size - at)};
    return take(f, f->tree->nodes[n->rest].leaf, count + 1);
}

static bool walk(struct find *f, int node, size_t at, unsigned count)
{
    const struct tree *t = f->tree;

    while (node != TREE_NONE) {
        const struct tree_node *n = &t->nodes[node];
        if (f->size - at < n->size || memcmp(f->path + at, t->texts + n->text, n->size) != 0)
            return false;
        at += n->size;
        if (n->zone != TREE_NONE)
            note_zone(f, n->zone, at, count);
        if (at == f->size && n->leaf != TREE_NONE && take(f, n->leaf, count))
            return true;
        node = at < f->size ? child_of(t, n, f->path[at]) : TREE_NONE;
        if (n->param == TREE_NONE && n->rest == TREE_NONE)
            continue;
        if (node != TREE_NONE && walk(f, node, at, count))
            return true;
        return walk_others(f, n, at, count);
    }
    return false;
}

void bide__http_tree_find(const struct tree *tree, const char *path, size_t size, int method,
                          int second, struct tree_found *found)
{
    struct find f;

    f.tree = tree;
    f.path = path;
    f.size = size;
    f.method = method;
    f.second = second;
    f.zone_at = 0;
    f.zone_count = 0;
    f.found = found;
    found->value = found->zone = TREE_NONE;
    found->methods = 0;
    found->has_path = false;
    found->count = 0;
    if (size <= UINT32_MAX && walk(&f, 0, 0, 0))
        return;
    found->count = f.zone_count;
    memcpy(found->values, f.zone_values, f.zone_count * sizeof f.zone_values[0]);
}
