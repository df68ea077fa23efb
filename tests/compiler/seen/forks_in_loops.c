/* Children of fork: loops, other comparisons, deferred blocks. */
#include <bide/bide.h>
#include <stdlib.h>
#include <pty.h>
#include <err.h>
#include <unistd.h>
#include <errno.h>
#include <sys/wait.h>
void child_main(void) __attribute__((noreturn));
void log_it(int);
async int f1(void) {
    pid_t pid;
    int status;
    do { pid = fork(); } while (pid < 0 && errno == EAGAIN);
    if (pid == -1) return -1;
    if (!pid) { child_main(); }
    await bide_yield();
    return await bide_blocking(waitpid(pid, &status, 0));
}
async int f2(void) {
    pid_t pid = fork();
    if (pid == 0) {
        int rc = 0;
        for (int i = 0; i < 3; i++)
            rc += await bide_sleep(BIDE_MS(1)); /* want: -Wbide-fork */
        exit(rc);
    } else if (pid < 0) {
        await bide_yield();
    }
    await bide_yield();
    return 0;
}
async int f3(void) {
    pid_t pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(1);
        await bide_yield();
    }
    return pids[0];
}
async int f4(void) {
    int master;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);
    if (pid == 0)
        await bide_yield(); /* want: -Wbide-fork */
    return pid;
}
async int f5(void) {
    pid_t pid = fork();
    if (pid != 0) {
        await bide_yield();
        if (pid < 0) return -1;
        return pid;
    }
    if (setsid() < 0)
        _exit(1);
    await bide_yield(); /* want: -Wbide-fork */
    return 0;
}
async int f6(int n) {
    pid_t pid = n ? fork() : -1;
    if (pid == 0) {
        await bide_yield();
        _exit(0);
    }
    const int child = fork() == 0;
    if (child)
        await bide_yield(); /* want: -Wbide-fork */
    if (fork() == 0 && n > 3)
        await bide_yield(); /* want: -Wbide-fork */
    return (fork() == 0) ? await bide_sleep(BIDE_MS(1)) : 3; /* want: -Wbide-fork */
}
async int f7(void) {
    pid_t pid = fork();
    if (pid > 0 || pid < 0)
        return 1;
    await bide_yield(); /* want: -Wbide-fork */
    pid = fork();
    if (0 == pid) goto done;
    if (pid == 0) { }
    return 0;
done:
    _exit(0);
}
async int f8(void) {
    switch (fork()) {
    case -1: err(1, "fork");
    case 0:
        await bide_yield(); /* want: -Wbide-fork */
        break;
    default:
        break;
    }
    await bide_yield();
    return 0;
}
async int f9(void) {
    defer { await bide_yield(); } /* want: -Wbide-fork */
    if (fork() == 0)
        return 1;
    return 2;
}
async int d1(void)
{
    if (daemon(0, 0) < 0) {
        await bide_yield();
        return -1;
    }
    await bide_yield(); /* want: -Wbide-fork */
    return 0;
}
async int d2(void)
{
    await bide_yield();
    int rc = daemon(0, 0);
    if (rc != 0) {
        await bide_yield();
        return rc;
    }
    await bide_yield(); /* want: -Wbide-fork */
    return 0;
}
