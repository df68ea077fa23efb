/* Marks of functions that are defined here, in macros and beside attributes; branches. */
#include <bide/bide.h>
#include <stdlib.h>
#define OUT(f) bide_gives(f)
struct page { int n; };
static void page_free(struct page *p) { free(p); }
static async int page_load(int id, struct page **page bide_gives( page_free ))
{
    *page = malloc(sizeof **page);
    await bide_yield();
    return *page && id ? 0 : -1;
}
static int page_two(int (*f)(int, int), struct page **a OUT(page_free) __attribute__((unused)), struct page *b[] bide_gives(page_free));
async int rest(void);
static async int d1(int id)
{
    struct page *p;
    if (await page_load(id, &p))
        return -1;
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(p);
    return 0;
}
static async int d2(int id)
{
    struct page *p, *q;
    if (page_two(NULL, &p, &q))
        return -1;
    page_free(p);
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(q);
    return id;
}
static int page_two(int (*f)(int, int), struct page **a, struct page *b[])
{
    *a = *b = NULL;
    return f != NULL;
}
static async int d3(int id)
{
    struct page *p;
    int rc = await bide_blocking(page_two(NULL, &p, NULL));
    if (rc < 0)
        return rc;
    int n = await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(p);
    return id + n;
}
static async int d4(int id)
{
    struct page *p, *q;
    int a = 0, b = 0;
    await bide_join(a = page_load(id, &p), b = page_load(id, &q));
    if (a < 0 || b < 0) {
        await rest(); /* want: -Wbide-leak-on-cancel */
        if (a >= 0)
            page_free(p);
        if (b >= 0)
            page_free(q);
        return -1;
    }
    page_free(p);
    page_free(q);
    return 0;
}
static async int d5(int id)
{
    struct page *p = NULL;
    int rc = await page_load(id, &p);
    int saved = rc;
    rc = await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(p);
    return saved + rc;
}
static async int d6(int id)
{
    struct page *p = NULL;
    defer { if (p) page_free(p); }
    int rc = await page_load(id, &p);
    if (rc < 0) return rc;
    await rest();
    return id;
}
async int main(void)
{
    return await d1(1) + await d2(1) + await d3(1) + await d4(1) + await d5(1) + await d6(1);
}
