/* Functions and other externals declared in blocks, also async functions: in the function, in inner
 * blocks, in branches; several in a declaration, through typedefs, with attributes. */
#include "../step.h"

typedef int number_function(int);

static async int uses(int n)
{
    int later_plain(int), sum = n;
    async int later_async(int a, int b);
    number_function by_typedef;
    extern int external;
    for (int i = 0; i < 2; i++) {
        extern async long inner(void);
        int later_plain(int) __attribute__((const));
        sum += later_plain(await step(i)) + (int)await inner();
        {
            extern char text[4];
            sum += text[await step(1)];
        }
    }
    sum += await later_async(await step(1), 2) + by_typedef(await step(3));
    external += await step(1);
    await bide_join(({
                        async int later_async(int, int);
                        sum += await later_async(5, 6);
                    }),
                    later_async(7, external));
    int (*pointer)(int) = by_typedef;
    await step(0);
    return sum + pointer(external);
}

static int from_plain(void)
{
    async int later_async(int a, int b);
    return bide_block_on(later_async(1, 1));
}

int later_plain(int n);
int later_plain(int n)
{
    return n + 1;
}

async int later_async(int a, int b);
async int later_async(int a, int b)
{
    return await step(a) * b;
}

int by_typedef(int n);
int by_typedef(int n)
{
    return n * 3;
}

async long inner(void);
async long inner(void)
{
    await step(0);
    return 100;
}

int external = 5;
char text[4] = "abc";

int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", bide_block_on(uses(1)), from_plain());
    return 0;
}
