/* Compound literals of variable length: messages have no name for them. */
#include <bide/bide.h>

async int sum(const int *p);

async int argument(int n)
{
    return await sum((int[n]){});
}

async int kept(int n)
{
    int *p = (int[n]){};
    return await sum(p);
}
