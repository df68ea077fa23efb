/* Code for which the user's compiler must not warn: volatile arrays with initialisers, types of a
 * block that are only used there, cleanup variables. */
#include "../step.h"

static void say(const char *c)
{
    printf("%c\n", *c);
}

static async int volatiles(int n)
{
    volatile _Bool b[2] = {await step(n) & 1, 1};
    volatile char s[] = "ab";
    const volatile struct {
        int x[2];
    } v = {{await step(n), 2}};
    await step(1);
    return b[0] + s[1] + v.x[0];
}

static async int types(int n)
{
    typedef short small;
    small x = (short)await step(n);
    await step(x);
    {
        typedef short short_type;
        short_type y = (short)await step(n), *p = &y;
        await step(1);
        x = (small)(x + *p);
    }
    {
        typedef short framed;
        framed y = (short)await step(n);
        await step(1);
        x = (small)(x + *&y);
    }
    return x;
}

static async int cleaned(int v)
{
    if (v > 0)
        await step(1);
    const char c __attribute__((cleanup(say))) = 'c';
    v++;
    await step(2);
    return v + (c == 0);
}

static async void try(void)
{
    printf("%d %d %d\n", await volatiles(1), await types(2), await cleaned(3));
}

async int main(void)
{
    await try();
    suspends = 1;
    await try();
    return 0;
}
