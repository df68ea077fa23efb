# The recipes of docs/testing.md for make, CTest and Meson run its example greet_test, which has a
# test that fails, and the same without that one.
set -eu

. "$SRC/tests/harness/driver-cases"

# block LANGUAGE: the block of the document in this language
block()
{
    awk -v fence="^\`\`\`$1\$" '
        $0 ~ fence { inside = 1; next }
        /^```/ { inside = 0 }
        inside' "$SRC/docs/testing.md"
}

# sources: greet_test.c, once as in the document, and once without the wrong test
sources()
{
    block 'c greet_test.c' >wrong.c
    awk '/^bide_test\(this_one_is_wrong\)/ { skip = 1 } !skip; /^}/ { skip = 0 }' wrong.c >right.c
    [ -s right.c ] && ! cmp -s right.c wrong.c || fail "greet_test.c of docs/testing.md"
    cp "$1" greet_test.c
}

LD_LIBRARY_PATH=$BUILD/lib
PKG_CONFIG_PATH=$BUILD/lib/pkgconfig
export LD_LIBRARY_PATH PKG_CONFIG_PATH

begin "make check"
command -v make >/dev/null || skip "no make"
unset MAKEFLAGS MAKELEVEL
sources right.c
block make >Makefile
ok make CC="bide cc $CC" check
has out '^greet_test: 2 passed, 0 failed, 0 skipped$'
cp wrong.c greet_test.c
touch -d '+1 minute' greet_test.c
try make CC="bide cc $CC" check
[ "$status" = 2 ] || fail "make: exit status $status"
has out '^FAILED this_one_is_wrong'
rm -f greet_test
end

begin "CTest"
sources right.c
{
    echo 'cmake_minimum_required(VERSION 3.21)'
    echo 'project(greet LANGUAGES C)'
    echo 'find_package(bide REQUIRED)'
    block cmake | sed -n '/enable_testing/,$p'
} >CMakeLists.txt
ok cmake --install "$CMAKE_TREE" --prefix "$WORK/installed"
ok cmake -B built -S . -DCMAKE_C_COMPILER="$(command -v "$CC")" \
    -DCMAKE_PREFIX_PATH="$WORK/installed"
ok cmake --build built
ok ctest --test-dir built --output-on-failure
has out '100% tests passed'
cp wrong.c greet_test.c
touch -d '+1 minute' greet_test.c
ok cmake --build built
try ctest --test-dir built --output-on-failure
[ "$status" != 0 ] || fail "CTest does not see the failure"
has out '^FAILED this_one_is_wrong'
end

if command -v meson >/dev/null; then
    begin "Meson"
    sources right.c
    {
        echo "project('greet', 'c', default_options: ['c_std=gnu11'])"
        block meson
    } >meson.build
    ok env CC="bide cc $CC" meson setup built
    ok meson test -C built
    has out 'Ok: *1 '
    cp wrong.c greet_test.c
    touch -d '+1 minute' greet_test.c
    try meson test -C built
    [ "$status" != 0 ] || fail "Meson does not see the failure"
    has out 'Fail: *1 '
    end
fi
