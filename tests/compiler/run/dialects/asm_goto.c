/* asm statements that jump, name memory or tie operands; local variables in registers. */
#include "../step.h"

static async int jumps(int n)
{
    int turns = 0, sum = await step(n);
    __asm__ goto("" : : "r"(sum) : : again, out);
again:
    turns++;
    sum += await step(turns);
    if (turns < 3)
        goto again;
    for (int i = 0; i < 3; i++) {
        int local = await step(i);
        __asm__ goto("" : : : "memory" : next);
        sum += local;
    next:;
    }
out:
    return sum;
}

static async int operands(int n)
{
    int list[3] = {1, await step(2), 3}, a = await step(n), b = 7, *p = list;
    struct {
        long first;
        char rest[3];
    } s = {await step(1), "ab"};
    register int fast = await step(4);
    __asm__ volatile("" : "+r"(a), "=&r"(b) : "1"(b), "m"(list), "r"(p) : "cc", "memory");
    await step(0);
    __asm__("" : "+m"(s), "+m"(*(char(*)[3])s.rest) : "X"(fast));
    __asm__ volatile("" : [to] "+r"(p[0]) : [from] "i"(sizeof s));
    __asm__ __volatile__("" ::: "memory");
    await step(0);
    return a * 100 + b * 10 + list[1] + (int)s.first + s.rest[1] + fast;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", await jumps(5), await operands(3));
    return 0;
}
