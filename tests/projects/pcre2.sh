# pcre2 with its compiler for the machine (JIT), and its own tests.
set -eu

. "$SRC/tests/harness/project"
fetch pcre2

build()
{
    step "configure" ./configure --disable-shared --enable-jit CC="$cc"
    step "make" make -j2
    step "make check" make check
    grep -q '^# FAIL:  0' log && grep -q '^# PASS:  4' log || fail "$(cat log)"
}

each build
