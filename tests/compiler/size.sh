# bide size: the frames, reserves and members in objects, archives, programs and libraries, however
# they are compiled; its messages about files that are damaged, stripped or of another kind; and the
# warning of large frames, whatever output the compiler writes.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

cat >src/frames.c <<'END'
#include <bide/bide.h>
#include <string.h>

struct pair {
    int first;
    double second;
};

async struct pair ask(int n);

async int later(long n)
{
    await bide_yield();
    return (int)n;
}

static async int fill(int n)
{
    char text[300];
    memset(text, n, sizeof text);
    for (int i = 0; i < n; i++)
        text[i] = (char)await later(i);
    struct pair p = await ask(n);
    return text[n] + p.first;
}

async int main(void)
{
    const double half = 0.5;
    struct {
        int (*call)(int, char);
        char *name[3];
    } table = {0};
    bide_task(int) task = bide_spawn(bide_async({
        _Alignas(64) char own[64] = {1};
        await later(own[0]);
        own[0] + memcmp(own, own, 1);
    }));
    memset(&table, 0, sizeof table);
    int sum = await fill(2), one;
    int (*call)(int, char) = NULL;
    sum += await bide_task_join(task, &one);
    return (call != NULL) + sum + one + (table.name[1] != NULL) + (half > 1);
}
END
cat >src/ask.c <<'END'
#include <bide/bide.h>

struct pair {
    int first;
    double second;
};

async struct pair ask(int n)
{
    if (n > 10)
        return await ask(n / 2);
    await bide_sleep(BIDE_MS(1));
    return (struct pair){n, n};
}
END
cat >src/large.c <<'END'
#include <bide/bide.h>
#include <string.h>

async int large(int n)
{
    char text[1000];
    memset(text, n, sizeof text);
    await bide_yield();
    return text[n];
}

async int main(void)
{
    return await large(3);
}
END
printf 'int main(void) { return 0; }\n' >src/nothing.c

tab=$(printf '\t')

# sizes FILE...: prints frame, reserve and name, sorted by name
sizes()
{
    bide size --tsv "$@" >table 2>note || fail "$what: bide size $*: $(cat note)"
    sed 1d table | cut -f 1,2,4 | sort -k 3
}

begin "the table"
silent $cc -O2 -c frames.c ask.c
ok bide size frames.o ask.o
[ ! -s err ] || fail "$(cat err)"
has out '^     128 .* main_block_1  frames.c:34$'
has out '^ *64  own  char \[64\]  line 35$'
has out '^ *300  text  *char \[300\]  *line 19$'
has out '^ *16  result_ask  *struct pair  *line 23$'
has out '^ *32  table  struct {\.\.\.}  *line 33$'
ok bide size frames.o --members all
has out '^ *8  half  .*const double  *line 29$'
has out '^ *8  call  .*int (\*)(int, char)  *line 41$'
has out '^ *8  task  *bide_task(int)  *line 34$'
[ "$(sed 's/^ *//;1d' out | cut -d ' ' -f 1 | grep -c .)" -gt 12 ] || fail "$(cat out)"
awk 'NR > 1 && / frames.c:/ { if (last && $1 > last) exit 1; last = $1 }' out || fail "order"
has out '^+ at least: .ask. is in none of the files$'
ok bide size --members=0 frames.o
[ "$(grep -c 'line' out)" = 0 ] || fail "$(cat out)"
end

begin "every way to compile gives the same"
silent $cc -O0 -c frames.c
bide size --members all frames.o >wanted
for flags in -O2 -O3 "-O2 -g" "-O0 -g -fPIC" "-Os -ffunction-sections -fdata-sections" \
    "-O1 -std=c11 -pedantic -Wall -Wextra -Wshadow -Wconversion -Werror"; do
    silent $cc $flags -c frames.c -o other.o
    ok bide size --members all other.o
    cmp out wanted || fail "$flags: $(cat out)"
done
readelf -SW frames.o | grep ' \.bide\.frames ' >section || fail "no section"
has section 'PROGBITS  *0*  *[0-9a-f]* [0-9a-f]* 00  *0  *0  *1'
ok bide emit frames.c -o emitted.c
silent "$CC" -O2 -Wall -Wextra -Werror -I"$BUILD/include" -c emitted.c -o emitted.o
ok bide size --members all emitted.o
cmp out wanted || fail "emitted: $(cat out)"
end

