#include <bide/bide.h>

async int work(int n)
{
    return n;
}

struct point {
    int x;
};

int plain(struct point *p)
{
    return p->y;
}
