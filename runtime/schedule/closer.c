/*
 * closer.c: descriptors whose close(2) may wait for a peer (SO_LINGER) are closed by a thread of
 * the blocking pool, as a job that nobody awaits. So no worker and no plain thread waits for them,
 * but the end of the runtime does, with the pool.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/blocking/blocking.h"

#include <bide/abi.h>

/* The job's waker is the only one that refers to it: with the wake it goes. */
struct closing {
    struct bide_wakeable wake; /* the first member */
    struct bide_job job;
    int fd;
};

static void nothing(struct bide_wakeable *w)
{
    (void)w;
}

static void has_run(struct bide_wakeable *w, unsigned branch)
{
    (void)branch;
    bide__free(w, sizeof(struct closing));
}

static const struct bide_waker_vtable closing_vtable = {nothing, has_run, has_run, nothing};

static void run(struct bide_job *job)
{
    struct closing *c = (struct closing *)(void *)((char *)job - offsetof(struct closing, job));
    bide__door.close(c->fd);
}

bool bide__close_elsewhere(struct bide_runtime *rt, int fd)
{
    struct closing *c = bide__door.alloc(sizeof *c, _Alignof(struct closing));

    if (c == NULL)
        return false;
    *c = (struct closing){.wake.vtable = &closing_vtable, .job.run = run, .fd = fd};
    if (bide__job_submit(rt, &c->job, bide_waker_make(&c->wake, 0)))
        return true;
    bide__free(c, sizeof *c);
    return false;
}
