/* What places.h uses for each alignment. */
#include <bide/bide.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int bad;
int static_biggest __attribute__((aligned));

static __attribute__((noinline)) void check(const volatile void *p, unsigned align, const char *what,
                                            const char *function)
{
    if ((uintptr_t)p % align == 0)
        return;
    if (bad++ < 20)
        printf("%u: %s of %s: %u too far\n", align, what, function,
               (unsigned)((uintptr_t)p % align));
}
#define PASTE_(a, b) a##_##b
#define PASTE(a, b)  PASTE_(a, b)
#define IN(name)     PASTE(name, N)
#define CHECK(p)     check((p), N, #p, __func__)
#define EXPECT(a, b) expect((a), (b), N, #a)
static void expect(long a, long b, int n, const char *what)
{
    if (a != b && bad++ < 20)
        printf("%d: %s is %ld, not %ld\n", n, what, a, b);
}
