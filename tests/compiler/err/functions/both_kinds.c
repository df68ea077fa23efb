#include <bide/bide.h>

async int work(int n);

async int both(int n)
{
    int a = work(n);
    return a + undeclared;
}
