#include <bide/bide.h>

async int work(int n);
struct holder {
    struct bide__scope *scope;
};
static struct bide__scope *global;

void plain(int n)
{
    bide_scope(s) {
        bide_scope_spawn(s, work(n));
    }
}

async int no_scope(int n, struct holder *to)
{
    int *p = &n;
    bide_scope_spawn(p, work(1));
    bide_scope_cancel(n);
    bide_scope(s) {
        bide_scope_spawn(s, n + 1);
        bide_scope_spawn(work(1));
        bide_scope_spawn(s, work);
        await bide_scope_spawn(s, work(2));
    }
    bide_scope_spawn(s, work(3));
    return (int)sizeof(({
        bide_scope(t) {
        }
        1;
    }));
}

async int copies(struct holder *to)
{
    bide_scope(s) {
        struct bide__scope *other = s;
        struct holder holder = {s};
        global = s;
        to->scope = (s);
        s = other;
        bide_scope_spawn(*&s, work(1));
        bide_spawn(async({ await work(2); bide_scope_spawn(s, work(3)); }));
        (void)holder;
    }
    return 0;
}

async struct bide__scope *returns(void)
{
    bide_scope(s) {
        return s;
    }
    return 0;
}

async int errors(const int *p, char *text)
{
    bide_try_scope(s, *p) {
    }
    bide_try_scope(s, text) {
    }
    bide_try_scope(s, 3) {
    }
    bide_try_scope(s, text[await work(1)]) {
    }
    return 0;
}
