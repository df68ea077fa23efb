/* Owners that no variable has yet while something else in the expression is awaited: whatever
 * leaves the expression there releases them. Tasks and futures have large arguments, so each is an
 * allocation of its own; the program counts the allocations that are left.
 * one thread: what has run when is counted in turns. */
#include <bide/bide.h>
#include <bide/testing.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct large {
    char bytes[100000];
};
static struct large large;

static int live, running;

static void *count_alloc(size_t size, size_t align)
{
    live += size > sizeof large;
    return align ? aligned_alloc(align, (size + align - 1) / align * align) : malloc(size);
}

static void count_free(void *p, size_t size)
{
    live -= size > sizeof large;
    free(p);
}

static async int work(struct large l)
{
    running++;
    defer { running--; }
    await bide_yield();
    return l.bytes[0] + 1;
}

static async int lengthy(struct large l)
{
    for (int i = 0; i < 8; i++)
        await bide_yield();
    return l.bytes[0] + 3;
}

/* Its deferred block suspends a few times. */
static async int slow(struct large l)
{
    running++;
    defer
    {
        await bide_yield();
        await bide_yield();
        running--;
    }
    await bide_sleep(BIDE_S(1000));
    return l.bytes[0] + 2;
}

static async int wait(int value)
{
    for (int i = 0; i < 2; i++)
        await bide_yield();
    return value;
}

static async bide_task(int) task(void)
{
    await bide_yield();
    return bide_spawn(work(large));
}

static async bide_future(int) future(void)
{
    await bide_yield();
    return bide_lazy(work(large));
}

/* A future that has begun. */
static async bide_future(int) begun(void)
{
    bide_future(int) f = bide_lazy(slow(large));
    await bide_select_biased(bide_get(f), bide_yield());
    return f;
}

static async int take(bide_task(int) h, int n)
{
    (void)h;
    await bide_yield();
    return n;
}

static async int take_two(bide_task(int) h, bide_task(int) k)
{
    int out = 0;
    await bide_task_join(h, &out);
    (void)k;
    return out;
}

static async int take_future(bide_future(int) f, int n)
{
    int out = await bide_get(f);
    return out + n;
}

static int plain_take(bide_task(int) h, int n)
{
    (void)bide_task_finished(h);
    return n;
}

struct pair {
    bide_task(int) a, b;
};

static async int arguments(void)
{
    return await take(bide_spawn(work(large)), await wait(1));
}

static async int plain_arguments(void)
{
    return plain_take(bide_spawn(work(large)), await wait(1));
}

static async int more_arguments(void)
{
    return await take_two(bide_spawn(work(large)), await task()) +
           await take_two(await task(), await task());
}

static async int futures(void)
{
    return await take_future(bide_lazy(work(large)), await wait(1)) +
           await take_future(await begun(), await wait(1)) +
           await take_future(await future(), await wait(1));
}

static async int moved(void)
{
    bide_task(int) h = bide_spawn(work(large));
    bide_future(int) f = await begun();
    await take(bide_move(h), await wait(1));
    return await take_future(bide_move(f), await wait(1));
}

static async int spawned(void)
{
    bide_task(int) h = bide_spawn(take(bide_spawn(work(large)), await wait(1)));
    bide_future(int) f = bide_lazy(take(bide_spawn(work(large)), await wait(1)));
    (void)f;
    await wait(0);
    return await bide_task_wait(h);
}

static async int arrays(void)
{
    bide_task(int) h[] = {bide_spawn(work(large)), await task(), await task()};
    bide_future(int) f[2] = {[1] = await begun(), [0] = await future()};
    await wait(1);
    return bide_task_finished(h[0]) + (f[1] != 0);
}

static async int structs(void)
{
    struct pair p = {bide_spawn(work(large)), await task()};
    bide_task_detach(p.a);
    bide_task_detach(p.b);
    return 0;
}

static async int chosen(void)
{
    int yes = await wait(1);
    int n = await take(yes ? await task() : bide_spawn(work(large)), await wait(1));
    n += await take(yes ? bide_spawn(work(large)) : await task(), await wait(1));
    n += yes ? await take(bide_spawn(work(large)), await wait(1)) : await wait(2);
    n += yes && plain_take(await task(), await wait(1));
    bide_task(int) h = yes ? bide_spawn(work(large)) : await task();
    return await take((n++, bide_spawn(work(large))), await wait(1)) + (h != 0);
}

