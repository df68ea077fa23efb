/*
 * Children of fork in async main: one returns from main, and leaves the tasks to its parent; one
 * awaits, and is stopped.
 * one thread: beside workers a return is too late.
 */
#include <bide/bide.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static async int waits(void)
{
    defer
    {
        printf("unwound\n");
    }
    return await bide_sleep(BIDE_S(100));
}

async int main(void)
{
    int status = 0;
    bide_task_detach(bide_spawn(waits()));
    await bide_yield();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        return 7; /* nothing is unwound here */
    if (await bide_blocking(waitpid(pid, &status, 0)) == pid)
        printf("returned %d\n", WEXITSTATUS(status));
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
#pragma GCC diagnostic ignored "-Wbide-fork"
        await bide_sleep(BIDE_MS(1));
        _exit(1);
    }
    if (await bide_blocking(waitpid(pid, &status, 0)) == pid)
        printf("stopped %d\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    return 0;
}
