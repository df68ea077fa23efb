/* The compiler's warnings about calls of async functions with attributes; and the warning that bide
 * gives instead: a result that is not used.
 *
 * flags: -Wall
 * exit: 0 */
#include <bide/bide.h>
#include <stddef.h>

async __attribute__((deprecated("use newer"))) int old(int n);
__attribute__((deprecated)) async int older(int n);
async int must(int n) __attribute__((__warn_unused_result__));
async int report(int n, const char *format) __attribute__((format(printf, 2, 0)));
async int put(const char *a, int n, const char *b) __attribute__((nonnull(1, 3)));
async int put_all(const char *a, int n, const char *b) __attribute__((nonnull));

async int use(void)
{
    int n = await old(1) + await older(2);
    bide_async_fn(int, int) h = bide_ref(old);
    await must(3);
    (void)await must(4);
    n += ({ await must(5); });
    n += await put("a", n, NULL);
    n += await put_all("a", n, NULL);
    await bide_join(n = must(1), must(2));
    return await must(n) + (h != NULL);
}

__attribute__((deprecated)) async int old_too(void)
{
    return await old(1);
}
