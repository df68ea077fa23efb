/* Words that mean nothing at their place. Only the first in a function is reported. */
#include <bide/bide.h>

async int fetch(int id);

async int one(void)
{
    int n = 1;
    await;
    return n;
}

async int two(void)
{
    int n = async fetch(1);
    return n;
}

async int three(void)
{
    for (;;)
        await;
    return 2;
}
