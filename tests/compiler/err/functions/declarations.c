#include <bide/bide.h>

int first(void);
async int first(void);
async int second(void);
int second(void)
{
    return 1;
}

async int number;

async int inside(void)
{
    async int local = 3;
    return local;
}

async int old_style();
async int taken(a) int a;
{
    return a;
}

async struct {
    int a;
} *nameless(void);
