# Cross compilers: the types of constants, sizes and characters, and the sign of char, are those of
# the target. Each assertion compares what the front end gave a variable with what the target's
# compiler says. Freestanding, so that no headers of the target are needed.
set -eu

. "$SRC/tests/harness/driver-cases"

cat >src/types.c <<'END'
#include <bide/core.h>
#include <bide/lang.h>
#include <stddef.h>

bide_async int step(int n);

#define SAME(x, y) _Static_assert(__builtin_types_compatible_p(__typeof__(x), __typeof__(y)), #y)
/* the value is kept in a variable of ours, and lives over an await */
#define KEPT(x)                                      \
    do {                                             \
        __auto_type kept = ({                        \
            bide_await step(1);                      \
            x;                                       \
        });                                          \
        SAME(kept, x);                               \
        bide_await step(2);                          \
        total += (kept == (x)) + bide_await step(3); \
    } while (0)

bide_async int kept(int n)
{
    int total = 0;
    char list[(char)200 < 0 ? 3 : 5] = {0}, (*whole)[sizeof list] = &list;
    __auto_type again = ({
        bide_await step(n);
        &list;
    });
    SAME(again, whole);
    SAME(*again, char[(char)200 < 0 ? 3 : 5]);
    KEPT(0x7fff);
    KEPT(0x8000);
    KEPT(32768);
    KEPT(0x7fffffff);
    KEPT(0x80000000);
    KEPT(2147483648);
    KEPT(4294967296);
    KEPT(0xffffffffffffffff);
    KEPT(1u);
    KEPT(1l);
    KEPT('a');
    KEPT(L'a');
    KEPT(u'a');
    KEPT(U'a');
    KEPT(sizeof list);
    KEPT(&list[1] - list);
    KEPT((char)1 + 0);
    KEPT((unsigned short)1 + 0);
    KEPT((wchar_t)1 + 0);
    KEPT(1u + 1l);
    KEPT(1 ? 1l : 1u);
    KEPT((unsigned short)1 << 1l);
    bide_await step(n);
    return total + (*whole)[0] + (*again)[1];
}
END

tried=
target()
{
    begin "$*"
    if echo '#include <stdint.h>' | "$@" -ffreestanding -x c -c - -o probe.o 2>probe.err; then
        silent bide cc "$@" -O1 -g -ffreestanding -Wall -Wextra -c types.c -o types.o
        tried=1
    else
        echo "not tried: $*"
    fi
    end
}
if [ -n "$is_clang" ]; then
    for name in aarch64-linux-gnu arm-none-eabi i686-linux-gnu powerpc-unknown-elf msp430 avr \
        riscv32-unknown-elf x86_64-w64-mingw32 wasm32-unknown-unknown; do
        target "$CC" -fno-sanitize=all --target=$name -Qunused-arguments \
            -Wno-avr-rtlib-linking-quirks
    done
else
    target "$CC" -fno-sanitize=all -m32
    target "$CC" -fno-sanitize=all -funsigned-char -fshort-wchar
    target aarch64-linux-gnu-gcc
    target arm-none-eabi-gcc
fi
[ -n "$tried" ] || skip "no other target"
