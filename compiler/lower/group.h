/*
 * What group.c and group_results.c share: a join, try_join, select or timeout while it is lowered.
 */
#ifndef BIDE_COMPILER_LOWER_GROUP_H
#define BIDE_COMPILER_LOWER_GROUP_H

#include "inside.h"

enum { BRANCHES_MAX = 32 };

struct group;

struct branch {
    struct expr *guard;    /* NULL: none */
    struct var *holds;     /* its value */
    struct expr *place;    /* NULL: the result is dropped */
    struct group *nested;  /* or */
    struct function *body; /* a statement expression; or */
    struct awaitable call;
    const char *slot; /* expression of the result; NULL: none */
};

struct group {
    struct lower *l;
    enum form form;
    struct branch branch[BRANCHES_MAX];
    int count;
    unsigned number;
    bool is_nested;         /* a branch of another one */
    const char *name;       /* of its slots: join_1 */
    const char *prefix;     /* their expression: frame->join_1 */
    const char *descriptor; /* of a group that is a branch, without prefix */
    struct list member_names;
    struct expr *limit; /* of a timeout: its duration or deadline */
};

/* Assigns the results, and releases those that nobody takes; `if_done`: only of the branches that
 * have returned. */
void group_append_results(struct group *g, bool if_done);

/* True if the group itself has something due when the function unwinds: owners, or a result that
 * others may see. */
bool group_has_results(const struct group *g);

/* A join in a function marked bide_cancel_returns: results of the branches that did not return. */
void group_fail_missing(struct group *g);

#endif
