#include <bide/bide.h>

async int work(char *p);

async int made_of_a_variable(int n)
{
    typedef int wide __attribute__((aligned(64)));
    wide w = n;
    char c __attribute__((aligned(__alignof__(w)))) = 1;
    return await work(&c) + w;
}
