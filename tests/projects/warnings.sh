# With the front end forced on every file, a project gets the warnings that the compiler alone
# gives: the same (file, line, column, option), as often, with -Wall -Wextra.
set -eu

. "$SRC/tests/harness/project"

# Prints "a.c:12:5 [-Wx]" for each warning, sorted.
places()
{
    sed -nE 's/^([^ ]*:[0-9]+:[0-9]+): (warning|error): .*(\[-W[^]]*\])$/\1 \3/p' "$1" |
        grep -v -e '\[-Wbide-' | LC_ALL=C sort
}

# compare NAME WORDS FILES: compiles each file of the tree both ways.
compare()
{
    project=$1
    words=$2
    count=0
    cd plain
    for file in $3; do
        "$CC" -O2 -Wall -Wextra $words -c "$file" -o plain.o >plain.err 2>&1 || continue
        bide cc "$CC" -fbide-force -O2 -Wall -Wextra $words -c "$file" -o ours.o >ours.err 2>&1 ||
            fail "$project $file: $(head ours.err)"
        places plain.err >plain.places
        places ours.err >ours.places
        diff plain.places ours.places >difference ||
            fail "$project $file: not the compiler's warnings: $(cat difference)"
        count=$((count + $(wc -l <plain.places)))
    done
    cd ..
    rm -rf plain forced
    echo "$project: $count warnings"
}

LC_ALL=C
export LC_ALL
fetch redis
compare redis "-std=gnu11 -Isrc -Ideps/hiredis -Ideps/lua/src -Ideps/linenoise -Ideps/hdr_histogram
    -Ideps/fpconv -DUSE_SYSTEMD=0" "$(cd plain && ls src/[a-n]*.c deps/hiredis/[a-h]*.c)"
fetch lua5.4
compare lua "" "$(cd plain && ls src/*.c)"
fetch zlib
compare zlib "-D_LARGEFILE64_SOURCE=1 -DHAVE_UNISTD_H" "$(cd plain && ls *.c)"
