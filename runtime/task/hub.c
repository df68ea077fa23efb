/*
 * hub.c: see task.h.
 */
#include "runtime/task/inside.h"

#include "runtime/task/meter.h"

int bide__hub_new(struct bide__hub **out, struct bide__driver *driver,
                  void (*wake)(struct bide__driver *driver))
{
    struct bide__hub *hub = bide__alloc(sizeof(*hub));
    if (hub == NULL)
        return -ENOMEM;
    *hub = (struct bide__hub){.wake = wake, .driver = driver};
    hub->tasks.hub = hub->outside.hub = hub;
    hub->tasks.spares_all = hub->outside.spares_all = &hub->spares_all;
    hub->posts_end = &hub->posts;
    hub->due_end = &hub->due;
    pthread_mutex_init(&hub->mutex, NULL);
    *out = hub;
    return 0;
}

int bide__hub_add_slabs(struct bide__hub *hub, unsigned count)
{
    size_t slabs_size = count * sizeof(*hub->slabs), tallies_size = count * sizeof(*hub->tallies);
    struct bide__slab *slabs = bide__alloc(slabs_size);
    struct bide__tally *tallies = bide__door.alloc(tallies_size, _Alignof(struct bide__tally));

    if (slabs == NULL || tallies == NULL) {
        bide__free(slabs, slabs_size);
        bide__free(tallies, tallies_size);
        return -ENOMEM;
    }
    hub->slabs = memset(slabs, 0, slabs_size);
    hub->tallies = memset(tallies, 0, tallies_size);
    hub->slab_count = count;
    for (unsigned i = 0; i < count; i++) {
        hub->slabs[i].hub = hub;
        hub->slabs[i].home = i;
        hub->slabs[i].spares_all = &hub->spares_all;
    }
    return 0;
}

struct bide__slab *bide__hub_add_slab(struct bide__hub *hub, unsigned home)
{
    struct bide__slab *slab = bide__alloc(sizeof(*slab));

    if (slab == NULL)
        return NULL;
    memset(slab, 0, sizeof(*slab));
    slab->hub = hub;
    slab->home = home;
    slab->spares_all = &hub->spares_all;
    pthread_mutex_lock(&hub->mutex);
    slab->next = hub->more;
    hub->more = slab;
    pthread_mutex_unlock(&hub->mutex);
    return slab;
}

void bide__hub_remove_slab(struct bide__hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    struct bide__slab *slab = hub->more;
    hub->more = slab->next;
    pthread_mutex_unlock(&hub->mutex);
    bide__free(slab, sizeof(*slab));
}

void bide__hub_keep(struct bide__hub *hub, struct bide__kept *kept, size_t size)
{
    *kept = (struct bide__kept){.next = hub->kept, .size = size};
    hub->kept = kept;
}

void bide__hub_each(struct bide__hub *hub, void (*f)(void *block, void *argument), void *argument)
{
    bide__slab_each(&hub->tasks, f, argument);
    bide__outside_each(hub, f, argument);
    for (unsigned i = 0; i < hub->slab_count; i++)
        bide__slab_each(&hub->slabs[i], f, argument);
    for (struct bide__slab *slab = hub->more; slab != NULL; slab = slab->next)
        bide__slab_each(slab, f, argument);
}

size_t bide__hub_alive(const struct bide__hub *hub)
{
    size_t begun, ended = 0;

    /* First those that ended: who sees an end sees the beginning. */
    for (unsigned i = 0; i < hub->slab_count; i++)
        ended += atomic_load_explicit(&hub->tallies[i].ended, memory_order_acquire);
    begun = atomic_load_explicit(&hub->alive, memory_order_acquire);
    for (unsigned i = 0; i < hub->slab_count; i++)
        begun += atomic_load_explicit(&hub->tallies[i].begun, memory_order_acquire);
    return begun - ended;
}

uint64_t bide__hub_made(const struct bide__hub *hub)
{
    uint64_t made = atomic_load_explicit(&hub->made, memory_order_acquire);

    for (unsigned i = 0; i < hub->slab_count; i++)
        made += atomic_load_explicit(&hub->tallies[i].begun, memory_order_acquire);
    return made;
}

/* Takes what other threads have given back. Returns the number of blocks in use. */
static size_t blocks(struct bide__hub *hub)
{
    bide__quiet_begin(hub->slab_count > 0);
    bide__slab_drain(&hub->tasks);
    bide__slab_drain(&hub->outside);
    size_t sum = hub->tasks.blocks + hub->outside.blocks;
    for (unsigned i = 0; i < hub->slab_count; i++) {
        bide__slab_drain(&hub->slabs[i]);
        sum += hub->slabs[i].blocks;
    }
    for (struct bide__slab *slab = hub->more; slab != NULL; slab = slab->next) {
        bide__slab_drain(slab);
        sum += slab->blocks;
    }
    bide__quiet_end(hub->slab_count > 0);
    return sum;
}

