/* A branch with very many awaits: the static variable of the function round it, whose address it
 * has captured, does not move to the frame. */
#include "../step.h"

#define ADD(n) kept += await step(n);
#define TEN    ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7) ADD(8) ADD(9)

static async int turn(void)
{
    static int kept = 1;
    static _Thread_local int own = 3;
    int all = 0;
    await bide_join(({
                        TEN TEN TEN TEN TEN TEN TEN
                        own += kept;
                        all += own;
                    }),
                    step(1));
    return all + kept;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await turn());
    return 0;
}
