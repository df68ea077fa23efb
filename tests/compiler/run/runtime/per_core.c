/* bide_runtime(thread_per_core): main on core 0, tasks on the others. */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

bide_runtime(thread_per_core);

static async int where(int n)
{
    await bide_yield();
    return n * 10 + (int)bide_core();
}

async int main(void)
{
    uint32_t cores = bide_runtime_cores(bide_runtime_current());
    int n = 0, error = 0;
    for (uint32_t i = 0; i < cores; i++) {
        bide_task(int) h = bide_spawn_at(i, where((int)i));
        error = await bide_task_join(h, &n);
        if (error != 0 || n != (int)(i * 11))
            printf("core %u: %d %d\n", i, error, n);
    }
    bide_task(int) none = bide_spawn_at(cores, where(1));
    printf("%d %u\n", await bide_task_wait(none) == -EINVAL, bide_core());
    return 0;
}
