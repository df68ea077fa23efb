/* flags: -Wno-shadow */
/* Deferred blocks see the names of their own place. Also with arrays of variable length, in blocks
 * whose end is never reached, with gotos between them, as a single statement, in switch and
 * statement expressions, nested; and values of returns. */
#include "../step.h"

static int x = 1;

static int names(int n)
{
    int y = 2;
    {
        defer { printf("(%d %d)", x, y); }
        int x = 10, y = 20;
        if (n)
            return x + y;
        x++;
    }
    return y;
}

static async int names_async(int n)
{
    int y = 2;
    {
        defer {
            int got = await step(y);
            printf("(%d %d)", x, got);
        }
        int x = await step(10), y = x * 2;
        if (n)
            return await step(x + y);
    }
    return y;
}

static int variable_length(int n)
{
    defer { printf("(%d)", n); }
    if (n == 0)
        return 0;
    int v[n];
    defer { printf("[%d]", v[0]); }
    for (int i = 0; i < n; i++)
        v[i] = i + 5;
    if (n == 2)
        return v[1];
    char more[n + 1];
    return (int)sizeof more + v[n - 1];
}

static async int ways(int n)
{
    int trace = 0;
    for (int i = 0; i < 3; i++) {
        defer { trace = trace % 100000 * 10 + await step(1); }
    again:
        if (n == 5)
            goto out;
        {
            defer trace = trace % 100000 * 10 + 2;
            defer {
                defer { trace = trace % 100000 * 10 + await step(3); }
                trace = trace % 100000 * 10 + 4;
            }
            switch (n) {
            case 0: continue;
            case 1: {
                defer { trace = trace % 100000 * 10 + 5; }
                goto out;
            }
            case 2: break;
            case 3: n = 2; goto again;
            default: n -= 4; goto again;
            }
            await step(0);
        }
        if (i == 1)
            break;
    }
out:
    return trace;
}

static async int value(int n)
{
    int local = n;
    defer { local = 99; await step(0); printf("{%d}", local); }
    int r = ({
        defer { local += 1000; }
        local += 1;
        local * 2;
    });
    if (n > 5)
        return local + r;
    else
        return ({ await step(local); }) - r;
}

static async void no_value(int n)
{
    defer { printf("end %d ", await step(n)); }
    for (;;) {
        if (n++ > 2)
            return;
        await step(n);
    }
}

static void clean(const int *p) { printf("<%d>", *p); }

static async int cleanups(int n)
{
    __attribute__((cleanup(clean))) int a = n;
    int b __attribute__((cleanup(clean), unused)) = await step(n + 1),
        c __attribute__((__cleanup__(clean))) = 7;
    for (int i __attribute__((cleanup(clean))) = 0; i < 2; i++) {
        __attribute__((unused, cleanup(clean))) int d = i * 100;
        if (await step(i))
            continue;
    }
    if (n)
        return await step(a + c);
    a = 50;
    return 0;
}

static int plain_cleanup(int n)
{
    __attribute__((cleanup(clean))) int a = n;
    defer { a++; }
    if (n > 1)
        return a;
    a = 60;
    return 1;
}

struct one {
    int c;
};

static async int value_of(struct one one)
{
    await bide_yield();
    return one.c;
}

/* A deferred block uses the name of a later variable, which a debugger can show. */
static async int later_name(int x)
{
    int s = 0;
    defer {
        s += await value_of((struct one){.c = x});
        printf("%d ", s);
    }
    const int c[2] = {x, 2};
    s = await value_of((struct one){c[1]}) + c[0];
    return s;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int r = names(0);
        r += names(1);
        r += await names_async(0);
        r += await names_async(1);
        printf(" %d\n", r);
        for (int i = 0; i < 4; i++) {
            r = variable_length(i);
            printf(" %d", r);
        }
        puts("");
        for (int i = 0; i < 8; i++)
            printf("%d ", await ways(i));
        puts("");
        r = await value(1);
        r += await value(6);
        printf(" %d ", r);
        await no_value(1);
        puts("");
        r = await cleanups(0);
        r += await cleanups(3);
        r += plain_cleanup(1);
        r += plain_cleanup(2);
        printf(" %d\n", r);
    }
    printf("%d\n", await later_name(1));
    return 0;
}
