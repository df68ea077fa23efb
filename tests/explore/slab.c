/*
 * Blocks that other workers give back (memory/slab.c): each is used again once, by its owner, and
 * nobody uses it any more when that happens.
 */
#include "tools/explore/explore.h"

#include "runtime/memory/memory.h"

enum { BLOCKS = 3 };

static struct bide__slab slab;
static struct bide__block *blocks[BLOCKS];

static void *new_block(void)
{
    size_t size = 128;
    struct bide__block *b = bide__slab_new(&slab, &size, 0, 0);
    b->used = b;
    return b;
}

static void begin(void)
{
    explore_focus(false);
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = new_block();
    explore_focus(true);
}

static void give_back(int i)
{
    explore_check(blocks[i]->used == blocks[i]);
    ((int *)blocks[i])[16] = i;
    bide__slab_free_remote(blocks[i]);
}

static void gives_back_0(void)
{
    give_back(0);
}

static void gives_back_1(void)
{
    give_back(1);
}

static void owner(void)
{
    bide__slab_drain(&slab);
    int *one = new_block();
    one[16] = 77;
    bide__slab_drain(&slab);
    int *two = new_block();
    two[16] = 78;
    explore_check(one != two && one[16] == 77);
    bide__slab_free(&slab, one);
    bide__slab_free(&slab, two);
}

static void end(void)
{
    bide__slab_drain(&slab);
    bide__slab_free(&slab, blocks[2]);
    explore_check(slab.blocks == 0);
    bide__slab_end(&slab);
}

const struct explore_model explore_models[] = {
    {.name = "remote free",
     .begin = begin,
     .threads = {owner, gives_back_0, gives_back_1},
     .end = end,
     .bound = EXPLORE_NO_BOUND},
    {0},
};
