/* Declarations: static, inline, extern, attributes, repeated prototypes, prototypes in blocks,
 * several in one line, typedef results; calls before the definition. */
#include <bide/bide.h>
#include <stdio.h>

typedef int number;
typedef struct {
    int n;
} boxed;

async int forward(int n);
async number typed(number);
static async int hidden(int), also(int a, int b);
extern async int declared_extern(int n);
async int declared_extern(int n);
__attribute__((visibility("hidden"))) async int not_exported(int n);
async int weak(int n) __attribute__((weak));
int async in_the_middle(int n);
static inline async boxed box(int n) { return (boxed){await forward(n)}; }

static async __attribute__((noinline, unused)) int never_called(void)
{
    return 1;
}

async int main(void)
{
    async int declared_extern(int n);
    printf("%d %d %d %d\n", await forward(1), await typed(2), await hidden(3), await also(4, 5));
    printf("%d %d %d %d\n", await declared_extern(6), await not_exported(7), await weak(8),
           await in_the_middle(9));
    printf("%d %d\n", await also(10, 0), (await box(11)).n);
    return 0;
}

async int forward(int n)
{
    await bide_yield();
    return n;
}

async number typed(number n) { return await forward(n); }
static async int hidden(int n) { return await forward(n); }
static async int also(int a, int b) { return await forward(a) + b; }
async int declared_extern(int n) { return await forward(n); }
async int not_exported(int n) { return await forward(n); }
async int weak(int n) { return await forward(n); }
async int in_the_middle(int n) { return await forward(n); }
