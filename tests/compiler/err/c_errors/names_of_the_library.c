/* Behind some macros of the library are private functions; messages have the public name. */
#include <bide/bide.h>

static bide_mutex mutex;

async int forgotten(void)
{
    int rc = bide_mutex_lock(&mutex);
    bide_mutex_unlock(&mutex);
    return rc;
}
