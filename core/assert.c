/*
 * core/assert.c: see core/assert.h.
 */
#include "core/assert.h"

__attribute__((weak)) void bide__broken(const char *transition)
{
    (void)transition;
    __builtin_trap();
}
