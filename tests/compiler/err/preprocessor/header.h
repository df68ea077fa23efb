#ifndef ERR_HEADER_H
#define ERR_HEADER_H

#include <bide/lang.h>

#define WRAPPED(n) from_header(n)

bide_async int from_header(int n);

static inline bide_async int in_header(int n)
{
    return from_header(n) + 1;
}
#endif
