/*
 * list.c: see list.h. Debuggers begin at bide__runtimes (tools/gdb/bide-gdb.py). In a child of
 * fork() the list begins anew: it cannot use, nor free, the runtimes of its parent.
 */
#include "runtime/list.h"

#include "runtime/options.h"

#include <bide/testing.h>

extern struct bide_runtime *bide__runtimes;
struct bide_runtime *bide__runtimes;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void start_anew(void)
{
    pthread_mutex_init(&mutex, NULL);
    bide__runtimes = NULL;
}

bool bide__list_add(struct bide_runtime *rt)
{
    bide__fork_tells(start_anew);
    pthread_mutex_lock(&mutex);
    if (rt->options->start_paused && !bide__time_is_virtual()) {
        if (bide__runtimes != NULL) {
            pthread_mutex_unlock(&mutex);
            return false;
        }
        bide_test_time_virtual();
    }
    rt->next = bide__runtimes;
    if (rt->next != NULL)
        rt->next->previous = rt;
    bide__runtimes = rt;
    pthread_mutex_unlock(&mutex);
    return true;
}

void bide__list_remove(struct bide_runtime *rt)
{
    pthread_mutex_lock(&mutex);
    if (rt->next != NULL)
        rt->next->previous = rt->previous;
    if (rt->previous != NULL)
        rt->previous->next = rt->next;
    else
        bide__runtimes = rt->next;
    pthread_mutex_unlock(&mutex);
}

void bide__list_show(struct bide_runtime *rt)
{
    pthread_mutex_lock(&mutex);
    rt->is_shown = true;
    pthread_mutex_unlock(&mutex);
}

void bide__list_each(void (*f)(struct bide_runtime *rt, void *argument), void *argument)
{
    pthread_mutex_lock(&mutex);
    for (struct bide_runtime *rt = bide__runtimes; rt != NULL; rt = rt->next)
        if (rt->is_shown)
            f(rt, argument);
    pthread_mutex_unlock(&mutex);
}
