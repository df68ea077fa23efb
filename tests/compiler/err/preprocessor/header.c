#include <bide/bide.h>
#include "header.h"

async int uses(void)
{
    return from_header(1) + WRAPPED(2);
}
