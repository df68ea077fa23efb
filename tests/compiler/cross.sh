# Another machine, where char is unsigned and wide characters differ: the runtime and every program
# of run/ are compiled for 64-bit ARM by a cross compiler, and run in an emulator. They print what
# they print here. In the long tier, once.
set -eu

target=aarch64-linux-gnu
[ -n "$FULL" ] && [ -z "$SANITIZE" ] || skip "in the long tier, without sanitizers"
command -v qemu-aarch64 >/dev/null || skip "no qemu-aarch64"
echo '#include <stdio.h>' | $target-gcc -x c -c - -o probe.o 2>probe.err || skip "no $target-gcc"
case $("$CC" --version) in *clang*) skip "with gcc only" ;; esac

PATH=$(dirname "$BIDE"):$PATH
flags="-D_GNU_SOURCE -O2 -I$SRC/include -I$SRC"
mkdir objects
for file in "$SRC"/core/*.c "$SRC"/runtime/*.c "$SRC"/runtime/*/*.c; do
    $target-gcc $flags -c "$file" -o "objects/$(echo "${file#"$SRC"}" | tr / _).o"
done
for file in "$SRC"/lib/*/*.c; do
    bide cc $target-gcc $flags -c "$file" -o "objects/$(echo "${file#"$SRC"}" | tr / _).o"
done
$target-ar rc libbide.a objects/*.o

count=0
for file in $(programs "$SRC/tests/compiler/run"); do
    name=${file#"$SRC/tests/compiler/run/"}
    more=$(flags_of "$file")
    bide cc $target-gcc -O2 -Wall -Wextra -Werror $more -c "$file" -o program.o >said 2>&1 ||
        fail "$name: $(head -n 30 said)"
    $target-gcc -static program.o libbide.a -pthread -o program 2>said || fail "$name: $(cat said)"
    status=0
    timeout $((60 * BIDE_TEST_SLOW)) qemu-aarch64 ./program >out 2>err || status=$?
    [ "$status" = 0 ] || fail "$name: exit status $status: $(head -n 30 err)"
    diff -u "${file%.c}.out" out || fail "$name: different output"
    count=$((count + 1))
done
echo "$count programs"
