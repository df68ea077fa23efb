#include <bide/bide.h>

#define BIG __attribute__((aligned(8192)))
typedef struct { int n; } BIG huge;
typedef int BIG number;

static async int param(char c,
                       huge h)
{
    await bide_yield();
    return c + h.n;
}

static async int local(int n)
{
    int first = 1, second BIG = 2;
    int *p = &second;
    typeof(struct { _Alignas(16384) char c; }) hidden;
    await bide_yield();
    hidden.c = 1;
    return first + *p + n + hidden.c;
}

async huge other(int n);
static async huge
result(int n)
{
    return (huge){n};
}

static huge plain(huge h)
{
    return h;
}

static async int calls(int n)
{
    n += (await other(n)).n;
    int m = (await bide_blocking(plain((huge){1}))).n;
    await bide_join(result(1),
                    ({ huge h = {1}; await bide_yield(); n += h.n; }));
    return n + m;
}

static void tasks(void)
{
    bide_task(huge) t = bide_spawn_blocking(plain((huge){1}));
    bide_task(int) u = bide_spawn(param(1, (huge){1}));
    bide_task_detach(t);
    bide_task_detach(u);
}

static async int captured(void)
{
    number n = 1;
    bide_task(int) t = bide_spawn(async({
        await bide_yield();
        n;
    }));
    return await bide_task_wait(t);
}

static async int fine(int n)
{
    {
        _Alignas(8192) char room[1] = {1};
        n += room[0];
    }
    await bide_yield();
    return n;
}

async int main(void)
{
    tasks();
    return await local(1) + await calls(1) + await captured() + await fine(1);
}
