/* flags: -Wno-multichar */
/* Constants of every base, suffix and prefix, and their types; the values are folded, cast and kept
 * across awaits. */
#include "../step.h"
#include <limits.h>
#include <stdint.h>
#include <uchar.h>
#include <wchar.h>

#define KIND(x)                                                                              \
    _Generic((x), int: "i", unsigned: "u", long: "l", unsigned long: "ul", long long: "ll",  \
             unsigned long long: "ull", float: "f", double: "d", long double: "ld", char: "c", \
             signed char: "sc", unsigned char: "uc", short: "s", unsigned short: "us", \
             default: "?")

enum { SMALL = -1, BIG = INT_MAX };
enum wide { WIDE = 1 << 30 };

static async void kinds(void)
{
    printf("%s %s %s %s %s %s %s\n", KIND(await step(1) + 0), KIND(0x7fffffff), KIND(0x80000000),
           KIND(2147483648), KIND(0xffffffffffffffff), KIND(1u), KIND(1LLu));
    printf("%s %s %s %s %s %s\n", KIND(1.f), KIND(1.), KIND(0x1.8p3L), KIND('a'), KIND((char)0 + 0),
           KIND(u'a'));
    printf("%s %s %s %s %s\n", KIND((char)await step(1)), KIND(await step(1) + 'a'),
           KIND(SMALL), KIND(sizeof(int)), KIND("a" - "b"));
    printf("%s %s %s %s\n", KIND(await step(1) ? 1u : -1), KIND((short)1 << 1L),
           KIND(await step(1) + 1.f), KIND(~(unsigned char)1));
}

static async void values(int n)
{
    const long mask = -1L - 255;
    int64_t low = INT64_MIN, high = INT64_C(0x7fffffffffffffff);
    unsigned char byte = 0xff;
    char32_t point = U'\U0001F600';
    double tiny = 0x1p-1074, tenth = 1e-1, huge = 1.7976931348623157e308;
    float third = 1.f / 3;
    int chars = 'ab', octal = '\377' & 0177, quote = '\'' + '"' + '\?';
    unsigned bits = 0b1011;
    await step(0);
    printf("%lx %lld %lld %d %x %a %.17g %.17g %a\n", (unsigned long)mask, (long long)low,
           (long long)high, byte, (unsigned)point, tiny, tenth, huge, (double)third);
    printf("%d %d %d %u %d %d\n", chars, octal, quote, bits, n > -1, BIG + SMALL + await step(1));
    switch (await step(n)) {
    case 'b' - 'a' + 1: printf("two\n"); break;
    case (int)sizeof(char): printf("one\n"); break;
    case BIG: printf("big\n"); break;
    case -1 + (WIDE >> 30): printf("none\n"); break;
    }
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        await kinds();
        for (int i = 0; i < 3; i++)
            await values(i);
    }
    return 0;
}
