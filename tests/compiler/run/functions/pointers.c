/*
 * Pointers to async functions: as locals, parameters, members, arrays and tables at file scope.
 * They are awaited, raced, spawned, and called by plain functions, which block.
 */
#include <bide/bide.h>
#include <stdio.h>

struct request {
    int id;
};

typedef bide_async_fn(int, struct request *) handler;

struct route {
    const char *path;
    bide_async_fn(int, struct request *) handler;
};

static async int twice(struct request *r)
{
    await bide_yield();
    return 2 * r->id;
}

async int negated(struct request *r);
async int negated(struct request *r)
{
    return -r->id;
}

static async int never(struct request *r)
{
    defer { r->id++; }
    for (;;)
        await bide_yield();
    return 0;
}

static async void nothing(void)
{
    await bide_yield();
    puts("nothing");
}

struct pair {
    long a, b;
};

static async struct pair swapped(struct pair p, const char *word, double x)
{
    await bide_yield();
    printf("%s %.1f\n", word, x);
    return (struct pair){p.b, p.a};
}

static const struct route routes[] = {
    {"/twice", bide_ref(twice)},
    {.handler = bide_ref(negated), .path = "/negated"},
};
handler by_name[2] = {[1] = bide_ref(twice), [0] = (bide_ref(negated))};
static bide_async_fn(void, void) last = bide_ref(nothing);
static __typeof__(bide_ref(twice)) same = bide_ref(twice);

static async int call(bide_async_fn(int, struct request *) h, struct request *r)
{
    return await (*h)(r);
}

static bide_async_fn(int, struct request *) choose(int negate)
{
    return negate ? bide_ref(negated) : bide_ref(twice);
}

/* A plain function: the blocking form. */
static int call_plainly(bide_async_fn(int, struct request *) h, int id)
{
    return (*h)(&(struct request){id});
}

static async int one_more(int n)
{
    static bide_async_fn(int, int) self = bide_ref(one_more);
    static const struct {
        int depth;
        bide_async_fn(int, int) next;
    } table[] = {{1, bide_ref(one_more)}};
    if (n == 0)
        return 0;
    int below = n & 1 ? await (*self)(n - 1) : await (*table[0].next)(n - 1);
    return below + 1;
}

static async void values(void)
{
    struct request r = {5};
    handler local = bide_ref(twice), none = 0;
    bide_async_fn(struct pair, struct pair, const char *, double) swap = bide_ref(swapped);
    const struct route *route = &routes[1];
    int sum = 0;

    for (int i = 0; i < 2; i++)
        sum += await (*routes[i].handler)(&r) + await (*by_name[i])(&r);
    printf("%d %d %d\n", sum, await (*route->handler)(&r), await (**local)(&r));
    printf("%d %d\n", await call(bide_ref(negated), &r), await (*choose(r.id++))(&r));
    printf("%d %d %d\n", local == bide_ref(twice), none == NULL, local == same);
    struct pair p = await (*swap)((struct pair){1, 2}, "word", 1.5);
    printf("%ld %ld\n", p.a, p.b);
    await (*last)();
    await (*bide_ref(nothing))();
    printf("%d\n", await one_more(1000));
    printf("%zu\n", sizeof(bide_ref(twice)) / sizeof(__typeof__(bide_ref(twice))));
}

static async void together(void)
{
    struct request r = {7};
    static struct request s = {8};
    handler first = choose(0), second = choose(1);
    int a = 0, b = 0;
    await bide_join(a = (*first)(&r), b = (*second)(&s), negated(&r));
    printf("%d %d\n", a, b);
    handler slow = bide_ref(never);
    int winner = await bide_select_biased((*slow)(&r), b = (*by_name[1])(&s));
    printf("%d %d %d\n", winner, b, r.id);
    int error = await bide_timeout(BIDE_MS(1), a = (*slow)(&r));
    printf("%d %d\n", error != 0, r.id);
    bide_task(int) task = bide_spawn((*first)(&s));
    error = await bide_task_join(task, &a);
    printf("%d %d\n", error, a);
    bide_task(void) none = bide_spawn((*last)());
    await bide_task_wait(none);
    bide_task(struct pair) pair = bide_spawn((*bide_ref(swapped))((struct pair){3, 4}, "task", 0));
    struct pair p;
    error = await bide_task_join(pair, &p);
    printf("%d %ld %ld\n", error, p.a, p.b);
    bide_task(int) block = bide_spawn(async ({ await (*first)(&(struct request){9}); }));
    error = await bide_task_join(block, &a);
    printf("%d %d\n", error, a);
    printf("%d\n", await bide_blocking(call_plainly(second, 4)));
}

/* An array of plain functions decays to a pointer of the same form, which is called as it is. */
static int plain(int n)
{
    return n + 1;
}

static int (*const plain_table[])(int) = {plain, plain};

static async int plain_calls(void)
{
    int (*const *p)(int) = plain_table;
    return (*p)(1) + (*plain_table)(2) + (*p[1])(3);
}

static async void body(void)
{
    await values();
    await together();
    printf("%d\n", await plain_calls());
}

int main(void)
{
    printf("%d %d\n", call_plainly(bide_ref(twice), 3), call_plainly(routes[1].handler, 3));
    printf("%d\n", bide_block_on((*by_name[1])(&(struct request){6})));
    bide_block_on((*last)());
    bide_block_on(body());
    return 0;
}
