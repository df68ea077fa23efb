/* flags: -Wno-shadow */
/* _Generic: the types of variables that live across awaits, const variables, arrays and pointers;
 * only the chosen expression runs; functions are chosen with it. */
#include "../step.h"

struct pair {
    int a, b;
};

#define OF(x) \
    _Generic((x), int *: "int", const int *: "const int", volatile int *: "volatile int",    \
             const char *: "const char", char *: "char", int(*)[3]: "int[3]",                \
             const int(*)[3]: "const int[3]", struct pair *: "pair",                         \
             const struct pair *: "const pair", int *const *: "int *const", int **: "int *", \
             _Bool *: "bool", long *: "long", default: "other")

static int plain_int(int n)
{
    return n + 1;
}

static long plain_long(long n)
{
    return n + 2;
}

static async long step_long(long n)
{
    await step(0);
    return n + 20;
}

#define PLAIN(x) _Generic((x), int : plain_int, long : plain_long)(x)
#define CALL(x)  _Generic((x), int : await step(1), long : await step_long(x))

static async int seen(const int given, const struct pair *p)
{
    const int fixed = await step(1);
    const int array[3] = {await step(4), 5, 6};
    int plain[3] = {1, 2, 3};
    int *const held = plain;
    volatile int noisy = 2;
    const struct pair inner = {await step(1), 2};
    struct pair open = inner;
    const char text[] = "text";
    _Bool flag = 1;
    await step(0);
    printf("%s, %s, %s, %s, %s, %s\n", OF(&given), OF(&fixed), OF(array), OF(&array), OF(&plain),
           OF(&held));
    printf("%s, %s, %s, %s, %s, %s, %s\n", OF(&noisy), OF(&inner), OF(&open), OF(p), OF(text),
           OF(&flag), OF(&inner.a));
    {
        const int fixed = given;
        await step(0);
        printf("%s %s\n", OF(&fixed), OF(&(const int){await step(fixed)}));
    }
    return given + fixed + *held + noisy + open.a + p->b + flag;
}

static async long chosen(void)
{
    int n = 1;
    long m = 2;
    long sum = PLAIN(n) + PLAIN(m) + PLAIN(await step(4)) + CALL(n) + CALL(m);
    await step(0);
    sum += _Generic(sum, long : _Generic(n, int : await step(n + 5), default : 1), default : 2);
    sum += _Generic(n, default : await step(n));
    return sum;
}

async int main(void)
{
    struct pair p = {3, 4};
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %ld\n", await seen(7, &p), await chosen());
    return 0;
}
