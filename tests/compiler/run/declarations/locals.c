/* Every kind of local declaration and initialiser, live across an await. */
#include <bide/bide.h>
#include <complex.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

typedef struct point {
    int x, y;
} point;

struct fixed {
    const int a;
    char name[8];
};

struct bits {
    unsigned low : 3;
    int middle : 5;
    unsigned : 0;
    unsigned high : 30;
};

static async void scalars(int n)
{
    char c = 'c';
    _Bool flag = n;
    unsigned long long wide = 1ULL << 63;
    double real = 0.5;
    long double longer = 0.25L;
    double complex z = 1 + 2 * I;
    void *nothing = NULL;
    enum { ONE = 1, TWO } number = TWO;
    int (*function)(const char *, ...) = printf;
    const char *const text = "text";
    int *restrict pointer = &n;
    await bide_yield();
    function("%c %d %llx %.2f %.2Lf %.0f+%.0fi %d %d %s %d\n", c, flag, wide, real, longer,
             creal(z), cimag(z), nothing == NULL, (int)number, text, *pointer);
    number = ONE;
    await bide_yield();
    printf("%d\n", (int)number);
}

static async void arrays(int n)
{
    char text[] = "some text";
    char room[16] = "room";
    char exact[3] = {'a', 'b', 'c'};
    int numbers[] = {1, [3] = n, 5};
    int zero[3] = {0};
    int matrix[2][3] = {{1, 2, 3}, {[1] = n}};
    const int table[] = {10, 20, 30};
    const char *names[] = {"one", "two"};
    static int kept[2];
    await bide_yield();
    kept[0]++;
    room[4] = '!';
    numbers[1] = n;
    printf("%s %s %.3s %zu %d %d %d\n", text, room, exact, sizeof numbers / sizeof *numbers,
           numbers[1], numbers[3], numbers[4]);
    await bide_yield();
    printf("%d %d %d %d %s %d\n", zero[2], matrix[1][1], matrix[0][2], table[1], names[1],
           kept[0]);
}

static async void structs(int n)
{
    point p = {1, n}, q = {.y = 2}, *r = &p;
    point several[] = {{1, 2}, {.x = 3}, [3] = {4, 5}};
    struct fixed f = {n, "fixed"};
    struct bits b = {.low = 5, .middle = -3, .high = 1000};
    union {
        int i;
        float f;
    } u = {.f = 1.0F};
    struct {
        int in;
        struct {
            int deep;
        };
    } unnamed = {1, {2}};
    struct local {
        struct local *next;
        int value;
    } node = {NULL, 7}, head = {&node, 6};
    await bide_yield();
    r->x += q.y;
    if (await later(b.middle) == -3)
        b.middle = -2;
    b.low++;
    printf("%d %d %d %d %d\n", p.x, p.y, q.x, several[1].x, several[3].y);
    printf("%d %s %d %d %d %.1f\n", f.a, f.name, (int)b.low, (int)b.middle, (int)b.high,
           (double)u.f);
    printf("%d %d\n", unnamed.in + unnamed.deep, head.next->value + head.value);
    p = (point){await later(8), 9};
    point copy = *r;
    await bide_yield();
    printf("%d %d\n", copy.x, copy.y);
}

static async void special(int n)
{
    static int calls = 3;
    static _Thread_local int thread = 4;
    volatile int noisy = n;
    _Atomic int atom = 5;
    alignas(32) char aligned[32] = "aligned";
    register int fast = 6;
    auto int automatic = 7;
    __auto_type guessed = 8L;
    __typeof__(guessed) same = 9;
    int32_t exact = 10;
    extern int global;
    int prototype(int);
    calls++;
    await bide_yield();
    noisy++;
    atom++;
    thread = 3 + n; /* here it may be another thread's */
    thread++;
    printf("%d %d %d %d %d %s %d %d %ld %ld %d %d %d\n", calls, thread, noisy, atom,
           (int)((uintptr_t)aligned % 32), aligned, fast, automatic, guessed, same, exact, global,
           prototype(1));
}

int global = 11;

int prototype(int n);
int prototype(int n)
{
    return n + 11;
}

static async int shadows(int x)
{
    int sum = x;
    {
        int outer = x, inner = 10;
        await bide_yield();
        {
            int copy = outer + inner; /* the same name at another depth, with another type */
            await bide_yield();
            sum += copy;
        }
        {
            double copy = 0.5 * await later(4);
            await bide_yield();
            sum += (int)copy;
        }
    }
    for (int i = 0; i < 2; i++)
        sum += await later(i);
    for (long i = 5; i < 6; i++)
        sum += (int)i + await later(0);
    return sum;
}

static async int literals(int n)
{
    point *p = &(point){n, await later(2)};
    int *numbers = (int[]){1, 2, await later(3)};
    const char *text = (char[]){'h', 'i', 0};
    await bide_yield();
    p->x++;
    printf("%d %d %d %s\n", p->x, p->y, numbers[2], text);
    for (int i = 0; i < 2; i++) {
        int *fresh = &(int){i};
        *fresh += 10;
        await bide_yield();
        printf("%d ", *fresh);
    }
    printf("\n");
    return (point){1, await later(5)}.y + (await later(1) ? (point){3, 4} : (point){5, 6}).x;
}

static async int addresses(void)
{
    int value = 1, *p = &value, **pp = &p;
    char text[8] = "abc", *end = text + strlen(text);
    await bide_yield();
    **pp = 5;
    *end++ = 'd';
    *end = 0;
    await bide_yield();
    int seen = value;
    value = 6;
    await bide_yield();
    printf("%d %d %s %d\n", seen, *p, text, p == &value);
    return *p;
}

async int main(void)
{
    await scalars(3);
    await arrays(4);
    await arrays(5);
    await structs(2);
    await special(1);
    await special(2);
    printf("%d\n", await shadows(1));
    printf("%d\n", await literals(1));
    printf("%d\n", await addresses());
    return 0;
}
