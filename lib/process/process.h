/*
 * lib/process/process.h: what a child process is, for the files of this folder.
 *
 * A child is *watched* by its pidfd, which is readable once it has ended; or, where there is none,
 * by a thread that waits for it, and then ends the waits for `ended`. The end is always taken by
 * waitid(P_PID), under the lock of the process and by nobody else of the library. So while `state`
 * is not REAPED, the number of the process is the child's, and may be used.
 *
 * A child that leads a group stays a zombie (ENDED) until its process is freed: its number is the
 * group's, which must not become another's while somebody may still kill the group.
 *
 * References: the owner; a wait that is under way; the thread that watches; and, after the owner
 * has gone, the reaper (reaper.c). The last one closes the pidfd and frees the memory.
 */
#ifndef BIDE_LIB_PROCESS_H
#define BIDE_LIB_PROCESS_H

#include "lib/runtime.h"

#include <bide/lock.h>
#include <bide/process.h>

enum bide__process_state { BIDE__RUNS, BIDE__ENDED, BIDE__REAPED };

struct bide_process {
    _Atomic uint32_t refs;
    uint32_t lock; /* of `state`, `error`, `exit`, `has_no_owner` */
    pid_t pid;
    int fd;         /* its pidfd; -1: a thread watches it */
    unsigned forks; /* bide__forks of the process whose child it is */
    bool leads, detached;
    bool has_no_owner;
    enum bide__process_state state;
    int error; /* REAPED: -ECHILD if its end is not known */
    bide_process_exit exit;
    _Atomic(bide_stream *) streams[3]; /* several waits may begin to close one at the same time */
    struct bide_runtime *home;         /* the runtime of the streams */
    bide_notify ended;                 /* by the thread that watches */
    struct bide_process *next, *previous; /* of the reaper */
};

/* ---- life.c ---- */

void bide__process_ref(struct bide_process *p);
void bide__process_drop(struct bide_process *p);

/* True in a child of fork(): the child process is not its. */
bool bide__process_is_parents(const struct bide_process *p);

/* 0: it has ended, and *exit (unless NULL) tells how; -EAGAIN: it has not; -ECHILD and others. */
int bide__process_look(struct bide_process *p, bide_process_exit *exit);

/* The same without a look at the child: -EAGAIN also if it has ended since the last one. */
int bide__process_known(struct bide_process *p, bide_process_exit *exit);

/* For one that has no owner any more: true if it is reaped, or its end is not to be had. */
bool bide__process_reap(struct bide_process *p);

/* Called by the thread that watches, when the child has ended. */
void bide__process_watched_end(struct bide_process *p);

/* To the group if it leads one, else to the child. */
int bide__process_signal(struct bide_process *p, int signo);

/* ---- watch.c ---- */

/* Begins to watch a child that was just made. 0; -EAGAIN, -ENOMEM: there is neither a pidfd nor a
 * thread. */
int bide__process_watch(struct bide_process *p);

/* ---- reaper.c ---- */

/* Reaps the child when it ends; takes a reference. It has no owner, and a pidfd. */
void bide__reaper_add(struct bide_process *p);

/* Tries again what could not be watched, since there was no descriptor or thread. */
void bide__reaper_retry(void);

/* ---- command.c ---- */

/* The environment of the child: *envp is an array of *size bytes, for bide__free; 0 bytes: that of
 * this process. 0, -EINVAL, -ENOMEM. */
int bide__process_environment(const bide_process_options *options, char ***envp, size_t *size);

/* Finds the program, and stores its path in `found`, of PATH_MAX bytes. 0 or a negative errno. */
int bide__process_find(const char *name, const char *dir, char *const *envp, char *found);

/* Writes why the start failed to options->why. */
void bide__process_explain(const bide_process_options *options, const char *name, const char *path,
                           int error);

#endif
