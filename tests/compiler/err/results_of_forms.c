/* Results of forms that show whether a variable has a value, or whether a branch failed. */
/* exit: 0 */
#include <bide/bide.h>

async int must(int n) __attribute__((warn_unused_result));
async int work(int n);

async int joins(void)
{
    bide_task(int) task = bide_spawn(work(1));
    int a, b, c, d = 0;
    await bide_task_join(task, &a);
    await bide_timeout(BIDE_S(1), b = work(2));
    await bide_join(bide_select(c = work(3), d = work(4)), work(5));
    await bide_try_join(must(6), d = must(7));
    return a + b + c + d;
}