void bide__hub_free(struct bide__hub *hub)
{
    bide__slab_end(&hub->tasks);
    bide__slab_end(&hub->outside);
    bide__locals_free(hub);
    for (unsigned i = 0; i < hub->slab_count; i++)
        bide__slab_end(&hub->slabs[i]);
    while (hub->more != NULL) {
        bide__slab_end(hub->more);
        bide__hub_remove_slab(hub);
    }
    while (hub->kept != NULL) {
        struct bide__kept *kept = hub->kept;
        hub->kept = kept->next;
        bide__free(kept, kept->size);
    }
    bide__free(hub->slabs, hub->slab_count * sizeof(*hub->slabs));
    bide__free(hub->tallies, hub->slab_count * sizeof(*hub->tallies));
    for (struct bide__flock *f = hub->flocks, *next; f != NULL;
         f = next) { /* sets that outlive it */
        next = f->next != hub->flocks ? f->next : NULL;
        f->hub = NULL;
    }
    pthread_mutex_destroy(&hub->mutex);
    bide__free(hub, sizeof(*hub));
}

/* ---- the owner ---- */

/* What a handle refers to whose release may release others: a future that never began, with what
 * its arguments own; or what has ended with a result that is an owner. */
static bool drops_others(const struct bide__task *task)
{
    if (!bide__state_done(&task->wake.state))
        return bide__future_is_fresh(task);
    return task->end.fn != NULL && task->end.fn->release != NULL;
}

/* Links what is to be dropped. A future that has ended may be in the run queue, but its result is
 * never in `value`. */
static void **drop_link(struct bide__task *task)
{
    if (bide__state_is_future(&task->wake.state) && bide__state_done(&task->wake.state))
        return (void **)(void *)&task->end.value;
    return &task->wake.next;
}

/* With the mutex: does what other threads asked of the tasks in this chunk. */
static void take_marks(struct bide__worker *worker, struct bide__chunk *chunk)
{
    atomic_store_explicit(&chunk->marked, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < BIDE__CHUNK_BLOCKS / 64; i++) {
        uint64_t aborts = chunk->aborts[i], releases = chunk->releases[i];
        chunk->aborts[i] = chunk->releases[i] = 0;
        for (; aborts != 0; aborts &= aborts - 1) {
            uint32_t n = i * 64 + (uint32_t)__builtin_ctzll(aborts);
            struct bide__task *task = bide__chunk_block(chunk, n);
            if (!bide__state_done(&task->wake.state))
                bide__task_cancel(worker, task, false);
        }
        for (; releases != 0; releases &= releases - 1) {
            uint32_t n = i * 64 + (uint32_t)__builtin_ctzll(releases);
            struct bide__task *task = bide__chunk_block(chunk, n);
            if (drops_others(task)) {
                *drop_link(task) = chunk->hub->drops;
                chunk->hub->drops = task;
            } else if (bide__state_is_future(&task->wake.state)) {
                bide__future_let_go(worker, task);
            } else if (bide__state_release(&task->wake.state)) {
                bide__task_free(task);
            }
        }
    }
}

static void take_all_marks(struct bide__worker *worker, struct bide__slab *slab)
{
    struct bide__chunk *after;

    for (struct bide__chunk *c = slab->chunks; c != NULL; c = after) {
        bide__chunk_hold(c);
        if (atomic_load_explicit(&c->marked, memory_order_relaxed))
            take_marks(worker, c);
        after = c->next;
        bide__chunk_let_go(slab, c);
    }
}

/* With the mutex, which is held to the end: a chunk must not be freed while another thread marks
 * it, and nothing may come between this and the leaving of the owner. worker NULL: the owner
 * leaves. Returns how many tasks were spawned; they are in the worker's queue, one after another
 * from *spawned on. */
