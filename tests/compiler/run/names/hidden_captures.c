/* flags: -Wno-shadow */
/* Declarations of an async block that hide what it has captured. */
#include "../step.h"

#include <stdlib.h>
#include <string.h>

struct list {
    int a[4];
};

static async int say(int n)
{
    await step(n);
    printf("%d ", n);
    return n;
}

static async int of_tasks(int m)
{
    int n = 0, total = 0;
    bide_task(int) task = bide_spawn(async ({
        int k = m;
        await say(1);
        int m = 5;
        m += k;
        await say(m);
        m;
    }));
    total += await bide_task_join(task, &n) + n;
    task = bide_spawn(async ({
        if (m)
            await say(m);
        int n = m;
        await say(n);
        bide_task(int) inner = bide_spawn(async ({
            int k = n;
            int n = k + m, m = n;
            await say(m);
        }));
        await bide_task_wait(inner);
        n;
    }));
    total += await bide_task_join(task, &n) + n;
    await say(0);
    return total;
}

static async int of_a_future(int m, const char *text)
{
    char buf[8] = "abc";
    struct list b = {{1, 2, 3, 4}};
    bide_future(int) f = bide_lazy(async ({
        int k = m;
        defer { printf("<%d> ", k); }
        await say(m);
        {
            await say(m + 1);
            int m = 7;
            await say(m);
        }
        await say(m);
        char *m = strdup(buf);
        defer
        {
            free(m);
            await say(k);
        }
        await say((int)strlen(m));
        for (int i = 0; i < 2; i++)
            await say(b.a[i]);
        double b = 2.5;
        await say((int)(b * 2));
        k + (int)b + (int)strlen(text);
    }));
    return await bide_get(f);
}

static async int of_other_names(int m)
{
    struct list b = {{1, 2, 3, 4}};
    bide_future(int) f = bide_lazy(async ({
        int k = b.a[3] + m;
        enum { b = 3, text };
        await say(b);
        typedef int m;
        await say((m)text);
        k;
    }));
    return await bide_get(f);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d\n", await of_tasks(2));
        printf("%d\n", await of_a_future(2, "xyz"));
        printf("%d\n", await of_other_names(2));
    }
    return 0;
}
