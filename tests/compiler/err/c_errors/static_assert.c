#include <bide/bide.h>

async long count(void);

async int checks(int n)
{
    const char text[] = "text";
    const char *p = text;
    await count();
    _Static_assert(sizeof text == 6, "six with the end");
    _Static_assert(sizeof(await count()) == 1, "a call");
    return p[n];
}
