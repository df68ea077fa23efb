# `clang --analyze`, by itself and under `bide cc`: no false alarm for the examples and for defers
# and scopes as the documents recommend them, and the mistakes before a defer are still found.
set -eu

command -v clang >/dev/null || skip "no clang"

# analyze COMMAND...: what the analyzer reports, one message a line, in the file reports.
analyze()
{
    "$@" --analyze -Xanalyzer -analyzer-output=text -I "$SRC/include" -o analyzed >out 2>&1 ||
        fail "$*: $(cat out)"
    grep -E 'warning:|error:' out >reports || true
}

# silent COMMAND...: it reports nothing.
silent()
{
    analyze "$@"
    [ ! -s reports ] || fail "$*: $(cat out)"
}

cat >resources.c <<'EOF'
#include <bide/bide.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

async int work(char *p);

async int recommended(int n)
{
    char *p = malloc(10);
    if (!p)
        return -1;
    defer { free(p); }
    p[0] = 'a';
    if (n)
        return -2;
    int r = await work(p);
    char *q = malloc(3);
    defer { free(q); }
    if (r < 0)
        return r;
    memset(p, 0, 10);
    return p[0] + 1;
}

async int set_later(int n)
{
    char *p = NULL, *q;
    int length = n + 1, count;
    defer { free(p); }
    defer
    {
        if (count)
            free(q);
    }
    p = malloc(10);
    q = malloc(10);
    count = n;
    if (n)
        return -2;
    await work(q);
    return await work(p) + length + count;
}

async int only_freed(void)
{
    char *p = malloc(10);
    if (!p)
        return -1;
    defer
    {
        if (p[0])
            puts("set");
        free(p);
    }
    return 0;
}

async int changes(int n)
{
    int *p = &n, count;
    defer
    {
        *p = 3;
        p = NULL;
        count++;
    }
    count = n;
    *p = 3;
    return await work(NULL) + *p + count;
}

async int loops(int n)
{
    FILE *f = fopen("a", "r");
    if (!f)
        return 1;
    for (int i = 0; i < n; i++) {
        char *s = strdup("a");
        if (!s)
            break;
        defer { free(s); }
        if (i == 3)
            continue;
        if (i == 4)
            break;
        await work(s);
        s[0] = 1;
    }
    fclose(f);
    return 0;
}

async int scopes(void)
{
    char *p = malloc(10), *q;
    int error, result;
    bide_scope(s)
    {
        q = malloc(10);
        bide_scope_spawn(s, work(p));
        bide_scope_spawn(s, work(q));
    }
    bide_try_scope(s, error)
    {
        result = 3;
        bide_scope_spawn(s, work(p));
    }
    free(p);
    free(q);
    return error < 0 ? error : result;
}

async int locked(bide_mutex *mutex, int n)
{
    int result;
    char *p;
    bide_locked(mutex) {
        if (n)
            return n;
        p = malloc(10);
        result = await recommended(3);
    }
    free(p);
    return result;
}

async int calls(int n)
{
    char *p = malloc(10);
    int r = await recommended(n);
    free(p);
    return r;
}
EOF
silent clang -Wall -Wextra -Wshadow resources.c
silent "$BIDE" cc clang -Wall -Wextra resources.c

cat >mistakes.c <<'EOF'
#include <bide/bide.h>
#include <stdlib.h>

async int null(int n)
{
    int *p = NULL;
    if (n)
        n = *p;
    defer { free(p); }
    return n;
}

async int twice(void)
{
    char *p = malloc(10);
    bide_scope(s)
    {
        free(p);
    }
    free(p);
    return 0;
}
EOF
for command in clang "$BIDE cc clang"; do
    analyze $command mistakes.c
    grep -q 'mistakes.c:8:13: .*[Nn]ull pointer' reports || fail "$command: $(cat out)"
    grep -q 'mistakes.c:20:5: .*released memory' reports || fail "$command: $(cat out)"
done

count=0
for file in "$SRC"/examples/*.c "$SRC"/examples/*/*.c; do
    # What the foreign library needs that its first lines name.
    module=$(sed -n '1,20s/.*pkg-config --cflags --libs \([^)]*\)).*/\1/p' "$file")
    flags=
    [ -z "$module" ] || flags=$(pkg-config --cflags "$module" 2>/dev/null) || continue
    # shellcheck disable=SC2086
    silent clang $flags "$file"
    count=$((count + 1))
done
echo "$count examples"
