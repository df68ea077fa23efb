/*
 * ask.c: a console asks the workers of a runtime for their tasks, whatever its flavour.
 */
#include "runtime/schedule/cores.h"
#include "runtime/schedule/multi.h"

#include "runtime/io/driver.h"
#include "runtime/trace/census.h"

const struct bide__worker *bide__worker_number(const struct bide_runtime *rt, unsigned i)
{
    if (rt->multi)
        return rt->workers != NULL ? bide__workers_at(rt, i) : NULL;
    if (rt->worker->core != NULL)
        rt = bide__cores_at(rt, i);
    else if (i > 0)
        return NULL;
    return rt != NULL ? rt->worker : NULL;
}

static unsigned ask_peers(struct bide__workers *all, uint32_t number)
{
    unsigned n = bide__peers(all);

    if (atomic_load_explicit(&all->quit, memory_order_relaxed))
        return 0;
    for (unsigned i = 0; i < n; i++) {
        bide__question_put(&bide__peer_at(all, i)->worker, number);
        bide__unpark(bide__peer_at(all, i));
    }
    return n;
}

unsigned bide__workers_ask(const struct bide_runtime *rt, uint32_t number)
{
    const struct bide__worker *worker;
    unsigned n = 0;

    if (atomic_load_explicit(&rt->ended, memory_order_relaxed))
        return 0;
    if (rt->multi)
        return rt->workers != NULL ? ask_peers(rt->workers, number) : 0;
    for (; (worker = bide__worker_number(rt, n)) != NULL; n++) {
        bide__question_put(worker->runtime->worker, number);
        worker->driver->ops->wake(worker->driver);
    }
    return n;
}

bool bide__worker_polls(const struct bide_runtime *rt, unsigned i, struct bide__polled *out)
{
    const struct bide__worker *worker = bide__worker_number(rt, i);

    *out = (struct bide__polled){NULL, 0, ""};
    if (worker == NULL)
        return false;
    if (rt->multi) {
        struct bide__peer *peer = bide__peer_at(rt->workers, i);
        out->ns = bide__watchdog_busy_ns(peer);
        out->fn = atomic_load_explicit(&peer->function, memory_order_relaxed);
        bide__task_label(rt->hub, atomic_load_explicit(&worker->named, memory_order_relaxed),
                         out->label);
        return true;
    }
    out->fn = atomic_load_explicit(&worker->sampler.function, memory_order_acquire);
    if (out->fn != NULL)
        out->ns = bide__door_real.clock() -
                  atomic_load_explicit(&worker->sampler.since_ns, memory_order_relaxed);
    return true;
}
