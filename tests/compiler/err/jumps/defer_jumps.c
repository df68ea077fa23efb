#include <bide/bide.h>

void release(int *p);
async int work(int n);

async int jumps(int n)
{
    if (n == 1)
        goto past;
    defer { n--; }
past:
    switch (n) {
        __attribute__((cleanup(release))) int x;
    case 1:
        x = 2;
        break;
    }
    for (int i = 0; i < n; i++) {
        defer {
            if (i == 3)
                break;
            if (i == 4)
                continue;
            if (i == 5)
                return 1;
            if (i == 6)
                goto past;
        }
        await work(i);
    }
    goto owner;
    bide_task(int) task = bide_spawn(work(1));
owner:
    return 0;
}

int plain(int n)
{
    defer { n--; }
    defer {
        return 3;
    }
    return n;
}
