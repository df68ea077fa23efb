# from_plain_c: the compiler alone compiles and links the plain program; only the library's own file
# goes through the tool.

folder=$SRC/examples/from_plain_c

# shellcheck disable=SC2086
{
    "$BIDE" cc "$CC" $CFLAGS -c "$folder/greeter.c" -o greeter.o
    "$CC" $CFLAGS -I"$BUILD/include" -c "$folder/from_plain_c.c" -o plain.o
    "$CC" $CFLAGS plain.o greeter.o -L"$BUILD/lib" -Wl,-rpath,"$BUILD/lib" -lbide -o program
}
./program | diff "$SRC/tests/programs/from_plain_c.out" - || fail "it prints something else"

"$BIDE" run "$SRC/examples/from_plain_c" | diff "$SRC/tests/programs/from_plain_c.out" - ||
    fail "bide run of the folder"
