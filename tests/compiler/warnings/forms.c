/* Every form of the language, and beside them things that compilers warn of: for warnings.sh. */
#include <bide/bide.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(e) ((e) ? (void)0 : abort())
#define TWICE(x) ((x) + (x))

struct request {
    int id, *next;
    char name[16];
};
struct pair {
    int a, b;
};

bide_runtime(current_thread);

async int fetch(const char *url);
async struct pair two(int x);
async void fire(int x);
async long count(double d, unsigned char c);

static int plain(int x, int unused)
{
    float f = x;
    return f == 1.0 ? x + 1 : x ? 2 : 3;
}

async static int handler(struct request *r)
{
    await bide_sleep(BIDE_MS(r->id));
    check(&r->next != NULL);
    return r->id;
}

struct route {
    const char *path;
    bide_async_fn(int, struct request *) handler;
};
void route(const char *path, bide_async_fn(int, struct request *) h);
static const struct route routes[] = {{"/a", bide_ref(handler)}, {"/b", bide_ref(handler)}};

static async int call(bide_async_fn(int, struct request *) h, struct request *r)
{
    return await (*h)(r);
}

async bide_cancel_returns int groups(int guard)
{
    int a = 0, b = 0, c;
    await bide_join(a = fetch("a"), b = fetch("b"), fire(1));
    int rc = await bide_try_join(a = fetch("a"), fetch("b"));
    switch (await bide_select(a = fetch("a"), bide_sleep(BIDE_S(1)), ({
                                  await bide_yield();
                                  b = await fetch("c");
                              }))) {
    case 0: rc++;
    case 1: break;
    }
    if (await bide_select_biased(bide_if(guard, c = fetch("g")), bide_if(!guard, fire(1))) == 0)
        rc += c;
    return rc + a + b;
}

async int tasks(unsigned n)
{
    int a = 0, rc = 0, out;
    bide_task(int) h = bide_spawn(fetch("x"));
    bide_task(int) hs[3];
    for (int i = 0; i < 3; i++)
        hs[i] = bide_spawn(fetch("q"));
    rc += await bide_task_join(h, &a);
    for (int i = 0; i < n; i++)
        rc += await bide_task_join(hs[i], &a);
    bide_task(void) v = bide_spawn(fire(1));
    rc += await bide_task_wait(v);
    bide_task(int) t = bide_spawn(async({
        await bide_sleep(BIDE_MS(1));
        a + rc;
    }));
    rc += bide_task_finished(t);
    bide_task_abort(t);
    rc += await bide_task_join(t, &out) == 0 ? out : 0;
    bide_task_detach(bide_spawn(fire(2)));
    bide_task(int) job = bide_spawn_blocking(plain(1, 2));
    bide_spawn(fire(TWICE(n)));
    bide_spawn_on(NULL, fire(TWICE(n)));
    bide_spawn_at(1, fire(2));
    bide_spawn_local(fire(TWICE(n)));
    bide_task(int) low = bide_spawn_low(bide_named("low", fetch("l")));
    rc += await bide_task_wait(low) + await bide_block_in_place(plain(5, 6));
    return rc + await bide_task_wait(job);
}

async int futures(void)
{
    struct pair p = {0};
    int a = 0;
    bide_future(struct pair) f = bide_lazy(two(1));
    while (await bide_timeout(BIDE_MS(1), p = bide_get(f)) < 0)
        puts("again");
    bide_future(int) g = bide_lazy(fetch("z")), k = bide_move(g), none;
    a += await bide_get(k);
    bide_drop(none);
    bide_drop(f);
    return a + p.a;
}

async int blocks(int n)
{
    char *name = malloc(8), *later;
    int failed = 0;
    if (!name)
        return -1;
    defer { free(name); }
    defer {
        free(later);
        await bide_yield();
    }
    later = malloc(1);
    bide_scope(s)
    {
        bide_scope_spawn(s, two(n));
        if (n)
            bide_scope_cancel(s);
    }
    bide_try_scope(t, failed)
    {
        bide_scope_spawn(t, fetch(name));
    }
    sprintf(name, "%d-%s", n, "and more of it");
    return failed + await bide_blocking(plain(3, 4)) + (await two(1)).a;
}

async int order(int *a, int i)
{
    i = i++ + 1;
    return a[i] + (i = await fetch("o")) + a[i];
}

static async int unused_one(signed char c, long l)
{
    c = await count(1, l);
    int c2 = c, i = 0;
    for (int i = 0; i < 3; i++)
        c2 += i;
    return c2 == -1u ? i : 0;
}

async int main(void)
{
    struct request r = {1};
    route("/", bide_ref(handler));
    int rc = await call(bide_ref(handler), &r);
    struct route table[] = {{"/x", bide_ref(handler)}};
    rc += await (*table[0].handler)(&r);
    rc += await (*routes[1].handler)(&r);
    return rc + await groups(1) + await tasks(2) + await futures() + await blocks(1) +
           await order(&rc, 0);
}

int old_style(x) int x;
{
    return x + bide_block_on(fetch("b"));
}
