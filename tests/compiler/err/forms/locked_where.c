#include <bide/bide.h>

async int work(int n);
static bide_mutex m;

void plain(void)
{
    bide_locked(&m) {
    }
}

async int into(int n)
{
    if (n)
        goto inside;
    bide_locked(&m) {
        await work(1);
    inside:
        await work(2);
    }
    switch (n) {
    case 1:
        bide_locked(&m) {
            await work(3);
        case 2:
            await work(4);
        }
    }
    return 0;
}

async int computed(int n)
{
    static void *const to[] = {&&out, &&more};
    bide_locked(&m) {
    more:
        if (await work(1))
            goto *to[n];
    }
out:
    return 0;
}

async int fine(void)
{
    bide_locked(&m)
        if (await work(1))
            goto out;
out:
    return 0;
}
