/* Attributes that an async function cannot have.
 * flags: -Wall */
#include <bide/bide.h>

__attribute__((constructor)) async void begin(void);
async int other(int n) __attribute__((alias("real")));
