/* Words that would mean nothing. Only the first of a function is said. */
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
