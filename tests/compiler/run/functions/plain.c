/* Plain functions in a file with async code use spawn, block_on and defer, also in expressions.
 * one thread: what is finished just after its spawn depends on it. */
#include "../step.h"

static async int twice(int x) { return 2 * await step(x); }

struct pair {
    int a, b;
};

static async struct pair make(int a)
{
    return (struct pair){await step(a), a + 1};
}

static async void nothing(int *p)
{
    *p = await step(*p + 1);
}

static int sum(int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bide_block_on(twice(i)) * (i ? bide_block_on(twice(1)) : 1);
    bide_block_on(nothing(&total));
    return total + bide_block_on(make(total)).b;
}

static int spawned(int n)
{
    static int counter;
    bide_task(int) h = bide_spawn(twice(n)), k;
    bide_task(void) v = bide_spawn(async({ (void)(counter += await step(n)); }));
    k = bide_move(h);
    defer { printf("(%d)", counter); }
    return bide_task_finished(h) * 100 + bide_task_finished(k) * 10 + bide_task_finished(v);
}

static int many_exits(int n)
{
    for (int i = 0;; i++) {
        defer { printf("[%d]", i); }
        switch (n) {
        case 0: return 5;
        case 1:
            if (i == 1)
                goto out;
            continue;
        default: break;
        }
        if (i == n)
            break;
    }
    return n;
out:
    return -n;
}

int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int a = many_exits(0), b = many_exits(1), c = many_exits(2);
        printf(" %d %d %d\n", a, b, c);
        printf("%d\n", sum(4));
        a = spawned(1);
        printf(" %d\n", a);
    }
    return 0;
}
