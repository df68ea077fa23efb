/* The user's compiler checks the types of references. */
#include <bide/bide.h>

async int fetch(const char *url);

async int main(void)
{
    bide_async_fn(int, int) h = bide_ref(fetch);
    bide_async_fn(int, const char *) get = bide_ref(fetch);
    return await (*get)(1, 2) + await (*h)(3);
}
