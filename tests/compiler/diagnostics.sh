# Messages, apart from their words, which err.sh compares: how many there are, the options that
# switch them, and JSON. Every warning is in `bide help` and in docs/diagnostics.md.
set -eu

# --- broken programs: exactly the expected number of errors, no cascade ---
count=0
for file in "$SRC"/tests/compiler/broken/*.c; do
    want=$(sed -n '1,3s/.*errors: *\([0-9]*\).*/\1/p' "$file")
    ! "$BIDE" cc "$CC" -c "$file" -o broken.o >out 2>err || fail "$file was accepted"
    found=$(grep -c ': error: ' err) || :
    [ "$found" = "$want" ] || fail "$found errors, not $want, of $file:
$(cat err)"
    [ ! -e broken.o ] || fail "$file left an object"
    count=$((count + 1))
done
[ "$count" -ge 10 ] || fail "only $count broken programs"

# --- the compiler knows why an expression has no type ---
! "$BIDE" cc "$CC" -c "$SRC/tests/compiler/broken/unknown_member.c" -o broken.o >out 2>err ||
    fail "it took unknown_member.c"
grep -q "no member named .sise.*did you mean" err || fail "says something else: $(cat err)"

# --- limits ---
cat >many.c <<'END'
#include <bide/bide.h>
async int f(int n);
int g(void)
{
    f(1);
    f(2);
    f(3);
    return f(4);
}
END
said()
{
    "$BIDE" cc "$CC" "$@" >out 2>err || :
    grep -c ': error: ' err || :
}
[ "$(said -c many.c)" = 4 ] || fail "not 4 errors: $(cat err)"
[ "$(said -fmax-errors=2 -c many.c)" = 2 ] || fail "-fmax-errors=2: $(cat err)"
[ "$(said -Wfatal-errors -c many.c)" = 1 ] || fail "-Wfatal-errors: $(cat err)"

# --- options ---
cat >sleepy.c <<'END'
#include <bide/bide.h>
#include <unistd.h>
async int f(void)
{
    sleep(1);
    return await bide_sleep(BIDE_MS(1));
}
END
# level WORD OPTIONS: the message about the call is of this level; no message if WORD is empty
level()
{
    want=$1
    shift
    "$BIDE" cc "$CC" "$@" -c sleepy.c -o sleepy.o >out 2>err || :
    got=$(sed -n 's/.*: \(warning\|error\): .sleep. blocks.*/\1/p' err)
    [ "$got" = "$want" ] || fail "'$got', not '$want', with $*:
$(cat err)"
}
name=bide-blocking-call
level warning
level '' -w
level '' -Wno-$name
level warning -Wno-$name -W$name
level '' -Wno-$name -Wall -Wextra
level error -Werror
level error -Werror=$name
level warning -Werror -Wno-error=$name
level warning -Werror=$name -Wno-error=$name
level error -Wno-$name -Werror=$name

# --- headers ---
mkdir -p house
cat >house/nap.h <<'END'
static inline async int nap(void)
{
    sleep(1);
    return await bide_sleep(BIDE_MS(1));
}
END
cat >naps.c <<'END'
#include <bide/bide.h>
#include <unistd.h>
#include <nap.h>
async int f(void)
{
    return await nap();
}
END
"$BIDE" cc "$CC" -I house -c naps.c 2>err || fail "$(cat err)"
grep -q '^house/nap.h:3:5: warning: .*bide-blocking-call' err ||
    fail "no warning in a header: $(cat err)"
"$BIDE" cc "$CC" -isystem house -c naps.c 2>err || fail "$(cat err)"
[ ! -s err ] || fail "a system header warns: $(cat err)"

# --- colours ---
"$BIDE" cc "$CC" -fdiagnostics-color=always -c sleepy.c 2>err
grep -q "$(printf '\033')\[01;35m" err || fail "no colours: $(cat err)"
GCC_COLORS='warning=04;36' "$BIDE" cc "$CC" -fdiagnostics-color=always -c sleepy.c 2>err
grep -q "$(printf '\033')\[04;36m" err || fail "not the colours of GCC_COLORS: $(cat err)"

# --- every warning is listed, described and used ---
"$BIDE" help | sed -n 's/^  -W\(bide-[^ ]*\) .*/\1/p' >names
[ -s names ] || fail "bide help lists no warnings"
find "$SRC/compiler" -name '*.c' ! -name warning.c -exec cat {} + >sources # without the table
while read -r name; do
    grep -q "^## -W$name\$" "$SRC/docs/diagnostics.md" || fail "docs/diagnostics.md lacks -W$name"
    grep -q "^| \[.-W$name.\]" "$SRC/docs/diagnostics.md" || fail "its table lacks -W$name"
    grep -qF "\"$name\"" sources || fail "no source gives -W$name"
done <names
sed -n 's/^## -W\(bide-.*\)$/\1/p' "$SRC/docs/diagnostics.md" | while read -r name; do
    grep -qx -e "$name" names || fail "docs/diagnostics.md has -W$name, but the tool does not"
done
grep -o '"bide-[a-z-]*=*"' sources | tr -d '"' | sort -u | while read -r name; do
    case $name in
    # Libraries:
    bide- | bide-html | bide-http | bide-http-server | bide-json | bide-metrics) continue ;;
    bide-sqlite | bide-tls | bide-trace | bide-trace-otlp | bide-websocket) continue ;;
    bide-multi-thread) continue ;;                         # an option
    esac
    grep -qx -e "$name" names || fail "-W$name is used, but not in the table"
done

