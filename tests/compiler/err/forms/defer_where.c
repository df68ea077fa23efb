/* A deferred block belongs to the block round it. */
#include <bide/bide.h>

async int f(int n)
{
    if (n)
        defer { n++; }
    for (int i = 0; i < 2; i++)
        defer { n--; }
    return n;
}

int g(int n)
{
    switch (n) {
    case 1: defer { n = 2; }
    }
    return n;
}
