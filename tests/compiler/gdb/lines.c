/* Plain statements of each kind round awaits, with locals that live in the frame. Without the words
 * `async` and `await` it is plain C. */
#ifdef PLAIN
#define async
#define await
static int bide_yield(void) { return 0; }
#else
#include <bide/bide.h>
#endif

static int same(int n)
{
    return n;
}

static int set(int *p, int n)
{
    *p = n;
    return n;
}

static async int lines(int n)
{
    int r = 0, sum = 0, *pn = &n, *pr = &r, *ps = &sum;
    await bide_yield();
    if (r < 0)
        return r;
    await bide_yield();
    if (n) {
        sum++;
        sum += 2;
    }
    if (n < 0) {
        sum++;
    }
    if (set(&r, 0))
        sum++;
    else
        sum--;
    if (set(&r, 1) == 2) {
        return r;
    }
    if (r == 2) {
        sum++;
    } else if (set(&r, 2) == 3) {
        sum = 10;
    } else {
        r = 0;
        sum += 2;
    }
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            continue;
        sum += i;
    }
    while (n > 0) {
        n--;
        if (n == 1)
            break;
    }
    for (int i = 0; i < 2; i++)
        sum += i;
    while (same(n) < 2)
        n++;
    while (set(&r, n + 1) < 5) {
        n++;
        await bide_yield();
    }
    n = 2;
    switch (n) {
    case 2:
        sum += 3;
        break;
    default:
        sum = 0;
    }
    switch (r) {
    case 2:
        sum += 3;
    }
    do {
        n--;
        if (n == 1)
            continue;
        sum++;
    } while (n > 0);
    await bide_yield();
    {
        int before = n;
        n = before + 1;
    }
    for (;;) {
        sum++;
        if (sum > 12)
            break;
        await bide_yield();
    }
    return *pn + *pr + *ps;
}

async int main(void)
{
    int n = await lines(3);
    return n == 0;
}
