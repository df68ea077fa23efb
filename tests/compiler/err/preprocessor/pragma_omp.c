/* OpenMP takes the statement apart by itself. */
#include <bide/bide.h>

async int step(int n);

async int main(void)
{
    int sum = 0;
#pragma omp parallel for
    for (int i = 0; i < 10; i++)
        sum += await step(i);
#pragma omp parallel
    {
        sum++;
    }
    return sum;
}
