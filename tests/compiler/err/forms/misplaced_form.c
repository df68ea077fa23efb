/* A form is no type, so it cannot be a parameter's. */
#include <bide/bide.h>

async int work(int n);
int (*pointer)(bide_join);
