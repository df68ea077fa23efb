/* A call must follow await. */
#include <bide/bide.h>

async int work(int n)
{
    await return n;
}
