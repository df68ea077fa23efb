/* A comment in the argument of a macro is a space, with any option.
 * flags: -W -Wextra -Wimplicit-fallthrough -Werror
 * exit: 0 */
#include <bide/bide.h>
#include <assert.h>
#define CAT(a, b) a##b
#define STR(x)    #x
#define add(x)    ((x) + 1)

static inline int(add)(int x)
{
    return x;
}

async int one(void)
{
    int CAT(x, /* second */ y) = 1;
    await bide_yield();
    static_assert(sizeof STR(a /* comment */ b) == 4, "");
    static_assert(add /* one */ (3) == 4, "");
    return xy;
}
