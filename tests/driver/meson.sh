# The recipe for Meson is CC="bide cc gcc" meson setup; the tool links what it compiles. It also
# works with dependency('bide'), through pkg-config.
set -eu
plain

. "$SRC/tests/harness/driver-cases"
command -v meson >/dev/null || skip "no meson"

begin "CC=\"bide cc ...\" meson setup"
cat >meson.build <<'END'
project('all', 'c', default_options: ['c_std=c11', 'warning_level=2'])
cc = meson.get_compiler('c')
assert(cc.has_function('getpid'))
assert(not cc.has_function('no_such_function_xyz'))
assert(cc.sizeof('long') >= 4)
helper = static_library('helper', 'lib.c')
executable('both', 'main.c', link_with: helper)
executable('plain', 'plain.c')
executable('precompiled', 'main.c', 'lib.c', c_pch: 'pch/all.h')
executable('with_pc', 'hello.c', dependencies: dependency('bide'))
END
mkdir pch
echo '#include "../lib.h"' >pch/all.h
PKG_CONFIG_PATH=$BUILD/lib/pkgconfig
LD_LIBRARY_PATH=$BUILD/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
ok env CC="bide cc $CC" meson setup built
ok meson compile -C built
says 42 built/both
says plain built/plain
says 42 built/precompiled
says "hello 42" built/with_pc
echo '#define MORE' >>lib.h
ok meson compile -C built -v
end
