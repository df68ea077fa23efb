/* Calls that block the thread. */
/* exit: 0 */
#include <bide/bide.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int query(const char *text) bide_may_block;

async int all(struct pollfd *fds, const struct sockaddr *to, socklen_t size)
{
    struct addrinfo *found = NULL;
    char line[80];
    sleep(1);
    getaddrinfo("example.org", "80", NULL, &found);
    if (system("true") != 0)
        return -1;
    waitpid(-1, NULL, 0);
    poll(fds, 1, -1);
    flock(1, LOCK_EX);
    if (!fgets(line, sizeof line, stdin))
        return -1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, to, size) < 0)
        return -1;
    close(fd);
    defer { usleep(10); }
    await bide_yield();
    bide_task(int) task = bide_spawn(async ({ query("select 1"); }));
    return await bide_task_join(task, &(int){0});
}

/* Nothing is wrong with these. */
async int none(struct pollfd *fds, const struct sockaddr *to, socklen_t size)
{
    sleep(0);
    waitpid(-1, NULL, WNOHANG);
    poll(fds, 1, 0);
    poll(fds, 1, (int)size);
    flock(1, LOCK_UN);
    flock(1, LOCK_SH | LOCK_NB);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(fd, to, size);
    close(fd);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    recv(other, fds, 1, MSG_DONTWAIT);
    close(other);
    return await bide_blocking(query("select 2"));
}

int plain(void)
{
    sleep(1);
    return bide_block_on(none(NULL, NULL, 0));
}
