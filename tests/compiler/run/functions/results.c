/* Results and parameters of every kind. */
#include <bide/bide.h>
#include <stdio.h>

struct small {
    char c;
};
struct big {
    long a[32];
};
typedef int table[3];
union either {
    int i;
    double d;
};

static async void nothing(void)
{
    await bide_yield();
}

static async void leaves_early(int n)
{
    if (n)
        return;
    await nothing();
    printf("late\n");
}

static async char character(char c) { await nothing(); return (char)(c + 1); }
static async _Bool truth(int n) { await nothing(); return n; }
static async double half(double x) { await nothing(); return x / 2; }
static async long double third(long double x) { return x / 3; }
static async const char *text(void) { await nothing(); return "text"; }
static async struct small small(struct small s) { await nothing(); s.c++; return s; }
static async union either either(double d) { await nothing(); return (union either){.d = d}; }
static async unsigned long long widened(int n) { await nothing(); return (unsigned char)n; }
static async int (*function(void))(const char *) { await nothing(); return puts; }
static async int (*row(table *t))[3] { await nothing(); return t; }

static async struct big big(struct big b, int i)
{
    b.a[i] += 1;
    await nothing();
    b.a[i] *= 2;
    return b;
}

static async int array(int numbers[], int n, table fixed, int at[static 2], int callback(int))
{
    numbers[n]++;
    await nothing();
    n += fixed[0] + at[1];
    return callback(n);
}

static async int unnamed_parameter(int a, char *b __attribute__((unused)), int c)
{
    await nothing();
    a += c;
    c = a;
    await nothing();
    return c;
}

static async int many(int a, long b, char c, double d, float e, struct small f, const char *g,
                      unsigned h)
{
    await nothing();
    return a + (int)b + c + (int)d + (int)e + f.c + g[0] + (int)h;
}

static int twice(int n)
{
    return 2 * n;
}

async int main(void)
{
    await nothing();
    await leaves_early(1);
    await leaves_early(0);
    printf("%c %d %.2f %.2Lf %s %c %.1f %llu\n", await character('a'), await truth(256),
           await half(3), await third(3), await text(), (await small((struct small){'x'})).c,
           (await either(1.5)).d, await widened(-1));
    (await function())("called");
    int numbers[] = {1, 2, 3};
    (*await row(&numbers))[1] = 20;
    printf("%d\n", await array(numbers, 1, numbers, numbers, twice) + numbers[1]);
    struct big b = {{[3] = 5}};
    b = await big(await big(b, 3), 3);
    printf("%ld %ld\n", b.a[3], (await big(b, 4)).a[4]);
    printf("%d\n", await unnamed_parameter(1, NULL, 2));
    printf("%d\n", await many(1, 2, 3, 4.5, 5.5F, (struct small){6}, "A", 8));
    (void)await character('b');
    return 0;
}
