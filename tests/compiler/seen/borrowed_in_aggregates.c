/* Addresses of locals in structs and arrays, in loops, in async blocks; and correct code. */
#include <bide/bide.h>
#include <stdlib.h>
#include <string.h>
struct in { int *p; char *t; };
struct args { int n; struct in in; int *list[4]; union { int *u; long l; }; };
async int f(struct args a);
async int g(int *p);
async int h(struct args *a);
async int pp(int **p);
int use(int *);
int *identity(int *p);
async int b1(int k)
{
    int n = 0, *p;
    struct args a = {0}, b, arr[2] = {{0}}, c;
    bide_spawn(g(p = &n)); /* want: -Wbide-borrow */
    a.in.p = &n;
    bide_spawn(f(a)); /* want: -Wbide-borrow */
    b = a;
    bide_spawn(f(b)); /* want: -Wbide-borrow */
    arr[0].in.p = &n;
    bide_spawn(f(arr[0])); /* want: -Wbide-borrow */
    c.u = &n;
    bide_spawn(f(c)); /* want: -Wbide-borrow */
    bide_spawn(f((struct args){.in = {.p = p}})); /* want: -Wbide-borrow */
    bide_spawn(bide_async({ await bide_sleep(BIDE_MS(1)); use(p); })); /* want: -Wbide-borrow */
    struct args d = {.list = {&n}};
    bide_spawn(f(d)); /* want: -Wbide-borrow */
    struct args e = {.in.p = k ? p : NULL};
    bide_spawn(f(e)); /* want: -Wbide-borrow */
    int m[3][3], (*row)[3] = m, *cell = m[1];
    bide_spawn(g(cell)); /* want: -Wbide-borrow */
    bide_spawn(g(row[1])); /* want: -Wbide-borrow */
    bide_spawn(g(*row)); /* want: -Wbide-borrow */
    char bytes[16];
    int *q = (int *)(void *)bytes;
    bide_spawn(g(q)); /* want: -Wbide-borrow */
    for (int *it = m[0]; it < &m[2][2]; it++)
        bide_spawn(g(it)); /* want: -Wbide-borrow */
    switch (k) {
    case 1: q = &n; break;
    case 2: q = m[0]; break;
    default: q = NULL;
    }
    if (q)
        bide_spawn(g(q)); /* want: -Wbide-borrow */
    bide_task(int) t = bide_spawn(g(({ int *z = &n; z; }))); /* want: -Wbide-borrow */
    return await bide_task_wait(t);
}
/* correct */
async int b2(int k, struct args *given, int *param)
{
    int n = 0, *p = given->in.p, local[3] = {1, 2, 3};
    bide_spawn(g(p));
    bide_spawn(g(given->list[k]));
    struct args copy = *given;
    copy.n = local[1];
    bide_spawn(f(copy));
    bide_spawn(f((struct args){.n = local[0]}));
    int *mem = malloc(12), *old = &n;
    memcpy(mem, local, 12);
    use(old);
    bide_spawn(g(mem));
    old = mem;
    bide_spawn(g(old));
    bide_scope(s) {
        struct args a = {.in = {.p = &n}};
        for (int i = 0; i < 3; i++) {
            int *q = &local[i];
            bide_scope_spawn(s, g(q));
            bide_scope_spawn(s, f(a));
            bide_scope_spawn(s, bide_async({ await bide_sleep(BIDE_MS(1)); use(q); }));
        }
    }
    use(identity(param));
    await bide_join(g(old = &n), g(param));
    return n;
}
/* return */
async struct in b3(int k)
{
    int n = k;
    char text[4];
    struct in r;
    await bide_yield();
    r.p = &n;
    r.t = text;
    if (k)
        return r; /* want: -Wreturn-local-addr */
    return (struct in){.t = text}; /* want: -Wreturn-local-addr */
}
async void *b4(int k)
{
    int n = 0;
    void *p = NULL;
    if (k == 1) { int inner[2]; p = inner; await bide_yield(); return p; } /* want: -Wreturn-local-addr */
    for (int i = 0; i < k; i++) { if (i == 3) p = &n; }
    await bide_yield();
    goto out;
out:
    return p; /* want: -Wreturn-local-addr */
}
static async const char *b5(int k)
{
    const char *names[] = {"a", "b"};
    static const char *const more[] = {"c"};
    const char *p = names[k];
    await bide_yield();
    if (k == 2) return more[0];
    if (k == 3) return names[0];
    return p;
}
async void *b6(void **out, struct args *a)
{
    struct { int *x; } tmp;
    int n;
    tmp.x = &n;
    *out = malloc(3);
    await bide_yield();
    void *mem = calloc(1, 8); use(tmp.x);
    return mem ? mem : (void *)a;
}
static struct in *pool;
async int b7(int k, struct in **out)
{
    struct in one = {0};
    int n = 0;
    await bide_yield();
    pool[k].p = &n; /* want: -Wbide-dangling */
    (*out)->p = &n; /* want: -Wbide-dangling */
    out[0] = &one; /* want: -Wbide-dangling */
    return k;
}
int main(void) { return bide_block_on(b5(1)) != NULL; }
async int c1(int i)
{
    int x = 0, *ptrs[2] = {0};
    struct in arr[2] = {{0}};
    ptrs[0] = &x;
    bide_spawn(g(ptrs[1]));
    bide_spawn(g(ptrs[0])); /* want: -Wbide-borrow */
    arr[0].p = &x;
    bide_spawn(g(arr[1].p));
    bide_spawn(g(arr[0].p)); /* want: -Wbide-borrow */
    arr[0].p = NULL;
    bide_spawn(g(arr[0].p));
    return i;
}
