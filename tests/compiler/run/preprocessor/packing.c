/* #pragma pack: structs of blocks keep the packing of their place; frames, arguments and jobs,
 * which the program does not show, are not packed. */
#include "../step.h"
#include <stdint.h>

#pragma pack(push, 1)
struct packed {
    char c;
    int i;
};

static async struct packed pack(char c, int i)
{
    struct packed p = {c, i};
    struct inner {
        char c;
        long long l;
    } in = {c, i};
    await step(1);
    p.i += (int)in.l + (int)sizeof in;
    return p;
}

static int misplaced(const double *d)
{
    return (uintptr_t)d % _Alignof(double) != 0;
}

static int work(char c, double d)
{
    return c + (int)d;
}

/* The sanitizers would report an unaligned double. */
static async int in_frames(char c, double d)
{
    char e = c;
    double x = d, *p = &x;
    e++;
    int n = await bide_blocking(work(c, d));
    bide_task(int) task = bide_spawn(async({
        double y = d, *q = &y;
        await step(e);
        misplaced(q) + (int)*q;
    }));
    int m = 0;
    await bide_task_join(task, &m);
    return n * 1000 + m * 100 + misplaced(p) + e + (int)*p;
}
#pragma pack(pop)

static async int by_place(void)
{
    struct loose {
        char c;
        int i;
    } l = {1, 2};
#pragma pack(push, 2)
    struct by_two {
        char c;
        int i;
    } t = {3, 4};
#pragma pack(push, here, 1)
    struct by_one {
        char c;
        int i;
        struct {
            char d;
            short s;
        } e;
    } o = {5, 6, {7, 8}};
#pragma pack(pop, here)
    union again {
        char c[3];
        int i;
    } a = {{9}};
#pragma pack(pop)
    struct packed p = await pack('a', await step(5));
    printf("%d %d %d %d %d\n", (int)sizeof l, (int)sizeof t, (int)sizeof o, (int)sizeof a,
           (int)sizeof p);
    printf("%d %d %d\n", (int)_Alignof(union again), (int)_Alignof(struct by_two),
           (int)_Alignof(struct packed));
    return p.i + t.i + l.i + o.i + o.e.s + a.c[0];
}

static async void try(void)
{
    printf("%d\n", await in_frames('a', 2.5));
    printf("%d\n", await by_place());
}

async int main(void)
{
    await try();
    suspends = 1;
    await try();
    return 0;
}
