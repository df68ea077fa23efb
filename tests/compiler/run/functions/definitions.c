/* Async functions of every linkage and form of declaration; several in a declaration; arguments of
 * every kind; main with arguments. */
#include "../step.h"
#include <stddef.h>

async int forward(int);
static async int hidden_from_others(int x), also_hidden(int);
async int weak_one(int x) __attribute__((weak));
int async spelled(int x);
async __attribute__((visibility("hidden"))) int invisible(int x);
async struct made_here {
    int a;
} makes_type(void);

static inline async int in_line(int x) { return await step(x + 1); }
async int forward(int named) { return await step(named) + await hidden_from_others(named); }
static async int hidden_from_others(int x) { return x + await also_hidden(x); }
static async int also_hidden(int y) { return await step(y); }
async int weak_one(int x) { return await step(x) + 1; }
int async spelled(int x) { return await step(x) + 2; }
async int invisible(int x) { return await step(x) + 3; }
async struct made_here makes_type(void) { return (struct made_here){await step(4)}; }

struct pair {
    int a, b;
};
typedef struct pair pair_t;

enum amount { FEW, MANY };

static async int many(char c, short s, unsigned char u, float f, double d, long double l, pair_t p,
                      const pair_t *pp, int a[], int b[static 2], int (*fn)(int), const char *const str,
                      _Bool flag, int table[2][3], enum amount how)
{
    int sum = c + s + u + (int)f + (int)d + (int)l + p.a + pp->b;
    sum += await step(a[1]) + b[1] + fn(3) + str[0] + flag + table[1][2] + (how == MANY);
    p.a += 5;
    a++;
    sum += await step(p.a) + *a + (int)sizeof p;
    return sum;
}

static int negate(int x) { return -x; }

static async void changes(int x, pair_t p)
{
    x++;
    await step(x);
    p.b = x;
    await step(0);
    printf("%d %d ", x, p.b);
}

static async int unused(int x, int y)
{
    (void)y;
    (void)x;
    await step(0);
    return 5;
}

async int main(int argc, char **argv)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int table[2][3] = {{0}, {0, 0, 7}}, a[2] = {1, 2};
        pair_t p = {1, 2};
        printf("%d %d %d %d %d %d %d %d\n", argc, argv[argc] == NULL, await forward(1),
               await weak_one(1), await spelled(1), await invisible(1), (await makes_type()).a,
               await in_line(7));
        printf("%d ", await many('\1', 2, 255, 4.5f, 5.5, 6.5L, p, &p, a, a, negate, "A", 1, table, MANY));
        await changes(p.a, p);
        printf("%d %d %d\n", p.a, p.b, await unused(1, 2));
    }
    return 0;
}
