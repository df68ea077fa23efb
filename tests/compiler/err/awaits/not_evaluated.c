/* No async code in a static assertion at file scope, no async block or defer in an operand
 * that is not evaluated. */
#include <bide/bide.h>

async int work(int n);
_Static_assert(sizeof(await work(1)) == sizeof(int), "in the file");

async int other(void)
{
    _Static_assert(sizeof(async({ 1; })) == sizeof(int), "in a function");
    _Static_assert(sizeof(int) == 4, "await");
    typeof(1 + async({ 1; })) n = 1;
    n += sizeof(({
        defer {
            n = 1;
        }
        n;
    }));
    return n + sizeof(n + sizeof(async({ 1; })));
}
