/*
 * join_set: many fetches, at most three at a time, with each result as soon as it is there.
 *
 *     bide run examples/join_set.c
 */
#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int running;

/* As if it fetched a page that takes this long, and returned its length. */
static async int fetch_length(const char *url, int ms)
{
    running++;
    defer {
        running--; /* also when the fetch is cancelled */
    }
    printf("  %s begins, %d run\n", url, running);
    await bide_sleep(BIDE_MS(ms));
    return ms == 0 ? -ENOENT : 100 * ms;
}

async int main(void)
{
    static const struct {
        const char *url;
        int ms;
    } pages[] = {{"/slow", 90}, {"/a", 20}, {"/b", 10}, {"/gone", 0}, {"/c", 40}, {"/never", 999}};
    bide_task_set(int) set;
    int rc = bide_task_set_new(3, &set);
    if (rc < 0)
        return rc;
    defer {
        /* Cancels what is left and waits for it, whichever way main is left. */
        await bide_task_set_close(set);
        printf("the set is closed, %d run\n", running);
    }

    /* A spawn does not wait: what is over the limit begins when its turn comes. */
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        bide_task_set_spawn(set, fetch_length(pages[i].url, pages[i].ms));

    /* The results come in the order in which the fetches end: 1 with a result, 0 at the end,
     * negative for a fetch that has none, because it was aborted for example. */
    int length;
    for (int i = 0; i < 6 && (rc = await bide_task_set_next(set, &length)) != 0; i++) {
        if (rc < 0)
            printf("no result: %s\n", strerror(-rc));
        else if (length < 0)
            printf("failed: %s\n", strerror(-length));
        else
            printf("%d bytes\n", length);
        if (i == 0) /* as if this page had a link: a set may grow while others run */
            bide_task_set_spawn(set, fetch_length("/link", 5));
    }
    printf("enough; %zu left\n", bide_task_set_length(set));
    return 0;
}
