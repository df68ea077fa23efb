#include <bide/bide.h>

async int fetch(const char *url);

int plain(void)
{
    return await fetch("a");
}

int global = await fetch("b");

static int wait_too(void)
{
    await bide_yield();
    return bide_task_wait(NULL);
}
