/* A computed goto whose operand awaits is one statement.
 * flags: -Wno-for-loop-analysis */
#include "../step.h"

static async int walk(int n)
{
    static const void *const table[] = {&&first, &&second, &&end};
    int turns = 0;
first:
    turns++;
    if (turns < n)
        goto *table[await step(0)];
    else if (turns == n)
        goto *table[await step(1)];
    while (turns < 2 * n)
        goto *table[await step(0)];
    do
        goto *table[await step(2)];
    while (turns > 0);
second:
    turns += 10;
    for (; turns < 20;)
        goto *table[await step(1)];
end:
    return turns;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d\n", await walk(1), await walk(3), await walk(0));
    return 0;
}
