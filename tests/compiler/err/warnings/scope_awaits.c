/* The end of a scope awaits. exit: 0 */
#include <bide/bide.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
async int work(char *p);
async int f(pthread_mutex_t *m)
{
    char *p = malloc(3);
    int error = 0;
    pthread_mutex_lock(m);
    bide_try_scope(s, error) {
        bide_scope_spawn(s, work(p));
    }
    pthread_mutex_unlock(m);
    free(p);
    if (fopen("/x", "r") == NULL) {
        bide_scope(s) {
            bide_scope_spawn(s, work(NULL));
        }
        return errno;
    }
    return error;
}