static async int statement_values(void)
{
    int n = await take(({ bide_task(int) h = await task(); bide_move(h); }), await wait(1));
    n += await take(({ defer { await wait(0); } await task(); }), await wait(1));
    n += await take_future(({ bide_future(int) f = await begun(); bide_move(f); }), await wait(1));
    return n;
}

static async int left_by_return(int n)
{
    return plain_take(bide_spawn(work(large)), ({ if (await wait(n)) return 3; n; }));
}

static async int left_by_break(void)
{
    int n = 0;
    for (int i = 0; i < 2; i++)
        n += plain_take(bide_spawn(work(large)), ({ if (await wait(i)) break; 5; }));
    for (int i = 0; i < 2; i++) {
        defer { n++; }
        n += await take_future(await begun(), ({ if (await wait(1)) continue; 5; }));
    }
    n += plain_take(bide_spawn(work(large)), ({
                        for (int i = 0;; i++)
                            if (await wait(i) == 1)
                                break;
                        if (n > 100)
                            goto inside;
                    inside:
                        n += 6;
                    }));
    n += plain_take(bide_spawn(work(large)), ({ if (await wait(1)) goto out; 8; }));
out:
    return n;
}

static async int joined(void)
{
    int out = 0;
    int err = await bide_task_join(bide_spawn(lengthy(large)), &out);
    return err;
}

static async int joined_in_a_branch(void)
{
    int out = 0, err = 0;
    await bide_join(err = bide_task_join(bide_spawn(work(large)), &out), wait(1));
    await bide_join(err = bide_task_join(bide_spawn(lengthy(large)), &out), wait(1));
    return err + out;
}

static async int assigned(void)
{
    int n = 0;
    bide_task(int) h[2];
    bide_future(int) f = await begun();
    (void)f;
    h[await wait(1)] = await task();
    h[await wait(1)] = bide_spawn(work(large));
    n += bide_task_finished(h[1]);
    f = await begun();
    f = await future();
    struct pair p = {0};
    p.b = await task();
    defer { bide_task_detach(p.b); }
    return n + await wait(1);
}

static async int discarded(void)
{
    await task();
    (void)await future();
    bide_spawn(work(large)), await wait(1);
    ({ await task(); });
    ({ bide_spawn(work(large)); }), await wait(1);
    await wait(0) ? await task() : await task();
    for (int i = 0; i < 2; await task(), i++)
        await wait(1);
    return 0;
}

static async int borrowed(void)
{
    bide_task_abort(await task());
    int n = bide_task_finished(await task());
    n += bide_task_finished(bide_spawn(work(large))) + await wait(1);
    bide_task_detach(await task());
    await bide_task_wait(await task());
    await bide_task_wait(bide_spawn(lengthy(large)));
    return n;
}

static async int joins(void)
{
    int n = 0;
    await bide_join(n = take(bide_spawn(work(large)), await wait(1)), take(await task(), await wait(2)));
    bide_task(int) h = 0;
    bide_task(int) *place = &h;
    await bide_join(task(), wait(5), *place = task());
    return n;
}

static async int selects(int ready)
{
    int n = await bide_select_biased(wait(ready), take(bide_spawn(work(large)), 1),
                                     take_future(await begun(), await wait(1)));
    n += await bide_select_biased(bide_yield(), bide_if(ready, take(await task(), 1)),
                                  bide_if(n >= 0, take(bide_spawn(work(large)), await wait(1))));
    int k = await bide_select_biased(({ n++; }), bide_if(n >= 0, take(bide_spawn(work(large)), 1)),
                                  bide_if(n < 0, take(bide_spawn(work(large)), 1)),
                                  take(await task(), 2));
    n += k;
    n += await bide_timeout(BIDE_S(5), take(await task(), await wait(1)));
    n += await bide_timeout(BIDE_S(5), wait(await take(bide_spawn(work(large)), 1)));
    n += await bide_select(task(), bide_timeout(BIDE_S(5), task()), bide_if(1, bide_join(task(), future())));
    return n;
}

