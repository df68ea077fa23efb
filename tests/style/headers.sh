# Each public header compiles alone, included twice, with gcc and clang, without a warning, with and
# without the short words.
set -eu
for header in "$SRC"/include/bide/*.h; do
    [ -e "$header" ] || skip "no headers"
    name=${header##*/}
    printf '#include <bide/%s>\n#include <bide/%s>\n' "$name" "$name" >one.c
    for compiler in gcc clang; do
        for words in -UBIDE_NO_KEYWORDS -DBIDE_NO_KEYWORDS; do
            $compiler -fsyntax-only -std=gnu11 -Wall -Wextra -Wpedantic -Werror $words \
                -I"$SRC/include" one.c || fail "$compiler $words: bide/$name"
        done
    done
done
