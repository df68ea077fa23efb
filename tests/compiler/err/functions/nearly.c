/* A call of a name that is not declared: what is nearly called so. */
#include <bide/bide.h>

static async int fetch_page(int n)
{
    await bide_yield();
    return n;
}

static int plain_page(int n)
{
    return n;
}

async int main(void)
{
    bide_stream *s = NULL;
    int r = await bide_tcp_conect("localhost", 80, &s);
    r += await bide_tcp_connnect("localhost", 80, &s);
    r += await fecth_page(1);
    r += await fetch_pages(2) + await fetch_pages(3);
    r += await plain_pages(2);
    r += await something_else(1);
    r += await x(1);
    bide_task(int) h = bide_spawn(fetchpage(4));
    return r + plain_page(r) + await bide_task_wait(h) + bide_block_on(fetch_pag(5));
}