begin "what the runtime reports"
cat >truth.c <<'END'
#include <bide/core.h>
#include <stdio.h>

#define FUNCTIONS(X) X(ask) X(later) X(joins) X(deep) X(chain) X(aligned) X(passes) X(bide_sleep)
#define DECLARE(f) extern const struct bide_fn bide__desc_##f;
FUNCTIONS(DECLARE)

static void say(const char *name, const struct bide_fn *fn)
{
    size_t align = (size_t)1 << fn->frame_align_log2, frame = (fn->frame_size + 7) / 8 * 8;
    frame += align > 8 ? align - 8 : 0;
    printf("%u\t%zu\t%s\n", (unsigned)fn->frame_size, bide_fn_room(fn) - frame, name);
}

int main(void)
{
#define SAY(f) say(#f, &bide__desc_##f);
    FUNCTIONS(SAY)
    return 0;
}
END
cat >more.c <<'END'
#include <bide/bide.h>
#include <string.h>

struct large {
    char text[100];
};

async struct pair {
    int first;
    double second;
} ask(int n);
async int later(long n);
async int deep(int n);
async int joins(int n);
async int chain(int n);
async int aligned(int n);
async int passes(struct large a, struct large b);

async int deep(int n)
{
    return n > 0 ? await deep(n - 1) + await joins(n) : 0;
}

async int joins(int n)
{
    int a, b = 0;
    await bide_join(a = later(n), aligned(n));
    switch (await bide_select(b = aligned(n), later(n))) {
    case 0: return a + b;
    default: return a;
    }
}

async int chain(int n)
{
    char text[700];
    memset(text, n, sizeof text);
    await deep(n);
    return text[n];
}

async int passes(struct large a, struct large b)
{
    return a.text[0] + await later(b.text[0]);
}

async int aligned(int n)
{
    _Alignas(64) char text[64];
    memset(text, n, sizeof text);
    int sum = (int)(await ask(n)).first + text[0];
    return sum + await passes((struct large){{1}}, (struct large){{2}});
}
END
sed '/^async int main/,$d; s/static async int fill/async int fill/' frames.c >part.c
silent $cc -O1 -fPIC -c part.c ask.c more.c truth.c
silent $cc part.o ask.o more.o truth.o -o program
ok ./program
sort -k 3 out >truth
grep -v bide_sleep truth >ours
check()
{
    sizes "$@" | grep -v "${tab}fill\$\|${tab}bide_" >got
    diff -u ours got || fail "$what: $*"
}
check program
check part.o ask.o more.o
ok ar rc lib.a part.o ask.o more.o truth.o
check lib.a
cp more.o a_member_with_a_long_name.o
ok ar rc long.a part.o ask.o a_member_with_a_long_name.o
check long.a
has table 'long.a(a_member_with_a_long_name.o)$'
silent $cc -shared part.o ask.o more.o -o libours.so
check libours.so
ok strip libours.so
sizes libours.so | grep -v "${tab}fill\$" >got
diff -u ours got || fail "$what: stripped library"
[ -n "$SANITIZE" ] || {
    silent $cc -no-pie part.o ask.o more.o truth.o -o program
    check program
    ok $cc -static part.o ask.o more.o truth.o -o program
    cut -f 3 truth >names
    sizes program | grep -w -f names | grep -v "${tab}bide_[^s]\|_until" >got
    diff -u truth got || fail "$what: static"
}
end

begin "an object alone, and with what it calls"
silent $cc -c frames.c ask.c
ok bide size --tsv frames.o
cut -f 3,4 out >got
has got "^1${tab}fill\$"
has got "^0${tab}later\$"
ok bide size --json frames.o
has out '"is_least":true,"missing":"ask"'
ok bide size --tsv frames.o ask.o
cut -f 3,4 out >got
has got "^0${tab}fill\$"
end

begin "JSON"
silent $cc -c frames.c
ok bide size --json frames.o
if command -v python3 >/dev/null; then
    python3 - out <<'END' || fail "$what: $(cat out)"
import json, sys
by_name = {f["function"]: f for f in json.load(open(sys.argv[1]))}
assert set(by_name) == {"main", "main_block_1", "fill", "later"}, by_name.keys()
fill = by_name["fill"]
assert fill["line"] == 17 and fill["file"] == "frames.c" and fill["object"] == "frames.o"
sizes = [m["size"] for m in fill["members"]]
assert sizes == sorted(sizes, reverse=True) and sizes[0] == 300
for f in by_name.values():
    for m in f["members"]:
        assert 16 <= m["offset"] and m["offset"] + m["size"] <= f["frame"], m
