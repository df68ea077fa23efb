/* Compiler warnings that generated code could cause have the user's lines.
 * flags: -O2 -Wall -Wextra -Wpedantic -Wdeclaration-after-statement
 * flags: -Wc++-compat -Wswitch-default -Wundef -Werror
 * flags: -Wno-bide-unused-future -Wno-bide-leak-on-cancel
 * exit: 0 */
#include <bide/bide.h>
#include <stdlib.h>
#define check(e) ((e) ? (void)0 : abort())

struct s {
    int a, *next;
};

static async int later(int n)
{
    await bide_yield();
    return n;
}

async int in_a_macro(struct s *s)
{
    await bide_yield();
    check(&s->next != NULL || s->a == 0);
    return 0;
}

async int order(int *a, int i)
{
    return a[i] + (i = await later(2)) + a[i];
}

async int deferred(void)
{
    char *p = (char *)malloc(9), *q, *r;
    bide_task(int) t = bide_spawn(later(1));
    bide_future(int) none;
    int a, b = 0, result;
    defer { free(p); }
    defer { free(q); }
    q = (char *)malloc(1);
    bide_scope(s)
    {
        r = (char *)malloc(2);
        bide_scope_spawn(s, later(2));
    }
    free(r);
    a = await later(1);
    defer { b++; }
    bide_drop(none);
    if (await bide_task_join(t, &result) == 0)
        a += result;
    return a - (p ? *p : 1);
}

async int main(void)
{
    int x[3] = {3, 2, 1};
    return await deferred() + await order(x, 0);
}
