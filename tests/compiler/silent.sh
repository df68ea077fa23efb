# Commands that must be silent because the compiler is silent about the plain reading: the front end
# forced on a plain file, old dialects, gcc's analyzer.
set -eu

case $("$CC" --version) in
*clang*) family=clang ;;
*) family=gcc ;;
esac

silent()
{
    "$BIDE" cc "$CC" "$@" -c -o out.o >out 2>&1 || fail "$*: $(head -n 20 out)"
    [ ! -s out ] || fail "$*: $(head -n 20 out)"
}

echo 'int one(void) { return 1; }' >plain.c
silent -fbide-force -std=c99 -pedantic -Werror plain.c
silent -fbide-force -std=c99 -pedantic-errors plain.c
cat >waits.c <<'END'
#include <bide/bide.h>
#include <stdlib.h>

async int g(int n);

async int f(int n)
{
    int rc = 0;
    defer { rc++; }
    bide_scope(s)
    {
        bide_scope_spawn(s, g(n));
    }
    rc = await g(n);
    char *p = malloc(4);
    if (!p)
        return -1;
    defer { free(p); }
    p[0] = (char)await g(n);
    return rc + p[0];
}

async int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 0;
    await bide_sleep(BIDE_MS(n));
    return n;
}
END
silent -std=gnu99 -Wpedantic -Werror waits.c
[ $family = clang ] || silent -std=gnu90 -Wall -Wextra -Wpedantic -Werror waits.c
[ $family = clang ] || silent -fanalyzer -Werror waits.c
silent -Wall -Wextra -Werror -pedantic-errors waits.c

# A warning in a plain file of the command is shown; with -Werror no object is left.
echo 'int h(int x) { int unused; return x; }' >other.c
"$BIDE" cc "$CC" -Wall -Werror -c waits.c other.c >out 2>&1 && fail "-Werror: it succeeded"
grep -q "other.c:1:.*unused variable 'unused'" out || fail "$(cat out)"
[ ! -e waits.o ] && [ ! -e other.o ] || fail "an object is left"
