/* flags: -w */
#include <bide/bide.h>

async int work(int n)
{
    async;
    return n;
}
