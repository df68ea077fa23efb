/* Deferred blocks and the cleanup attribute: order, every way out of a scope, awaits inside. */
#include <bide/bide.h>
#include <stdio.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

static void close_it(int *n)
{
    printf("cleanup %d\n", *n);
}

static async int order(int n)
{
    defer { printf("first, last\n"); }
    int r = 1;
    defer {
        printf("second %d\n", r);
        await bide_yield();
        printf("second after a wait\n");
    }
    __attribute__((cleanup(close_it))) int resource = await later(7);
    if (n == 0)
        return r;
    {
        defer { printf("inner\n"); }
        r = 2;
        if (n == 1)
            return await later(r) + resource;
        await bide_yield();
    }
    resource = 8;
    return 100;
}

static async int loops(void)
{
    int done = 0;
    for (int i = 0; i < 5; i++) {
        defer { printf("end of %d\n", i); done += i; }
        if (i == 1)
            continue;
        if (i == 3)
            break;
        printf("turn %d\n", await later(i));
    }
    int tries = 0;
again: {
    defer { tries++; }
    await bide_yield();
    if (tries < 2)
        goto again;
}
    switch (await later(1)) {
    case 1: {
        defer { await bide_yield(); done += 100; }
        break;
    }
    default: done = -1;
    }
    return done + tries;
}

static async int value_is_kept(void)
{
    int n = 5;
    defer { n = 99; await bide_yield(); }
    return n;
}

static async void nested(int n)
{
    defer {
        defer { printf("deferred in deferred %d\n", n); }
        for (int i = 0; i < n; i++) {
            if (await later(i) == 1)
                continue;
            printf("in deferred %d\n", i);
        }
    }
    if (n > 2)
        return;
    await bide_yield();
}

struct text {
    char letters[4];
};

static async struct text structure(void)
{
    struct text t = {"abc"};
    defer { t.letters[0] = 'x'; }
    await bide_yield();
    return t;
}

static int plain(int n)
{
    defer { printf("plain %d\n", n); }
    for (int i = 0; i < 3; i++) {
        __attribute__((cleanup(close_it))) int x = i;
        defer { printf("plain loop %d\n", x); }
        if (i == n)
            return x * 10;
    }
    return -1;
}

async int main(void)
{
    for (int i = 0; i < 3; i++)
        printf("= %d\n", await order(i));
    printf("= %d\n", await loops());
    printf("= %d\n", await value_is_kept());
    await nested(2);
    await nested(3);
    printf("= %s\n", (await structure()).letters);
    int one = plain(1), seven = plain(7);
    printf("= %d %d\n", one, seven);
    return 0;
}
