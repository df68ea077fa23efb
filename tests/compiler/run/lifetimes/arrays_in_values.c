/* An array in a struct that is a value: a pointer to it is valid to the end of the full expression,
 * wherever the value came from. */
#include "../step.h"

struct three {
    int at[3];
};

struct view {
    const int *at;
};

static struct three make(int x) { return (struct three){{x, x + 1, x + 2}}; }

static const int *same(const int *p) { return p; }

/* Overwrites the part of the C stack where a value without a variable would have been. */
static void scribble(void)
{
    volatile char stack[512];
    for (unsigned i = 0; i < sizeof stack; i++)
        stack[i] = (char)0x5a;
}

static async int sum(const int *p)
{
    scribble();
    await step(0);
    scribble();
    return p[0] * 100 + p[1] * 10 + p[2];
}

static async int sum_view(struct view v) { return await sum(v.at); }

static async const int *later(const int *p)
{
    await step(0);
    return p;
}

static async int chosen(int c, const int *p)
{
    int r = await sum(c ? make(1).at : p);
    r += await sum(c ? p : make(2).at);
    r += await sum(c ? make(c).at : make(c + 4).at);
    r += await sum(same(c ? same(make(3).at) : p));
    r += await sum(c ? make(2).at : await later(p));
    r += await sum(c > 0 ? c > 1 ? make(1).at : make(2).at : make(3).at);
    return r;
}

static async int handed_on(int c, const int *p)
{
    const int *q = NULL;
    int r = await sum(q = make(1).at);
    r += await sum((c++, make(c).at));
    r += await sum((q = make(2).at, same(q)));
    r += await sum((q = make(3).at, await step(1), q));
    r += (q = make(4).at, await step(0), scribble(), q[0] + q[2]);
    q = make(5).at, r += await step(1), scribble(), r += q[1];
    r += await sum_view((struct view){make(1).at});
    r += await sum((const struct view[]){{p}, {make(3).at}}[1].at);
    r += await sum(_Generic(c, int: make(4).at, default: p));
    r += await sum(make(1).at ?: p);
    r += await step(make(7).at[0]) + *same(make(c).at);
    return r + c;
}

static async int forever(int n)
{
    await bide_sleep(BIDE_S(1000));
    return n;
}

static bide_task(int) begin(const int *p)
{
    return bide_spawn(forever(*p));
}

/* A task whose value is dropped before a comma is released. */
static async int unwanted(int c)
{
    begin(make(c).at), await step(1);
    return (begin(make(c).at), await step(c));
}

async int main(void)
{
    static const int own[3] = {7, 8, 9};
    for (suspends = 0; suspends < 2; suspends++)
        for (int c = 0; c < 3; c++)
            printf("%d %d %d\n", await chosen(c, own), await handed_on(c, own), await unwanted(c));
    return 0;
}
