/*
 * Groups: join, try_join, select and timeout, wherever an int or an effect may stand. Branches are
 * calls, statement expressions and groups, with or without a guard.
 *
 * The erased program runs the branches of a group one after the other. Three rules make its result
 * the same:
 *
 *  - The branches split what the expression owns, as unsequenced operands do, so it does not matter
 *    in which order and in which pieces they run. All of them may add to one unsigned sum.
 *  - A loser ends in a wait that never ends, and the branch that decides comes late by the virtual
 *    clock, which moves only when all the others wait or have ended. `delay` limits how late.
 *  - The macros of the prelude (FIRST, TRY, ...) are given the value that the group will have.
 */
#include "smith.h"

#include <errno.h>

enum { BRANCHES_MAX = 4 };

struct var *shared_sum;

/* "place = " before a branch, or nothing. `kind` is set to the kind that the branch must have. */
static char *make_target(enum branch_end end, enum kind *kind, bool any_kind, int depth)
{
    static const enum category categories[] = {C_INT, C_INT, C_UINT, C_LL, C_DOUBLE};
    struct place p;
    struct var *v;
    bool well = end == ENDS_WELL;
    if (percent(40))
        return text("%s", "");
    if (any_kind && percent(20)) {
        enum kind k = (enum kind)(K_S + rng(K_C - K_S));
        if ((v = pick_var(k, 0, OWN)) != NULL) {
            now.of[v->class] = READ;
            *kind = k;
            return text("%s = ", v->name);
        }
    }
    enum category category = any_kind ? categories[rng(well ? 3 : 5)] : C_INT;
    if (!pick_place(category, OWN, &p) || (!any_kind && p.kind != K_INT) ||
        (!any_kind && p.bit_field))
        return text("%s", "");
    struct ownership part[2];
    now.of[p.class] = READ;
    split(part, 2);
    now = part[0];
    place_subscript(&p, depth - 1);
    now = part[1];
    *kind = p.bit_field ? K_BOOL : p.kind;
    return text("%s = ", p.text);
}

static char *make_group_text(int depth, struct ex *value);

long long failure(long long wait)
{
    return -1 - wait % 90;
}

static char *make_inner_group(enum branch_end end, int depth)
{
    struct ex value;
    enum kind kind = K_INT;
    struct ownership before = now;
    char *target = make_target(end, &kind, false, depth);
    char *t = make_group_text(depth, &value);
    now = before;
    return t == NULL || (end == ENDS_WELL && value.lo < 0) ? NULL : text("%s%s", target, t);
}

/* A branch without a guard. */
static char *make_bare_branch(enum branch_end end, long long wait, int depth)
{
    char *t = NULL;
    enum kind kind = K_INT;
    bool ends = end == ENDS || end == ENDS_WELL;
    if (end == WAITS_FOREVER && percent(25))
        return text("wait_forever()");
    if (end == WAITS_FOREVER) {
        t = make_branch_block(end, K_VOID, 0, depth);
        return t != NULL ? t : text("wait_forever()");
    }
    if (ends && depth > 1 && percent(25) && (t = make_inner_group(end, depth - 1)) != NULL)
        return t;
    if (end == ENDS && percent(15))
        return (t = call_effect(depth)) != NULL ? t : text("rest()");
    char *target = make_target(end, &kind, ends, depth);
    if (percent(65) && (t = make_branch_block(end, kind, wait, depth)) != NULL)
        return text("%s%s", target, t);
    if (end == ENDS_LATE)
        return kind <= K_INT ? text("%slater_i(%lld, %s)", target, wait, make_value(K_INT, depth))
                             : text("later_i(%lld, 1)", wait);
    if (end == FAILS_LATE)
        return text("%slater_i(%lld, %lld)", kind <= K_INT ? target : "", wait, failure(wait));
    if (end == ENDS_WELL && (kind <= K_INT || kind == K_LLONG))
        kind = percent(50) ? K_UCHAR : K_USHORT;
    t = call_returning(kind, depth);
    return t != NULL ? text("%s%s", target, t) : text("rest()");
}

static char *make_branch(enum branch_end end, long long wait, int depth)
{
    if (!percent(25))
        return make_bare_branch(end, wait, depth);
    char *guard = make_condition(depth - 1);
    if (end == ENDS_LATE || end == FAILS_LATE)
        guard = text("(%s) || zero == 0", guard);
    char *t = make_bare_branch(end, wait, depth);
    return text("bide_if(%s, %s)", guard, t);
}

/* n branches: number k ends as `special`, half of the others as `end` and half as `other`. `fails`
 * becomes the value of a branch that fails. */
