/* Futures as values: bide_lazy, bide_get, bide_drop, bide_move; owners in all places; when a drop
 * unwinds, and what.
 * flags: -Wno-bide-unused-future -Wno-bide-use-after-move */
#include "../step.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int begun, done, unwound;

static async int work(int turns)
{
    begun++;
    int turn = 0;
    defer {
        await bide_yield();
        if (turn < turns)
            unwound++;
    }
    for (; turn < turns; turn++)
        await bide_yield();
    done++;
    return turns;
}

struct pair {
    long a;
    char name[12];
};

static async struct pair make_pair(long a, const char *name)
{
    struct pair p = {.a = a};
    await step(1);
    strcpy(p.name, name);
    return p;
}

static async void nothing(int *count)
{
    await step(1);
    ++*count;
}

static async double half(double x)
{
    await step(1);
    return x / 2;
}

static async unsigned char small(void)
{
    await step(0);
    return 200;
}

static void tell(const char *what)
{
    printf("%s: %d begun, %d done, %d unwound\n", what, begun, done, unwound);
    begun = done = unwound = 0;
}

/* Until as many have begun and ended, in tasks too. It is a matter of milliseconds. */
static async void settle(int all, int ended)
{
    for (int ms = 0; ms < 10000 && (begun < all || done + unwound < ended); ms++)
        await bide_sleep(BIDE_MS(1));
}

static async void never_polled(void)
{
    int count = 0;
    {
        bide_future(int) f = bide_lazy(work(await step(2)));
        bide_future(void) g = bide_lazy(nothing(&count));
        bide_future(int) empty;
        (void)f;
        (void)g;
        bide_drop(empty);
        bide_drop(f);
        bide_drop(f);
    }
    printf("%d ", count);
    tell("never polled");
}

static async void types(void)
{
    int count = 0;
    bide_future(struct pair) pair = bide_lazy(make_pair(7, "seven"));
    bide_future(void) none = bide_lazy(nothing(&count));
    bide_future(double) x = bide_lazy(half(5));
    bide_future(unsigned char) c = bide_lazy(small());
    struct pair p = await bide_get(pair);
    await bide_get(none);
    printf("%ld %s %d %g %d\n", p.a, p.name, count, await bide_get(x), await bide_get(c));
    printf("%d %g %d\n", (await bide_get(pair)).name[0], await bide_get(x), await bide_get(c));
    await bide_get(none);
}

static async void raced(void)
{
    bide_future(int) f = bide_lazy(work(10));
    int n = -1, rounds = 0;
    while (await bide_select_biased(n = bide_get(f), bide_yield()) != 0)
        rounds++;
    printf("%d %d ", n, rounds > 2);
    n = await bide_get(f);
    printf("%d ", n == -EINVAL);
    tell("raced");
}

static bide_future(int) make(int turns)
{
    bide_future(int) f = bide_lazy(work(turns));
    if (turns < 0)
        bide_drop(f);
    return f;
}

static async bide_future(int) make_later(int turns)
{
    bide_future(int) f = bide_lazy(work(turns));
    await step(1);
    await bide_select_biased(bide_get(f), bide_yield());
    return f;
}

/* Polls the future once or twice, and leaves it. */
static async void poll_a_bit(bide_future(int) *f)
{
    await bide_select_biased(bide_get(*f), bide_yield());
}

static async void assigned(void)
{
    bide_future(int) f = make(-1);
    f = make(3);
    await poll_a_bit(&f);
    f = bide_lazy(work(4));
    printf("%d ", unwound);
    await poll_a_bit(&f);
    f = await make_later(5);
    printf("%d ", unwound);
    int value = await bide_get(f);
    f = await make_later(6);
    bide_future(int) g = bide_move(f), array[2][2] = {{bide_lazy(work(2))}};
    array[1][0] = bide_lazy(work(3));
    await poll_a_bit(&array[1][0]);
    array[value - 4][0] = bide_lazy(work(value));
    printf("%d %d ", unwound, await bide_get(f) == -EINVAL);
    array[0][1] = bide_move(g);
    await poll_a_bit(&array[0][1]);
    printf("%d %d ", value, await bide_get(array[1][0]));
}

struct holder {
    bide_future(int) f;
};

static async void members(void)
{
    struct holder h = {0}, *to = &h;
    h.f = bide_lazy(work(2));
    printf("%d ", await bide_get(to->f));
    to->f = make(3);
    await poll_a_bit(&h.f);
    bide_drop(to->f);
    printf("%d ", h.f == 0);
}

static async int driven_to_the_end(bide_future(int) f)
{
    return await bide_get(f);
}

static async int dropped(bide_future(int) f, int x)
{
    await poll_a_bit(&f);
    return x;
}

static async void moved(void)
{
    bide_future(int) f = bide_lazy(work(6));
    await poll_a_bit(&f);
    bide_task(int) task = bide_spawn(driven_to_the_end(bide_move(f)));
    int out = 0;
    printf("%d ", await bide_task_join(task, &out));
    printf("%d ", out);
    f = make(3);
    printf("%d ", await dropped(bide_move(f), 5));
    tell("moved");
}

