/*
 * Queues that any thread may push to (schedule/inject.c): nothing is lost or taken twice, what one
 * thread pushes is taken in its order, what is put before the others is taken before them, and the
 * word that is read without the mutex is not zero while there is a task that nobody is taking.
 */
#include "tools/explore/explore.h"

#include "runtime/schedule/multi.h"

static struct bide__inject inject;
static struct place {
    _Alignas(32) char bytes[128];
} places[4];
static int data[4], taken[4];

static void begin(void)
{
    bide__inject_init(&inject);
}

static struct bide__task *task(int i)
{
    data[i] = 1;
    return (struct bide__task *)(void *)&places[i];
}

static bool take(struct bide__task *t)
{
    if (t == NULL)
        return false;
    int i = (int)((struct place *)(void *)t - places);
    explore_check(data[i] == 1);
    explore_check(i != 3 || taken[0] == 1);
    taken[i]++;
    return true;
}

static void pushes(void)
{
    bide__inject_push(&inject, task(0));
    bide__inject_push(&inject, task(3));
}

static void appends(void)
{
    struct bide__queue list = {NULL, NULL};
    bide__queue_push(&list, task(1));
    bide__queue_push(&list, task(2));
    bide__inject_append(&inject, &list, 2);
}

static void pops(void)
{
    struct bide__queue rest = {NULL, NULL};
    take(bide__inject_take(&inject, 1, 1, &rest));
    while (take(bide__queue_pop(&rest)))
        ;
}

static void end(void)
{
    while (bide__inject_any(&inject))
        explore_check(take(bide__inject_pop(&inject)));
    for (int i = 0; i < 4; i++)
        explore_check(taken[i] == 1);
    bide__inject_end(&inject);
}

/* ---- in front of the others ---- */

static void begin_with_one(void)
{
    begin();
    bide__inject_push(&inject, task(0));
    struct bide__queue list = {NULL, NULL};
    bide__queue_push(&list, task(3));
    bide__inject_append(&inject, &list, 1); /* behind it */
}

static void prepends(void)
{
    struct bide__queue list = {NULL, NULL};
    bide__queue_push(&list, task(1));
    bide__queue_push(&list, task(2));
    bide__inject_prepend(&inject, &list, 2);
}

static void pops_one(void)
{
    take(bide__inject_pop(&inject));
}

static void end_in_order(void)
{
    static const int order[] = {1, 2, 0, 3};
    for (int i = 0; i < 4; i++)
        if (taken[order[i]] == 0)
            explore_check(bide__inject_pop(&inject) == task(order[i]) && take(task(order[i])));
    end();
}

const struct explore_model explore_models[] = {
    {.name = "injector",
     .begin = begin,
     .threads = {pushes, appends, pops},
     .end = end,
     .bound = EXPLORE_NO_BOUND},
    {.name = "injector: in front",
     .begin = begin_with_one,
     .threads = {prepends, pops_one},
     .end = end_in_order,
     .bound = EXPLORE_NO_BOUND},
    {0},
};
