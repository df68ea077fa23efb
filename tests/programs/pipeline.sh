# pipeline: how many records are in memory at once is the length of the channel, one that is being
# exported and one that waits to be sent, however many there are, and on every flavour; without a
# bound it is all of them. The output itself is checked by programs/small.

# run NAME RECORDS ROOM FLAVOUR FILES...
run()
{
    name=$1 records=$2 room=$3 flavour=$4
    shift 4
    sed "s/RECORDS = 100, ROOM = 8/RECORDS = $records, ROOM = $room/
        s/^async int main/bide_runtime($flavour);\n&/" "$SRC/examples/pipeline.c" >"$name.c"
    grep -q "RECORDS = $records, ROOM = $room" "$name.c" || fail "$name: other numbers"
    # shellcheck disable=SC2086
    "$BIDE" cc "$CC" $CFLAGS "$name.c" "$@" -o "$name" || fail "$name"
    BIDE_WORKERS=2 "./$name" >"$name.txt" || fail "$name: exit status $?: $(cat "$name.txt")"
    sed -n 's/^  in memory: \([0-9]*\) records at most, \([0-9]*\) at the end$/\1 \2/p' \
        "$name.txt" >numbers
    # quick, slow, unbounded, broken
    awk -v most=$((room + 2)) -v all="$records" '
        $2 != 0 || NR == 1 && $1 > most || NR == 2 && $1 != most || NR == 3 && $1 != all ||
            NR == 4 && $1 > most { exit 1 }
        END { if (NR != 4) exit 1 }' numbers || fail "$name: $(cat "$name.txt")"
}

# shellcheck disable=SC2086
$CC $CFLAGS -I"$BUILD/include" -c "$SRC/tests/programs/virtual/virtual.c" -o virtual.o
run few 100 2 current_thread virtual.o
run many 3000 2 current_thread virtual.o
run workers 3000 5 multi_thread virtual.o
run cores 20 3 thread_per_core # in real time: each core would move the clock by itself
