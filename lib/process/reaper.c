/*
 * lib/process/reaper.c: reaps the children that nobody owns any more.
 *
 * A thread of the process waits for their pidfds in an epoll of its own. It lives while there are
 * any, and belongs to no runtime, so that children are reaped also when the runtime has ended, or
 * when its thread does other things. Where the descriptor or the thread cannot be had, a child is
 * `left`: each later start and end of a process tries again. That such a child becomes a zombie
 * meanwhile cannot be helped.
 *
 * The list keeps the orphans for tools that look for lost memory; the kernel has the only other
 * pointer. In a child of fork() the list is the parent's, and is forgotten.
 */
#include "lib/process/process.h"

#include "lib/sync/wait.h"

#include <stdatomic.h>

enum { EVENTS = 16, PAUSE_MS = 1 };

struct orphans {
    struct bide_process *first, *last;
};

static struct {
    uint32_t lock;
    unsigned forks;      /* bide__forks of the process whose children these are */
    int epoll;           /* while the thread runs */
    bool runs;           /* the thread */
    struct orphans here; /* it waits for these */
    struct orphans left;
    atomic_bool has_left;
} reaper;

static void take_lock(void)
{
    if (reaper.forks != bide__forks) { /* then this is the only thread */
        memset(&reaper, 0, sizeof reaper);
        reaper.forks = bide__forks;
    }
    lock_take(&reaper.lock);
}

/* Under the lock. True: the thread will not come back to the list. */
static bool leaves(void)
{
    if (reaper.here.first != NULL)
        return false;
    bide__door.close(reaper.epoll);
    reaper.runs = false;
    return true;
}

/* Under the lock. Returns how many are reaped. */
static int reap_these(struct epoll_event *events, int n)
{
    int reaped = 0;
    for (int i = 0; i < n; i++) {
        struct bide_process *p = events[i].data.ptr;
        if (!bide__process_reap(p))
            continue;
        bide__door.epoll_ctl(reaper.epoll, EPOLL_CTL_DEL, p->fd, &events[i]);
        list_unlink(&reaper.here, p);
        bide__process_drop(p);
        reaped++;
    }
    return reaped;
}

static void *reap(void *argument)
{
    struct epoll_event events[EVENTS];
    bool has_left = false;

    (void)argument;
    (void)bide__door.thread_name("bide-reaper");
    while (!has_left) {
        int n = bide__door.epoll_wait(reaper.epoll, events, EVENTS, -1);
        take_lock();
        int reaped = reap_these(events, n);
        has_left = leaves();
        lock_give(&reaper.lock);
        /* A debugger that traces a child is told its end before its parent is. */
        if (n > 0 && reaped == 0)
            bide__door.poll(NULL, 0, PAUSE_MS);
    }
    return NULL;
}

/* Under the lock, which the thread takes before it asks whether the list is empty. */
static int watch(struct bide_process *p)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = p};
    pthread_t thread;

    if (!reaper.runs)
        reaper.epoll = bide__door.epoll_create1(EPOLL_CLOEXEC);
    if (reaper.epoll < 0)
        return reaper.epoll;
    int r = bide__door.epoll_ctl(reaper.epoll, EPOLL_CTL_ADD, p->fd, &event);
    if (r == 0 && !reaper.runs) {
        r = bide__door.thread_create(&thread, 0, reap, NULL);
        reaper.runs = r == 0;
        if (reaper.runs)
            bide__door.thread_detach(thread);
    }
    if (!reaper.runs)
        bide__door.close(reaper.epoll);
    return r;
}

static void add(struct bide_process *p)
{
    if (watch(p) == 0) {
        list_append(&reaper.here, p);
    } else {
        list_append(&reaper.left, p);
        atomic_store(&reaper.has_left, true);
    }
}

void bide__reaper_add(struct bide_process *p)
{
    bide__process_ref(p);
    take_lock();
    add(p);
    lock_give(&reaper.lock);
}

void bide__reaper_retry(void)
{
    if (!atomic_load(&reaper.has_left))
        return;
    take_lock();
    struct orphans left = reaper.left;
    reaper.left = (struct orphans){NULL, NULL};
    atomic_store(&reaper.has_left, false);
    for (struct bide_process *p; (p = left.first) != NULL;) {
        list_unlink(&left, p);
        if (bide__process_reap(p))
            bide__process_drop(p);
        else
            add(p);
    }
    lock_give(&reaper.lock);
}
