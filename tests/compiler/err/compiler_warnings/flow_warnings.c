/* Warnings of the optimizer have the columns and functions of the file.
 * flags: -O2 -Wall -Wextra
 * exit: 0 */
#include <bide/bide.h>
#include <stdio.h>
#define PATH "/some/where"
struct e {
    char name[256];
};

async int truncated(char *to, struct e *e)
{
    char path[200];
    await bide_yield();
    snprintf(path, sizeof path, "%s/%s",
             PATH, e->name);
    return to[0] = path[3];
}

async int falls_through(int n)
{
    int c = 0;
    switch (n) {
    case 1: c += await truncated(NULL, NULL);
    case 2: c += 2; /* fall through */
    case 3: c++;
    }
    return c;
}
