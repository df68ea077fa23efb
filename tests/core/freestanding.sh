# The core builds without a C library: it includes only the compiler's own headers and needs nothing
# but memcpy and memset, with gcc and clang, for 32 and 64 bits.
headers="stdbool|stddef|stdint"
if grep -nE '^ *# *include *<' "$SRC"/core/*.[ch] "$SRC"/include/bide/core.h \
    "$SRC"/include/bide/group.h |
    grep -vE "<(bide/core|bide/group|$headers)\.h>"; then
    fail "the core includes a header of the C library"
fi

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    for bits in 64 32; do
        echo 'int x;' >probe.c
        "$compiler" -m$bits -c probe.c -o probe.o 2>/dev/null || continue
        rm -f ./*.o
        for file in "$SRC"/core/*.c; do
            "$compiler" -m$bits -std=gnu11 -Wall -Wextra -Werror -O2 -ffreestanding -nostdlib \
                -fno-sanitize=all -fno-stack-protector -fno-pic -fno-pie -nostdinc \
                -isystem "$("$compiler" -print-file-name=include)" \
                -I"$SRC/include" -I"$SRC" -c "$file" -o "$compiler-$(basename "$file" .c).o"
        done
        nm -u ./*.o | sed -n 's/^ *[Uw] *//p' | sort -u >needed
        nm --defined-only ./*.o | sed -n 's/^[0-9a-f]* [A-Z] //p' | sort -u >defined
        comm -23 needed defined | grep -vx -e memcpy -e memset >missing || true
        if [ -s missing ]; then
            cat missing >&2
            fail "$compiler -m$bits: the core needs these from outside"
        fi
        grep -v '^bide_' defined >stray || true
        if [ -s stray ]; then
            cat stray >&2
            fail "the core defines names without its prefix"
        fi
    done
done
