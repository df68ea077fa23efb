# zlib, and its own tests.
set -eu

. "$SRC/tests/harness/project"
fetch zlib

build()
{
    export CC="$cc"
    step "configure" ./configure
    step "make" make -j2
    step "make test" make test
    ! grep -q FAILED log || fail "$(cat log)"
    [ "$(grep -c 'test OK' log)" = 3 ] || fail "$(cat log)"
}

each build
