/* flags: -Wno-vla */
/* Arrays of variable length and alloca, if no part of them lives across an await; parameters and
 * pointers of variably modified types; their sizes. */
#include "../step.h"
#include <alloca.h>
#include <string.h>

static async int between(int n)
{
    int sum = 0;
    for (int i = 1; i <= n; i++) {
        {
            int list[i], (*whole)[i] = &list;
            for (int k = 0; k < i; k++)
                (*whole)[k] = k;
            sum += list[i - 1] + (int)(sizeof list / sizeof *list);
        }
        sum += await step(100);
    }
    return sum;
}

static async int at_the_end(int n)
{
    int length = await step(n);
    char *room = alloca((unsigned)length), other[length + 1];
    memset(room, 'a', (unsigned)length);
    memcpy(other, room, (unsigned)length);
    other[length] = '\0';
    return (int)strlen(other) + other[0];
}

static int plain(int n, int m, int values[n][m])
{
    return values[n - 1][m - 1] + (int)(sizeof values[0] / sizeof(int));
}

static async int at_least(int n, const int list[static const 2], int square(int))
{
    await step(0);
    return square(list[1]) + n + (int)sizeof(char[n]);
}

static int square(int n)
{
    return n * n;
}

static async int deferred(int n)
{
    int r = 0;
    {
        defer {
            int k = 1 + await step(n);
            int pairs[k][2];
            for (int i = 0; i < k; i++)
                pairs[i][1] = i * i;
            r += pairs[k - 1][1];
        }
        await step(1);
    }
    return r;
}

async int main(void)
{
    int values[2][3] = {{1, 2, 3}, {4, 5, 6}};
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d %d %d\n", await between(3), await at_the_end(4), plain(2, 3, values),
               await at_least(3, values[1], square), await deferred(3));
    return 0;
}
