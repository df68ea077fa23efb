# The grammar of C11, of C23 as far as gcc 12 and clang 14 take it, and of GNU's and clang's
# extensions, production by production. The tables in grammar/ have a small async function for each
# production, with a value that lives over an await. If the compiler takes the plain reading, bide
# cc compiles the function and the value is right; what cannot be in an async function gives one
# error from bide.
#
# A row of a table:
#
#   name WORDS     WORDS: the compiler that takes it (gcc or clang; if neither is named, both), and
#                  its group: 2x for -std=gnu2x, 89 for -std=gnu89, error for what is refused,
#                  otherwise -std=gnu11
#   + line         a line of file scope
#     statement    a statement of the function `async int row_NAME(int x)`; x is 3, Y is an await
#   = expression   must be true after another await
#   ! text         part of the message of an error
#
# The rows of a group are one program. The long tier also compiles them with -O2, and one by one.
#
#   ONLY=NAME      only this row
set -eu

tables=$(ls "$SRC"/tests/compiler/grammar/* | grep -v '\.awk$')
case $("$CC" --version) in
*clang*) compiler=clang brackets=-fdouble-square-bracket-attributes ;;
*) compiler=gcc brackets= ;;
esac

rows()
{
    awk -v compiler=$compiler "$@" -f "$SRC/tests/compiler/grammar/rows.awk" $table
}

std_of()
{
    case $1 in
    2x) echo -std=gnu2x ;;
    89) echo -std=gnu89 ;;
    *) echo -std=gnu11 $brackets ;;
    esac
}

plain()
{
    "$CC" -w $(std_of "$1") -fsyntax-only -I"$BUILD/include" "$2" >plain 2>&1
}

# build GROUP FILE FLAGS: compiles and runs FILE; the file said has what went wrong.
build()
{
    "$BIDE" cc "$CC" -w $(std_of "$1") $3 "$2" -o program >said 2>&1 || return 1
    [ ! -s said ] || return 1
    timeout $((20 * ${BIDE_TEST_SLOW:-1})) ./program >said 2>&1
}

# one ROW GROUP: compiles and runs one row alone, and prints what is wrong
one()
{
    rows -v only="$1" >row.c
    if ! plain "$2" row.c; then
        echo "$1: $CC itself refuses it: $(grep -m 1 error: plain)"
    elif ! build "$2" row.c ""; then
        echo "$1: $(grep -m 3 'error\|warning' said || head -n 3 said)"
    fi
}

# group NAME: compiles and runs the rows of a group of the table together; one by one if that fails
group()
{
    awk -v g=$1 '$2 == g { print $1 }' list >names
    [ -s names ] || return 0
    rows -v group=$1 >all.c
    if [ -z "${ONLY:-}" ] && plain $1 all.c && build $1 all.c "" &&
        { [ -z "$LONG" ] || build $1 all.c -O2; }; then
        echo "$(basename $table): $(wc -l <names) rows with $(std_of $1)"
        [ -n "$LONG" ] || return 0
    fi
    cat plain said >together 2>&1 || :
    while read -r name; do
        one "$name" $1
    done <names >wrong
    [ ! -s wrong ] || fail "$(cat wrong)"
    [ -n "${ONLY:-}$LONG" ] ||
        fail "$table: all rows together: $(grep -m 20 'error\|warning' together)"
}

# refused NAME MESSAGE: the row gives exactly one error of bide, with MESSAGE in it
refused()
{
    rows -v only="$1" >row.c
    plain 11 row.c || fail "$1: the compiler itself refuses it: $(head -n 5 plain)"
    ! "$BIDE" cc "$CC" -w $(std_of 11) -c row.c -o row.o >said 2>&1 || fail "$1: no error"
    [ "$(grep -c 'error:' said)" = 1 ] || fail "$1: not one error: $(cat said)"
    ! grep -q 'internal error' said || fail "$1: $(cat said)"
    grep -q "error: .*$2" said || fail "$1: wrong message: $(cat said)"
}

for table in $tables; do
    rows -v list=1 >list
    [ -z "${ONLY:-}" ] || grep "^$ONLY " list >only || continue
    [ -z "${ONLY:-}" ] || mv only list
    for name in 11 2x 89; do
        group $name
    done
    grep ' error ' list >errors || continue
    while read -r name words message; do
        refused "$name" "$message"
    done <errors
    echo "$(basename $table): $(wc -l <errors) errors"
done