END
fi
end

begin "C files"
silent $cc -c frames.c
bide size --tsv frames.o | sed 's/frames.o$/frames.c/' >wanted
ok bide size --tsv frames.c
cmp out wanted || fail "$(cat out)"
mkdir folder
ok bide size --tsv -I folder -O2 -flto -MMD frames.c
cmp out wanted || fail "$(cat out)"
missing frames.d
ok env CFLAGS="-DX -O3" bide size --tsv frames.c ask.c
has out "${tab}ask.c\$"
ok bide size nothing.c frames.o
has out ' main '
sed 's/await later(i)/later(i)/' frames.c >wrong.c
refused bide size wrong.c
has err "^wrong.c:22:"
end

begin "stripped"
silent $cc frames.c ask.c -o program
bide size --tsv program | cut -f 1,4-6 | grep 'frames.c' >wanted
ok strip program
ok bide size program
has err "'program' has lost its symbols"
has out ' 300  text '
has out '^? not known without the symbols'
bide size --tsv program 2>err | cut -f 1,4-6 | grep 'frames.c' >got
cmp got wanted || fail "$what: $(cat got)"
end

begin "what the linker drops"
cat >unused.c <<'END'
#include <bide/bide.h>
async int unused(int n)
{
    await bide_yield();
    return n;
}
END
silent $cc -fno-bide-wrappers -ffunction-sections -fdata-sections frames.c ask.c unused.c \
    -Wl,--gc-sections -o program
ok bide size program
if [ -z "$SANITIZE" ]; then
    has_not out unused
fi
has out ' 300  text '
end

begin "LTO"
if [ -z "$SANITIZE" ]; then
    silent $cc -c frames.c ask.c -O2
    silent $cc frames.o ask.o -o program
    sizes program >wanted
    silent $cc -c frames.c ask.c -O2 -flto
    refused bide size frames.o
    has err '^bide: error: frames.o: .*-flto'
    ok ar rc lto.a frames.o
    refused bide size lto.a
    has err '^bide: error: lto.a: frames.o: .*-flto'
    try $cc -flto frames.o ask.o -o program # clang needs a linker with its plug-in
    if [ "$status" = 0 ]; then
        sizes program >got
        cmp got wanted || fail "$what: $(cat got)"
        ok bide size program
        has out ' 300  text '
    fi
    if [ -z "$is_clang" ]; then
        silent $cc -c frames.c -O2 -flto -ffat-lto-objects
        ok bide size frames.o
        has out ' 300  text '
    fi
fi
end

# What follows depends on the tool alone. The fixed tier does it once.
tool_too=1
[ -z "$is_clang" ] || [ "$FULL" = 1 ] || tool_too=

begin "other machines"
cat >free.c <<'END'
#include <bide/lang.h>
bide_async int leaf(char *p);
bide_async int middle(int n)
{
    char text[100];
    for (int i = 0; i < n; i++)
        text[i] = (char)n;
    return bide_await leaf(text);
}
bide_async int top(int n)
{
    char kept[20];
    for (int i = 0; i < n; i++)
        kept[i] = (char)n;
    return bide_await middle(n) + kept[n];
}
END
if [ -n "$tool_too" ] && command -v clang >/dev/null; then
    for machine in mips:32 powerpc64:64 i686:32 aarch64:64 riscv64:64 arm:32 s390x:64; do
        target=${machine%:*}-linux-gnu bits=${machine#*:}
        ok bide cc clang --target=$target -ffreestanding -O1 -c free.c
        ok bide size free.o
        has out "^ *1[0-9]*  .* middle  free.c:3\$"
        has out '^ *100  text  *char \[100\]  line 5$'
        has out '^ *20  kept  *char \[20\]  line 12$'
        case $bits in
        64) has out "^ *48  *1[0-9]*+  top     free.c:10\$" ;;
        32) has out '  ?  *top ' ;;
        esac
    done
fi
end

