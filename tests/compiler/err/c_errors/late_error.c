/* An error that gcc finds only when it generates code is reported as one of the file. */
#include <bide/bide.h>

async int work(int n)
{
    __builtin_va_list list;
    __builtin_va_start(list, n);
    await bide_yield();
    return n;
}
