/* Statement expressions with awaits: values, nesting, loops and returns inside, in any place. */
#include "../step.h"

#define TRY(x) \
    ({ \
        int result = (x); \
        if (result < 0) \
            return result; \
        result; \
    })

static async int add(int a, int b)
{
    return a + await step(b);
}

static async int values(int x)
{
    int a = ({
        int t = await step(x);
        t *= 2;
        t + 1;
    });
    int b = ({ await step(a); }) + ({
                int s = 0;
                for (int i = 0; i < 3; i++)
                    s += await step(i);
                s;
            });
    int c = await add(({ int y = a; y; }), ({ await step(b); }));
    if (({ await step(c); c > 0; }))
        c += ({
            int inner = ({ await step(5); }) * 2;
            inner;
        });
    ({ await step(1); });
    while (({ int more = await step(c); more < 40; }))
        c += 7;
    return a * 10000 + b * 100 + c;
}

static async int tries(int x)
{
    int a = TRY(await step(x));
    int b = TRY(await step(x - 1)) + TRY(x - 2);
    return a + b;
}

static async int jumps(void)
{
    int sum = 0;
    for (int i = 0; i < 5; i++) {
        sum += ({
            if (i == 1)
                continue;
            if (i == 3)
                break;
            await step(i + 1);
        });
    }
    return sum;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d\n", await values(3));
        for (int i = 0; i < 4; i++)
            printf("%d ", await tries(i));
        printf("%d\n", await jumps());
    }
    return 0;
}
