/*
 * The second prelude, for programs with forms (-f). A case checks itself: the program prints
 * "case N: ok" for each, or what was wrong.
 */
#include <errno.h>

static int failures;

__attribute__((constructor)) static void stop_the_clock(void)
{
    bide_test_time_virtual();
}

static void expect(int number, int line, long long got, long long expected)
{
    if (got != expected) {
        printf("case %d: line %d: got %lld, expected %lld\n", number, line, got, expected);
        failures++;
    }
}

static void end_forms(int number)
{
    printf("case %d: %s\n", number, failures ? "FAILED" : "ok");
    failures = 0;
    fflush(stdout);
}

/* --- unwinding --- */

static char log_text[4096];
static size_t log_length;
static int step_count, stop_at, parked;

static void mark(int c)
{
    if (log_length < sizeof log_text - 1)
        log_text[log_length++] = (char)c;
    log_text[log_length] = '\0';
}

static int marked(int c, int value)
{
    mark(c);
    return value;
}

static void mark_cleanup(char *c)
{
    mark(*c);
}

static int opaque(int v)
{
    return v + zero;
}

/* A suspension. The chosen one lasts long enough for a request to cancel to arrive. */
static async void step(void)
{
    int times = 1;
    if (++step_count == stop_at) {
        parked = 1;
        times = 20;
    }
    while (times-- > 0)
        await bide_yield();
}

static async int until_parked(int value)
{
    while (!parked)
        await bide_yield();
    return value;
}

static async int forwarded(int value)
{
    await bide_yield();
    return value;
}

static void try_begin(int stop)
{
    log_length = 0;
    log_text[0] = '\0';
    step_count = parked = 0;
    stop_at = stop;
}

static void try_end(int number, int how, const char *expected, int ended)
{
    mark(ended);
    if (strcmp(log_text, expected) != 0) {
        printf("case %d: stop %d, way %d\n  got      %s\n  expected %s\n", number, stop_at, how,
               log_text, expected);
        failures++;
    }
}

/* Cancels the function as a task, as the loser of a select, by a try_join, and inside a join in a
 * function that loses against a timeout. */
#define TRY_UNWINDING(number, f, expected_)                                        \
    static async void stored##number(int *r)                                       \
    {                                                                              \
        *r = await f();                                                            \
    }                                                                              \
    static async int inner##number(int *r)                                         \
    {                                                                              \
        int other;                                                                 \
        await bide_join(other = forwarded(3), stored##number(r));                  \
        return other;                                                              \
    }                                                                              \
    static async void as_task##number(int stop)                                    \
    {                                                                              \
        int r = -1;                                                                \
        try_begin(stop);                                                           \
        bide_task(int) task = bide_spawn(f());                                     \
        if (stop > 0) {                                                            \
            (void)await until_parked(0);                                           \
            bide_task_abort(task);                                                 \
        }                                                                          \
        int error = await bide_task_join(task, &r);                                \
        try_end(number, 0, expected_[stop], error == -ECANCELED ? '!' : '0' + r);  \
    }                                                                              \
    static async void as_loser##number(int stop)                                   \
    {                                                                              \
        int r = -1;                                                                \
        try_begin(stop);                                                           \
        int winner = await bide_select(r = f(), until_parked(0));                  \
        expect(number, stop, winner, 1);                                           \
        try_end(number, 1, expected_[stop], r < 0 ? '!' : '0' + r);                \
    }                                                                              \
    static async void as_victim##number(int stop)                                  \
    {                                                                              \
        int r = -1;                                                                \
        try_begin(stop);                                                           \
        int error = await bide_try_join(r = f(), until_parked(-EIO));              \
        expect(number, stop, error, -EIO);                                         \
        try_end(number, 2, expected_[stop], r < 0 ? '!' : '0' + r);                \
    }                                                                              \
    static async void as_inner##number(int stop)                                   \
    {                                                                              \
        int r = -1;                                                                \
        try_begin(stop);                                                           \
        int winner = await bide_select_biased(until_parked(0), inner##number(&r)); \
        expect(number, stop, winner, 0);                                           \
        try_end(number, 3, expected_[stop], r < 0 ? '!' : '0' + r);                \
    }                                                                              \
    static async void try##number(void)                                            \
    {                                                                              \
        int count = (int)(sizeof expected_ / sizeof expected_[0]);                 \
        for (int stop = 0; stop < count; stop++) {                                 \
            await as_task##number(stop);                                           \
            if (stop > 0) {                                                        \
                await as_loser##number(stop);                                      \
                await as_victim##number(stop);                                     \
                await as_inner##number(stop);                                      \
            }                                                                      \
        }                                                                          \
        end_forms(number);                                                         \
    }

/* --- the other forms --- */

/* Returns `value` after `times` suspensions. */
static async int late(int value, int times)
{
    while (times-- > 0)
        await bide_yield();
    return value;
}

static async void late_set(int *p, int value, int times)
{
    while (times-- > 0)
        await bide_yield();
    *p = value;
}

static async struct S late_S(int x, int times)
{
    struct S s = {.x = x};
    await late_set(&s.x, x, times);
    return s;
}

static async double late_d(int value, int times)
{
    return await late(value, times);
}

static async int never(int *left)
{
    *left += 1;
    defer {
        await bide_yield();
        *left -= 1;
    }
    await bide_sleep(BIDE_S(1000000));
    return 77;
}

/* A branch with a group in it. */
static async int late_two(int *p, int value, int times)
{
    int a = 0, b = 0;
    await bide_join(a = late(value, times), b = late(1, times / 2), late_set(p, value, times));
    return a * 10 + b;
}

static int plain_work(int a, int b)
{
    return a * 100 + b;
}

static async void late_add(int *p, int value, int times)
{
    while (times-- > 0)
        await bide_yield();
    *p += value;
}

static async void late_spawns(struct bide__scope *s, int *p, int times)
{
    await late(0, times);
    bide_scope_spawn(s, late_add(p, 5, times));
}

static async int twice(int value, int times)
{
    return await late(value, times) + value;
}

static bide_async_fn(int, int, int) const table[] = {bide_ref(late), bide_ref(twice)};

/* Cancelled by an error; *told gets a digit for each await that fails with it. */
static async bide_cancel_returns int polite(int *told, int times)
{
    int error = 0;
    while (times-- > 0)
        await bide_yield();
    error = await bide_sleep(BIDE_S(1000000));
    *told += error == -ECANCELED ? 1 : 300;
    error = await late(5, 3);
    *told += error == -ECANCELED ? 10 : 400;
    return error;
}

static async bide_cancel_returns int calls_polite(int *told, int times)
{
    int error = await polite(told, times);
    *told += error == -ECANCELED ? 100 : 500;
    return error;
}

static async bide_cancel_returns int polite_ends(int value, int times)
{
    int n = await late(value, times);
    await bide_yield();
    return n;
}
