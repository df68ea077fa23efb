/* Locals that two threads may use at once. */
/* exit: 0, flags: -fbide-multi-thread */
#include <bide/bide.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct totals {
    long sum, count;
};
struct guarded {
    pthread_mutex_t mutex;
    long sum;
};
static async int add(struct totals *to, int n);
static async int look(const struct totals *at);
static async int count(_Atomic int *to);
static async int bump(int *to);
static async int lock_and_add(pthread_mutex_t *mutex, long *to);
static async int add_guarded(struct guarded *to);
void totals_print(const struct totals *);
void totals_clear(struct totals *);

static async int two_children(void)
{
    struct totals totals = {0, 0};
    bide_scope(s)
    {
        bide_scope_spawn(s, add(&totals, 1));
        bide_scope_spawn(s, add(&totals, 2));
    }
    return (int)totals.sum;
}

static async int one_that_reads(void)
{
    struct totals totals = {0, 0};
    bide_scope(s)
    {
        bide_scope_spawn(s, look(&totals));
        bide_scope_spawn(s, add(&totals, 2));
    }
    return (int)totals.sum;
}

static async int children_of_a_loop(int n)
{
    int done = 0;
    bide_try_scope(s)
    {
        for (int i = 0; i < n; i++)
            bide_scope_spawn(s, bump(&done));
    }
    return done;
}

static async int read_in_the_block(void)
{
    int done = 0;
    bide_scope(s)
    {
        bide_scope_spawn(s, bump(&done));
        while (done == 0)
            await bide_yield();
    }
    return done;
}

static async int changed_in_the_block(void)
{
    struct totals totals = {0, 0};
    bide_scope(s)
    {
        bide_scope_spawn(s, look(&totals));
        totals.sum = 1;
    }
    return 0;
}

static async int lent_again_in_the_block(void)
{
    struct totals totals = {0, 0};
    bide_scope(s)
    {
        bide_scope_spawn(s, add(&totals, 1));
        totals_print(&totals);
    }
    return 0;
}

static async int awaited_in_the_block(void)
{
    struct totals totals = {0, 0};
    bide_scope(s)
    {
        bide_scope_spawn(s, add(&totals, 1));
        await add(&totals, 2);
    }
    return 0;
}

static async int in_the_outer_scope(void)
{
    int done = 0;
    bide_scope(outer)
    {
        bide_scope(inner)
        {
            bide_scope_spawn(outer, bump(&done));
            (void)inner;
        }
        printf("%d\n", done);
    }
    return 0;
}

/* ---- nothing is wrong with these ---- */

static async int meant(void)
{
    int done = 0;
    bide_scope(s)
    {
        bide_scope_spawn(s, bump(&done));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wbide-shared-local"
        printf("%d\n", done);
#pragma GCC diagnostic pop
    }
    return 0;
}

static async int readers(void)
{
    struct totals totals = {1, 2};
    bide_scope(s)
    {
        bide_scope_spawn(s, look(&totals));
        bide_scope_spawn(s, look(&totals));
        totals_print(&totals);
    }
    return (int)totals.sum;
}

static async int synchronized(void)
{
    _Atomic int n = 0;
    atomic_int m = 0;
    long sum = 0;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct guarded guarded = {PTHREAD_MUTEX_INITIALIZER, 0};
    const struct totals fixed = {1, 1};
    bide_scope(s)
    {
        bide_scope_spawn(s, count(&n));
        bide_scope_spawn(s, count(&n));
        bide_scope_spawn(s, count(&m));
        bide_scope_spawn(s, count(&m));
        bide_scope_spawn(s, lock_and_add(&mutex, &sum));
        bide_scope_spawn(s, lock_and_add(&mutex, &sum));
        bide_scope_spawn(s, add_guarded(&guarded));
        bide_scope_spawn(s, add_guarded(&guarded));
        bide_scope_spawn(s, look(&fixed));
        n++;
    }
    return n + m + (int)(sum + guarded.sum + fixed.sum);
}

static async int parts(void)
{
    struct totals totals[2] = {{0, 0}, {0, 0}};
    int a = 0, b = 0;
    bide_scope(s)
    {
        for (int i = 0; i < 2; i++)
            bide_scope_spawn(s, add(&totals[i], i));
        bide_scope_spawn(s, bump(&a));
        bide_scope_spawn(s, bump(&b));
    }
    return a + b + (int)(totals[0].sum + totals[1].sum);
}

static async int one_after_the_other(void)
{
    int done = 0;
    bide_scope(s)
    {
        bide_task(int) task = bide_scope_spawn(s, bump(&done));
        await bide_task_wait(task);
        printf("%d\n", done);
        bide_scope_spawn(s, bump(&done));
    }
    bide_scope(s)
    {
        bide_scope_spawn(s, bump(&done));
    }
    return done;
}

static async int its_own_each(int n)
{
    for (int i = 0; i < n; i++) {
        int done = 0;
        bide_scope(s)
        {
            bide_scope_spawn(s, bump(&done));
        }
        printf("%d\n", done);
    }
    return 0;
}

static async int before_and_after(void)
{
    struct totals totals = {0, 0};
    bide_scope(s)
    {
        totals_clear(&totals);
        totals.count = 1;
        bide_scope_spawn(s, add(&totals, 1));
    }
    return (int)totals.sum;
}

static async int add(struct totals *to, int n)
{
    to->sum += n;
    to->count++;
    return 0;
}
static async int look(const struct totals *at)
{
    return (int)at->sum;
}
static async int count(_Atomic int *to)
{
    return ++*to;
}
static async int bump(int *to)
{
    return ++*to;
}
static async int lock_and_add(pthread_mutex_t *mutex, long *to)
{
    pthread_mutex_lock(mutex);
    ++*to;
    return pthread_mutex_unlock(mutex);
}
static async int add_guarded(struct guarded *to)
{
    return (int)++to->sum;
}

async int main(void)
{
    await two_children();
    await one_that_reads();
    await children_of_a_loop(2);
    await read_in_the_block();
    await changed_in_the_block();
    await lent_again_in_the_block();
    await awaited_in_the_block();
    await in_the_outer_scope();
    await meant();
    await readers();
    await synchronized();
    await parts();
    await one_after_the_other();
    await its_own_each(2);
    return await before_and_after();
}
