/* Resources that a cancelled task would lose. */
/* exit: 0 */
#include <bide/bide.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct page *page_load(int id) bide_allocates(page_free);
void page_free(struct page *page);
async struct page *page_fetch(int id) bide_allocates(page_free);
void keep(char *text);
async int send_text(const char *text);

async int memory(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    int rc = await send_text(copy);
    free(copy);
    return rc;
}

async int files(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        await bide_yield();
        return -1;
    }
    char text[10] = "";
    ssize_t n = read(fd, text, sizeof text - 1);
    await bide_yield();
    if (n < 0)
        await send_text("nothing");
    close(fd);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return -1;
    fputs(text, f);
    await bide_yield();
    return fclose(f);
}

async int marked(int id)
{
    struct page *page = page_load(id);
    await bide_yield();
    page_free(page);
    struct page *other = await page_fetch(id);
    await bide_yield();
    page_free(other);
    return 0;
}

struct owner {
    char *text;
};

/* Nothing is wrong with these. */
async int covered(const char *text, struct owner *owner)
{
    char *copy = NULL;
    defer { free(copy); }
    copy = strdup(text);
    await send_text(copy);
    char *mine = strdup(text);
    owner->text = mine;
    await send_text(mine);
    char *given = strdup(text);
    keep(given);
    await bide_yield();
    char *done = strdup(text);
    free(done);
    await bide_yield();
    char *last = strdup(text), *other = last;
    await bide_yield();
    free(other);
    FILE *f = fopen(text, "r");
    if (!f)
        await bide_yield();
    else
        fclose(f);
    char *early = malloc(10);
    defer { early ? free(early) : (void)0; await bide_yield(); }
    return 0;
}

async char *handed_on(const char *text)
{
    char *copy = strdup(text);
    return copy;
}

async int main(void)
{
    char *text = strdup("the process ends with it");
    await send_text(text);
    free(text);
    return 0;
}
