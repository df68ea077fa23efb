/* Results of branches and tasks that the result of the form overwrites. */
/* exit: 0 */
#include <bide/bide.h>
#include <stdbool.h>

struct pair {
    int a, b;
};

async int work(int n);
async struct pair both(void);

async int lost(struct pair *p)
{
    bide_task(int) task = bide_spawn(work(1));
    struct pair s;
    int list[2], i = 0, n, m, other;
    int r = await bide_timeout(BIDE_S(1), r = work(2));
    r = await bide_timeout(BIDE_S(1), (r) = work(3));
    int w = (int)(await bide_select(work(4), w = work(5)));
    (w) = (long)await bide_select_biased(w = work(6), work(7));
    p->a = await bide_try_join(p->a = work(8), p->b = work(9));
    s.a = s.b = await bide_try_join(s.a = work(10), s.b = work(11));
    list[i] = await bide_timeout(BIDE_S(1), list[i] = work(12));
    list[1] = await bide_timeout(BIDE_S(1), list[1] = work(13));
    n = await bide_task_join(task, &n);
    m = await bide_timeout(BIDE_S(1), bide_join(work(14), bide_select(m = work(15), work(16))));
    m = await bide_select(bide_if(n > 0, m = work(17)), work(18));
    await bide_join(other = bide_select(other = work(19), work(20)), work(21));
    m = await bide_timeout(BIDE_S(1), m = bide_select(m = work(22), work(23)));
    if ((n = await bide_timeout(BIDE_S(1), n = work(24))) < 0)
        return n;
    return r + w + p->a + s.a + list[0] + n + m + other;
}

/* Here all results can be used. */
async int kept(struct pair *p, struct pair *q)
{
    int list[2], i = 0, k = 1, n = 0, m;
    struct pair s;
    int r = await bide_timeout(BIDE_S(1), n = work(1));
    n = await bide_timeout(BIDE_S(1), n = work(2)) < 0 ? -1 : n;
    n += await bide_timeout(BIDE_S(1), n = work(3));
    p->a = await bide_timeout(BIDE_S(1), q->a = work(4));
    p->a = await bide_timeout(BIDE_S(1), p->b = work(5));
    s.a = await bide_timeout(BIDE_S(1), m = work(6));
    list[i] = await bide_timeout(BIDE_S(1), list[k] = work(7));
    list[0] = await bide_timeout(BIDE_S(1), list[1] = work(8));
    r = await bide_timeout(BIDE_S(1), ({ r = await work(9); n += r; }));
    {
        int outer = r;
        int r = await bide_timeout(BIDE_S(1), outer = work(10));
        n += r + outer;
    }
    r = ({ int w = await bide_select(n = work(11), work(12)); w + n; });
    await bide_timeout(BIDE_S(1), s = both());
    return r + n + m + s.a + list[0];
}
