/* Resources that functions of the C library give through an argument, held across an await. */
#define _GNU_SOURCE
#include <bide/bide.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

async int rest(void);
async int send_text(const char *text);
async int send_to(const struct addrinfo *address);
void keep(char *text);
void keep_fd(int fd);
void keep_both(int *fds);

/* ---- descriptors ---- */

static async int both_ends(void)
{
    int p[2];
    if (pipe(p) < 0)
        return -errno;
    int rc = await rest(); /* want: -Wbide-leak-on-cancel */
    close(p[0]);
    close(p[1]);
    return rc;
}

static async int one_end(const char *program)
{
    int p[2] = {-1, -1};
    if (pipe2(p, O_CLOEXEC) == -1)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(p[1], 1);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(p[1]);
    int rc = await bide_fd_readable(p[0]); /* want: -Wbide-leak-on-cancel */
    close(p[0]);
    return rc;
}

static async int one_covered(void)
{
    int s[2], rc;
    if ((rc = socketpair(AF_UNIX, SOCK_STREAM, 0, s)) != 0)
        return rc;
    defer { close(s[0]); }
    rc = await rest(); /* want: -Wbide-leak-on-cancel */
    close(s[1]);
    return rc;
}

static async int in_a_loop(void)
{
    int p[2];
    if (pipe(p))
        return -1;
    await rest(); /* want: -Wbide-leak-on-cancel */
    for (int i = 0; i < 2; i++)
        close(p[i]);
    return await rest();
}

/* ---- memory ---- */

static async int printed(int n)
{
    char *text;
    if (asprintf(&text, "%d", n) < 0)
        return -ENOMEM;
    int rc = await send_text(text); /* want: -Wbide-leak-on-cancel */
    free(text);
    return rc;
}

static async int lines(FILE *f)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, f) > 0)
        await send_text(line); /* want: -Wbide-leak-on-cancel */
    free(line);
    return 0;
}

static async int after_the_end(FILE *f)
{
    char *line = NULL;
    size_t room = 0;
    if (getdelim(&line, &room, '\0', f) < 0)
        await rest(); /* want: -Wbide-leak-on-cancel */
    free(line);
    return 0;
}

static async int aligned(size_t size)
{
    void *p;
    char *q;
    int rc = posix_memalign(&p, 64, size);
    if (rc != 0) {
        await rest();
        return -rc;
    }
    if (posix_memalign((void **)&q, 64, size)) {
        await rest(); /* want: -Wbide-leak-on-cancel */
        free(p);
        return -ENOMEM;
    }
    free(p);
    await rest(); /* want: -Wbide-leak-on-cancel */
    free(q);
    return 0;
}

static async int in_memory(void)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) {
        await rest();
        return -ENOMEM;
    }
    fputs("text", f);
    fclose(f);
    int rc = await send_text(text); /* want: -Wbide-leak-on-cancel */
    free(text);
    return rc;
}

static async int addresses(const char *host)
{
    struct addrinfo *list;
    int rc = await bide_blocking(getaddrinfo(host, "http", NULL, &list));
    if (rc != 0) {
        await rest();
        return -EIO;
    }
    rc = await send_to(list); /* want: -Wbide-leak-on-cancel */
    freeaddrinfo(list);
    struct ifaddrs *mine;
    if (getifaddrs(&mine) < 0)
        return -errno;
    rc += await rest(); /* want: -Wbide-leak-on-cancel */
    freeifaddrs(mine);
    return rc;
}

static async int entries(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        await send_text(names[i]->d_name); /* want: -Wbide-leak-on-cancel */
        free(names[i]);
    }
    free(names);
    return n;
}

/* ---- nothing is wrong with these ---- */

static async int covered(int n)
{
    int p[2] = {-1, -1};
    char *text = NULL, *line = NULL;
    size_t room = 0;
    defer
    {
        close(p[0]);
        close(p[1]);
        free(text);
        free(line);
    }
    if (pipe(p) < 0 || asprintf(&text, "%d", n) < 0)
        return -errno;
    if (getline(&line, &room, stdout) < 0)
        return -errno;
    return await send_text(text);
}

static async int by_a_loop(void)
{
    int p[2];
    if (pipe(p) < 0)
        return -1;
    defer
    {
        for (int i = 0; i < 2; i++)
            close(p[i]);
    }
    return await rest();
}

static async int to_streams(void)
{
    int p[2];
    bide_stream *from = NULL, *to = NULL;
    if (pipe(p) < 0)
        return -errno;
    defer
    {
        bide_stream_close(from);
        bide_stream_close(to);
    }
    int rc = bide_stream_open(p[0], &from);
    if (rc < 0) {
        close(p[0]);
        close(p[1]);
        return rc;
    }
    rc = bide_stream_open(p[1], &to);
    if (rc < 0) {
        close(p[1]);
        return rc;
    }
    rc = await rest();
    return rc + p[0] + p[1];
}

static async int given_away(int *out, int n)
{
    int p[2], q[2], r[2];
    if (pipe(p) < 0)
        return -errno;
    *out = p[0];
    keep_fd(p[1]);
    if (pipe(q) < 0)
        return -errno;
    keep_both(q);
    await rest();
    if (pipe(r) < 0) {
        await rest();
        return -1;
    }
    int one = r[0], other = r[1];
    await rest();
    close(one);
    close(other);
    char *text;
    if (asprintf(&text, "%d", n) < 0)
        return -ENOMEM;
    keep(text);
    return await rest();
}

static async int closed_before(void)
{
    int p[2];
    if (pipe(p) < 0)
        return -errno;
    close(p[0]);
    close(p[1]);
    p[0] = p[1] = -1;
    await rest();
    if (p[0] >= 0)
        close(p[0]);
    return await rest();
}

async int main(void)
{
    int fd;
    int rc = await both_ends() + await one_end("true") + await one_covered() + await in_a_loop();
    rc += await printed(1) + await lines(stdin) + await after_the_end(stdin) + await aligned(8);
    rc += await in_memory() + await addresses("localhost") + await entries("/");
    rc += await covered(1) + await by_a_loop() + await to_streams() + await given_away(&fd, 1);
    return rc + await closed_before();
}
