/* Flags and codes that tell whether a call has given something. */
#define _GNU_SOURCE
#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct page;
void page_free(struct page *page);
async int page_load(int id, struct page **page bide_gives(page_free));
async int rest(void);

struct status {
    bool failed;
};

/* ---- the function failed where it waits ---- */

static async int chosen(void)
{
    int p[2] = {-1, -1};
    int rc = pipe(p) ? -errno : 0;
    if (rc < 0) {
        await rest();
        goto out;
    }
    puts("open");
out:
    if (p[0] >= 0) {
        close(p[0]);
        close(p[1]);
    }
    return rc;
}

static async int chosen_from_a_variable(int id)
{
    struct page *page = NULL;
    int rc = await page_load(id, &page), error = rc < 0 ? -rc : 0;
    if (error)
        await rest();
    page_free(page);
    return error;
}

static async int compared(int id)
{
    struct page *page = NULL;
    int rc = await page_load(id, &page);
    bool ok = rc >= 0;
    if (!ok)
        await rest();
    page_free(page);
    return rc;
}

static async int compared_twice(int id)
{
    struct page *page = NULL;
    int rc = await page_load(id, &page);
    const bool failed = rc < 0 || id < 0;
    if (failed)
        await rest();
    page_free(page);
    return rc;
}

static async int set_where_it_failed(void)
{
    char *text = NULL;
    int error = 0;
    if (asprintf(&text, "%d", 1) < 0)
        error = -ENOMEM;
    if (error < 0)
        await rest();
    else
        puts(text);
    free(text);
    return error;
}

static async int set_behind_a_pointer(struct status *status)
{
    char *text = NULL;
    if (asprintf(&text, "%d", 1) < 0)
        status->failed = true;
    if (status->failed)
        await rest();
    free(text);
    return 0;
}

/* ---- it may have given something ---- */

static async int copied(int id)
{
    struct page *page = NULL;
    int rc = await page_load(id, &page), copy = rc;
    if (copy < 0)
        return copy;
    rc = await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return rc;
}

static async int reported(int id)
{
    struct page *page = NULL;
    if (await page_load(id, &page) < 0)
        puts("no page");
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return 0;
}

async int main(void)
{
    struct status status = {false};
    int rc = await chosen() + await chosen_from_a_variable(1) + await compared(1);
    rc += await compared_twice(1) + await set_where_it_failed();
    rc += await set_behind_a_pointer(&status);
    return rc + await copied(1) + await reported(1);
}
