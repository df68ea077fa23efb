/*
 * lib/process/watch.c: what tells that a child has ended; see process.h.
 *
 * A pidfd, as a rule. It may be lacking: before Linux 5.3, in sandboxes, or because there is no
 * descriptor left. Then a thread waits for the child and ends the waits of the tasks. That takes no
 * descriptor, so nothing has to be made before the child, and nothing can be missing after it but
 * the thread. SIGCHLD would do as well, but its handler is the program's, and its deliveries
 * coalesce.
 */
#include "lib/process/process.h"

#include <stdatomic.h>
#include <sys/wait.h>

static void *wait_for_child(void *argument)
{
    struct bide_process *p = argument;
    siginfo_t info;
    int r;

    (void)bide__door.thread_name("bide-child");
    do
        r = bide__door.waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOWAIT);
    while (r == -EINTR);
    bide__process_watched_end(p);
    bide_notify_all(&p->ended);
    bide__process_drop(p);
    return NULL;
}

int bide__process_watch(struct bide_process *p)
{
    pthread_t thread;
    int pidfd = bide__door.pidfd_open(p->pid, 0);

    if (pidfd >= 0) {
        p->fd = pidfd;
        return 0;
    }
    bide__process_ref(p);
    int r = bide__door.thread_create(&thread, 0, wait_for_child, p);
    if (r == 0)
        bide__door.thread_detach(thread);
    else
        bide__process_drop(p);
    return r;
}
