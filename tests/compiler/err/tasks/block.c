#include <bide/bide.h>

async int work(int n);

async int captures(void)
{
    int n = 3;
    char text[4] = "abc";
    bide_task(int) task = bide_spawn(work(1));
    bide_spawn(async ({ n++; text[0] = 'x'; await work(n); }));
    bide_spawn(async ({ await bide_task_wait(task); }));
    for (int i = 0; i < 3; i++) {
        bide_spawn(async ({
            if (i)
                return i;
            if (n)
                goto out;
            break;
            0;
        }));
    }
    async ({ n; });
out:
    return n;
}
