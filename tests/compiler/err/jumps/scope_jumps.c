#include <bide/bide.h>
#include <stddef.h>

async int work(int n);

async int into(int n)
{
    static void *const where[] = {&&inside, &&outside};
    if (n == 1)
        goto inside;
    switch (n) {
    case 2:
        bide_scope(s) {
            bide_scope_spawn(s, work(n));
        case 3:
            n++;
        inside:
            await work(n);
            if (n == 4)
                goto *where[n & 1];
            if (n == 5)
                goto outside;
        }
    }
outside:
    return n;
}

async int no_loop(int n)
{
    bide_scope(s) {
        if (n == 1)
            break;
        if (n == 2)
            continue;
        switch (n) {
        case 4: break;
        case 5: continue;
        }
        for (int i = 0; i < n; i++) {
            if (i == 3)
                break;
            bide_scope_spawn(s, work(i));
        }
        defer {
            if (n == 3)
                break;
        }
    }
    return n;
}

async int out_of_deferred(int n)
{
    for (;;) {
        defer {
            bide_scope(s) {
                bide_scope_spawn(s, work(n));
                if (n == 1)
                    return n;
                if (n == 2)
                    break;
            }
        }
        await work(n);
    }
}

async int lengths(size_t n)
{
    char outer[n];
    bide_scope(s) {
        char inner[n];
        bide_scope_spawn(s, work((int)sizeof inner));
        {
            char gone[n];
            gone[0] = 0;
        }
    }
    return (int)sizeof outer;
}
