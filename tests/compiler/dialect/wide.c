/* Strings have the units of the target: with -fshort-wchar, units of UTF-16. */
#include <bide/bide.h>
#include <stddef.h>
#include <stdio.h>

static async int units(int n)
{
    wchar_t s[] = L"\U0001F600\u00e9A";
    unsigned short u[] = u"\U0001F600";
    char c[] = "\u00e9\xe9";
    size_t i;
    await bide_yield();
    for (i = 0; i < sizeof s / sizeof *s; i++)
        printf(" %lx", (unsigned long)s[i]);
    for (i = 0; i < sizeof u / sizeof *u; i++)
        printf(" %x", u[i]);
    for (i = 0; i < sizeof c; i++)
        printf(" %x", (unsigned char)c[i]);
    printf("\n");
    return n;
}

async int main(void)
{
    return await units(0);
}
