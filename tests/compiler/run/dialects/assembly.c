/* asm statements in async functions: operands that live in the frame, operands that are saved. */
#include "../step.h"

static async int uses(int x)
{
    int in_frame = x, *p = &in_frame, out, kept = await step(2);
    __asm__ volatile("" : "=r"(out) : "0"(kept));
    await step(0);
    __asm__("" : "+m"(in_frame) : "r"(out) : "memory");
    __asm__ volatile("# nothing");
    out += await step(*p);
    asm("" : [o] "+r"(out));
    return out + kept;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await uses(5));
    return 0;
}
