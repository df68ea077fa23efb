#include <bide/bide.h>

async int work(int n)
{
    if (n) {
        n = await work(n - 1);
    return n;
}
