/* flags: -Wno-conversion */
/* Bit-fields of every type: read, assigned, updated, with awaits in both operands. They keep only
 * the bits that fit, promote as C says, and do not change their neighbours. */
#include "../step.h"
#include <stdbool.h>

enum side { LEFT = -1, NONE, RIGHT };

struct fields {
    unsigned one : 1, three : 3;
    signed int small : 4;
    bool flag : 1;
    enum side side : 2;
    unsigned : 0;
    unsigned long long wide : 40, rest : 24;
    int whole : 32;
};

struct __attribute__((packed)) tight {
    unsigned char a : 3, b : 5;
    unsigned short c : 11;
    signed char d : 5;
};

union both {
    struct {
        unsigned low : 4, high : 4;
    };
    unsigned char byte;
};

#define KIND(x) _Generic((x), int : 'i', unsigned : 'u', unsigned long : 'l', default : '?')

static async struct fields made(int n)
{
    struct fields f = {.three = await step(n), .small = -n, .side = LEFT, .wide = await step(n)};
    f.flag = await step(n);
    return f;
}

static async void show(struct fields f)
{
    await step(0);
    printf("%d %d %d %d %d %llu %llu %d\n", f.one, f.three, f.small, f.flag, f.side,
           (unsigned long long)f.wide, (unsigned long long)f.rest, f.whole);
}

static async void updates(void)
{
    struct fields f = await made(5), *p = &f, many[2] = {{0}, f};
    int i = 0;
    f.three += await step(6);
    f.small = f.three = await step(15);
    p->one = p->three++ - await step(6);
    p->wide <<= await step(38);
    p->rest = p->wide >> await step(20);
    p->flag = await step(8) & 8;
    many[i++].whole = await step(-7);
    many[i].whole -= await step(i) + ++many[0].whole;
    await show(f);
    await show(many[0]);
    await show(many[1]);
    int cut = (f.three = await step(9)), kept = (f.side = await step(1)) + (f.small--);
    await step(0);
    printf("%d %d %d %d\n", cut, kept, f.small, f.three);
    printf("%c%c%c %d\n", KIND(f.three + 0), KIND(await step(1) ? f.one : f.three), KIND(-f.three),
           f.three - await step(6) < 0);
}

static async void neighbours(void)
{
    struct tight t = {await step(5), 17, 1025, -9};
    union both u = {.byte = 0xa5};
    const struct tight fixed = t;
    volatile struct tight noisy = t;
    await step(0);
    t.c ^= await step(0x7ff);
    t.b++;
    u.low = u.high + await step(1);
    noisy.a = await step(noisy.d);
    printf("%d %d %d %d, %x %d, %d %d\n", t.a, t.b, t.c, t.d, u.byte, fixed.c, noisy.a, noisy.b);
    await bide_join(u.high = step(3), t.d = step(-1));
    printf("%x %d\n", u.byte, t.d);
}

/* A field of fewer bits than int is an int in arithmetic, also when it is kept over an await. */
static async void promoted(struct fields *p, struct fields *q)
{
    *q = *p;
    printf("%d%d%d%d%d%d ", p->three - await step(9) < 0, (p->three += 1) - await step(9) < 0,
           ++p->three - await step(9) < 0, (await step(1), p->three) - await step(9) < 0,
           (p->three ?: await step(1)) - 9 < 0, __extension__ p->three - await step(9) < 0);
    printf("%d%d%d%d\n",
           _Generic(1, int
                    : p->three) -
                   await step(9) <
               0,
           (p->whole - await step(9)) / 2 < 0, -p->three * await step(1) < 0,
           (await step(0) ? p->one : p->three) - await step(9) < 0);
    /* where compilers differ, the value is that of the same compiler without an await */
    *p = *q;
    int a = p->three++ - await step(9) < 0, b = q->three++ - 9 < 0;
    int c = ({ p->three; }) - await step(9) < 0, d = ({ q->three; }) - 9 < 0;
    int e = ({
                await step(1);
                p->three;
            }) - await step(9) <
            0;
    printf("%d %d %d\n", a == b, c == d, e == d);
}

struct bits {
    int x;
    unsigned b : 5;
    unsigned long long l : 7;
    _Bool yes : 1;
};

/* A bit-field that is an operand next to an await is promoted to int, like any operand. */
static async int bits(struct bits s)
{
    struct bits *p = &s;
    int a = (s.b - await step(p->x)) / 3, b = s.l > await step(-2);
    return a * 1000 + (p->b < await step(-1)) * 100 + ((s.b = 3) - await step(5) < 0) * 10 +
           (-p->yes < await step(0)) + b * 10000;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        struct fields field = {.three = 3, .whole = -1}, other;
        await promoted(&field, &other);
        await updates();
        await neighbours();
    }
    printf("%d\n", await bits((struct bits){.x = 20, .b = 5, .yes = 1}));
    return 0;
}
