/*
 * full.h: whether this is the long tier, for tests that then do more. The variable FULL is 1 there;
 * elsewhere it is not set, or empty.
 */
#ifndef BIDE_TESTS_FULL_H
#define BIDE_TESTS_FULL_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool is_full(void)
{
    const char *full = getenv("FULL");
    return full != NULL && *full != '\0';
}

#endif
