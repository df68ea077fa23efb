/*
 * global.c: jansson's memory and its seed, set when the library is loaded: before the program can
 * have threads, and before anything was allocated.
 *
 * Blocks have no header, though the door is told the size of what it frees: what the program
 * frees by free(3), such as a text of json_dumps, must be malloc's, and it is, since the door's
 * blocks are. But pages are not, so no block may have exactly the size of those.
 */
#include "internal.h"

#include <stdlib.h>

static _Thread_local unsigned shortages;

unsigned bide__json_shortages(void)
{
    return shortages;
}

static void *json_alloc(size_t size)
{
    void *p = bide__alloc(size == BIDE__DOOR_PAGES ? size + 1 : size);
    if (p == NULL)
        shortages++;
    return p;
}

static void json_release(void *p)
{
    if (p != NULL)
        bide__door.free(p, 0);
}

/* Zero: jansson finds one for itself, which it does with the time if there is nothing else. */
static size_t seed(void)
{
    uint32_t random = 0;
    if (bide__door.getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return 0;
    return random;
}

static void __attribute__((constructor)) set_up(void)
{
    json_malloc_t alloc;
    json_free_t release;
    json_get_alloc_funcs(&alloc, &release);
    if (alloc == malloc && release == free)
        json_set_alloc_funcs(json_alloc, json_release);
    json_object_seed(seed());
}
