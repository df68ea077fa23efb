/* Plain C that blocks on async functions in several threads, and a chain that is polled by hand, in
 * another thread each time. */
#include <bide/bide.h>
#include <bide/core.h>
#include <pthread.h>
#include <stdio.h>

async int twice(int n)
{
    int sum = n;
    await bide_sleep(BIDE_MS(5 + n));
    sum += n;
    await bide_sleep(BIDE_MS(5));
    return sum;
}

static async void hop(int n)
{
    int seen = n;
    await bide_yield();
    seen++;
    await bide_yield();
    seen++;
    printf("%d\n", seen);
}

static void *block(void *p)
{
    int *n = p;
    *n = bide_block_on(twice(*n));
    return p;
}

static void no_wake(struct bide_wakeable *w, unsigned branch)
{
    (void)w, (void)branch;
}

static void no_count(struct bide_wakeable *w)
{
    (void)w;
}

static const struct bide_waker_vtable vtable = {no_count, no_wake, no_wake, no_count};
static struct bide_wakeable wakeable = {.vtable = &vtable};
static struct bide_chain chain;
static _Alignas(16) char room[4096];

static void *poll(void *p)
{
    struct bide_turn turn = {.woken = UINT32_MAX, .budget = 100};
    struct bide_cx cx = {
        .chain = &chain, .waker = bide_waker_make(&wakeable, 0), .turn = &turn};
    return bide_chain_poll(&cx) == BIDE_READY ? NULL : p;
}

int main(void)
{
    pthread_t t[3];
    int n[3] = {1, 2, 3};
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, block, &n[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    int last = bide_block_on(twice(10));
    last += n[0] + n[1] + n[2];

    const struct bide_fn *fn = (const struct bide_fn *)bide_ref(hop);
    bide_chain_init(&chain, room, sizeof room, NULL);
    *(int *)bide_chain_begin(&chain, fn) = 40;
    for (void *more = &chain; more != NULL;) {
        pthread_create(&t[0], NULL, poll, &chain);
        pthread_join(t[0], &more);
    }
    return last - 32;
}
