/* flags: -Wno-sequence-point -Wno-unsequenced */
/* Operands are evaluated from left to right. A value read before an await is not read again, and an
 * update does not lose changes by other tasks. (The plain reading leaves some of this open.) */
#include <bide/bide.h>
#include <stdio.h>

static int shared;

static async int later(const char *name, int n)
{
    printf("%s ", name);
    await bide_yield();
    return n;
}

static int say(const char *name, int n)
{
    printf("%s ", name);
    return n;
}

static async int adds(int n)
{
    for (int i = 0; i < n; i++)
        shared += await later("+", 1);
    return n;
}

static int three(int a, int b, int c)
{
    return a * 100 + b * 10 + c;
}

struct holder {
    int value;
    unsigned bits : 4;
};

static async int operands(struct holder *h, struct holder *other)
{
    int i = 0, array[3] = {1, 2, 3};
    int a = say("a", 1) + await later("b", 2) + say("c", 3);
    int b = three(say("a", 1), await later("b", 2), say("c", 3));
    int c = i + await later("d", i++) + i;
    array[i++] = await later("e", i);
    array[say("f", 2)] += await later("g", array[2]);
    struct holder *p = h;
    p->value = ((void)(p = other), await later("h", 5));
    other->bits ^= await later("i", 3) == 3;
    printf("\n%d %d %d %d %d %d %d %d\n", a, b, c, array[0], array[1], array[2], h->value,
           (int)other->bits);
    return i;
}

static async int reads_before(void)
{
    int x = 1;
    int *p = &x;
    int sum = x + await later("x", (*p = 10)) + x;
    x = x * 2 + await later("y", x++);
    printf("\n%d %d\n", sum, x);
    return x;
}

async int main(void)
{
    struct holder h = {1, 2}, other = {3, 4};
    printf("%d\n", await operands(&h, &other));
    await reads_before();
    int a = 0, b = 0;
    await bide_join(a = adds(3), b = adds(4));
    printf("\n%d %d\n", shared, a + b);
    return 0;
}
