#include <bide/bide.h>

async int work(int n);

async int into(int n)
{
    static void *const where[] = {&&outside, &&inside};
    if (n == 1)
        goto inside;
    defer {
        n++;
    inside:
        await work(n);
    }
    if (n == 2)
        goto *where[n & 1];
outside:
    switch (n) {
    case 1:
        defer { n--; }
        break;
    default:
        break;
    }
    for (int i = 0; i < n; i++) {
        if (i == 2)
            continue;
        defer { n--; }
        if (i == 3)
            break;
        goto outside;
    }
    return n;
}
