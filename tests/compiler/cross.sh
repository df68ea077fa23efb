# Another machine, where char is unsigned and wide characters differ: the runtime and every program
# of run/ are compiled for 64-bit ARM by a cross compiler, and run in an emulator. They print what
# they print here. So are the tests of core, runtime and lib, each on the runtime of its thread,
# and those of multi.list on two workers too: other threads see stores in another order than here,
# as far as the emulator lets them. In the long tier, once.
set -eu

target=aarch64-linux-gnu
[ -n "$FULL" ] && [ -z "$SANITIZE" ] || skip "in the long tier, without sanitizers"
command -v qemu-aarch64 >/dev/null || skip "no qemu-aarch64"
echo '#include <stdio.h>' | $target-gcc -x c -c - -o probe.o 2>probe.err || skip "no $target-gcc"
case $("$CC" --version) in *clang*) skip "with gcc only" ;; esac

PATH=$(dirname "$BIDE"):$PATH
flags="-D_GNU_SOURCE -O2 -I$SRC/include -I$SRC -fmacro-prefix-map=$SRC/="
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

# These count on real system calls and addresses: single steps, memory of the process, forks, the
# system's own timers (lib/timer replaces the wait that the emulator does not pass on), what an
# abort prints, to which the emulator adds a line. runtime/console would take it many minutes.
left_out=' runtime/unlocked runtime/memory_back runtime/fork runtime/door lib/timer runtime/broken
    runtime/console '
export BIDE_TEST_SLOW=$((BIDE_TEST_SLOW * 10)) BIDE_STRESS_MS=5000
$target-gcc ${flags#-D_GNU_SOURCE} -c "$SRC/tests/harness/check.c" -o check.o
tests=0
for file in "$SRC"/tests/core/*.c "$SRC"/tests/runtime/*.c "$SRC"/tests/lib/*.c; do
    name=${file#"$SRC/tests/"} name=${name%.c}
    case $left_out in *" $name "*) continue ;; esac
    bide cc $target-gcc $flags -I"$SRC/tests/harness" -w -c "$file" -o test.o >said 2>&1 ||
        fail "$name: $(head -n 30 said)"
    test=./${name##*/} except=
    $target-gcc -static test.o check.o libbide.a -pthread -lm -o "$test" 2>said ||
        fail "$name: $(cat said)"
    # A fork beside threads that run: the emulator of the child stops.
    [ "$name" != runtime/console_races ] || except=a_child_of_a_program_that_is_asked_works
    BIDE_TEST_EXCEPT=$except qemu-aarch64 "$test" >out 2>&1 || [ $? = 77 ] ||
        fail "$name: $(head -n 60 out)"
    if line=$(grep "^$name\( \|\$\)" "$SRC/tests/multi.list"); then
        BIDE_TEST_FLAVOUR=multi_thread BIDE_WORKERS=2 BIDE_TEST_EXCEPT=${line#"$name"} \
            qemu-aarch64 "$test" >out 2>&1 || [ $? = 77 ] || fail "${name}_multi: $(head -n 60 out)"
    fi
    rm "$test"
    tests=$((tests + 1))
done
echo "$count programs, $tests programs on the harness"
