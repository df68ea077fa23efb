/* Jumps past variables with a cleanup function and into statement expressions; memory on the C
 * stack in other forms than in across_an_await.c. */
#include <bide/bide.h>
#include <stdlib.h>

async int work(int n);
void release(int *p);

async int past_cleanup(int n)
{
    if (n)
        goto out;
    int x __attribute__((cleanup(release))) = await work(n);
    n += x;
out:
    return n;
}

async int past_cleanup_by_case(int n)
{
    switch (n) {
    case 0:; int x __attribute__((cleanup(release))) = 1; await work(x);
    case 1: n++;
    }
    return n;
}

async int past_cleanup_computed(int n)
{
    void *to = &&out;
    goto *to;
    int x __attribute__((cleanup(release))) = await work(n);
    n += x;
out:
    return n;
}

async int into_expression(int n)
{
    goto inside;
    return ({
inside:
        await work(n);
    });
}

async int into_by_case(int n)
{
    switch (n) {
    case 0:
        n = ({
            case 1:; await work(n);
        });
    }
    return n;
}

async int into_array(int n)
{
    goto past;
    char text[n];
    text[0] = 1;
past:
    return await work(text[0]);
}

async int pointer_to_variable_length(int n)
{
    int(*p)[n] = malloc(sizeof *p);
    await work(n);
    int r = (*p)[0];
    free(p);
    return r;
}

async int type_of_variable_length(int n)
{
    typedef int row[n];
    await work(n);
    row *r = malloc(sizeof(row));
    free(r);
    return 0;
}

async int builtin_alloca(int n)
{
    int *p = __builtin_alloca(sizeof *p);
    *p = await work(n);
    return *p;
}

async int in_loop(int n)
{
    for (int i = 0; i < n; i++) {
        char *p = __builtin_alloca(4);
        p[0] = 'a';
        n += await work(i);
    }
    return n;
}
