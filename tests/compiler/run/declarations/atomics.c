/* _Atomic variables: locals, members and pointers, with awaits in the operands of their updates.
 * Another thread and other tasks change them at the same time. */
#include "../step.h"
#include <stdatomic.h>
#include <stdbool.h>

struct pair {
    int a, b;
};

static int add_from_elsewhere(atomic_int *n, int times)
{
    while (times--)
        ++*n;
    return 0;
}

static async void add_slowly(_Atomic int *n, int times)
{
    while (times--)
        *n += await step(1);
}

static async int uses(void)
{
    _Atomic int count = await step(3);
    atomic_int other = 0;
    _Atomic(int) *p = &count;
    _Atomic struct pair pair = (struct pair){1, await step(2)};
    atomic_bool flag = false;
    _Atomic unsigned char byte = 250;
    _Atomic(struct pair *) to;
    struct pair plain = {5, 6}, read;
    atomic_flag lock = ATOMIC_FLAG_INIT;
    static _Atomic long kept;
    atomic_init(&to, &plain);
    await step(0);
    *p += await step(4);
    count -= (await step(1), 1);
    byte = (unsigned char)(byte + await step(10));
    atomic_fetch_add(&other, await step(count));
    int expected = await step(6);
    bool swapped = atomic_compare_exchange_strong(p, &expected, await step(60));
    flag = await step(1);
    read = pair;
    read.a += await step(1);
    pair = read;
    kept++;
    kept |= await step(8);
    bool was = atomic_flag_test_and_set(&lock);
    await bide_join(add_slowly(&other, 5), add_slowly(p, 3),
                    bide_blocking(add_from_elsewhere(&other, 1000)));
    read = pair;
    atomic_load(&to)->a += await step(1);
    printf("%d %d %d %d %d,%d %d %d %d %ld\n", count, other, swapped, byte, read.a, read.b, flag,
           was, plain.a, kept);
    return atomic_exchange(p, await step(0));
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await uses());
    return 0;
}
