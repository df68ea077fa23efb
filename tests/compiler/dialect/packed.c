/* Headers that are included where structs are packed keep their own layout. */
#pragma pack(push, 1)
#include <bide/bide.h>
#include <stdio.h>

struct packed {
    char c;
    int i;
};

static async int later(int n)
{
    await bide_yield();
    return n;
}

async int main(void)
{
    struct packed p = {1, 2};
    int a, b, c;
    bide_task(int) t = bide_spawn(later(5));
    await bide_join(a = later(p.i), b = later(3));
    if (await bide_task_join(t, &c) < 0)
        return -1;
    bide_scope(s) {
        (void)bide_scope_spawn(s, later(2));
    }
    printf("%d %d %d %d\n", a, b, c, (int)sizeof p);
    return 0;
}
#pragma pack(pop)
