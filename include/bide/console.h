/*
 * bide/console.h: a live view of a program's tasks. The program listens on a Unix socket, and
 * `bide top` shows what each task does, where it waits, who holds what, and what looks wrong; see
 * docs/console.md.
 *
 * A program that calls nothing of this can be watched too: with the environment variable
 * BIDE_CONSOLE, a path as below, it begins with the first runtime and ends with the last one. If
 * that fails, a line on stderr says why, and the program goes on. A program that has got privileges
 * from its file does not look at the variable.
 *
 * While nobody is attached, a thread sleeps. So a program of one thread has two, and its wakers pay
 * for that as beside any other thread; nothing else costs more. While somebody is attached, polls
 * are measured: all where two readings of the clock are little beside them, else one of a round of
 * some 60, and the round ends after 1 ms. A worker writes its tasks down between two polls, for at
 * most some 0.2 ms at a time. All functions may be called on any thread.
 */
#ifndef BIDE_CONSOLE_H
#define BIDE_CONSOLE_H

#include <bide/lang.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Listens at `path` from now on; if that is a folder, at PATH/PID.bide. Only the user of the
 * program, and root, can attach (mode 0600, and the kernel tells who asks): whoever does sees the
 * names of functions, files and tasks. What is left of a program that has ended is replaced. A
 * child of fork() has no console until it begins its own.
 *
 * Returns 0. Errors: -EINVAL (path NULL or empty), -ENAMETOOLONG (over 107 bytes), -EALREADY (this
 * program listens already), -EADDRINUSE (another one does, or it is no socket), -ENOMEM, -EAGAIN
 * (no thread), and others of socket(2), bind(2) and pipe(2).
 */
int bide_console_begin(const char *path);

/* Ends it: those who are attached see the end, and the socket is removed. Without a console nothing
 * happens. It waits for the thread: if that just waits for workers, which come to no await while
 * this is called on them, for up to 0.3 s. */
void bide_console_end(void);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)
#endif