static async int early_ways_out(int way)
{
    for (int i = 0; i < 3; i++) {
        bide_future(int) f = bide_lazy(work(5));
        await poll_a_bit(&f);
        if (way == 0)
            continue;
        if (way == 1)
            break;
        if (way == 2)
            return unwound;
        if (way == 3)
            goto out;
    }
    for (bide_future(int) f = bide_lazy(work(2)); way < 5; way++)
        await poll_a_bit(&f);
out:
    return unwound * 10 + way;
}

static async int in_value(void)
{
    int n = await step(1) + ({
                bide_future(int) f = bide_lazy(work(3));
                await poll_a_bit(&f);
                +unwound;
            });
    return n + 10 * unwound;
}

/* A future that is dropped may still use variables that were alive when it was made. */
static async void fills(char *to, size_t size)
{
    defer {
        await bide_yield();
        memset(to, 'x', size);
    }
    await bide_sleep(BIDE_S(1000));
}

static async void borrows(void)
{
    char before[16] = "";
    bide_future(void) f;
    char after[16] = "";
    f = bide_lazy(fills(after, 15));
    await bide_timeout(BIDE_NS(0), bide_get(f));
    f = bide_lazy(fills(before, 15));
    printf("%s ", after);
    await bide_timeout(BIDE_NS(0), bide_get(f));
    f = bide_lazy(fills(after, 3));
    printf("%s\n", before);
    await bide_timeout(BIDE_NS(0), bide_get(f));
}

static async int sum(int a, int b)
{
    bide_future(int) x = bide_lazy(work(a)), y = bide_lazy(work(b));
    int left = 0, right = 0;
    await bide_join(left = bide_get(x), right = bide_get(y));
    return left + right;
}

static async int fails(int turns)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return -EIO;
}

static async void groups(void)
{
    bide_future(int) f = bide_lazy(sum(4, 7)), g = bide_lazy(fails(3)), h = make(100);
    printf("%d ", await bide_timeout(BIDE_NS(0), bide_get(f)) == -ETIMEDOUT);
    int n = 0;
    printf("%d ", await bide_try_join(n = bide_get(f), bide_get(g), bide_get(h)) == -EIO);
    printf("%d ", await bide_get(f));
    printf("%d ", await bide_select(bide_get(h), n = work(1)));
    bide_drop(h);
    tell("groups");
}

static async int captured(int n)
{
    bide_future(int) f = bide_lazy(async ({
        int m = n;
        await bide_yield();
        m * 2;
    }));
    n = 0;
    return await bide_get(f) + n;
}

static async int nested(int depth)
{
    if (depth == 0)
        return await work(3);
    bide_future(int) f = bide_lazy(nested(depth - 1));
    int n = 0;
    if (await bide_select_biased(n = bide_get(f), bide_yield()) != 0)
        n = await bide_get(f);
    return 1 + n;
}

static async int takes(bide_future(int) f, bide_task(int) task, int n)
{
    int out = 0;
    await bide_task_join(task, &out);
    return out + n + await bide_get(f);
}

/* Owners in the arguments of a call are released with it, also when it never begins. */
static async void arguments(void)
{
    bide_future(int) f = bide_lazy(takes(make(3), bide_spawn(work(2)), 10));
    bide_future(int) g = make(5);
    await poll_a_bit(&g);
    bide_future(int) never = bide_lazy(takes(bide_move(g), bide_spawn(work(2)), 10));
    printf("%d ", await bide_get(f));
    bide_drop(never);
    await settle(4, 4);
}

/* Owners that no variable takes. */
static async void unused(void)
{
    bide_future(int) f = bide_lazy(work(9)), g = make(1);
    await poll_a_bit(&f);
    make(1);
    bide_spawn(work(1));
    await make_later(2);
    bide_move(f);
    await bide_join(f = make_later(3), make_later(4));
    await bide_join(f = make_later(5), g = make_later(6));
    bide_future(int) h = make(50);
    await poll_a_bit(&h);
    /* If the first branch is ready at once, the second never begins. */
    await bide_select_biased(step(1), driven_to_the_end(bide_move(h)));
    await settle(8, 6); /* f and g have not ended */
}

static void plain(void)
{
    bide_future(int) f = make(3), g[2] = {make(1), make(2)};
    (void)g;
    f = make(4);
    bide_drop(f);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        await never_polled();
        await types();
        await raced();
        await assigned();
        tell("assigned");
        await members();
        tell("members");
        await moved();
        for (int way = 0; way < 5; way++)
            printf("%d ", await early_ways_out(way));
        tell("ways out");
        printf("%d ", await in_value());
        tell("in a value");
        await borrows();
        await groups();
        printf("%d\n", await captured(21));
        printf("%d ", await nested(5));
        tell("nested");
        await arguments();
        tell("arguments");
        await unused();
        tell("unused");
        plain();
        tell("plain");
    }
    return 0;
}
