/* typeof of types and expressions: awaited results, arrays, functions, qualified and block types,
 * what is not evaluated. */
#include "../step.h"

struct pair {
    int a, b;
};

static async struct pair pair(int a, int b)
{
    struct pair p = {await step(a), await step(b)};
    return p;
}

static int square(int n)
{
    return n * n;
}

#define SWAP(x, y)               \
    do {                         \
        __typeof__(x) old = (x); \
        (x) = (y);               \
        (y) = old;               \
    } while (await step(0))

static async int types(int n)
{
    struct local {
        char c[3];
        int i;
    } first = {"ab", n};
    __typeof__(first) second = {"cd", await step(4)}, *p = &second;
    __typeof__(await pair(1, 2)) made = await pair(1, 2);
    __typeof__((await pair(1, 2)).b) member = await step(6);
    __typeof__(&made) to = &made;
    __typeof__(int[3]) array = {1, await step(2), 3};
    __typeof__(array) twin = {[2] = 9};
    __typeof__(square) *function = square;
    __typeof__(int (*)(int)) pointer = function;
    const __typeof__(n) fixed = await step(n);
    __typeof__(fixed) also = n + 1;
    __typeof__(n++) not_counted = n;
    __typeof__(({
        struct local l = first;
        l;
    })) from_block = first;
    typeof(p->c[0]) letter = p->c[1];
    await step(0);
    SWAP(first.i, second.i);
    SWAP(array[0], twin[2]);
    to->a += function(3) + pointer(member);
    p->i += also + fixed + not_counted;
    _Static_assert(sizeof(__typeof__(await pair(1, 2))) == sizeof(struct pair), "");
    _Static_assert(_Generic(&also, const int * : 1, default : 0), "");
    printf("%d %d %d %d %d %c %s\n", first.i, second.i, made.a, array[0], twin[2], letter,
           from_block.c);
    return n;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await types(2));
    return 0;
}
