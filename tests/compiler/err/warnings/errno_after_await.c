/* Error variables of the thread, read after an await. */
/* exit: 0 */
/* flags: -Wno-bide-leak-on-cancel */
#include <bide/bide.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *db_error(void) bide_thread_bound;
int db_query(const char *text);
async int report(const char *text);

async int opened(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        await report("cannot open");
        return -errno;
    }
    await bide_yield();
    close(fd);
    return 0;
}

async int told(void)
{
    if (await bide_blocking(db_query("select 1")) < 0)
        perror("query");
    if (db_query("select 2") < 0) {
        await report("query");
        await report(db_error());
    }
    return 0;
}

/* Nothing is wrong with these. */
async int kept(const char *path)
{
    await bide_yield();
    int fd = open(path, O_RDONLY);
    int error = errno;
    if (fd < 0) {
        await report(strerror(error));
        errno = error;
        return -errno;
    }
    for (int i = 0; i < 3; i++) {
        if (read(fd, &error, 1) < 0)
            return -errno;
        await bide_yield();
    }
    if (db_query("select 3") < 0)
        await report(db_error());
    if (error)
        await bide_yield();
    else
        close(fd);
    return errno;
}
