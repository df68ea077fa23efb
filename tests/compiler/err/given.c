/* Resources that functions of the C library give through an argument, lost by a cancelled task. */
/* flags: -D_GNU_SOURCE */
/* exit: 0 */
#include <bide/bide.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

async int send_text(const char *text);

async int through_a_pipe(void)
{
    int ends[2];
    if (pipe(ends) < 0)
        return -1;
    defer { close(ends[0]); }
    int rc = await bide_fd_readable(ends[0]);
    close(ends[1]);
    return rc;
}

async int printed(int n)
{
    char *text;
    if (asprintf(&text, "%d", n) < 0)
        return -1;
    int rc = await send_text(text);
    free(text);
    return rc;
}