static async int in_a_scope(void)
{
    int n = 0;
    bide_scope(s) {
        n += await take(bide_scope_spawn(s, work(large)), await wait(1));
        bide_scope_spawn(s, take_two(bide_spawn(work(large)), await task()));
    }
    return n;
}

static async int in_a_defer(void)
{
    int n = 0;
    defer {
        n += await take(bide_spawn(work(large)), await wait(1));
        (void)n;
    }
    return await wait(1);
}

/* Something that f borrows is released after f is dropped. */
static async int order(void)
{
    int *p = malloc(sizeof *p);
    *p = 1;
    defer
    {
        *p = 0;
        free(p);
    }
    bide_future(int) f = bide_lazy(async({
        defer
        {
            await bide_yield();
            ++*p;
        }
        await bide_sleep(BIDE_S(1000));
        1;
    }));
    await bide_select_biased(bide_get(f), bide_yield());
    return await take_future(bide_move(f), await wait(1));
}

async bide_cancel_returns int goes_on(void);

async int goes_on(void)
{
    int n = await take(bide_spawn(work(large)), await wait(1));
    n += await take(bide_spawn(work(large)), 1);
    n += await take(await task(), await wait(1));
    n += await take_future(await future(), 1);
    n += await bide_select(take(await task(), 1), wait(2));
    n += plain_take(bide_spawn(work(large)), await wait(1));
    int out = 0;
    n += await bide_task_join(bide_spawn(work(large)), &out);
    return n;
}

static const struct {
    const char *name;
    bide_async_fn(int, void) run;
} cases[] = {
    {"arguments", bide_ref(arguments)},
    {"plain_arguments", bide_ref(plain_arguments)},
    {"more_arguments", bide_ref(more_arguments)},
    {"futures", bide_ref(futures)},
    {"moved", bide_ref(moved)},
    {"spawned", bide_ref(spawned)},
    {"arrays", bide_ref(arrays)},
    {"structs", bide_ref(structs)},
    {"chosen", bide_ref(chosen)},
    {"statement_values", bide_ref(statement_values)},
    {"left_by_break", bide_ref(left_by_break)},
    {"joined", bide_ref(joined)},
    {"joined_in_a_branch", bide_ref(joined_in_a_branch)},
    {"assigned", bide_ref(assigned)},
    {"discarded", bide_ref(discarded)},
    {"borrowed", bide_ref(borrowed)},
    {"joins", bide_ref(joins)},
    {"in_a_scope", bide_ref(in_a_scope)},
    {"in_a_defer", bide_ref(in_a_defer)},
    {"order", bide_ref(order)},
    {"goes_on", bide_ref(goes_on)},
};

static async void settle(const char *name, int turns, int err)
{
    for (int i = 0; i < 30; i++)
        await bide_yield();
    if (live || running)
        printf("%s, after %d turns: %d are left, %d run (%d)\n", name, turns, live, running, err);
}

async int main(void)
{
    int out = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int cancelled = 0;
        for (int turns = 0; turns < 30; turns++) {
            bide_task(int) h = bide_spawn((*cases[i].run)());
            for (int k = 0; k < turns; k++)
                await bide_yield();
            bide_task_abort(h);
            int err = await bide_task_join(h, &out);
            cancelled += err == -ECANCELED;
            await settle(cases[i].name, turns, err);
        }
        printf("%s: %s\n", cases[i].name, cancelled ? "cancelled" : "never cancelled");
    }
    for (int turns = 0; turns < 30; turns++)
        for (int ready = 0; ready < 2; ready++) {
            bide_task(int) h = bide_spawn(selects(ready)), k = bide_spawn(left_by_return(ready));
            for (int i = 0; i < turns; i++)
                await bide_yield();
            bide_task_abort(h);
            bide_task_abort(k);
            await bide_task_join(h, &out);
            await bide_task_join(k, &out);
            await settle("selects", turns, ready);
        }
    return 0;
}

__attribute__((constructor)) static void count(void)
{
    bide_test_time_virtual();
    bide_test_replace("alloc", (void (*)(void))count_alloc);
    bide_test_replace("free", (void (*)(void))count_free);
}
