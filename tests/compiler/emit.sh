# bide emit prints plain C that builds with the plain compiler and libbide, behaves as the program
# does, is the same each time, and has no path of this machine in it. Tried with the examples and
# with the programs of run/: all of them in the long tier, otherwise one in eight with gcc and
# another one in eight with clang. In the fixed tier only clang's have sanitizers: gcc's are used by
# compiler/run.
#
#   ONLY=NAME    with this topic or program of run/
set -eu
case $("$CC" --version) in
*clang*) turn=5 ;;
*)
    turn=1
    plain
    ;;
esac

warn="-Wall -Wextra"
export CC

# The expanded __TIME__ and __DATE__ differ between two runs: this puts the names back.
timeless()
{
    sed 's/"[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"/__TIME__/
        s/"[A-Z][a-z][a-z] [ 0-9][0-9] [0-9]*"/__DATE__/' "$1"
}

# build SOURCE NAME [FLAGS]: emits SOURCE, whose path is relative, and compiles it.
build()
{
    "$BIDE" emit ${3:-} "$1" >"$2.emitted.c" 2>err || fail "bide emit $1: $(cat err)"
    [ ! -s err ] || fail "bide emit $1 says: $(cat err)"
    "$BIDE" emit ${3:-} "$1" >again.c
    timeless "$2.emitted.c" >first.c
    timeless again.c | cmp first.c - || fail "$1: not the same twice"
    ! grep -n "$SRC\|$BUILD\|$HOME/" "$2.emitted.c" || fail "$1: holds a path"
    plain=
    for flag in ${3:-}; do
        case $flag in
        -W*bide-*) ;; # clang does not know these
        *) plain="$plain $flag" ;;
        esac
    done
    "$CC" $warn -Werror $plain -I"$BUILD/include" -c "$2.emitted.c" -o "$2.o" >err 2>&1 ||
        fail "$1: what was emitted does not compile:
$(head -n 40 err)"
}

link()
{
    "$CC" "$@" -L"$BUILD/lib" -Wl,-rpath,"$BUILD/lib" -lbide -o program >err 2>&1 ||
        fail "$1: does not link: $(head -n 20 err)"
}

# The code that ends a function has the indentation of the user's last statement, not of its `if`.
cat >last.c <<'END'
#include <bide/bide.h>
#include <stdio.h>
async void f(int n);
async void f(int n)
{
    await bide_yield();
    if (n)
        puts("x");
}
END
build last.c last -Wall

# A body that may not be inlined is not declared inline.
cat >whole.c <<'END'
#include <bide/bide.h>
__attribute__((noinline)) static async int whole(int n)
{
    await bide_yield();
    return n;
}
async int f(int n);
async int f(int n)
{
    return await whole(n);
}
END
build whole.c whole -Wall

count=0
for file in "$SRC"/examples/*.c; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .c)
    cp "$file" .
    build "$name.c" "$name" -Wno-bide-unused-future # lazy.c shows it
    count=$((count + 1))
done
echo "$count examples"

mkdir run
cp "$SRC"/tests/compiler/run/*.h run
count=0
number=0
for file in $(programs "$SRC/tests/compiler/run"); do
    number=$((number + 1))
    [ -n "$LONG${ONLY-}" ] || [ $((number % 8)) = $turn ] || continue
    name=${file#"$SRC/tests/compiler/"}
    name=${name%.c}
    more=$(flags_of "$file")
    mkdir -p "$(dirname "$name")"
    cp "$file" "$name.c"
    build "$name.c" "$name" "$more"
    link "$name.o" $more
    timeout $((20 * ${BIDE_TEST_SLOW:-1})) ./program >out 2>err ||
        fail "$name: status $?: $(cat err)"
    diff -u "${file%.c}.out" out || fail "$name: what was emitted prints something else"
    count=$((count + 1))
done
echo "$count programs"

# What a declaration mentions is included before it, in its file's own conditions.
cat >types.h <<'END_OF_FILE'
#include <bide/lang.h>
#define HAS_PAGE 1
struct page { int size; };
typedef struct page page_type;
END_OF_FILE
cat >mention.c <<'END_OF_FILE'
#include "types.h"
bide_async int load(page_type *page);
#if HAS_PAGE
#ifdef HAS_PAGE
bide_async int store(page_type *page), again(page_type *page);
#endif
#endif
#include <stdio.h>
bide_async int put(FILE *file, page_type *page);
#include <bide/task.h>
bide_async int load(page_type *page)
{
    bide_await bide_yield();
    return bide_await store(page) + bide_await put(stdout, page) + page->size;
}
END_OF_FILE
build mention.c mention
grep -o '^#include.*\|^int (*[a-z]*)*(\|^# *[ie][a-z]* *[A-Z_]*$' mention.emitted.c |
    tr -d ')' | sed 's,^int (,int ,' >order
diff -u - order <<'END_OF_FILE' || fail "mention.c: the order of what was emitted"
#include <bide/abi.h>
#include "types.h"
int load(
#if HAS_PAGE
#ifdef HAS_PAGE
int store(
int again(
#endif
#endif
#include <stdio.h>
int put(
#include <bide/task.h>
int load(
END_OF_FILE

# The comments stay although the clock ticks between the two runs of the preprocessor.
cat >clock <<'END_OF_FILE'
#!/bin/sh
ticks=$(cat ticks)
echo $((ticks + 1)) >ticks
exec "${REAL_CC:-cc}" -Wno-builtin-macro-redefined "-D__TIME__=\"10:00:$ticks\"" "$@"
END_OF_FILE
chmod +x clock
echo 10 >ticks
cat >clock.c <<'END_OF_FILE'
#include <bide/bide.h>
const char *built = __TIME__; /* when the program was built */
END_OF_FILE
REAL_CC=$CC CC=./clock "$BIDE" emit clock.c >clock.emitted.c
[ "$(cat ticks)" -ge 12 ] || fail "clock.c: the clock did not tick"
grep -q 'when the program was built' clock.emitted.c || fail "clock.c: lost its comment"
