/* A function that does not return its result.
 * flags: -Wall -Wno-error=return-type
 * exit: 0 */
#include <bide/bide.h>
#include <assert.h>
#include <stdlib.h>

_Noreturn void stop(void);

async int falls_off(int n)
{
    if (n)
        return 1;
}

async int in_a_loop(int n)
{
    while (n--)
        await bide_yield();
}

async int returns_nothing(int n)
{
    defer { n++; }
    if (n > 2)
        return;
    return n;
}

async int switched(int n)
{
    switch (n) {
    case 0: return 1;
    case 1: return 2;
    }
}

/* Only on a path that the plain reading alone has. */
async int by_a_scope(void)
{
    bide_scope(s)
    {
        return 1;
    }
}

async int past_a_scope(int n)
{
    bide_scope(s)
    {
        if (n)
            return 1;
    }
}

/* These never reach their end. */
async int endless(void)
{
    for (;;)
        await bide_yield();
}

async int stops(int n)
{
    if (n)
        return 1;
    stop();
}

async int aborts(int n)
{
    switch (n) {
    case 0: return await switched(1);
    case 1: abort();
    default: __builtin_unreachable();
    }
}

async int asserts(int n)
{
    if (n)
        return 1;
    assert(!"reached");
}

async int both(int n)
{
    if (n) {
        return 1;
    } else {
        await bide_yield();
        exit(1);
    }
}

async int again(int n)
{
top:
    if (await switched(n))
        return 1;
    goto top;
}

async void nothing(void)
{
    await bide_yield();
}

async int main(void)
{
    await nothing();
}
