/* Recursion: deep without growth of the C stack, mutual, and each level keeps its locals. */
#include <bide/bide.h>
#include <stdio.h>

static async int odd(int n);

static async int even(int n)
{
    if (n == 0)
        return 1;
    if (n % 1000 == 0)
        await bide_yield();
    return await odd(n - 1);
}

static async int odd(int n)
{
    return n == 0 ? 0 : await even(n - 1);
}

static async long depth(int n)
{
    if (n == 0) {
        await bide_yield();
        return 0;
    }
    return 1 + await depth(n - 1);
}

static async int fibonacci(int n)
{
    if (n < 2)
        return n;
    int a = await fibonacci(n - 1);
    await bide_yield();
    return a + await fibonacci(n - 2);
}

static async int tree(int level, const char *path)
{
    char here[32];
    snprintf(here, sizeof here, "%.16s%d", path, level);
    if (level == 0) {
        await bide_yield();
        return here[0] - '0';
    }
    int sum = 0;
    for (int i = 0; i < 2; i++)
        sum += await tree(level - 1, here);
    return sum + here[level % 2] - '0';
}

async int main(void)
{
    printf("%d %d\n", await even(10000), await odd(10000));
    printf("%ld\n", await depth(1000000));
    printf("%d %d\n", await fibonacci(15), await tree(4, ""));
    return 0;
}
