/* A lock of threads held across an await. */
/* exit: 0 */
#include <bide/bide.h>
#include <pthread.h>
#include <stdio.h>

struct table {
    pthread_mutex_t mutex;
    pthread_rwlock_t *rows;
    int count;
};

#define CAPABILITY(x) __attribute__((x))
struct gate;
void table_unlock(struct table *t);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wthread-safety-attributes"
#endif
void gate_enter(struct gate *g) CAPABILITY(exclusive_lock_function(g));
void gate_leave(struct gate *g) CAPABILITY(unlock_function(g));
#pragma GCC diagnostic pop

async int add(struct table *t, int n)
{
    pthread_mutex_lock(&t->mutex);
    t->count += n;
    await bide_sleep(BIDE_MS(1));
    pthread_mutex_unlock(&t->mutex);
    return t->count;
}

async int each(struct table *t)
{
    for (int i = 0; i < t->count; i++) {
        pthread_rwlock_rdlock(&t->rows[i]);
        int n = await add(t, i);
        pthread_rwlock_unlock(&t->rows[i]);
        if (n < 0)
            break;
    }
    flockfile(stdout);
    await bide_yield();
    funlockfile(stdout);
    return 0;
}

async int through(struct gate *g)
{
    gate_enter(g);
    await bide_yield();
    gate_leave(g);
    return 0;
}

/* Nothing is wrong with these. */
async int released(struct table *t, int n)
{
    pthread_mutex_lock(&t->mutex);
    if (t->count > n) {
        pthread_mutex_unlock(&t->mutex);
        return await bide_sleep(BIDE_MS(1));
    }
    t->count += n;
    pthread_mutex_unlock(&t->mutex);
    await bide_yield();
    if (n)
        pthread_mutex_lock(&t->mutex);
    t->count++;
    if (n)
        pthread_mutex_unlock(&t->mutex);
    await bide_yield();
    while (pthread_mutex_trylock(&t->mutex) != 0)
        await bide_yield();
    pthread_mutex_unlock(&t->mutex);
    pthread_mutex_lock(&t->mutex);
    table_unlock(t);
    await bide_yield();
    gate_enter(NULL);
    gate_leave(NULL);
    return await bide_sleep(BIDE_MS(1));
}
