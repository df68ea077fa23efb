/* -w and -Wno-error do not silence an error. */
/* flags: -fbide-multi-thread -w -Wno-error */
#include <bide/bide.h>
#include <stdio.h>
#include <stdlib.h>

static async int here(void)
{
    char *home = getenv("HOME");
    await bide_yield();
    return puts(home);
}

static async int there(void)
{
    char *home = getenv("HOME");
#pragma GCC diagnostic ignored "-Wbide-thread-bound"
    await bide_yield();
    return puts(home);
}

async int main(void)
{
    bide_spawn(here());
    bide_spawn(there());
    return 0;
}
