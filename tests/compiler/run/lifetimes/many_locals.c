/* A hundred locals and a hundred awaits: a local that would be saved at very many of them lives in
 * the frame; otherwise the code would grow with the square. Also C23's digit separators.
 * flags: -std=gnu2x */
#include "../step.h"

#define TEN(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9)
#define ALL(m) TEN(HUNDRED_##m, 1)
#define HUNDRED_LOCAL(n) TEN_LOCAL(n)
#define HUNDRED_ADD(n) TEN_ADD(n)
#define TEN_LOCAL(n)                                                                               \
    LOCAL(n##0)                                                                                    \
    LOCAL(n##1) LOCAL(n##2) LOCAL(n##3) LOCAL(n##4) LOCAL(n##5) LOCAL(n##6) LOCAL(n##7)            \
        LOCAL(n##8) LOCAL(n##9)
#define TEN_ADD(n)                                                                                 \
    ADD(n##0) ADD(n##1) ADD(n##2) ADD(n##3) ADD(n##4) ADD(n##5) ADD(n##6) ADD(n##7) ADD(n##8) ADD(n##9)
#define LOCAL(n) int v##n = await step(n);
#define ADD(n) sum = (sum * 7 + (unsigned)v##n++) % 1'000'003;

static async int many(void)
{
    unsigned sum = 0x1'0;
    ALL(LOCAL)
    ALL(ADD)
    sum += (unsigned)await step(v100);
    ALL(ADD)
    return (int)sum + await step(0b1'1);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await many());
    return 0;
}
