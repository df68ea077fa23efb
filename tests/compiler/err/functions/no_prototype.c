#include <bide/bide.h>

/* flags: -Wno-strict-prototypes -Wno-deprecated-non-prototype -Wno-unknown-warning-option */
static async int one()
{
    await bide_yield();
    return 1;
}

async int two();
async int three();
async int three(int a, char *b);
static async int number(int a)
{
    await bide_yield();
    return a;
}

async int two_of(a, b) int a; char b;
{
    return a + b;
}

static async int takes(bide_async_fn(int) f)
{
    return await (*f)();
}

bide_async_fn(int) table[] = {bide_ref(one), bide_ref(number)};

async int main(void)
{
    bide_async_fn(int) f = bide_ref(number);
    int fine = await one() + await two() + await three(1, "") + await takes(bide_ref(one));
    fine += await one(7) + await two("x", 2) + await three(1);
    await bide_join(one(1), one());
    fine += await takes(bide_ref(number)) + (int)sizeof(await one(3));
    bide_future(int) later = bide_lazy(one(1));
    return fine + await bide_get(later) + await (*f)(1);
}

int plain(void)
{
    return bide_block_on(one(1, 2));
}
