/*
 * lib/fs/tree.c: iterators over folders and trees: a node over a walk (walk.h), whose jobs are the
 * children of a future set in the node.
 */
#include "lib/iter/iter.h"

#include "lib/fs/walk.h"

#include "lib/fs/op.h"

struct tree_node {
    struct iter node;
    struct iter_set set;
    bool is_filling; /* a job is under way */
    struct walk walk;
    char path[];
};

extern const struct bide_fn bide__desc_bide__fs_call;

static int fill(struct tree_node *n, struct pull *p)
{
    const struct {
        bide__fs_function *call;
        void *argument;
    } args = {bide__walk_fill, &n->walk};
    int64_t result = 0;
    int r = bide__iter_set_make(&n->set, 1, false);

    if (r < 0)
        return r;
    if (!n->is_filling && !bide__future_set_try_add(n->set.set, &bide__desc_bide__fs_call, &args))
        return -ENOMEM;
    n->is_filling = true;
    r = bide__iter_set_poll(&n->set, p, &result, NULL);
    if (r == ITER_WAITS)
        return r;
    n->is_filling = false;
    return r < 0 ? r : (int)result;
}

static int tree_poll(struct iter *node, struct pull *p, void *item)
{
    struct tree_node *n = (struct tree_node *)(void *)node;

    for (;;) {
        if (!n->is_filling) {
            bide_entry *entry = NULL;
            if (!bide_budget_spend(p->cx))
                return ITER_WAITS;
            int r = bide__walk_give(&n->walk, &entry);
            if (r != WALK_NEEDS) {
                *(bide_entry **)item = entry;
                return r;
            }
        }
        int r = fill(n, p);
        if (r != 0)
            return r;
    }
}

static void tree_end(struct iter *node)
{
    bide__walk_end(&((struct tree_node *)(void *)node)->walk);
}

static struct bide__future_set *tree_take_set(struct iter *node)
{
    return bide__iter_set_take(&((struct tree_node *)(void *)node)->set);
}

static const struct iter_kind tree_kind = {
    .poll = tree_poll, .end = tree_end, .take_set = tree_take_set};

static void lose(void *item)
{
    bide_entry_free(*(bide_entry **)item);
}

void *bide_iter_of_tree(const char *path, const bide_tree_options *options)
{
    bool made;
    size_t size = strlen(path);
    struct iter *it = bide__iter_new(&tree_kind, sizeof(struct tree_node) + size + 1,
                                     sizeof(bide_entry *), NULL, NULL, &made);
    if (!made)
        return it;
    struct tree_node *n = (struct tree_node *)(void *)it;
    memcpy(n->path, path, size + 1);
    n->walk.path = n->path;
    n->walk.path_size = size;
    if (options != NULL)
        n->walk.options = *options;
    it->drop = lose;
    return it;
}

extern const struct bide_fn bide__desc_bide_path_watch_next;

void *bide_iter_of_path_watch(bide_path_watch *watch)
{
    return bide_iter_of_steps(sizeof(bide_path_event), &bide__desc_bide_path_watch_next, watch);
}

void *bide_iter_of_folder(const char *path)
{
    static const bide_tree_options only = {.depth_most = 1};
    return bide_iter_of_tree(path, &only);
}
