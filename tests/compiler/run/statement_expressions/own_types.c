/* The value of a statement expression may have a type that is declared in it. */
#include "../step.h"

static async int members(int n)
{
    int sum = ({
        struct {
            int x, y;
        } p = {await step(1), n};
        p;
    }).y;
    sum += ({
        struct pair {
            int x;
            enum { ONE = 1, TWO } e;
        } p = {n, TWO};
        await step(0);
        p;
    }).x;
    sum += ({
        union {
            char c[4];
            int whole;
        } u = {"abc"};
        u;
    }).c[await step(1)];
    return sum + ({
               enum { SOME = 7 } e = SOME;
               await step(0);
               e;
           });
}

static int plain(int n)
{
    int value = ({
        struct pair {
            int x;
        } p = {n};
        defer { n++; }
        p;
    }).x;
    return value + n;
}

static async int chosen(int n)
{
    struct pair {
        int x;
    } first = {n};
    return (n ? ({
               await step(0);
               first;
           })
              : ({
                    struct pair copy = first;
                    copy.x += await step(2);
                    copy;
                })).x;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d %d\n", await members(5), plain(3), await chosen(1), await chosen(0));
    return 0;
}
