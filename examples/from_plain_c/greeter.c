/*
 * greeter.c: the library, in async C. `bide cc` compiles each function to two: one to await, and a
 * plain one of the same name, which blocks.
 */
#include "greeter.h"

#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>

async int greeter_greet(const char *name, char *text, size_t size)
{
    await bide_sleep(BIDE_MS(100));
    int length = snprintf(text, size, "Good day, %s", name);
    return length < 0 || (size_t)length >= size ? -ENOSPC : length;
}

async int greeter_greet_both(const char *one, const char *two, char *text_one, char *text_two,
                             size_t size)
{
    int n =
        await bide_try_join(greeter_greet(one, text_one, size), greeter_greet(two, text_two, size));
    return n;
}
