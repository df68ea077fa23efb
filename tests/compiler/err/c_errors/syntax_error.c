#include <bide/bide.h>

async int work(int n)
{
    int a = await work(n) +;
    return a;
}