static size_t take(struct bide__hub *hub, struct bide__worker *worker, struct bide__task **spawned)
{
    struct bide__task *future;
    size_t count = bide__outside_take(hub, worker, spawned);

    if (worker != NULL && hub->woken.first != NULL)
        bide__queue_append(&worker->queue, &hub->woken);
    /* Otherwise all tasks are DONE, so what was woken is a future that has ended. */
    while ((future = bide__queue_pop(&hub->woken)) != NULL) {
        BIDE__ASSERT(bide__state_done(&future->wake.state), "hub: close: a task was woken");
        if (bide__state_unref(&future->wake.state))
            bide__task_free(future);
    }

    if (hub->asked) {
        take_all_marks(worker, &hub->tasks);
        take_all_marks(worker, &hub->outside);
    }
    hub->asked = false;

    if (hub->posts != NULL) {
        *hub->due_end = hub->posts;
        hub->due_end = hub->posts_end;
        hub->posts = NULL;
        hub->posts_end = &hub->posts;
    }

    while (hub->dead != NULL) {
        struct bide__task *dead = hub->dead;
        hub->dead = dead->wake.next;
        bide__task_free(dead);
    }
    atomic_store_explicit(&hub->pending, false, memory_order_relaxed);
    return count;
}

/* Without the mutex: what is dropped may own others. */
static void drop_all(struct bide__hub *hub, struct bide__worker *worker)
{
    while (hub->drops != NULL) {
        struct bide__task *task = hub->drops;
        hub->drops = *drop_link(task);
        if (bide__state_is_future(&task->wake.state))
            bide__future_let_go(worker, task);
        else
            bide__task_discard(worker, task);
    }
}

void bide__hub_take(struct bide__hub *hub, struct bide__worker *worker)
{
    struct bide__task *spawned;

    pthread_mutex_lock(&hub->mutex);
    size_t count = take(hub, worker, &spawned);
    pthread_mutex_unlock(&hub->mutex);
    if (__builtin_expect(worker->watched, 0))
        for (; count > 0; count--, spawned = spawned->wake.next)
            bide__task_spawned(worker->runtime, spawned, NULL);
    drop_all(hub, worker);
}

void bide__hub_read(struct bide__hub *hub)
{
    struct bide__post *post;
    while ((post = hub->due) != NULL) {
        hub->due = post->next;
        if (hub->due == NULL)
            hub->due_end = &hub->due;
        post->run(post);
    }
}

void bide__hub_read_shared(struct bide__hub *hub)
{
    struct bide__post *post;

    pthread_mutex_lock(&hub->mutex);
    atomic_store_explicit(&hub->pending, false, memory_order_relaxed);
    if (hub->reading) {
        pthread_mutex_unlock(&hub->mutex);
        return;
    }
    hub->reading = true;
    while ((post = hub->posts) != NULL) {
        hub->posts = post->next;
        if (hub->posts == NULL)
            hub->posts_end = &hub->posts;
        pthread_mutex_unlock(&hub->mutex);
        post->run(post);
        pthread_mutex_lock(&hub->mutex);
    }
    hub->reading = false;
    pthread_mutex_unlock(&hub->mutex);
}

/* Something is left to do before it is closed. */
static bool is_busy(struct bide__hub *hub)
{
    return hub->drops != NULL || atomic_load_explicit(&hub->waking, memory_order_acquire) != 0;
}

void bide__hub_close(struct bide__hub *hub)
{
    struct bide__task *none;
    unsigned n = 0;

    pthread_mutex_lock(&hub->mutex);
    for (take(hub, NULL, &none); is_busy(hub); take(hub, NULL, &none)) {
        pthread_mutex_unlock(&hub->mutex);
        drop_all(hub, NULL);
        bide__spin(n++);
        pthread_mutex_lock(&hub->mutex);
    }
    hub->closed = true;
    hub->driver = NULL;
    hub->runtime = NULL;
    bide__free(hub->probes, sizeof(*hub->probes));
    hub->probes = NULL;
    bool unused = blocks(hub) == 0;
    pthread_mutex_unlock(&hub->mutex);
    if (unused)
        bide__hub_free(hub);
}

size_t bide__hub_depth(struct bide__hub *hub)
{
    size_t depth = 0;
    pthread_mutex_lock(&hub->mutex);
    for (struct bide__task *task = hub->woken.first; task != NULL; task = task->wake.next)
        depth++;
    pthread_mutex_unlock(&hub->mutex);
    return depth;
}

bool bide__hub_sleep(struct bide__hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    bool sleep = !atomic_load_explicit(&hub->pending, memory_order_relaxed);
    hub->sleeping = sleep;
    pthread_mutex_unlock(&hub->mutex);
    return sleep;
}

void bide__hub_awake(struct bide__hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    hub->sleeping = false;
    pthread_mutex_unlock(&hub->mutex);
}

/* ---- other threads ---- */

