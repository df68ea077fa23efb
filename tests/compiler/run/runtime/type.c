/* bide_runtime is a type where no parenthesis follows, and the word where one does. */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

typedef bide_runtime *runtime_pointer;

bide_runtime(current_thread);

static bide_runtime *kept;

struct home {
    bide_runtime *runtime;
    const bide_runtime *(*find)(void);
};

static const bide_runtime *found(void)
{
    return kept;
}

static async int twice(int n)
{
    await bide_yield();
    return 2 * n;
}

static async int on(bide_runtime *rt, int n)
{
    bide_runtime *same = (bide_runtime *)(void *)rt;
    bide_task(int) task = bide_spawn_on(same, twice(n));
    int doubled = 0, r = await bide_task_join(task, &doubled);
    return r == 0 ? doubled : r;
}

async int main(void)
{
    struct home home = {bide_runtime_current(), found};
    runtime_pointer none = NULL;

    kept = home.runtime;
    await bide_yield();
    printf("%d\n", await on(home.runtime, 21));
    printf("%d\n", await on(none, 21) == -EINVAL);
    printf("%d\n", home.find() == kept && sizeof(bide_runtime *) == sizeof none);
    return 0;
}
