/*
 * lib/io/again.c: the wait for the end of an operation of the driver that was told to stop, by
 * looking again, first after each turn of the loop and then after pauses. The kernel ends such an
 * operation at once, whatever the peer does, so this is rare and short.
 */
#include "lib/async.h"

#include <bide/task.h>
#include <bide/time.h>

enum { TURNS = 32 };

bide_async void bide__fd_look_again(unsigned n);

/* n: how often that was done before. */
bide_async void bide__fd_look_again(unsigned n)
{
    if (n < TURNS)
        bide_await bide_yield();
    else
        bide_await bide_sleep(BIDE_MS(1));
}
