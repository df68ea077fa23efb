/* Every form, in C89: no declarations after statements or in a for, no line comments, no inline. */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <errno.h>
#include <stdio.h>

bide_runtime(current_thread);

struct pair {
    long a;
    char b[3];
};

static int log_at;

static void say(const char *what, int n)
{
    printf("%d %s %d\n", ++log_at, what, n);
}

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async int sleeps(int n)
{
    await bide_sleep(BIDE_S(60));
    return n;
}

static async struct pair pair_of(long a)
{
    struct pair p = {0, "xy"};
    p.a = await later((int)a);
    return p;
}

static async double half_of(double d)
{
    defer {
        await bide_yield();
        say("half", (int)d);
    }
    await bide_yield();
    return d / 2;
}

async int outside(int n);

static async int nothing(const int *p, int n)
{
    int *__restrict q = &n;
    await bide_yield();
    return *p + *q;
}

static int blocks(int n)
{
    return n + 1;
}

async bide_cancel_returns int careful(int n)
{
    int status = await bide_sleep(BIDE_S(60));
    await bide_yield();
    say("careful", status < 0);
    return n;
}

static async int forwards(int n)
{
    return await later(n);
}

static const struct {
    bide_async_fn(int, int) step;
} table[] = {{bide_ref(later)}, {bide_ref(outside)}};

async int outside(int n)
{
    return n ? await outside(n - 1) + 1 : await forwards(0);
}

static async int groups(void)
{
    int a = 0, b = 0, n = 3, i;
    struct pair p = {0, ""};
    char text[8];
    await bide_join(a = later(1), b = outside(2), p = pair_of(3));
    say("join", a + b + (int)p.a);
    say("try_join", await bide_try_join(a = later(-7), sleeps(1)));
    i = await bide_select(sleeps(1), bide_if(n > 3, later(0)), later(9));
    say("select", i);
    i = await bide_select_biased(({
                                     int k;
                                     for (k = 0; k < 3; k++)
                                         n += await later(k);
                                     n;
                                 }),
                                 sleeps(2));
    say("biased", i * 100 + n);
    say("timeout", await bide_timeout(BIDE_MS(1), sleeps(3)) == -ETIMEDOUT);
    say("timeout_at", await bide_timeout_at(bide_now(), sleeps(3)) == -ETIMEDOUT);
    say("blocking", await bide_blocking(blocks(41)));
    for (i = 0; i < 7; i++)
        text[i] = (char)('a' + await later(i));
    text[i] = 0;
    say(text, (int)await half_of(8.0));
    return n;
}

static async int tasks(void)
{
    bide_task(int) t[2];
    bide_task(int) one;
    bide_future(int) f = bide_lazy(later(5));
    bide_future(int) g[2];
    int a = 0, base = 30, error;
    t[0] = bide_spawn(later(10));
    t[1] = bide_spawn(async({
        await bide_yield();
        base + 1;
    }));
    one = bide_move(t[0]);
    error = await bide_task_join(one, &a);
    say("join", a + error);
    say("wait", await bide_task_wait(t[1]));
    say("finished", bide_task_finished(t[1]));
    bide_task_detach(t[1]);
    one = bide_spawn(careful(1));
    await bide_yield();
    bide_task_abort(one);
    say("aborted", await bide_task_join(one, &a) == -ECANCELED);
    one = bide_spawn_blocking(blocks(6));
    error = await bide_task_join(one, &a);
    say("blocking", a + error);
    one = bide_spawn_on(bide_runtime_current(), later(7));
    error = await bide_task_join(one, &a);
    say("on", a + error);
    one = bide_spawn_local(later(8));
    error = await bide_task_join(one, &a);
    say("local", a + error);
    one = bide_spawn_low(bide_named("low", async({ base + 9; })));
    error = await bide_task_join(one, &a);
    say("low", a + error);
    one = bide_spawn_at(1, later(9));
    say("at", await bide_task_join(one, &a) == -EINVAL);
    say("in place", await bide_block_in_place(blocks(7)));
    g[0] = bide_lazy(later(1));
    g[1] = bide_lazy(later(2));
    say("get", await bide_get(f) + await bide_get(g[0]));
    f = bide_lazy(later(3));
    await bide_timeout(BIDE_MS(1), a = bide_get(f));
    bide_drop(f);
    return 0;
}

static async int scopes(void)
{
    int error = 0, sum = 0;
    bide_scope(s) {
        bide_task(int) child = bide_scope_spawn(s, later(4));
        (void)bide_scope_spawn(s, sleeps(1));
        await bide_task_join(child, &sum);
        bide_scope_cancel(s);
    }
    bide_try_scope(s, error) {
        (void)bide_scope_spawn(s, later(-5));
        (void)bide_scope_spawn(s, sleeps(1));
    }
    say("scope", sum * 100 - error);
    return sum;
}

static bide_mutex mutex = BIDE_MUTEX_INIT;
static bide_rwlock rwlock = BIDE_RWLOCK_INIT;
static bide_once once = BIDE_ONCE_INIT;

static async int make(int *value)
{
    *value = await later(8);
    return 0;
}

static async int locks(void)
{
    int sum = 0, value = 0;
    bide_locked(&mutex) {
        sum += await later(1);
        bide_read_locked(&rwlock)
            sum += await later(2);
    }
    bide_write_locked(&rwlock)
        sum += await bide_once_make(&once, bide_ref(make), &value);
    if (await bide_mutex_lock(&mutex) == 0)
        bide_mutex_unlock(&mutex);
    say("locks", sum * 10 + value);
    return sum;
}

static int plain(int n)
{
    defer {
        say("plain", n);
    }
    return bide_block_on(later(n)) + (*table[1].step)(n);
}

async int main(void)
{
    int n = 2;
    say("groups", await groups());
    say("tasks", await tasks());
    say("scopes", await scopes());
    say("locked", await locks());
    say("refs", await (*table[0].step)(3) + await (*table[1].step)(4));
    say("size", (int)sizeof(await pair_of(1)) > 0);
    say("pointers", await nothing(&n, 2));
    say("blocking", await bide_blocking(plain(6)));
    return 0;
}
