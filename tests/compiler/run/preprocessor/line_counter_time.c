/* flags: -funsigned-char */
/* Things that a second preprocessing, or a front end that guesses, would get wrong: __COUNTER__,
 * __LINE__ and __TIME__, pragmas in odd places, the sign of char, types of constants. */
#include "../step.h"

#define UNIQUE_(a, n) a##n
#define UNIQUE2(a, n) UNIQUE_(a, n)
#define UNIQUE        UNIQUE2(unique, __COUNTER__)
#define QUIETLY(e)                                                                 \
    ({                                                                             \
        _Pragma("GCC diagnostic push")                                             \
            _Pragma("GCC diagnostic ignored \"-Wconversion\"") short quiet_ = (e); \
        _Pragma("GCC diagnostic pop") quiet_;                                      \
    })
#define KIND(e) \
    _Generic((e), int: "int", unsigned: "unsigned", long: "long", unsigned long: "unsigned long", \
             char: "char", float: "float", double: "double", const int *: "const int *",          \
             int *: "int *", default: "other")

static int UNIQUE = 1, UNIQUE = 2;

static async int counters(void)
{
    int UNIQUE = await step(10), UNIQUE = await step(20);
    int first = __COUNTER__;
    int second = await step(__COUNTER__);
    return (second - first) * 10000 + unique0 * 1000 + unique1 * 100 + unique2 + unique3 +
           (int)sizeof __TIME__ - (int)sizeof __DATE__;
}

static async int pragmas(long big)
{
    int n = QUIETLY(await step(3) + big);
    n += await step(4);
    for (int i = 0; i < 2; i++)
#pragma GCC diagnostic push
        n += await step(i);
#pragma GCC diagnostic pop
    return n;
}

static async int signs(void)
{
    char c = (char)await step(200);
    await step(1);
    return c > 0 ? c : -1;
}

static async void kinds(void)
{
    const int k = await step(7);
    int plain = 7;
    await step(1);
    printf("%s %s %s %s %s %s\n", KIND(await step(1) + 2147483647), KIND(4294967295),
           KIND(0xffffffff), KIND('a'), KIND(await step(1) ? 1.0f : 2), KIND(await step(1) + 1u));
    printf("%s %s %d %d\n", KIND(&k), KIND(&plain), k, plain);
}

static async int lines(void)
{
    int from = __LINE__, to = await step(__LINE__), last = 0;
    last = await step(0) + __LINE__;
    return (last - from) * 10 + to - from;
}

static async void try(void)
{
    printf("%d %d %d %d\n", await counters(), await pragmas(1), await signs(), await lines());
    await kinds();
}

async int main(void)
{
    printf("%d %d\n", unique0, unique1);
    await try();
    suspends = 1;
    await try();
    return 0;
}
