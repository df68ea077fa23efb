#include <bide/bide.h>

async int work(int n);
static bide_mutex m;

/* The block is no loop. */
async int no_loop(void)
{
    bide_locked(&m) {
        await work(1);
        break;
    }
    return 0;
}
