# A mistake in only one of the two readings of a file is reported as the user's mistake, at its
# place: a mistake after #ifdef __BIDE__, or one that depends on the names of bide's macros.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

# mistake PLACE TEXT [PLACE TEXT]: the file on standard input, with conditions in place of IF and
# FI, has an error at PLACE (file:line:column) with TEXT. The second PLACE and TEXT are for clang.
mistake()
{
    place=$1
    text=$2
    [ -z "$is_clang" ] || { place=${3:-$1} text=${4:-$2}; }
    cat >template
    sed 's/^IF$/#ifdef never/; s/^FI$/#endif/' template >bad.c
    silent $cc -c bad.c -o bad.o
    for condition in 'ifdef __BIDE__' 'ifndef bide_join'; do
        sed "s/^IF\$/#$condition/; s/^FI\$/#endif/" template >bad.c
        refused $cc -c bad.c -o bad.o
        has err "^$place: .*error: .*$text"
        has_not err 'internal error'
        [ "$(grep -c 'error: ' err)" = 1 ] || fail "more than one error: $(cat err)"
    done
    $cc -E bad.c -o bad.i 2>/dev/null || return 0 # preprocessed before
    refused $cc -c bad.i -o bad.o
    has err "^$place: .*error: .*$text"
    has_not err 'internal error'
}

begin "at file scope"
mistake bad.c:3:9 undeclared <<'E'
#include <bide/bide.h>
IF
int x = undeclared;
FI
async int main(void)
{
    return await bide_yield(), 0;
}
E
end

begin "in a plain function"
mistake bad.c:5:16 undeclared <<'E'
#include <bide/bide.h>
static int plain(int n)
{
IF
    return n + undeclared;
FI
    return n;
}
async int main(void)
{
    return await bide_yield(), plain(0);
}
E
end

begin "in an async function"
mistake bad.c:6:16 undeclared <<'E'
#include <bide/bide.h>
async int main(void)
{
    await bide_yield();
IF
    return 1 + undeclared;
FI
    return 0;
}
E
end

begin "types that do not fit"
mistake bad.c:9:15 operands <<'E'
#include <bide/bide.h>
struct s {
    int a;
} v;
async int main(void)
{
    await bide_yield();
IF
    int k = v + 1;
FI
    return 0;
}
E
end

begin "a missing semicolon"
mistake bad.c:7:5 expected bad.c:6:14 expected <<'E'
#include <bide/bide.h>
async int main(void)
{
    await bide_yield();
IF
    int k = 1
    k++;
FI
    return 0;
}
E
end

begin "in a header"
echo 'int x = undeclared;' >bad.h
mistake bad.h:1:9 undeclared ./bad.h:1:9 undeclared <<'E'
#include <bide/bide.h>
IF
#include "bad.h"
FI
async int main(void)
{
    return await bide_yield(), 0;
}
E
end

begin "an assertion, a label, #error"
mistake bad.c:3:1 'assert.* failed' <<'E'
#include <bide/bide.h>
IF
_Static_assert(sizeof(int) == 3, "no");
FI
async int main(void)
{
    return await bide_yield(), 0;
}
E
mistake bad.c:6:5 nowhere bad.c:6:10 nowhere <<'E'
#include <bide/bide.h>
async int main(void)
{
    await bide_yield();
IF
    goto nowhere;
FI
    return 0;
}
E
mistake bad.c:3:2 '' <<'E'
#include <bide/bide.h>
IF
#error not for bide
FI
async int main(void)
{
    return await bide_yield(), 0;
}
E
end

begin "code that only the plain reading has does not count"
cat >good.c <<'E'
#include <bide/bide.h>
#ifndef __BIDE__
int x = undeclared;
#error not read by bide
#endif
async int main(void)
{
#ifndef __BIDE__
    return undeclared;
#else
    return await bide_yield(), 0;
#endif
}
E
silent $cc -Wall -Wextra good.c -o good
ok ./good
end

begin "the strings that our words make differ"
cat >text.c <<'E'
#include <bide/bide.h>
#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
int n[sizeof TEXT(async) == 1 ? 1 : -1];
async int main(void)
{
    return await bide_yield(), 0;
}
E
refused $cc -c text.c
has err "^text.c:4:[57]: error: .*negative"
has_not err 'internal error'
end
