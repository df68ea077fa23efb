#include <bide/bide.h>

async int work(int n);

async int typed(int n)
{
    char *p = await work(undeclared);
    int a = await work(1)  +  p->member;
    return a + n;
}
