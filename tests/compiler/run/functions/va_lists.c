/* A va_list as a parameter and as an argument: on some targets it is an array. */
#include "../step.h"

#include <stdarg.h>

static async int show(const char *format, va_list list)
{
    int n = va_arg(list, int);
    printf("%d %d: ", n, await step(va_arg(list, int)));
    n += vprintf(format, list);
    return await step(n);
}

static async int show_often(const char *format, va_list list)
{
    va_list copy, kept;
    va_copy(copy, list);
    va_copy(kept, list);
    defer { va_end(kept); }
    int n = await show(format, copy), m = 0, k = 0;
    va_end(copy);
    bide_future(int) f = bide_lazy(show(format, kept));
    n += await bide_get(f);
    va_copy(copy, list);
    await bide_join(m = show(format, copy), k = step(1));
    va_end(copy);
    return n + m + k + await show(format, list);
}

typedef bide_async_fn(int, const char *, va_list) shower;

static int say(shower shows, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = bide_block_on((*shows)(format, list));
    va_end(list);
    return n;
}

int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d\n", say(bide_ref(show), "%d %s\n", 7, 8, 1, "a"));
        printf("%d\n", say(bide_ref(show_often), "%d %s %.1f\n", 7, 8, 1, "a", 2.5));
    }
    return 0;
}
