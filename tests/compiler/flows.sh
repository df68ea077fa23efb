# Warnings that depend on the paths through a function. A deferred block, a scope, a guard or a
# spawned call gives the function other paths than its plain reading has. True warnings are given,
# at every level of optimization at which the compiler gives them; false ones are not.
set -eu

cat >flows.c <<'END'
#include <bide/bide.h>
#include <stdlib.h>
static async int later(int n)
{
    await bide_yield();
    return n;
}
static async int sets(int *p)
{
    *p = 1;
    await bide_yield();
    return 0;
}
int use(int);
async int defer_elsewhere(void)
{
    int x, b = 0;
    defer { b++; }
    return use(x) + await later(b); /* TRUE */
}
async int defer_around(int n)
{
    int x;
    defer if (n) use(1); else { use(2); }
    await later(1);
    return use(x); /* TRUE */
}
async int in_scope(void)
{
    int x;
    bide_scope(s)
    {
        await later(1);
        use(x); /* TRUE */
    }
    return 0;
}
async int beside_scope(void)
{
    int x;
    bide_scope(s) bide_scope_spawn(s, later(1));
    return use(x); /* TRUE */
}
async int freed(char *p, int k)
{
    defer { k++; }
    free(p);
    await later(k);
    return p[0]; /* TRUE of gcc */
}
async int scope_sets(void)
{
    int x;
    bide_scope(s) { x = await later(2); }
    return use(x);
}
async int scope_sets_for_next(void)
{
    int x;
    bide_scope(s) x = await later(2);
    bide_scope(t) { use(x); }
    return 0;
}
async int defer_sets(void)
{
    int x;
    {
        defer x = 3;
        await later(1);
    }
    return use(x);
}
async int defer_uses(void)
{
    int x;
    defer { use(x); }
    x = 1;
    await later(1);
    return x;
}
async int defer_frees(char *p)
{
    defer free(p);
    await later(1);
    return p[0];
}
async int spawn_sets(void)
{
    int x;
    bide_scope(s) { bide_scope_spawn(s, sets(&x)); }
    return use(x);
}
async int spawn_sets_inside(void)
{
    int x;
    bide_scope(s)
    {
        bide_task(int) t = bide_scope_spawn(s, later(x = 4));
        use(x);
        int r;
        if (await bide_task_join(t, &r) == 0)
            use(r);
    }
    return 0;
}
END
case $("$CC" --version) in
*clang*) levels='-fsyntax-only -O0 -O2' true=4 what='-Wall -Wconditional-uninitialized'
    category=-fdiagnostics-show-category=id ;;
*) levels='-O0 -O1 -O2 -O3 -Os' true=5 what='-Wall -Wextra' category= ;;
esac
for level in $levels '-O1 -fno-diagnostics-show-option' $category; do
    "$BIDE" cc "$CC" $level $what -c flows.c -o flows.o >out 2>&1 || fail "$level: $(cat out)"
    sed -n 's/^flows\.c:\([0-9]*\):.*warning: .*/\1/p' out | sort -n | uniq >lines
    grep -n TRUE flows.c | sed 's/:.*//' | head -n $true >expected
    case $level in *-show-option) ! grep '\[-W' out || fail "options are shown" ;; esac
    diff expected lines >difference || fail "$level: $(cat difference out)"
done
