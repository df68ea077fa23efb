#include <alloca.h>
#include <bide/bide.h>
#include <setjmp.h>
#include <stdarg.h>

async int work(int n);

async int variable_length(int n)
{
    int fine = 0;
    {
        char early[n];
        early[0] = 1;
        fine += early[0];
    }
    char text[n];
    text[0] = 1;
    fine += await work(text[0]);
    return fine + text[0];
}

async int on_the_stack(int n)
{
    char *p = alloca((unsigned)n);
    p[0] = 1;
    int r = await work(n);
    return r + p[0];
}

async int jumps(void)
{
    jmp_buf buf;
    if (setjmp(buf))
        return 1;
    return await work(1);
}

async int variadic(int n, ...)
{
    return n;
}

async int asks(int n)
{
    static int once = await work(1);
    __asm__ volatile("" : : "r"(await work(2)));
    return n + once;
}

async int lengths(int n)
{
    char buf[await work(n)];
    int fine = (int)sizeof(char[sizeof(await work(1))]);
    __typeof__(({ int k = await work(1); (char(*)[k])0; })) p = 0;
    return (int)sizeof buf + fine + (int)sizeof(int[await work(2)]) + (int)sizeof *p;
}
