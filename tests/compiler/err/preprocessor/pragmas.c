/* exit: 0
 * Pragmas in a header, and from macros, several on a line. */
#include "pragmas.h"
#include <bide/bide.h>
#include <stdlib.h>

async int work(int n);

/* The header has left it off. */
async int off(void)
{
    char *p = malloc(10);
    int n = await work(1);
    free(p);
    return n;
}

LEAK(warning)
async int on(void)
{
    char *p = malloc(10);
    int n = await work(2);
    free(p);
    return n;
}
LEAK(ignored)

LEAK_OFF
async int off_again(void)
{
    char *p = malloc(10);
    int n = await work(3);
    free(p);
    return n;
}
LEAK_ON

_Pragma("GCC diagnostic warning \"-Wbide-leak-on-cancel\"")
async int on_again(void) { char *p = malloc(10); int n = await work(4); free(p); return n; }
LEAK_OFF async int quiet(void) { char *p = malloc(10); int n = await work(5); free(p); return n; } LEAK_ON
LEAK_OFF async int quiet_too(void) { char *p = malloc(10); int n = await work(6); free(p); return n; } LEAK_ON async int loud(void) { char *p = malloc(10); int n = await work(7); free(p); return n; }
#pragma GCC diagnostic error "-Wbide-leak-on-cancel"
#pragma GCC diagnostic ignored "-Wbide-leak-on-cancel"
async int last(void)
{
    char *p = malloc(10);
    int n = await work(8);
    free(p);
    return n;
}
