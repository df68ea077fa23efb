/* A bit-field wider than int: a value that is computed from it is the same with an await after it
 * as without. In gcc it has its own number of bits, in clang the bits of its declared type.
 * flags: -Wno-sign-compare */
#include "../step.h"

struct wide {
    unsigned long long forty : 40;
    long long most : 45;
    unsigned long some : 33;
    long all : 64;
};

static struct wide w = {0xff00000001, -2, 0x1f0000003, 4};

static async unsigned long long whole(unsigned long long x)
{
    return (unsigned long long)await step((int)x);
}

#define SAME(value, op, x)                                                                         \
    (((value)op(x)) == ((value)op await step(x)) && sizeof((value)op(x)) == sizeof((value)op 1))
#define ALL(value)                                                                                 \
    printf("%d", SAME(value, -, 7) && SAME(value, *, 0x7001) && SAME(value, +, -9) &&              \
                     SAME(value, /, -3) && SAME(value, %, 5))

static async void fields(int c)
{
    ALL(w.forty), ALL(w.most), ALL(w.some), ALL(w.all);
    ALL(w.forty + 1), ALL(w.forty + 1L), ALL(w.forty + w.most), ALL(w.most - w.some);
    ALL(-w.forty), ALL(~w.some), ALL(((void)c, w.forty)), ALL(w.forty << 1);
    ALL(c ? w.forty : 1), ALL(c ? w.forty : 1L), ALL(w.forty ?: 2), ALL(w.forty | 1u);
    ALL(({ w.forty; })), ALL(({ w.most + 1; }));
    ALL(_Generic(c, int: w.some)), ALL(__extension__ w.some), ALL((unsigned long)w.forty);
    printf(" %d%d", w.forty << 20 == w.forty << await step(20),
           w.some << 31 == w.some << await step(31));
}

static async void ways(int c)
{
    printf(" %d", (c ? w.forty : await whole(5)) - 9 == (c ? w.forty : 5ull) - 9);
    printf(" %d", (c ? w.forty : await step(5)) - 9 == (c ? w.forty : 5) - 9);
    printf(" %d", ({
                       defer { c++; }
                       await step(1);
                       w.forty;
                   }) - 9 == w.forty - 9);
    unsigned long long set = (w.some = 3) - await step(9);
    unsigned long long added = (w.some += 3) - await step(9);
    printf(" %d%d", added == w.some - 9, set == w.some - 12);
    printf(" %d\n", (w.forty ?: await step(1)) - 9 == (w.forty ?: 1) - 9);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        await fields(suspends);
        await ways(suspends);
    }
    return 0;
}