void bide__hub_notify_unlock(struct bide__hub *hub)
{
    struct bide_runtime *rt = hub->runtime;
    struct bide__driver *driver = hub->driver;
    bool wakes = hub->sleeping || hub->inject != NULL;

    atomic_store_explicit(&hub->pending, true, memory_order_release);
    hub->sleeping = false;
    if (wakes)
        atomic_fetch_add_explicit(&hub->waking, 1, memory_order_relaxed);
    pthread_mutex_unlock(&hub->mutex);
    if (!wakes)
        return;
    if (hub->inject != NULL)
        hub->inject(rt, NULL);
    else
        hub->wake(driver);
    atomic_fetch_sub_explicit(&hub->waking, 1, memory_order_release);
}

void bide__hub_notify(struct bide__hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    bide__hub_notify_unlock(hub);
}

bool bide__hub_free_closed(struct bide__hub *hub, struct bide__task *task)
{
    bide__slab_free(bide__chunk_of(task)->slab, task);
    return blocks(hub) == 0;
}

void bide__hub_schedule(struct bide__task *task)
{
    struct bide__hub *hub = bide__task_hub(task);

    if (hub->inject != NULL) {
        hub->inject(hub->runtime, task);
        return;
    }
    pthread_mutex_lock(&hub->mutex);
    if (hub->probes != NULL)
        bide__probe_wake(hub->probes, NULL, task);
    if (hub->closed) {
        /* It is a future that has ended since. Being queued counts as a reference. */
        bool last = bide__state_unref_remote(&task->wake.state) && bide__hub_free_closed(hub, task);
        pthread_mutex_unlock(&hub->mutex);
        if (last)
            bide__hub_free(hub);
        return;
    }
    bide__queue_push(&hub->woken, task);
    bide__hub_notify_unlock(hub);
}

void bide__runtime_post(struct bide_runtime *rt, struct bide__post *post)
{
    struct bide__hub *hub = rt->hub;

    pthread_mutex_lock(&hub->mutex);
    post->next = NULL;
    *hub->posts_end = post;
    hub->posts_end = &post->next;
    bide__hub_notify_unlock(hub);
}

bool bide__runtime_unpost(struct bide_runtime *rt, struct bide__post *post)
{
    struct bide__hub *hub = rt->hub;
    struct bide__post **at = &hub->posts;

    pthread_mutex_lock(&hub->mutex);
    while (*at != NULL && *at != post)
        at = &(*at)->next;
    bool found = *at != NULL;
    if (found) {
        *at = post->next;
        if (hub->posts_end == &post->next)
            hub->posts_end = at;
    }
    pthread_mutex_unlock(&hub->mutex);
    return found;
}

void bide__hub_unref(struct bide__task *task)
{
    struct bide__hub *hub = bide__task_hub(task);
    bool last = false;

    if (!bide__state_unref_remote(&task->wake.state))
        return;
    pthread_mutex_lock(&hub->mutex);
    if (hub->closed) {
        last = bide__hub_free_closed(hub, task);
    } else {
        task->wake.next = hub->dead;
        hub->dead = task;
        atomic_store_explicit(&hub->pending, true, memory_order_relaxed);
    }
    pthread_mutex_unlock(&hub->mutex);
    if (last)
        bide__hub_free(hub);
}

/* With the mutex, which it gives back; the hub has an owner. */
static void mark(struct bide__hub *hub, struct bide__task *task, bool release)
{
    struct bide__chunk *c = bide__chunk_of(task);
    uint32_t n = bide__chunk_index(c, task);
    *(release ? &c->releases[n / 64] : &c->aborts[n / 64]) |= UINT64_C(1) << n % 64;
    atomic_store_explicit(&c->marked, 1, memory_order_relaxed);
    hub->asked = true;
    bide__hub_notify_unlock(hub);
}

void bide__hub_abort(struct bide__task *task)
{
    struct bide__hub *hub = bide__task_hub(task);

    if (bide__state_done(&task->wake.state))
        return;
    pthread_mutex_lock(&hub->mutex);
    if (hub->closed)
        pthread_mutex_unlock(&hub->mutex);
    else
        mark(hub, task, false);
}

void bide__hub_release(struct bide__task *task)
{
    struct bide__hub *hub = bide__task_hub(task);
    bool last = false;

    pthread_mutex_lock(&hub->mutex);
    if (hub->closed && drops_others(task)) {
        pthread_mutex_unlock(&hub->mutex);
        if (bide__state_done(&task->wake.state))
            bide__result_drop(task);
        else
            bide__future_drop_args(task);
        pthread_mutex_lock(&hub->mutex);
    }
    if (!hub->closed) {
        mark(hub, task, true);
        return;
    }
    if (bide__state_release_remote(&task->wake.state))
        last = bide__hub_free_closed(hub, task);
    pthread_mutex_unlock(&hub->mutex);
    if (last)
        bide__hub_free(hub);
}