static char *make_branches(int n, int k, enum branch_end special, enum branch_end end,
                           enum branch_end other, int depth, long long *fails)
{
    struct ownership before = now, part[BRANCHES_MAX];
    char *branch[BRANCHES_MAX], *t = text("%s", "");
    double start = delay;
    struct var *outer_sum = shared_sum;
    struct var *sum = percent(50) ? pick_var(K_UINT, 0, OWN) : NULL;
    split(part, n);
    if (sum != NULL && sum->class != 0 && !sum->read_only) {
        shared_sum = sum;
        for (int i = 0; i < n; i++)
            part[i].of[sum->class] = NONE;
    }
    for (int i = 0; i < n; i++) {
        now = part[i];
        if (i != k)
            branch[i] = make_branch(percent(50) ? end : other, 0, depth);
    }
    if (k >= 0 && k < n) {
        long long wait = (long long)(delay - start) + 1;
        now = part[k];
        delay += (double)wait * repeats;
        /* a branch that only waits must not be left out by a guard */
        branch[k] = special == WAITS_FOREVER ? make_bare_branch(special, wait, depth)
                                             : make_branch(special, wait, depth);
        if (fails != NULL)
            *fails = failure(wait);
    }
    shared_sum = outer_sum;
    now = before;
    for (int i = 0; i < n; i++)
        t = text("%s%s%s", t, i ? ", " : "", branch[i]);
    return t;
}

/* A select whose guards leave out every branch. */
static char *make_empty_select(int depth)
{
    char *t = text("bide_if(zero, %s)", make_bare_branch(ENDS, 0, depth));
    return text("NONE(%s)", t);
}

static char *make_timeout(int depth, struct ex *value)
{
    if (percent(50)) {
        char *t = make_bare_branch(ENDS, 0, depth);
        return text("WITHIN(BIDE_S(3000000000), %s)", t);
    }
    double start = delay;
    char *t = make_bare_branch(WAITS_FOREVER, 0, depth);
    long long wait = (long long)(delay - start) + 1;
    delay += (double)wait * repeats;
    value->lo = value->hi = -ETIMEDOUT;
    return text("TOO_LATE(BIDE_MS(%lld), %s)", wait, t);
}

static char *make_some_group(int depth, struct ex *value)
{
    int n = 1 + rng(BRANCHES_MAX), k = rng(n);
    long long fails;
    char *t;
    switch (rng(9)) {
    case 0: value->lo = value->hi = -ENOENT; return make_empty_select(depth);
    case 1:
    case 2: return make_timeout(depth, value);
    case 3:
    case 4:
        return text("TRY(0, %s)", make_branches(n, -1, ENDS, ENDS_WELL, ENDS_WELL, depth, NULL));
    case 5:
        t = make_branches(n, k, FAILS_LATE, ENDS_WELL, WAITS_FOREVER, depth, &fails);
        value->lo = value->hi = fails;
        return text("TRY(%lld, %s)", fails, t);
    default:
        value->hi = n - 1;
        t = make_branches(n, k, ENDS_LATE, WAITS_FOREVER, WAITS_FOREVER, depth, NULL);
        return text("FIRST%s(%d, %s)", percent(50) ? "" : "_BIASED", k, t);
    }
}

/* The group without its await, and the limits of its value; NULL if there is no room. */
static char *make_group_text(int depth, struct ex *value)
{
    *value = (struct ex){.level = L_UNARY};
    if (!affordable(4) || delay > 1000)
        return NULL;
    spend(4);
    /* it is not known yet how long a level of recursion takes by the clock */
    bool recursion = recursion_left;
    recursion_left = false;
    char *t = make_some_group(depth, value);
    recursion_left = recursion;
    return t;
}

char *make_join(int depth)
{
    if (!affordable(4))
        return NULL;
    spend(4);
    int n = 1 + rng(BRANCHES_MAX);
    return text("await bide_join(%s)", make_branches(n, -1, ENDS, ENDS, ENDS, depth, NULL));
}

char *make_waiting_group(int depth)
{
    int n = 1 + rng(BRANCHES_MAX), k = rng(n);
    char *t = make_branches(n, k, WAITS_FOREVER, ENDS_WELL, WAITS_FOREVER, depth, NULL);
    return percent(50) ? text("await bide_join(%s)", t) : text("(void)await TRY(0, %s)", t);
}

bool make_group(int depth, struct ex *e)
{
    char *t = make_group_text(depth, e);
    if (t != NULL)
        e->text = text("await %s", t);
    return t != NULL;
}
