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

/* The task that the worker polls, which may end at any moment: an address to be told and compared,
 * not to be followed. So the thread sanitizer is not asked. */
__attribute__((noinline, no_sanitize("thread"))) static const struct bide__task *current_of(
    const struct bide__worker *worker)
{
    return *(struct bide__task *const volatile *)&worker->current;
}

/*
 * The function of the task that the worker of a current_thread runtime polls; NULL: it has just
 * changed, or the kernel does not let it be read. The task may be gone by now, and its memory too:
 * so the kernel reads it. If it was the same task before and after, what was read is its function.
 */
static const struct bide_fn *function_of(const struct bide__worker *worker,
                                         const struct bide__task *task)
{
    const struct bide_fn *fn = NULL;
    pid_t self = bide__door.getpid();

    if (task == NULL)
        return NULL;
    char *at = (char *)(uintptr_t)task + offsetof(struct bide__task, room);
    struct iovec to = {&fn, sizeof(fn)}, from = {at + offsetof(struct bide_frame, fn), sizeof(fn)};
    if (bide__door.process_vm_readv(self, &to, 1, &from, 1, 0) != sizeof(fn))
        return NULL;
    return current_of(worker) == task ? fn : NULL;
}

bool bide__worker_polls(const struct bide_runtime *rt, unsigned i, struct bide__polled *out)
{
    const struct bide__worker *worker = bide__worker_number(rt, i);

    *out = (struct bide__polled){NULL, NULL, 0, ""};
    if (worker == NULL)
        return false;
    out->task = current_of(worker);
    if (rt->multi) {
        struct bide__peer *peer = bide__peer_at(rt->workers, i);
        out->ns = bide__watchdog_busy_ns(peer);
        out->fn = atomic_load_explicit(&peer->function, memory_order_relaxed);
        bide__task_label(rt->hub, atomic_load_explicit(&worker->named, memory_order_relaxed),
                         out->label);
        return out->task != NULL;
    }
    out->fn = function_of(worker, out->task);
    if (atomic_load_explicit(&worker->sampler.function, memory_order_acquire) != NULL)
        out->ns = bide__door_real.clock() -
                  atomic_load_explicit(&worker->sampler.since_ns, memory_order_relaxed);
    bide__task_label(worker->hub, out->task, out->label);
    return out->task != NULL;
}

void bide__workers_tell_outside(const struct bide_runtime *rt, struct bide__scroll *tasks)
{
    if (rt->workers == NULL)
        return;
    bide__helper_begin(rt->workers);
    bide__census_outside(rt, tasks);
    bide__helper_end(rt->workers);
}