# --- JSON ---
is_json()
{
    [ -s err ] || fail "no JSON from: $*"
    ! grep -qv '^{"severity":"\(error\|warning\|note\)",.*}$' err || fail "no JSON: $(cat err)"
    ! command -v python3 >/dev/null || python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    m = json.loads(line)
    for key in ("message", "file", "line", "column", "end_line", "end_column", "option",
                "function", "source", "fixits", "notes"):
        assert key in m, key
' err || fail "no JSON: $(cat err)"
}
json()
{
    "$BIDE" "$@" >out 2>err || :
    is_json "$@"
}
json cc "$CC" --error-format=json -c many.c
grep -q '"line":5,"column":5,"end_line":5,"end_column":9,"option":null,"function":"g"' err ||
    fail "wrong place: $(cat err)"
fixits='{"line":5,"column":5,"insert":"bide_block_on("},{"line":5,"column":9,"insert":")"}'
grep -q "\"fixits\":\[$fixits\]" err || fail "wrong fix-its: $(cat err)"
json cc "$CC" --error-format=json -Wbide-nothing -c sleepy.c
grep -q '"option":"-Wbide-blocking-call"' err || fail "no option: $(cat err)"
grep -q 'unknown warning option' err || fail "no message about the unknown name: $(cat err)"
json cc "$CC" --error-format=json -c "$SRC/tests/compiler/broken/semicolon.c"
grep -q '"source":"compiler"' err || fail "the compiler is not the source: $(cat err)"
json cc "$CC" --error-format=json -fdiagnostics-color=always -c many.c
json emit --error-format=json many.c
json run --error-format=json sleepy.c
printf 'int main(void) { return f(); }\n' >plain.c
json cc "$CC" --error-format=json plain.c -o plain
! "$BIDE" cc "$CC" --error-format=xml -c plain.c 2>err || fail "accepted --error-format=xml"
grep -q "is text or json, not 'xml'" err || fail "$(cat err)"
printf '#include <bide/bide.h>\nasync int f(void);\nint g(void)\n{\n' >tab.c
printf '\t/* ä */ f(); "\\\\"; return 0;\n}\n' >>tab.c
json cc "$CC" --error-format=json -c tab.c
grep -q '"line":5,"column":11,' err || fail "columns do not count bytes: $(cat err)"

# --- fix-its: when all of them are applied, the file compiles silently ---
cat >fixed.c <<'END'
#include <bide/bide.h>

struct page {
    int length;
};
async int fetch(int n);
async struct page *get(void);
typedef bide_async_fn(int, int) step;

async int all(step h, step table[2])
{
    int n = fetch(1);
    n += await get()->length;
    n += await h(2) + await table[1](3);
    n += (*h)(4);
    bide_task(int) a = bide_spawn(fetch(5)), b = a;
    a = b;
    bide_future(int) f = bide_lazy(fetch(6)), g = f;
    n += await bide_get(g);
    return n + /* Ã¤ */ await bide_task_wait(a) + fetch(fetch(7));
}

int plain(step h)
{
    return fetch(8) + bide_block_on(h(9));
}
END
# mends FILE COUNT: the messages about FILE have COUNT fix-its, and with them it compiles.
mends()
{
    json cc "$CC" --error-format=json -c "$1"
    sed 's/"notes":.*//' err | grep -o '{"line":[0-9]*,"column":[0-9]*,"insert":"[^"]*"}' |
        sed 's/[^0-9]*\([0-9]*\)[^0-9]*\([0-9]*\),"insert":"\(.*\)"}/\1 \2 \3/' |
        sort -k1,1n -k2,2nr >fixits
    [ "$(wc -l <fixits)" = "$2" ] || fail "not $2 fix-its of $1: $(cat fixits)"
    awk '
        NR == FNR {
            text = $0
            sub(/^[0-9]+ [0-9]+ /, "", text)
            count[$1]++
            at[$1, count[$1]] = $2
            insert[$1, count[$1]] = text
            next
        }
        {
            for (i = 1; i <= count[FNR]; i++) # from the right
                $0 = substr($0, 1, at[FNR, i] - 1) insert[FNR, i] substr($0, at[FNR, i])
            print
        }
    ' fixits "$1" >mended.c
    "$BIDE" cc "$CC" -Wall -Wextra -Werror -c mended.c >out 2>&1 || fail "$(cat out mended.c)"
    [ ! -s out ] || fail "$(cat out)"
}
mends fixed.c 20

cat >macros.c <<'END'
#include <bide/bide.h>

#define TWICE(a) ((a) + (a))
#define CHECK(x) do { if ((x) != 0) stop(#x); } while (0)
#define P(x) ((x) * 2 + 1)
#define NONE
#define OPEN {
#define CLOSE }
#define KEEP(x) x
#define NAME "name"

void stop(const char *why);
int plain(const char *a, int n);
async int work(int n);
struct page {
    int length;
};
async struct page *get(int n);

async int f(int n)
{
    work(P(n)); work(P(P(1)));
    bide_sleep(BIDE_MS(1)); work(2);
    int x = TWICE(work(1)) + work(P(2)), y = P(n) + work(P(3)) + P(P(n)) + work(1);
    CHECK(work(P(2)) + work(P(n)));
    NONE work(
        P(3));
    CHECK(work(
        P(3))); work(8);
    NONE NONE work(P(NONE 1)) NONE; work(2);
    if (n) OPEN work(P(1)); CLOSE else OPEN work(P(2)); CLOSE
    x += await get(P(1))->length + P(await get(P(2))->length);
    x += KEEP(KEEP(work(P(1)) + KEEP(work(2))));
    x += plain(NAME NAME, work(P(2))) + plain(__FILE__, work(3));
    { /* ä */ await bide_sleep(BIDE_MS(P(1))); } bide_sleep(BIDE_MS(P(1)));
    return x + y;
}

int g(void)
{
    return work(P(8)) + P(work(P(8))) + plain(__func__, work(1));
}
END
mends macros.c 32
