# SQLite in its form of a single file, a quarter of a million lines, and its own checker, which runs
# about ten thousand cases from databases of cases.
set -eu

. "$SRC/tests/harness/project"
command -v tclsh >/dev/null || skip "no tclsh, which makes the single file"
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
