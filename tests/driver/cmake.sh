# bide_async(TARGET) of the installed package, with Ninja and with makefiles. It changes only that
# target, links it with libbide, gives bide's headers to whoever links to a
# library, keeps a launcher, works with precompiled headers and unity builds,
# and leaves a compile_commands.json that the plain compiler and clangd can use. The tool can also
# be the compiler of the whole project.
set -eu

. "$SRC/tests/harness/driver-cases"

cmake --install "$CMAKE_TREE" --prefix "$WORK/in stalled" >log || { cat log; fail "install"; }
tree="$WORK/in stalled"
LD_LIBRARY_PATH=$tree/lib
export LD_LIBRARY_PATH
cat >src/helper.c <<'END'
#include "lib.h"
async int answer(void)
{
    await bide_yield();
    return 42;
}
END
cat >src/calls.h <<'END'
#include <bide/lang.h>
bide_async int answer(void);
END
cat >src/calls.c <<'END'
/* Plain C that calls the blocking form; the compiler of this target is called without us. */
#include "calls.h"
#include <stdio.h>
int main(void)
{
    printf("%d\n", answer());
    return 0;
}
END
cat >src/words.c <<'END'
/* Plain C with our words as names: the compiler of this target is called without us. */
int async(int defer)
{
    int await = defer;
    return await;
}
END
cat >src/launcher <<'END'
#!/bin/sh
echo "$*" >>"$LAUNCHED"
exec "$@"
END
chmod +x src/launcher
cat >src/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(all LANGUAGES C)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_package(bide 0.1 REQUIRED)

add_library(helper STATIC helper.c)
bide_async(helper)
add_executable(linked main.c)
target_link_libraries(linked helper) # without PRIVATE
bide_async(linked)
bide_async(linked)

add_executable(calls calls.c)
target_link_libraries(calls PRIVATE helper)

add_library(shared SHARED helper.c)
bide_async(shared)
add_executable(calls_shared calls.c)
target_link_libraries(calls_shared PRIVATE shared)
set_target_properties(calls_shared PROPERTIES C_EXTENSIONS OFF
  COMPILE_OPTIONS "-Wall;-Wextra;-Wpedantic;-Werror")

add_executable(with_static hello.c)
bide_async(with_static STATIC)

add_library(words OBJECT words.c)

add_executable(with_launcher hello.c)
set_target_properties(with_launcher PROPERTIES C_COMPILER_LAUNCHER "${CMAKE_SOURCE_DIR}/launcher")
bide_async(with_launcher)

add_executable(precompiled main.c helper.c)
target_precompile_headers(precompiled PRIVATE <stdio.h> lib.h)
bide_async(precompiled)

add_executable(unity main.c helper.c)
set_target_properties(unity PROPERTIES UNITY_BUILD ON)
bide_async(unity)
END

build_with()
{
    ok cmake -S . -B built -G "$1" -DCMAKE_C_COMPILER="$CC" -DCMAKE_PREFIX_PATH="$tree"
    LAUNCHED=$PWD/launches
    export LAUNCHED
    ok cmake --build built --parallel 2 -v
    for program in linked calls calls_shared precompiled unity; do
        says 42 built/$program
    done
    says "hello 42" built/with_launcher
    says "hello 42" env LD_LIBRARY_PATH= built/with_static
    [ "$(wc -l <launches)" -ge 1 ] || fail "$what: the launcher was not called"
    has_not launches words
    ok cmake --build built --parallel 2 -v # nothing is built again
    has_not out ' -c '
}

begin "Ninja"
build_with Ninja
end

ninja_case=$PWD
if command -v make >/dev/null; then
    begin "makefiles"
    if [ -n "$LONG" ]; then
        build_with "Unix Makefiles"
    else
        ok cmake -S . -B built -G "Unix Makefiles" -DCMAKE_C_COMPILER="$CC" \
            -DCMAKE_PREFIX_PATH="$tree"
        ok cmake --build built --parallel 2 --target linked
        says 42 built/linked
    fi
    end
fi

begin "compile_commands.json, for the plain compiler"
cd "$ninja_case"
# One command a line, without the words before the compiler.
sed -n 's/^ *"command": "\(.*\)",\{0,1\}$/\1/p' built/compile_commands.json |
    sed -e 's/\\\(.\)/\1/g' -e 's/^.*bide cc //' |
    grep -e 'linked.dir' -e 'helper.dir' -e 'with_static.dir' >commands
[ "$(wc -l <commands)" = 3 ] || fail "$what: $(cat built/compile_commands.json)"
(cd built && while read -r command; do
    eval "$command -Wall -Wextra -Werror -fsyntax-only" || exit 1
done <../commands) 2>err || fail "$what: $(cat err)"
if [ -z "$SANITIZE" ] && command -v clangd >/dev/null; then
    ok clangd --check=main.c --compile-commands-dir=built
    has err 'All checks completed, 0 errors'
fi
cd "$WORK"

begin "the tool as the compiler of the whole project"
rm CMakeLists.txt
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(whole LANGUAGES C)
include(CheckFunctionExists)
include(CheckTypeSize)
check_function_exists(getpid HAVE_GETPID)
check_function_exists(no_such_function_xyz HAVE_NO_SUCH)
check_type_size(long LONG)
if(NOT HAVE_GETPID OR HAVE_NO_SUCH OR NOT LONG)
  message(FATAL_ERROR "the checks are wrong")
endif()
add_executable(whole main.c lib.c)
add_executable(plain plain.c)
END
ok env CC="bide cc $CC" cmake -S . -B built -G Ninja
ok cmake --build built
says 42 built/whole
says plain built/plain
end

begin "mistakes in the call"
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(wrong LANGUAGES C)
find_package(bide REQUIRED)
bide_async(nothing)
END
try cmake -S . -B built -G Ninja -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_C_COMPILER="$CC"
[ "$status" = 1 ] || fail "$what: $status"
has err "there is no target 'nothing'"
end
