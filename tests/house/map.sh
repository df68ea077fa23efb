# In compiler, core, runtime, lib and extra, no file calls a function or includes a header against
# the order of the rooms, which the file rooms defines. Calls are read from the objects, includes
# from the sources. Each offending pair is printed. A twin with a wrong call and a wrong include
# must fail.
set -eu

# objects: prints "SOURCE OBJECT" for each product file that this build has; without a source it is
# an old object.
objects()
{
    (cd "$SRC" && find compiler core runtime lib extra -name '*.c') >sources
    find "$CMAKE_TREE"/compiler "$CMAKE_TREE"/core "$CMAKE_TREE"/runtime "$CMAKE_TREE"/lib \
        "$CMAKE_TREE"/extra -name '*.c.o' | awk -v tree="$CMAKE_TREE/" '
        NR == FNR { is_source[$0] = 1; next }
        {
            source = substr($0, length(tree) + 1)
            sub(/CMakeFiles\/[^\/]*\.dir\//, "", source)
            sub(/[a-z]*\/__\//, "", source)
            sub(/\.o$/, "", source)
        }
        source in is_source { print source, $0 }' sources -
}

# symbols: prints "SOURCE U|D NAME" for each symbol of the objects on standard input: U means used,
# D defined.
symbols()
{
    cat >these
    cut -d ' ' -f 2- these | xargs -d '\n' nm -P -A | awk '
        NR == FNR { source[substr($0, length($1) + 2)] = $1; next }
        {
            from = source[substr($0, 1, index($0, ": ") - 1)]
            split(substr($0, index($0, ": ") + 2), word, " ")
        }
        word[2] == "U" { print from, "U", word[1] }
        word[2] ~ /^[TDBRCVW]$/ { print from, "D", word[1] }' these -
}

# includes: of the C files on standard input, "SOURCE I HEADER", headers by their path in the tree.
includes()
{
    (cd "$TREE" && find . -name '*.h' | sed 's|^\./||') >headers
    cat >sources
    [ -s headers ] || echo none >headers
    (cd "$TREE" && xargs -d '\n' grep -H '^ *# *include *"' /dev/null) <sources | awk -F '"' '
        NR == FNR { is_header[$0] = 1; next }
        {
            source = substr($1, 1, index($1, ":") - 1)
            folder = source
            sub(/\/[^\/]*$/, "/", folder)
            print source, "I", ((folder $2) in is_header) ? folder $2 : $2
        }' headers -
}

# judge: reads the lines of symbols and includes, and prints what goes against the order.
judge()
{
    awk -v rooms="$SRC/tests/house/rooms" '
        BEGIN {
            while ((getline line < rooms) > 0) {
                if (line ~ /^#/ || line == "") continue
                if (line !~ /^ /) n = 0
                count = split(line, word, / *< */)
                for (i = 1; i <= count; i++) {
                    if (word[i] == "") continue
                    known[room[++n] = word[i]] = 1
                    for (k = 1; k < n; k++) allowed[room[n], room[k]] = 1
                }
            }
            count = 0
        }
        function room_of(file) {
            while (!(file in known)) {
                if (file !~ /[\/.]/) return ""
                sub(/[\/.][^\/.]*$/, "", file)
            }
            return file
        }
        function outer(room) {
            return sub(/\/[^\/]*$/, "", room) ? room : ""
        }
        # A room inside a room may use what the outer room may use.
        function may_use(from, to,    a, b) {
            for (a = from; a; a = outer(a))
                for (b = to; b; b = outer(b))
                    if ((a, b) in allowed) return 1
            return from == to
        }
        function judge(from, to, what,    a, b) {
            a = room_of(from)
            b = room_of(to)
            if (may_use(a, b)) return
            print from ": " what "; " (a ? a : "it") " may not use " (b ? b : to)
        }
        $2 == "D" { if (!($3 in home) || home[$3] > $1) home[$3] = $1; next }
        $2 == "U" { user[++count] = $1; used[count] = $3; next }
        {
            if ($3 ~ /\/inside\.h$/ && room_of($1) != room_of($3))
                print $1 ": includes " $3 ", which is private to " room_of($3)
            else if (room_of($3))
                judge($1, $3, "includes " $3)
        }
        END {
            for (i = 1; i <= count; i++)
                if (used[i] in home)
                    judge(user[i], home[used[i]], "calls " used[i] " of " home[used[i]])
        }' "$1" | sort -u
}

TREE=$SRC
objects >pairs
[ "$(wc -l <pairs)" -gt 150 ] || fail "only $(wc -l <pairs) objects in $CMAKE_TREE"
symbols <pairs >facts
(cd "$SRC" && find compiler core runtime lib extra -name '*.[ch]') | includes >>facts
judge facts >found
[ ! -s found ] || fail "against the order of the rooms:
$(cat found)"
echo "$(wc -l <pairs) objects, $(wc -l <facts) names and includes"

# The twin: a room calls and includes a room to its right, and includes an inside.h of another room.
mkdir -p twin/compiler/base
cat >twin/compiler/base/wrong.c <<'END'
#include "compiler/emit/emit.h"
#include "compiler/tree/inside.h"
void parse(void *);
void bide__wrong(void);
void bide__wrong(void)
{
    parse(0);
}
END
sed '/^#/d' twin/compiler/base/wrong.c >wrong.c
"$CC" -c wrong.c -o wrong.o
cp facts twin.facts
echo "compiler/base/wrong.c wrong.o" | symbols >>twin.facts
TREE=$PWD/twin
echo compiler/base/wrong.c | includes >>twin.facts
judge twin.facts >found
sed 's/; / ;\n  /' found >lines
diff -u - lines <<'END' || fail "the twin"
compiler/base/wrong.c: calls parse of compiler/parse/parse.c ;
  compiler/base may not use compiler/parse
compiler/base/wrong.c: includes compiler/emit/emit.h ;
  compiler/base may not use compiler/emit
compiler/base/wrong.c: includes compiler/tree/inside.h, which is private to compiler/tree
END
