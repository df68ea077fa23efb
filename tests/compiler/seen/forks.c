/* Awaits in a child of fork. */
#include <bide/bide.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void run(void);
int wait_for(pid_t pid);

static async int direct(void)
{
    if (fork() == 0) {
        await bide_sleep(BIDE_MS(1)); /* want: -Wbide-fork */
        _exit(0);
    }
    await bide_sleep(BIDE_MS(1));
    return 0;
}

static async int kept(void)
{
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0) {
        await bide_yield(); /* want: -Wbide-fork */
        exit(1);
    }
    await bide_yield();
    return await bide_blocking(wait_for(pid));
}

static async int assigned(void)
{
    pid_t pid;
    if ((pid = fork()) < 0)
        return -1;
    if (pid > 0) {
        await bide_yield();
        return 1;
    }
    await bide_yield(); /* want: -Wbide-fork */
    return 0;
}

static async int switched(void)
{
    switch (fork()) {
    case -1: await bide_yield(); return -1;
    case 0: await bide_yield(); _exit(0); /* want: -Wbide-fork */
    default: await bide_yield();
    }
    pid_t pid = fork();
    switch (pid) {
    case -1: return -1;
    case 0: break;
    default: await bide_yield(); return 0;
    }
    await bide_yield(); /* want: -Wbide-fork */
    return 0;
}

static async int negated(void)
{
    pid_t pid = fork(), also = pid;
    if (!also)
        await bide_yield(); /* want: -Wbide-fork */
    else
        await bide_yield();
    if (pid)
        return 0;
    for (int i = 0; i < 3; i++)
        await bide_yield(); /* want: -Wbide-fork */
    _exit(1);
}

static async int with_goto(void)
{
    pid_t pid = fork();
    if (pid == 0)
        goto child;
    await bide_yield();
    return pid;
child:
    await bide_yield(); /* want: -Wbide-fork */
    _exit(0);
}

static async int ends(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(127);
    }
    await bide_yield();
    if (fork() == 0)
        run(); /* which may not return */
    await bide_yield();
    pid = 0;
    if (pid == 0)
        await bide_yield();
    if (fork() > 0)
        await bide_yield();
    if (fork() != 0)
        await bide_yield();
    return 0;
}

static async int by_form(void)
{
    if (!fork()) {
        await bide_join(bide_sleep(BIDE_MS(1)), bide_yield()); /* want: -Wbide-fork */
        bide_scope(s) /* want: -Wbide-fork */
        {
            bide_scope_spawn(s, kept());
        }
        _exit(0);
    }
    return 0;
}

int main(void)
{
    return bide_block_on(direct()) + bide_block_on(kept()) + bide_block_on(assigned()) +
           bide_block_on(switched()) + bide_block_on(negated()) + bide_block_on(with_goto()) +
           bide_block_on(ends()) + bide_block_on(by_form());
}
