/* bide_runtime chooses the runtime of main. */
#include <bide/bide.h>

bide_runtime(multi_thread);
bide_runtime(thread_per_core);

async int main(void)
{
    return 0;
}

bide_runtime(current_thread);

int plain(void)
{
    bide_runtime(current_thread);
    return bide_block_on(main());
}
