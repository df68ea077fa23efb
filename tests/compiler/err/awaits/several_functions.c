#include <bide/bide.h>

async int work(int n);

static async int one(void)
{
    return work(1);
}

int global = bide_block_on(work(3));

async int main(void)
{
    bide_spawn(async ({ work(2); }));
    return await one();
}
