#include <bide/bide.h>

async int fetch(int n);
typedef int callback(int);

async int use(void)
{
    callback *c = fetch;
    callback *d = &fetch;
    return c == d;
}

callback *table[] = {fetch};
