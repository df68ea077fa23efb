/*
 * Included after the prelude when reduce.sh builds the erased program with gcc. It checks what must
 * hold for the erased program to stay an oracle for groups:
 *
 *  - Branches do not depend on each other. They run here from the last to the first, so the output
 *    changes when two of them touch the same memory.
 *  - The branch that decides a group comes last, and losers wait. A virtual clock checks that.
 *
 * The program ends with status 99 when this no longer holds.
 */
#include <unistd.h>

static struct {
    long long start, took[4];
    int waits[4], skipped[4], count;
} check_stack[200];
static int check_depth, check_waits, check_skipped;
static long long check_now;

static void check_that(int holds)
{
    if (!holds)
        _exit(99);
}

static void check_enter(void)
{
    check_that(++check_depth < 200);
    check_stack[check_depth].start = check_now;
    check_stack[check_depth].count = 0;
}

static void check_begin(void)
{
    check_now = check_stack[check_depth].start;
    check_waits = check_skipped = 0;
}

static void check_end(int i)
{
    check_stack[check_depth].took[i] = check_now - check_stack[check_depth].start;
    check_stack[check_depth].waits[i] = check_waits;
    check_stack[check_depth].skipped[i] = check_skipped;
    check_stack[check_depth].count++;
}

static void check_leave(int waits, long long took)
{
    check_now = check_stack[check_depth--].start + took;
    check_waits = waits;
    check_skipped = 0;
}

/* The group lasts as long as its longest branch. With `decides` only one branch may be that long,
 * and the others may wait. */
static void check_all(int decides)
{
    long long longest = -1;
    int waits = 0, alone = 0;
    for (int i = 0; i < check_stack[check_depth].count; i++) {
        long long took = check_stack[check_depth].took[i];
        alone = took > longest ? 1 : took == longest ? 0 : alone;
        longest = took > longest ? took : longest;
        waits |= check_stack[check_depth].waits[i];
    }
    check_that(!decides || (alone && longest > 0));
    check_leave(decides ? 0 : waits, longest);
}

static void check_first(int n)
{
    for (int i = 0; i < check_stack[check_depth].count; i++) {
        int out = check_stack[check_depth].waits[i] || check_stack[check_depth].skipped[i];
        check_that(i == n ? !out : out);
        check_that(n < 0 || i == n ||
                   check_stack[check_depth].took[i] < check_stack[check_depth].took[n]);
    }
    check_that(n < 0 || check_stack[check_depth].took[n] > 0);
    check_leave(0, n < 0 ? 0 : check_stack[check_depth].took[n]);
}

static void check_timeout(long long limit)
{
    check_that(!check_stack[check_depth].waits[0] == !limit &&
               (!limit || check_stack[check_depth].took[0] < limit));
    check_leave(0, limit ? limit : check_stack[check_depth].took[0]);
}

static void check_later(long long ms)
{
    check_that(ms > 0 && check_depth > 0);
    check_now += ms;
}

static int check_wait(void)
{
    check_that(check_depth > 0);
    check_waits = 1;
    return 0;
}

static void check_skip(void)
{
    check_skipped = 1;
}

#define RUN_ONE(i, b)               check_begin(), (void)(b), check_end(i)
#define RUN_1(a)                    RUN_ONE(0, a)
#define RUN_2(a, b)                 RUN_ONE(1, b), RUN_1(a)
#define RUN_3(a, b, c)              RUN_ONE(2, c), RUN_2(a, b)
#define RUN_4(a, b, c, d)           RUN_ONE(3, d), RUN_3(a, b, c)
#define RUN_NTH(a, b, c, d, e, ...) e
#define RUN_EACH(...)               RUN_NTH(__VA_ARGS__, RUN_4, RUN_3, RUN_2, RUN_1, 0)(__VA_ARGS__)

#undef FIRST
#undef FIRST_BIASED
#undef TRY
#undef WITHIN
#undef TOO_LATE
#undef NONE
#undef BIDE_MS
#undef BIDE_S
#undef bide_join
#undef bide_if
#define FIRST(n, ...)        (check_enter(), RUN_EACH(__VA_ARGS__), check_first(n), (n))
#define FIRST_BIASED(n, ...) FIRST(n, __VA_ARGS__)
#define NONE(...)            FIRST(-ENOENT, __VA_ARGS__)
#define TRY(n, ...)          (check_enter(), RUN_EACH(__VA_ARGS__), check_all((n) < 0), (n))
#define WITHIN(d, ...)       (check_enter(), RUN_1(__VA_ARGS__), check_timeout(0), 0)
#define TOO_LATE(d, ...)     (check_enter(), RUN_1(__VA_ARGS__), check_timeout(d), -ETIMEDOUT)
#define BIDE_MS(n)           (n)
#define bide_join(...)       (check_enter(), RUN_EACH(__VA_ARGS__), check_all(0))
#define bide_if(c, ...)      ((c) ? (void)(__VA_ARGS__) : check_skip())
#define later(ms)            check_later(ms)
#define later_i(ms, v)       (check_later(ms), (v))
#define wait_forever()       check_wait()
