# SQLite, all in one file of a quarter million lines, and its own checker, which runs some ten
# thousand cases from its databases of cases.
set -eu

. "$SRC/tests/harness/project"
command -v tclsh >/dev/null || skip "no tclsh, which makes the one file"
fetch sqlite3

build()
{
    step "configure" ./configure --disable-tcl --disable-shared CC="$cc" CFLAGS="-O1 -w"
    step "sqlite3.c" make sqlite3.c
    step "fuzzcheck" make fuzzcheck
    step "the cases" ./fuzzcheck test/fuzzdata[13].db
    grep -q ' 0 errors' log || fail "$(cat log)"
}

each build
