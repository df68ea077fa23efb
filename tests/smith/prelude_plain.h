/*
 * The second prelude, for programs whose erased reading is the oracle: forms with a plain reading
 * that gives the same result.
 *
 *   FIRST(n, ...)   a select that branch n decides
 *   NONE(...)       a select without branches
 *   TRY(n, ...)     a try_join whose result is n
 *   WITHIN(d, ...)  a timeout that is not reached
 *   TOO_LATE(...)   a timeout that is reached
 *   later(ms)       returns when everything else waits: time is virtual
 *
 * The plain reading of defer needs gcc: it is a nested function as the cleanup of a variable.
 */
#include <errno.h>

#ifdef __BIDE__
#define FIRST(n, ...)        bide_select(__VA_ARGS__)
#define FIRST_BIASED(n, ...) bide_select_biased(__VA_ARGS__)
#define TRY(n, ...)          bide_try_join(__VA_ARGS__)
#define WITHIN(d, ...)       bide_timeout(d, __VA_ARGS__)
#define TOO_LATE(d, ...)     bide_timeout(d, __VA_ARGS__)
#define NONE(...)            bide_select(__VA_ARGS__)
#define CHILDREN(s)          bide_scope(s)
#else
#define FIRST(n, ...)             ((void)(__VA_ARGS__), (n))
#define FIRST_BIASED(n, ...)      FIRST(n, __VA_ARGS__)
#define TRY(n, ...)               FIRST(n, __VA_ARGS__)
#define WITHIN(d, ...)            FIRST(0, __VA_ARGS__)
#define TOO_LATE(d, ...)          FIRST(-ETIMEDOUT, __VA_ARGS__)
#define NONE(...)                 FIRST(-ENOENT, __VA_ARGS__)
#define bide_join(...)            ((void)(__VA_ARGS__))
#define bide_if(c, ...)           ((c) ? (void)(__VA_ARGS__) : (void)0)
#define bide_task(T)              T
#define bide_future(T)            T
#define bide_spawn(call)          (call)
#define bide_spawn_blocking(call) (call)
#define bide_blocking(call)       (call)
#define bide_lazy(call)           (call)
#define bide_get(f)               (f)
#define bide_move(h)              (h)
#define bide_drop(f)              ((void)(f))
#define bide_task_detach(h)       ((void)(h))
#define bide_task_wait(h)         0
#define bide_task_join(h, out)    (*(out) = (h), 0)
#define CHILDREN(s)
#define bide_scope_spawn(s, call) (call)
#define bide_async_fn(T, ...)     __typeof__(T(*)(__VA_ARGS__))
#define bide_ref(f)               (&(f))
#ifdef __clang__ /* clang only checks the types */
#define defer for (; 0;)
#else
#define DEFER_(n)                                           \
    __extension__ auto void deferred##n(int *);             \
    __attribute__((cleanup(deferred##n))) int defer##n = 0; \
    __extension__ void deferred##n(__attribute__((unused)) int *unused##n)
#define DEFER(n) DEFER_(n)
#define defer    DEFER(__COUNTER__)
#endif
#endif

static async void later(long long ms)
{
#ifdef __BIDE__
    (void)await bide_sleep(BIDE_MS(ms));
#else
    (void)ms;
#endif
}

static async int later_i(long long ms, int v)
{
    await later(ms);
    return v;
}

static async int wait_forever(void)
{
#ifdef __BIDE__
    (void)await bide_sleep(BIDE_S(4000000000));
#endif
    return 0;
}

static async int joined(bide_task(int) t)
{
    int v = 0, error = await bide_task_join(t, &v);
    return error ? error : v;
}

static async int got(bide_future(int) f, int v)
{
    await rest();
    return await bide_get(f) % 10007 + v % 10007;
}

static async int both(bide_task(int) t, int v, bide_future(int) f)
{
    int a = await bide_get(f) % 10007, b = 0;
    if (await bide_task_join(t, &b) < 0)
        return -1;
    return (a * 3 + v % 1000 + b % 10007) % 30000;
}

/* Has no visible effect. */
static async int quiet(int v)
{
    await rest();
    return v % 100;
}

static void note_int(const int *p)
{
    tally(20, *p);
}

static void note_S(const struct S *s)
{
    tally_S(21, *s);
}

#ifdef __BIDE__
__attribute__((constructor)) static void stop_the_clock(void)
{
    bide_test_time_virtual();
}
#endif
