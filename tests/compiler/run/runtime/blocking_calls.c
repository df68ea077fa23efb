/* bide_blocking and bide_block_on; a plain main; wrappers called from plain code. */
#include <bide/bide.h>
#include <stdio.h>
#include <string.h>

struct answer {
    int n;
    char text[12];
};

static int slow(int a, int b)
{
    return a * b;
}

static struct answer answer(const char *text)
{
    struct answer a = {42, ""};
    strcpy(a.text, text);
    return a;
}

static void store(int *to, int n)
{
    *to = n;
}

static int plain_calls;

static void without_any(void)
{
    plain_calls++;
}

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async int jobs(int n)
{
    int a = await bide_blocking(slow(n, await later(6))), stored = 0;
    await bide_blocking(store(&stored, a + 1));
    await bide_blocking(without_any());
    stored += plain_calls - 1;
    struct answer s = await bide_blocking(answer("text"));
    int b = 0, c = 0;
    await bide_join(b = bide_blocking(slow(2, 3)), c = later(4));
    int (*f)(int, int) = slow;
    printf("%d %d %d %s %d %d %d\n", a, stored, s.n, s.text, b, c, await bide_blocking(f(5, 5)));
    return (int)strlen((await bide_blocking(answer("four"))).text);
}

async int visible(int n);

async int visible(int n)
{
    return await later(n) + 1;
}

int main(void)
{
    printf("%d\n", bide_block_on(jobs(7)));
    int n = bide_block_on(visible(bide_block_on(later(1)))) + bide_block_on(later(10));
    printf("%d\n", n);
    return 0;
}
