/* Small programs that awaitsmith has found: what the compiler once got wrong. */
#include <bide/bide.h>
#include <stdio.h>

/* Labels of a block, next to locals that a debugger is shown. */
static async int local_labels(int x)
{
    int y[2] = {x}, *p = y;
    {
        __label__ out, again;
        __label__ more;
    again:
        await bide_yield();
        if (y[0] < 3)
            goto more;
        goto out;
    more:
        ++*p;
        goto again;
    out:;
    }
    for (int i = 0; i < 2; i++) {
        __label__ next;
        if (i == 0)
            goto next;
        await bide_yield();
        y[1] += i;
    next:;
    }
    return y[0] * 10 + y[1];
}

static async int same(int x)
{
    await bide_yield();
    return x;
}

/* A computed goto that awaits, as the body of an if and of a while. */
static async int computed(int x)
{
    int turns = 0;
    void *const way[] = {&&first, &&second, &&third};
    goto *way[x];
first:
    await bide_yield();
second:
    if (turns++ < 3)
        goto *way[await same(0)];
    while (turns < 9)
        goto *way[await same(2)];
third:
    return turns;
}

/* Blocks that only a jump further down comes to, with something to do at their ends. */
static async int jumped_to(int x)
{
    int n = 0, undone = 0;
    if (1)
        goto in;
    while (n < 3) {
        bide_scope (s) {
            (void)bide_scope_spawn(s, same(n));
        }
        {
            defer {
                undone += await same(10);
            }
            await bide_yield();
        }
    in:
        n++;
    }
    goto last;
first: {
    defer {
        undone += await same(100);
    }
    n += x;
}
    goto end;
last:
    goto first;
end:
    return undone + n;
}

struct one {
    int c;
};

static async int value_of(struct one one)
{
    await bide_yield();
    return one.c;
}

/* A deferred block with the name of a later variable, which a debugger is shown. */
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

struct bits {
    int x;
    unsigned b : 5;
    unsigned long long l : 7;
    _Bool yes : 1;
};

/* A bit-field that is an operand next to an await: promoted to int, as an operand is. */
static async int bits(struct bits s)
{
    struct bits *p = &s;
    int a = (s.b - await same(p->x)) / 3, b = s.l > await same(-2);
    return a * 1000 + (p->b < await same(-1)) * 100 + ((s.b = 3) - await same(5) < 0) * 10 +
           (-p->yes < await same(0)) + b * 10000;
}

async int main(void)
{
    printf("%d\n", await local_labels(0));
    printf("%d\n", await computed(1));
    printf("%d\n", await jumped_to(5));
    printf("%d\n", await later_name(1));
    printf("%d\n", await bits((struct bits){.x = 20, .b = 5, .yes = 1}));
    return 0;
}
