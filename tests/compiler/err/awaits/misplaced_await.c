/* What stands after await is a call. */
#include <bide/bide.h>

async int work(int n)
{
    await return n;
}
