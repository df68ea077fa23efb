/*
 * The run queue of a worker (schedule/ring.c, with four places): what is pushed is taken exactly
 * once, by its owner, a thief, whoever gives it to others, or as part of the half that a full ring
 * gives away; and whoever takes a task sees what was written before it was pushed.
 */
#include "tools/explore/explore.h"

#include "runtime/schedule/ring.h"

enum { TASKS = 8 };

static struct bide__ring ring, other, third;
static struct place {
    _Alignas(32) char bytes[128];
} places[TASKS];
static int data[TASKS], taken[TASKS];

static struct bide__task *task(int i)
{
    return (struct bide__task *)(void *)&places[i];
}

static void push(int i)
{
    struct bide__queue half = {NULL, NULL};
    struct bide__task *t;
    data[i] = 1;
    if (bide__ring_push(&ring, task(i), &half))
        return;
    bide__queue_push(&half, task(i));
    while ((t = bide__queue_pop(&half)) != NULL)
        taken[(struct place *)(void *)t - places]++;
}

static bool take(struct bide__task *t)
{
    if (t == NULL)
        return false;
    int i = (int)((struct place *)(void *)t - places);
    explore_check(data[i] == 1);
    taken[i]++;
    return true;
}

static void steal_into(struct bide__ring *to)
{
    if (take(bide__ring_steal(&ring, to)))
        while (take(bide__ring_pop(to)))
            ;
}

static void steals(void)
{
    steal_into(&other);
}

static void steals_too(void)
{
    steal_into(&third);
}

static void gives(void)
{
    struct bide__queue given = {NULL, NULL};
    size_t n = bide__ring_give(&ring, &given);
    for (; n > 0; n--)
        explore_check(take(bide__queue_pop(&given)));
    explore_check(given.first == NULL);
}

static void all_are_taken(int count)
{
    while (take(bide__ring_pop(&ring)))
        ;
    for (int i = 0; i < count; i++)
        explore_check(taken[i] == 1);
}

/* ---- a thief or two, while the owner pushes and pops ---- */

static void two(void)
{
    push(0);
    push(1);
}

static void pushes_and_pops(void)
{
    push(2);
    take(bide__ring_pop(&ring));
    push(3);
    take(bide__ring_pop(&ring));
}

static void four_are_taken(void)
{
    all_are_taken(4);
}

/* ---- the ring is full ---- */

static void four(void)
{
    for (int i = 0; i < 4; i++)
        push(i);
}

static void pushes_two(void)
{
    push(4);
    push(5);
}

static void six_are_taken(void)
{
    all_are_taken(6);
}

/* ---- a thief gets what the owner has just pushed ---- */

static void pushes_one(void)
{
    push(0);
    push(1);
}

static void two_are_taken(void)
{
    all_are_taken(2);
}

const struct explore_model explore_models[] = {
    {.name = "ring: an empty one",
     .threads = {pushes_one, steals},
     .end = two_are_taken,
     .bound = EXPLORE_NO_BOUND},
    {.name = "ring: a thief",
     .begin = two,
     .threads = {pushes_and_pops, steals},
     .end = four_are_taken,
     .bound = 3},
    {.name = "ring: two thieves",
     .begin = two,
     .threads = {pushes_and_pops, steals, steals_too},
     .end = four_are_taken,
     .stale = 1},
    {.name = "ring: one gives to others, and a thief",
     .begin = two,
     .threads = {pushes_and_pops, steals, gives},
     .end = four_are_taken,
     .stale = 1},
    {.name = "ring: full",
     .begin = four,
     .threads = {pushes_two, steals},
     .end = six_are_taken,
     .bound = 3},
    {0},
};
