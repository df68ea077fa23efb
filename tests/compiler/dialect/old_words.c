/* Words of later dialects are names in C89. */
#include <bide/bide.h>
#include <stdio.h>

struct words {
    int inline, restrict;
};

static async int f(int restrict)
{
    int inline = restrict;
    struct words s;
    s.inline = 1;
    s.restrict = 2;
    await bide_yield();
    inline += s.inline + s.restrict;
    return inline + restrict;
}

static async int g(int asm)
{
    int typeof = asm;
    await bide_yield();
    goto restrict;
restrict:
    return typeof + asm;
}

async int main(void)
{
    printf("%d %d\n", await f(1), await g(2));
    return 0;
}
