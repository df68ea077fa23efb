/* Attributes of async functions go where they mean something: parameter numbers are adapted for the
 * start function, attributes of code go to the body, the assembler name to the blocking form. */
#include <bide/bide.h>
#include <stdio.h>

async int put(const char *a, int n, const char *b) __attribute__((nonnull(1, 3)));
async int put_all(const char *a, int n, const char *b) __attribute__((__nonnull__));
__attribute__((format(printf, 2, 0))) async int format(int n, const char *f);
static inline async __attribute__((always_inline)) int fast(int n);
__attribute__((noinline, cold)) static async int slow(int n);
async int placed(int n) __attribute__((hot, section("bide_test")));
async int named(int n) __asm__("real_named");
async __attribute__((malloc, alloc_size(1), returns_nonnull)) void *some(unsigned long n);
__attribute__((warn_unused_result)) async int must(int n);
async _Noreturn void serve(void);
__attribute__((pure)) async int pure(int n) __attribute__((nothrow, leaf));
static async int unused(int n) __attribute__((unused));

static char buf[10];

async int put(const char *a, int n, const char *b)
{
    return a[0] + n + b[0];
}

async int put_all(const char *a, int n, const char *b)
{
    return a[0] + n - b[0];
}

async int format(int n, const char *f)
{
    return n + f[0];
}

static inline async int fast(int n)
{
    return n + 1;
}

static async int slow(int n)
{
    await bide_yield();
    return n * 2;
}

async int placed(int n)
{
    return await fast(n) + await slow(n);
}

async int named(int n)
{
    await bide_yield();
    return n + 100;
}

async void *some(unsigned long n)
{
    return buf + n;
}

async int must(int n)
{
    return n;
}

async void serve(void)
{
    for (;;)
        await bide_yield();
}

async int pure(int n)
{
    return n;
}

static async int unused(int n)
{
    return n;
}

int real_named(int n);

async int main(void)
{
    char *p = await some(1);
    printf("%d %d\n", await put("a", 1, "b"), await put_all("c", 1, "d"));
    printf("%d %d\n", await format(1, "%d"), await placed(3));
    printf("%d %d %d\n", await named(1), await pure(2), p == buf + 1);
    printf("%d %d\n", await bide_blocking(real_named(5)), await must(3));
    printf("%d\n", await bide_timeout(BIDE_MS(1), serve()) < 0);
    return 0;
}
