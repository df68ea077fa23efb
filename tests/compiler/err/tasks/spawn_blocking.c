/* bide_spawn_blocking is for calls of plain functions. */
#include <bide/bide.h>

async int fetch(int n);
int plain(int n);
bide_task(int) global = bide_spawn_blocking(plain(1));

async int main(void)
{
    bide_task(int) h = bide_spawn_blocking(fetch(1));
    bide_task(int) value = bide_spawn_blocking(3);
    bide_task(double) other = bide_spawn_blocking(plain(2));
    return await bide_spawn_blocking(plain(3));
}
