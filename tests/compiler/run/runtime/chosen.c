/* The runtime of main, chosen by its name. */
#include <bide/bide.h>
#include <stdio.h>

bide_runtime(current_thread);

async int main(void)
{
    await bide_yield();
    puts("one thread");
    return 0;
}
