/* A form is not a type, so a parameter cannot have it. */
#include <bide/bide.h>

async int work(int n);
int (*pointer)(bide_join);
