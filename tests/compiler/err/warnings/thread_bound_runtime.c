/* The runtime that the file chooses has several threads: which spawns may move. */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <stdio.h>
#include <string.h>

bide_runtime(multi_thread);

static async int told(int rc)
{
    const char *text = strerror(rc);
    await bide_yield();
    return puts(text);
}

static async int low(int rc)
{
    const char *text = strerror(rc);
    await bide_yield();
    return puts(text);
}

static async int on(int rc)
{
    const char *text = strerror(rc);
    await bide_yield();
    return puts(text);
}

static async int stays(int rc)
{
    const char *text = strerror(rc);
    await bide_yield();
    return puts(text);
}

static async int keeps(int rc)
{
    bide_spawn_local(stays(rc)); /* also in a task that moves */
    await bide_yield();
    return 0;
}

async int main(void)
{
    struct bide_runtime *rt = NULL;
    bide_spawn(told(1));
    bide_spawn_low(low(2));
    bide_spawn_on(rt, on(3)); /* rt may have one thread */
    bide_spawn_local(stays(4));
    bide_spawn(keeps(5));
    return await stays(6);
}
