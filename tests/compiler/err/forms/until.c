/* A macro of the library is named in messages, not the form of which it is made. */
#include <bide/bide.h>

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;

static async int work(void)
{
    await bide_yield();
    return 0;
}

async int main(void)
{
    bide_token *token = NULL;
    int r = 0;
    await bide_until_shutdown(&stop, await work());
    await bide_until_cancelled(token, r = await work());
    await bide_until_shutdown(&stop, 3);
    bide_until_cancelled(token, r = work());
    await bide_select_biased(work(), await work());
    await bide_select_biased(r = bide_shutdown_wait(&stop), await work(), work());
    return r;
}
