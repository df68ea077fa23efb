/* A constant too large for long is unsigned in C89; so is such a value that lives over an await. */
#include <bide/bide.h>
#include <stdio.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

async int main(void)
{
    printf("%d\n", 18446744073709551615 + await later(1) == 0);
    printf("%d\n", (9223372036854775808 + await later(0)) / 2 > 0);
    printf("%d\n", -9223372036854775808 + await later(0) < 0);
    printf("%d\n", (int)sizeof(await later(1) + 9223372036854775808));
    return 0;
}
