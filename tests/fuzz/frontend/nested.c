/* Deep, unclosed, and in each other. */
#include <bide/bide.h>

async int f(int n);
async int f(int n)
{
    int a = ((((((((((((((((((((((((((((((((((((((((await f(({ ({ ({ ({ defer { switch (n) { case ({
    bide_task(int) t = bide_spawn(async({ await bide_join(n = f(bide_spawn(async({ for (;;
