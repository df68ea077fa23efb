/*
 * Segments of chains that move to another worker (memory/segment.c): they go back to the slab that
 * they came from.
 */
#include "tools/explore/explore.h"

#include "runtime/memory/memory.h"
#include "runtime/thread.h"

static struct bide__segments segments[2];
static struct bide__worker workers[2];
static _Atomic(int *) moved[2]; /* from worker 0 to worker 1, and back */

static void begin(void)
{
    for (int i = 0; i < 2; i++)
        workers[i].segments = &segments[i];
}

static int *new_segment(size_t *size)
{
    int **p = bide__memory.segment_new(size);
    *p = (int *)p; /* the first word of a block in use is not NULL */
    return (int *)p;
}

/* Makes a segment that the other worker frees, and frees one of the other's. */
static void works(int i)
{
    size_t size = 1024, small = 1024;
    bide__thread.running = &workers[i];
    int *p = new_segment(&size);
    p[16] = i;
    atomic_store_explicit(&moved[i], p, memory_order_release);
    int *q = atomic_exchange_explicit(&moved[!i], NULL, memory_order_acq_rel);
    if (q != NULL) {
        explore_check(q[16] == !i);
        bide__memory.segment_free(q, 1024);
    }
    bide__slab_drain(&segments[i].slab);
    int *another = new_segment(&small);
    another[16] = 7;
    explore_check(another != q);
    bide__memory.segment_free(another, small);
    bide__thread.running = NULL;
}

static void works_0(void)
{
    works(0);
}

static void works_1(void)
{
    works(1);
}

static void end(void)
{
    for (int i = 0; i < 2; i++) {
        int *left = atomic_load(&moved[i]);
        bide__thread.running = &workers[i];
        if (left != NULL)
            bide__memory.segment_free(left, 1024);
        bide__slab_drain(&segments[i].slab);
    }
    for (int i = 0; i < 2; i++) {
        explore_check(segments[i].slab.blocks == 0);
        bide__segments_end(&segments[i]);
    }
}

const struct explore_model explore_models[] = {
    {.name = "segments", .begin = begin, .threads = {works_0, works_1}, .end = end, .bound = 3},
    {0},
};
