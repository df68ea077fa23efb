/* flags: -std=gnu99 */
/* An older dialect of C, and the prefixed words. */
#define BIDE_NO_KEYWORDS
#include <bide/bide.h>
#include <stdio.h>

static bide_async int later(int async)
{
    bide_await bide_yield();
    return async;
}

bide_async int main(int argc, char **argv)
{
    int await = bide_await later(argc), defer = 2;
    bide_defer { printf("%d\n", defer); }
    printf("%d %d\n", await, argv[0] != NULL);
    return await - 1;
}
