/* Adaptors that call plain functions, with an async one: bide_iter_then is meant. */
#include <bide/bide.h>

static async int twice(int n)
{
    await bide_yield();
    return 2 * n;
}

static async bool is_even(int n)
{
    await bide_yield();
    return n % 2 == 0;
}

static async int scaled(int n, int *by)
{
    await bide_yield();
    return n * *by;
}

static async long adds(long sum, int n)
{
    await bide_yield();
    return sum + n;
}

async int main(void)
{
    static const int numbers[] = {1, 2, 3};
    int by = 3;
    long sum = 0;
    bide_iter(int) it = bide_iter_map(bide_iter_of_array(numbers, 3), twice);
    it = bide_iter_filter(it, is_even);
    it = bide_iter_map_with(it, scaled, &by);
    int r = await bide_iter_fold(it, adds, &sum);
    bide_iter_drop(it);
    return r;
}
