# The installed tree needs nothing else, and works wherever it is moved: the tool compiles and links
# with it, pkg-config and CMake find it. Programs run with the library that they were linked with.
set -eu
cmake --install "$CMAKE_TREE" --prefix "$WORK/first" >log || { cat log; fail "cmake --install"; }
# A gdb that looks for scripts in the prefix finds bide's script by the name of the library.
if [ "$(gdb -nx -batch -ex 'python print("yes")' 2>/dev/null)" = yes ]; then
    scripts=$WORK/first/share/gdb/auto-load
    library=$(readlink -f first/lib/libbide.so)
    gdb -nx -batch -iex "set auto-load scripts-directory $scripts" \
        -iex "add-auto-load-safe-path $scripts" -ex 'help bide' "$library" >log 2>&1 || true
    grep -q 'bide bt' log || fail "gdb: $(cat log)"
fi
mkdir "with space"
mv first "with space/moved"
tree="$WORK/with space/moved"
LD_LIBRARY_PATH=$tree/lib
PKG_CONFIG_PATH=$tree/lib/pkgconfig
export LD_LIBRARY_PATH PKG_CONFIG_PATH

if command -v gdb >/dev/null; then
    "$tree/bin/bide" gdb -nx -batch -ex 'help bide' 2>&1 | grep -q 'bide bt' || fail "bide gdb"
fi

# --- documents, examples, the manual page ---
for doc in "$SRC"/README.md "$SRC"/docs/*.md; do
    cmp "$doc" "$tree/share/doc/bide/${doc#"$SRC"/}" || fail "not installed: $doc"
done
find "$SRC/examples" -name '*.[ch]' | while read -r example; do
    cmp "$example" "$tree/share/doc/bide/${example#"$SRC"/}" || fail "not installed: $example"
done
"$tree/bin/bide" run "$tree/share/doc/bide/examples/hello.c" >log || fail "the example: $(cat log)"
page=$tree/share/man/man1/bide.1
[ -s "$page" ] || fail "no manual page"
if command -v man >/dev/null; then
    MANPATH=$tree/share/man man -P cat bide >log 2>&1 || fail "man bide: $(cat log)"
    grep -q 'async/await' log || fail "man bide: $(cat log)"
fi

mkdir project
cat >project/hello.c <<'END'
#include <bide/bide.h>

#include <stdio.h>

async int main(void)
{
    await bide_yield();
    puts("hello");
    return 0;
}
END
"$tree/bin/bide" cc "$CC" project/hello.c -o hello || fail "bide cc"
[ "$(./hello)" = hello ] || fail "the program of bide cc"

# A new service builds, passes its tests and serves, by two commands.
if [ -e "$EXAMPLES/http_service" ] && command -v curl >/dev/null; then
    (
        PATH=$tree/bin:$PATH
        bide new greeter >log || fail "bide new"
        cd greeter
        make test >log 2>&1 || fail "make test: $(cat log)"
        : >log
        make PORT=0 run >log 2>&1 &
        made=$!
        until_has 1 '^http://' log
        answer=$(curl -sS -H 'Content-Type: application/json' -d '{"numbers": [1, 2.5]}' \
            "$(grep '^http://' log)/sum")
        [ "$answer" = '{"sum":3.5,"count":2}' ] || fail "the new service: $answer $(cat log)"
        kill -TERM "$(ps -o pid= --ppid "$made")" # the service, below make
        wait "$made" || fail "the new service ended with $?: $(cat log)"
    )
fi

eval "flags=\"$(pkg-config --cflags --libs bide | sed 's/"/\\"/g')\""
eval "\"\$tree/bin/bide\" cc \"\$CC\" project/hello.c $flags -o by-pkg-config" ||
    fail "pkg-config: $flags"
[ "$(./by-pkg-config)" = hello ] || fail "the program of pkg-config"
for file in "$tree"/lib/pkgconfig/*.pc; do
    pkg-config --print-errors --exists "$(basename "$file" .pc)" || fail "$file"
    ! grep -qF "$SRC" "$file" || fail "$file names the source tree"
done

cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(hello LANGUAGES C)
set(CMAKE_C_STANDARD 11)
find_package(bide 0.1 REQUIRED)
foreach(kind IN ITEMS bide bide_static)
  add_executable(hello_${kind} hello.c)
  target_link_libraries(hello_${kind} PRIVATE bide::${kind})
  bide_async(hello_${kind})
endforeach()
END
cmake -S project -B by-cmake -G Ninja -DCMAKE_C_COMPILER="$CC" \
    -DCMAKE_PREFIX_PATH="$tree" >log 2>&1 || { cat log; fail "find_package"; }
cmake --build by-cmake >log 2>&1 || { cat log; fail "building with the CMake package"; }
[ "$(by-cmake/hello_bide)" = hello ] || fail "the program with the shared library"
[ "$(by-cmake/hello_bide_static)" = hello ] || fail "the program with the static library"
! grep -rlF "$SRC" "$tree/lib/cmake" || fail "the CMake package names the source tree"
