/* flags: -Wno-shadow */
/* __auto_type: of awaited results, of values that live over awaits, in loops and macros, const. */
#include "../step.h"

struct pair {
    int a;
    const char *text;
};

static async struct pair pair(int a)
{
    struct pair p = {await step(a), "pair"};
    return p;
}

static async const char *text(void)
{
    await step(0);
    return "text";
}

static int plain(int n)
{
    return n * 2;
}

#define MAX(x, y)                      \
    ({                                 \
        __auto_type max_x = (x);       \
        __auto_type max_y = (y);       \
        max_x > max_y ? max_x : max_y; \
    })
#define KIND(x) \
    _Generic(&(x), int *: "int", const int *: "const int", long *: "long", char **: "char *", \
             const char **: "const char *", struct pair *: "pair", double *: "double", \
             int (**)(int): "function", default: "other")

static async void kinds(void)
{
    const int fixed = await step(3);
    int list[3] = {1, 2, 3};
    struct {
        unsigned char few;
    } small = {7};
    __auto_type a = await pair(1);
    __auto_type b = await text();
    __auto_type c = await step(2) + 1L;
    const __auto_type d = await step(4);
    __auto_type e = list;
    __auto_type f = plain;
    __auto_type g = +small.few;
    __auto_type h = fixed + 0;
    __auto_type i = await step(1) ? 1 : 2.0;
    __auto_type j = &a;
    await step(0);
    e[1] += f(await step(4));
    j->a += h;
    printf("%s %s %s %s %s %s %s %s\n", KIND(a), KIND(b), KIND(c), KIND(d), KIND(f), KIND(g),
           KIND(h), KIND(i));
    printf("%d %s %ld %d %d %d %d %.1f %d\n", a.a, b, c, d, list[1], g, h, i, e == list);
}

static async long loops(void)
{
    long sum = 0;
    for (__auto_type i = await step(0); i < await step(3); i++) {
        __auto_type p = (struct pair){i, "x"};
        await step(0);
        sum += MAX(await step(p.a), 1) * 10 + MAX(sum, await step(2));
    }
    return MAX(sum, MAX(await step(3), 4L));
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        await kinds();
        printf("%ld\n", await loops());
    }
    return 0;
}
