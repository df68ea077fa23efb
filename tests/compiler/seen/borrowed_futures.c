/* Addresses of locals that leave in a future. */
#include <bide/bide.h>

struct request {
    int *where;
    int n;
};
struct holder {
    bide_future(int) f;
};

async int take(int *where);
async int take_many(int n, struct request request);
async int drive(bide_future(int) f);
void use(int *where);

static async bide_future(int) direct(void)
{
    int n = 1;
    await bide_yield();
    return bide_lazy(take(&n)); /* want: -Wreturn-local-addr */
}

static async bide_future(int) an_argument(int n)
{
    await bide_yield();
    return (bide_lazy(take_many(2, (struct request){&n, 1}))); /* want: -Wreturn-local-addr */
}

static bide_future(int) plain(void)
{
    int many[3] = {0};
    return bide_lazy(take(many + 1)); /* want: -Wreturn-local-addr */
}

static bide_future(int) chosen(int which, int *given)
{
    int n = which;
    return which > 2 ? bide_lazy(take(given)) : bide_lazy(take(&n)); /* want: -Wreturn-local-addr */
}

static async bide_future(int) by_a_variable(void)
{
    int n = 0, *p = &n;
    bide_future(int) f = bide_lazy(take(p));
    await bide_yield();
    return f; /* want: -Wreturn-local-addr */
}

static bide_future(int) moved(void)
{
    struct request r = {.n = 3};
    bide_future(int) f = bide_lazy(take(&r.n));
    bide_future(int) g = bide_move(f);
    return bide_move(g); /* want: -Wreturn-local-addr */
}

static async bide_future(int) in_a_future(void)
{
    int n = 0;
    bide_future(int) f = bide_lazy(drive(bide_lazy(take(&n))));
    return f; /* want: -Wreturn-local-addr */
}

static bide_future(int) a_block(void)
{
    int n = 0, *p = &n;
    return bide_lazy(async({ await take(p); })); /* want: -Wreturn-local-addr */
}

static void stored(struct holder *h, bide_future(int) * out)
{
    int n = 0;
    *out = bide_lazy(take(&n)); /* want: -Wbide-dangling */
    h->f = bide_lazy(take(&n)); /* want: -Wbide-dangling */
}

static async int by_a_block(void)
{
    bide_task(bide_future(int)) task = bide_spawn(async({
        int n = 0;
        await bide_yield();
        bide_lazy(take(&n)); /* want: -Wreturn-local-addr */
    }));
    bide_task(int *) other = bide_spawn(async({
        int *kept = NULL;
        kept;
    }));
    return await bide_task_wait(task) + await bide_task_wait(other);
}

static async int spawned(void)
{
    int n = 0;
    bide_future(int) f = bide_lazy(take(&n));
    bide_task_detach(bide_spawn(drive(bide_lazy(take(&n))))); /* want: -Wbide-borrow */
    bide_task_detach(bide_spawn(drive(bide_move(f))));        /* want: -Wbide-borrow */
    return 0;
}

/* Nothing is wrong with these. */
static bide_future(int) given(int *p, struct request *r)
{
    static int kept;
    bide_future(int) f = bide_lazy(take(&kept));
    bide_drop(f);
    f = bide_lazy(take(&r->n));
    bide_drop(f);
    use(p);
    (void)f;
    return bide_lazy(take(p));
}

static async int driven(void)
{
    int n = 0;
    bide_future(int) f = bide_lazy(take(&n));
    bide_future(int) other = bide_lazy(take_many(n, (struct request){NULL, n}));
    bide_scope(s)
    {
        bide_scope_spawn(s, drive(bide_lazy(take(&n))));
    }
    int rc = await bide_get(f) + await drive(bide_lazy(take(&n)));
    f = bide_lazy(take(NULL));
    return rc + await bide_get(f) + await bide_get(other);
}

static async bide_future(int) set_again(int which)
{
    int n = 0;
    bide_future(int) f = bide_lazy(take(&n));
    if (which)
        return bide_lazy(take_many(n, (struct request){NULL, n}));
    n = await bide_get(f);
    f = bide_lazy(take(NULL));
    return f;
}

static bide_future(int) a_copy(void)
{
    int n = 0;
    return bide_lazy(async({ int own = n; await take(&own); }));
}

async int main(void)
{
    struct holder h = {0};
    bide_future(int) f;
    int n = 0;
    stored(&h, &f);
    bide_drop(f);
    bide_drop(h.f);
    f = await direct();
    bide_drop(f);
    f = await an_argument(1);
    bide_drop(f);
    f = plain();
    bide_drop(f);
    f = chosen(1, &n);
    bide_drop(f);
    f = await by_a_variable();
    bide_drop(f);
    f = moved();
    bide_drop(f);
    f = await in_a_future();
    bide_drop(f);
    f = given(&n, &(struct request){&n, 1});
    bide_drop(f);
    f = await set_again(1);
    bide_drop(f);
    f = a_block();
    bide_drop(f);
    f = a_copy();
    (void)f;
    return await by_a_block() + await spawned() + await driven();
}
