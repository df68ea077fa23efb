/*
 * driver.c: a driver for the runtimes of models, in the place of epoll. It waits for an event of
 * the explorer, and a model says which descriptor is ready (explore_ready). Readiness is reported
 * once, by the next wait, as an edge.
 */
#include "tools/explore/explore.h"

#include "runtime/io/driver.h"
#include "runtime/io/io.h"

#include <pthread.h>

enum { OPS = 4 };

/* Of all drivers of an execution. */
static struct {
    pthread_mutex_t mutex;
    struct bide__op op[OPS];
    uint32_t ready[OPS]; /* not yet reported */
    int event;
} kernel = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int begin(struct bide__driver **out, const struct bide__driver_options *options)
{
    (void)options;
    struct bide__driver *d = bide__alloc(sizeof(*d));
    *d = (struct bide__driver){.ops = &bide__driver_epoll};
    *out = d;
    return 0;
}

static void end(struct bide__driver *driver)
{
    bide__free(driver, sizeof(*driver));
}

static int submit(struct bide__driver *driver, const struct bide__op *op)
{
    (void)driver;
    pthread_mutex_lock(&kernel.mutex);
    int i = 0;
    while (kernel.op[i].kind != 0)
        i++;
    kernel.op[i] = *op;
    kernel.ready[i] = 0;
    pthread_mutex_unlock(&kernel.mutex);
    return 0;
}

static int cancel(struct bide__driver *driver, const struct bide__op *op)
{
    (void)driver;
    pthread_mutex_lock(&kernel.mutex);
    for (int i = 0; i < OPS; i++)
        if (kernel.op[i].kind != 0 && kernel.op[i].key == op->key)
            kernel.op[i].kind = 0;
    pthread_mutex_unlock(&kernel.mutex);
    return 0;
}

static int report(struct bide__fds *fds)
{
    struct bide__op op[OPS];
    uint32_t ready[OPS];
    int n = 0;

    pthread_mutex_lock(&kernel.mutex);
    for (int i = 0; i < OPS; i++) {
        op[i] = kernel.op[i];
        ready[i] = op[i].kind != 0 ? kernel.ready[i] : 0;
        kernel.ready[i] = 0;
    }
    pthread_mutex_unlock(&kernel.mutex);
    for (int i = 0; i < OPS; i++) {
        if (ready[i] == 0)
            continue;
        bide__fd_event(fds, op[i].key, ready[i]);
        n++;
    }
    return n;
}

static int wait_events(struct bide__driver *driver, struct bide__fds *fds, int64_t timeout_ns)
{
    (void)driver;
    if (timeout_ns == 0 ? !explore_look(&kernel.event)
                        : !explore_wait(&kernel.event, timeout_ns > 0))
        return 0;
    return report(fds);
}

static void wake(struct bide__driver *driver)
{
    (void)driver;
    explore_wake(&kernel.event);
}

void explore_ready(int fd, unsigned directions)
{
    pthread_mutex_lock(&kernel.mutex);
    for (int i = 0; i < OPS; i++)
        if (kernel.op[i].kind != 0 && kernel.op[i].fd == fd)
            kernel.ready[i] |= directions;
    pthread_mutex_unlock(&kernel.mutex);
    explore_wake(&kernel.event);
}

int (*explore_driver)(struct bide__driver **out,
                      const struct bide__driver_options *options) = begin;

int bide__driver_begin(struct bide__driver **out, enum bide_io io,
                       const struct bide__driver_options *options)
{
    (void)io;
    return explore_driver(out, options);
}

const struct bide__driver_ops bide__driver_epoll = {
    .name = "model",
    .begin = begin,
    .end = end,
    .submit = submit,
    .cancel = cancel,
    .wait = wait_events,
    .wake = wake,
};