begin "files of another kind"
refused bide size
has err 'needs a file'
refused bide size nothere.o
has err '^bide: error: nothere.o: cannot read it: No such file'
: >empty
refused bide size empty
has err '^bide: error: empty: this is no ELF file'
refused bide size src.h
refused bide size --color frames.o
has err "has no option '--color'"
refused bide size --members=x frames.o
has err "'--members' is a number or 'all', not 'x'"
silent "$CC" -c nothing.c
ok bide size nothing.o
has err 'there is no async function'
[ ! -s out ] || fail "$(cat out)"
bide size --json nothing.o 2>err | tr -d '\n' | grep -qx '\[\]' || fail "JSON of nothing"
ok ar rcT thin.a nothing.o
refused bide size thin.a
has err 'thin archive'
silent $cc -c frames.c
ok ar rc cut.a frames.o
head -c 500 cut.a >cut.head
refused bide size cut.head
has err 'reaches past its end (at byte '
end

# A damaged file gives a table or an error that names the file, and nothing else.
survives()
{
    try timeout 60 bide size --json "$1"
    case $status in
    0) ;;
    1) has err "^bide: error: $1: " ;;
    *) fail "$what: status $status: $2: $(cat err)" ;;
    esac
    if grep -q 'runtime error\|Sanitizer' err; then
        fail "$what: $2: $(cat err)"
    fi
}

begin "damaged files"
silent $cc -O1 -c frames.c
[ -n "$is_clang" ] || ok objcopy --strip-debug frames.o
size=$(wc -c <frames.o)
n=0
while [ -n "$tool_too" ] && [ $n -lt 24 ]; do
    head -c $((size * n / 24)) frames.o >cut.o
    survives cut.o "cut at $((size * n / 24))"
    [ "$status" = 1 ] || fail "$what: accepts a file cut at $((size * n / 24))"
    n=$((n + 1))
done
# Damage in the header, in the table of sections, and anywhere.
table=$((size - 64 * $(readelf -h frames.o | sed -n 's/.*Number of section headers: *//p')))
n=0
while [ -n "$tool_too" ] && [ $n -lt ${FULL:+5}90 ]; do
    case $((n % 3)) in
    0) at=$((n * 64 / 90 % 64)) ;;
    1) at=$((table + n * 7919 % (size - table))) ;;
    2) at=$((n * 104729 % size)) ;;
    esac
    cp frames.o flipped.o
    printf "\\$(printf %o $(((n * 37 + 255) % 256)))" |
        dd of=flipped.o bs=1 seek="$at" conv=notrunc 2>/dev/null
    survives flipped.o "byte $at"
    n=$((n + 1))
done
end

begin "large frames, with every kind of output"
large="-Wbide-frame-larger-than=1000"
says="the frame of 'large' has 1024 bytes, more than 1000"
for mode in -c -S -fsyntax-only "-c -O2 -g" "-c -flto" "-O2 -fPIC" "-save-temps -c" "-E -o x.i"; do
    case $mode$SANITIZE in *flto*address* | *flto*thread*) continue ;; esac
    ok $cc $large $mode large.c
    case $mode in
    -E*) [ ! -s err ] || fail "$mode: $(cat err)" ;;
    *) has err "^large.c:4:11: warning: $says \[-Wbide-frame-larger-than=\]" ;;
    esac
done
end

begin "large frames as errors leave nothing"
wrong="-Werror=bide-frame-larger-than=1000"
for flags in "-c" "-c -o x.o" "-o x.o" "" "-S" "-S -o x.s" "-c -MMD -o x.o"; do
    refused $cc $wrong $flags large.c
    has err "error: $says \[-Werror=bide-frame-larger-than=\]"
    missing large.o x.o a.out large.s x.s x.d
done
refused $cc $wrong -c large.c ask.c
missing large.o ask.o
silent $cc $wrong -Wno-bide-frame-larger-than -c large.c
silent $cc -Wbide-frame-larger-than=1KiB -c large.c
ok $cc -Wbide-frame-larger-than=1kB -c large.c
has err 'more than 1000 '
silent $cc -Wbide-frame-larger-than= -c large.c
refused $cc -Wbide-frame-larger-than=many -c large.c
has err "'-Wbide-frame-larger-than=many' needs a number of bytes"
try $cc --error-format=json $large -c large.c
has err "^{\"severity\":\"warning\",\"message\":\"$says\","
has err '"option":"-Wbide-frame-larger-than="'
has err '"notes":\[{"severity":"note","message":".text. of type .char \[1000\]. has 1000 '
end
