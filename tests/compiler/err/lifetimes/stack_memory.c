/* flags: -Wno-vla */
#include <alloca.h>
#include <bide/bide.h>
#include <string.h>

async int work(int n);
async int use(const char *s);

/* ends after what its operands leave */
async int operand(int n)
{
    char *p;
    n += await use((char *)alloca(2)) + await use(p = alloca(4));
    return n + await use(memset(__builtin_alloca(4), 'a', 4));
}

async int in_a_branch(int n)
{
    char *p = 0;
    await bide_join(work(1), ({ p = alloca(4); }));
    return n + p[0];
}

async int before_a_label(int n)
{
    char *p = alloca(4);
    p[0] = 'a';
    if (n < 0)
        goto out;
    return n + p[0];
out:
    return await work(n);
}

async int jumps_back(int n)
{
    char *p = 0;
again:
    if (p)
        return await use(p);
    p = alloca(4);
    p[0] = 'a';
    if (n > 0)
        goto again;
    return n;
}

/* what awaits at the end of a scope comes after all that the scope has */
async int deferred(int n)
{
    char *p = 0;
    defer { await use(p); }
    p = alloca(4);
    return n;
}

async int dropped(int n)
{
    bide_future(int) f = bide_lazy(work(n));
    char *p = alloca(4);
    return await use(p) + await bide_get(f);
}

async int dropped_later(int n)
{
    bide_future(int) f;
    char *p = alloca(4);
    f = bide_lazy(use(p));
    return n;
}

async int scope(int n)
{
    bide_scope(s) {
        char *p = alloca(4);
        bide_task_detach(bide_scope_spawn(s, use(p)));
    }
    return n;
}

async int array_before_the_end(int n)
{
    const char *p = 0;
    defer { await use(p); }
    char early[n];
    p = early;
    return n;
}

async int array_that_a_future_has(int n)
{
    bide_future(int) f;
    char text[n];
    f = bide_lazy(use(text));
    return n;
}

async int array_in_a_loop(int n)
{
    for (;;) {
        const char *p = 0;
        defer { await use(p); }
        {
            char fine[n];
            p = fine;
        }
        int late[n];
        if (late[0])
            break;
    }
    return n;
}
