// Calls whose arguments, names or all parts are from macros: the marked text ends with the call; a
// fix-it is offered if everything that it changes is in the file, else the macro is named.
#include <bide/bide.h>

#define W work
#define CALL(f, a) f a
#define TWICE(a) ((a) + (a))
#define CHECK(x) do { if ((x) != 0) stop(#x); } while (0)
#define ALL work(3)
#define P(x) ((x) * 2 + 1)
#define NONE
#define OPEN {
#define CLOSE }
#define SAME(work) work(4) + work(5)
#define KEEP(x) x

void stop(const char *);
async int work(int);
struct s {
    int k;
};
async struct s *get(int);
typedef bide_async_fn(int, int) step;

async int f(int n, step h)
{
    work(P(n)); work(P(P(1)));
    W(2); work(2);
    int x = TWICE(work(1)) + work(P(2)), y = P(n) + work(P(3)) + P(P(n)) + work(1);
    CALL(work, (1)); work(9);
    CHECK(work(P(2)) + work(P(n)));
    ALL; work(
        P(3));
    CHECK(work(
        P(3))); work(8);
    NONE NONE work(P(NONE 1)) NONE; work(2);
    if (n) OPEN work(P(1)); CLOSE else OPEN work(P(2)); CLOSE
    x += SAME(work) + work(P(6));
    x += await get(P(1))->k + P(await get(P(2))->k);
    x += KEEP(KEEP(work(P(1)) + KEEP(work(2)))) + KEEP(work)(7);
    x += await h(P(1)) + P(h(P(2)));
    return x + y;
}

int g(void)
{
    return work(P(8)) + P(work(P(8))) + W(1);
}
