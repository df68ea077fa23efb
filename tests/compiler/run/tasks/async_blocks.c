/* Async blocks: captures by value, const, arrays whole; static variables by reference; nested blocks;
 * results; types of the enclosing function. */
#include "../step.h"
#include <string.h>

struct pair {
    int a, b;
};

static int global = 1;

static async int blocks(int x, const char *text)
{
    int array[3] = {1, 2, 3}, out = 0;
    struct pair p = {x, 5};
    char word[8] = "word";
    static int calls;
    const int fixed = 7;
    double d = 0.5;
    struct local {
        long l;
        int grid[2][2];
    } local = {9, {{1, 2}, {3, 4}}};
    typedef struct local alias;
    enum { TEN = 10 } ten = TEN;

    bide_task(int) a = bide_spawn(async({
        int sum = 0;
        for (int i = 0; i < 3; i++)
            sum += await step(array[i]);
        calls++;
        global++;
        sum + x + p.b + fixed;
    }));
    bide_task(int) b = bide_spawn(async({
        await step(0);
        printf("%s %s %.1f %ld %d\n", text, word, d, local.l, local.grid[1][0]);
        (int)strlen(word);
    }));
    x = 100;
    array[0] = 100;
    p.b = 100;
    word[0] = 'W';
    local.l = 100;
    int err = await bide_task_join(a, &out);
    err |= await bide_task_wait(b); /* it has printed */
    printf("%d %d %d %d\n", err, out, calls, global);
    err = await bide_task_join(b, &out);
    printf("%d %d\n", err, out);

    bide_task(int) c = bide_spawn(async({
        int inner = 0;
        bide_task(int) deeper = bide_spawn(async({
            calls += await step(10);
            alias other = local;
            await step(0);
            x + (int)other.l + (int)ten;
        }));
        int e = await bide_task_join(deeper, &inner);
        inner + e;
    }));
    err = await bide_task_join(c, &out);
    printf("%d %d %d\n", err, out, calls);

    struct pair result = {0, 0};
    bide_task(struct pair) s = bide_spawn(async({ (struct pair){await step(x), p.a}; }));
    err = await bide_task_join(s, &result);
    printf("%d %d %d %s\n", err, result.a, result.b, word);

    bide_task(void) v = bide_spawn(async({
        defer { printf("deferred "); }
        if (x == 100) {
            await step(1);
            printf("in a block ");
        }
    }));
    err = await bide_task_wait(v);
    printf("%d\n", err);
    return calls;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await blocks(3, "text"));
    return 0;
}
