/* Awaits in statement expressions, and statement expressions in other operands. */
#include <bide/bide.h>
#include <stdio.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

#define MAX(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })

static async int early(int n)
{
    int r = ({
        if (await later(n) > 3)
            return -1;
        n * 2;
    });
    return r + 1;
}

static async int loops(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum += ({
            int square = await later(i) * i;
            if (square == 4)
                continue;
            if (square > 20)
                break;
            square;
        });
    }
    return sum;
}

async int main(void)
{
    int a = ({ await later(1); await later(2); });
    int b = 10 + ({ int t = await later(3); t * t; }) + await later(100);
    printf("%d %d\n", a, b);
    printf("%d %d\n", MAX(await later(4), 3), MAX(2 + await later(1), await later(5)));
    ({ await bide_yield(); });
    ({
        int i = 0;
        while (i < 3)
            i += await later(1);
        printf("%d\n", i);
    });
    printf("%d %d %d %d\n", await early(2), await early(4), await loops(4), await loops(100));
    if (({ int x = await later(1); x; }) && !({ await later(0); }))
        printf("if\n");
    struct { int x, y; } p = {({ await later(7); }), ({ int z = 8; await later(z); })};
    printf("%d %d\n", p.x, p.y);
    return ({ int r = await later(0); r; });
}
