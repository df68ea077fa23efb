/* Structs of blocks, with attributes and with enums in them, that live across awaits and in async
 * blocks. */
#include "../step.h"

static async int f(void)
{
    struct by_one {
        char c;
        int i;
        struct {
            char d;
            short s;
        } __attribute__((aligned(2))) e;
    } o = {5, 6, {7, 8}};
    struct __attribute__((packed)) packed {
        char c;
        enum { A, B } e;
        enum named { C = 5, D } e2;
        struct by_one one;
        struct __attribute__((packed)) {
            char c;
            int i;
        } in, *out;
        struct packed *next;
    } p = {.e = B};
    struct {
        char c;
        int n;
    } __attribute__((packed)) q = {1, 3};
    bide_task(int) task = bide_spawn(async({
        struct packed p2 = p;
        struct __attribute__((aligned(8))) { short c; struct packed *p; } in = {2, &p2};
        await step(1);
        p2.one.i + (int)in.p->e;
    }));
    await step(5);
    int r;
    if (await bide_task_join(task, &r) < 0)
        return -1;
    return (int)(o.i + p.e + sizeof p * 100 + sizeof q * 10) + r;
}

async int main(void)
{
    printf("%d\n", await f());
    suspends = 1;
    printf("%d\n", await f());
    return 0;
}
