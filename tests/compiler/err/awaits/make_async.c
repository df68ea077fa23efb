// "make 'f' async" points at the definition, which must change, wherever else f is declared.
#include <bide/bide.h>

#include "make_async.h"

async int f(int);
int f(int x) { await bide_yield(); return x; }

static int plain(int);
static int plain(int x)
{
    await bide_yield();
    return x;
}

int in_header(int x)
{
    await bide_yield();
    return x;
}

int in_header_plain(int x)
{
    await bide_yield();
    return x;
}

static int later(int);
static async int later(int x)
{
    await bide_yield();
    return x;
}

static int (*(pointer)(int x))(void)
{
    await bide_yield();
    return 0;
}

int old(x)
int x;
{
    int old = await bide_yield();
    return old + x;
}
