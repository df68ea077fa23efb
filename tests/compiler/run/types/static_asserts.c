/* _Static_assert in async functions, about variables and types of the function, variables whose
 * address is kept, and awaited results; in blocks, branches and structs. */
#include "../step.h"

#define IS(x, type) _Generic(&(x), __typeof__(type) * : 1, default : 0)

static async long count(void)
{
    await step(0);
    return 1;
}

static async int checks(int n)
{
    const int fixed = await step(n);
    char text[] = "text";
    int *p = &n;
    _Static_assert(sizeof text == 5, "a string and its end");
    struct local {
        int a[3];
        _Static_assert(sizeof(text) == 5, "in a struct");
    } local = {{1, await step(2)}}, *q = &local;
    await step(0);
    _Static_assert(sizeof(__typeof__(await count())) == sizeof(long), "of a call");
    _Static_assert(sizeof await count() == sizeof(long), "of a call");
    _Static_assert(IS(fixed, const int) && IS(n, int) && IS(text, char[5]), "const stays");
    __extension__ _Static_assert(__builtin_types_compatible_p(__typeof__(q), struct local *),
                                 "a type "
                                 "of the block");
    await bide_join(({
                        long inner = await count();
                        _Static_assert(sizeof inner == sizeof(long) && IS(inner, long), "");
                        *p += (int)inner;
                    }),
                    step(1));
    for (int i = 0; i < 2; i++) {
        _Static_assert(IS(i, int) && sizeof(struct local) == 3 * sizeof(int), "in a loop");
        text[i] = (char)await step('0' + i);
    }
    return n * 100 + q->a[1] * 10 + text[1] - '0' + fixed * 1000;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await checks(3));
    return 0;
}
