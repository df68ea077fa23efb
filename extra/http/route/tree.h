/*
 * tree.h: a table of paths, compiled once, in which a request's path is looked up.
 *
 * A *pattern* is a path whose segments are literal, `{name}` (one segment, not empty) or, at its
 * end, `{*name}` (all that is left, also nothing). Inside it is a string of bytes in which the byte
 * TREE_PARAM stands for the one and TREE_REST for the other, so that two patterns that mean the
 * same are equal. The patterns are sorted, and from the sorted row a radix tree is made: a node for
 * each common beginning, its children in a row. The tree is one block of memory, and never changes.
 *
 * A *lookup* walks down: a literal child first, then the parameter, then the rest, and goes back
 * where that leads nowhere. A parameter is one segment, so a node is reached in one way only, and
 * visited at most once. At each leaf that fits it asks whether the leaf has the method; if not, it
 * notes the methods and goes on. So the answer is the most specific route with this path and this
 * method, and, if there is none, all methods that the path has. It allocates nothing.
 *
 * A *zone* is a pattern that marks all below it: that of a nested router. The lookup tells the
 * deepest one on the way.
 */
#ifndef BIDE_HTTP_ROUTE_TREE_H
#define BIDE_HTTP_ROUTE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TREE_PARAM = 1,
    TREE_REST = 2,
    TREE_PATTERN_MOST = 1024, /* bytes of a pattern */
    TREE_PARAMS_MOST = 16,    /* parameters of a pattern */
    TREE_METHODS_MOST = 32,   /* different methods of a tree */
    TREE_NONE = -1,
};

/* What a pattern leads to. Of one pattern and method there is one entry. */
struct tree_entry {
    const char *pattern; /* with the bytes above */
    size_t size;
    int method; /* the number of a method; TREE_NONE: any */
    int value;  /* the caller's; >= 0 */
    bool is_zone;
};

struct tree_leaf {
    uint32_t first, count; /* of the tree's choices */
    int any;               /* the value for other methods; TREE_NONE */
    uint32_t methods;      /* bits of those in `choices` */
};

struct tree_choice {
    int method, value;
};

struct tree_node {
    uint32_t text; /* where its literal beginning is */
    uint16_t size;
    uint16_t child_count;
    uint32_t first_child; /* they are in a row; `bytes` has the first byte of each */
    int param, rest;      /* nodes; TREE_NONE */
    int leaf;             /* TREE_NONE */
    int zone;             /* the value; TREE_NONE */
};

struct tree {
    size_t bytes_all; /* of this block */
    const struct tree_node *nodes;
    const struct tree_leaf *leaves;
    const struct tree_choice *choices;
    const char *texts;
    const unsigned char *bytes;
};

/*
 * Makes a tree of entries, which it sorts. Returns 0; -EEXIST: entries a and b, as they are in the
 * sorted row, have the same pattern and method; -ENOMEM.
 */
int bide__http_tree_new(struct tree_entry *entries, size_t count, size_t *a, size_t *b,
                        struct tree **tree);
void bide__http_tree_free(struct tree *tree);

struct tree_span {
    uint32_t at, size; /* in the path */
};

struct tree_found {
    int value; /* TREE_NONE: no route has this path and this method */
    int zone;  /* the deepest one; TREE_NONE */
    /* If there is no value: the methods of all routes with this path, and whether there is one. */
    uint32_t methods;
    bool has_path;
    unsigned count; /* of the values of parameters, in their order; of the route, or the zone */
    struct tree_span values[TREE_PARAMS_MOST];
};

/* Looks a path up. `method` is its number, or TREE_NONE for one that the tree does not have;
 * `second` is another one that serves if a leaf has not the first (GET for HEAD), or TREE_NONE. */
void bide__http_tree_find(const struct tree *tree, const char *path, size_t size, int method,
                          int second, struct tree_found *found);

#endif
