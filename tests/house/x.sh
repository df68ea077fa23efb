# The script x: its help, and plain messages about words that it does not know.
set -eu
cd "$SRC"
./x help | grep -q '^\./x run ' || fail "help"
says() # STATUS TEXT COMMAND...
{
    expected=$1 text=$2
    shift 2
    status=0
    "$@" >"$WORK/out" 2>&1 || status=$?
    [ "$status" = "$expected" ] || fail "$*: exit status $status"
    grep -qF -- "$text" "$WORK/out" || fail "$*: $(cat "$WORK/out")"
}
says 2 './x build' ./x nonsense
says 1 'no tools/fuzz-nothing' ./x fuzz nothing
says 1 './x test [NAME]' ./x test --nonsense
says 1 './x install PREFIX' ./x install

# The times of tests, from a report, and from lines that were taken from several reports.
sed -n '/^say()/p;/^times_of()/,/^}/p;/^print_times()/,/^}/p' x >"$WORK/times.sh"
cat >"$WORK/report.xml" <<'END'
    <testcase name="core/one" classname="core/one" time="1.5" status="run">
    <testcase name="core/two" classname="core/two" time="20.25" status="fail">
    <testcase name="lib/one" classname="lib/one" time="0" status="notrun">
END
cat >"$WORK/expected" <<'END'
x: seconds of each area, in all configurations:
x:     44.5  core
x:      3.5  lib
x: the slowest tests:
x:     21.2  core/two (b)
x:     20.2  core/two (a)
x:      3.5  lib/one (b)
x:      1.5  core/one (a)
x:      1.5  core/one (b)
END
(
    . "$WORK/times.sh"
    times_of "$WORK/report.xml" a
    times_of "$WORK/report.xml" b | sed 's/20.25/21.25/'
    echo "3.5 lib/one b"
) >"$WORK/lines"
(
    . "$WORK/times.sh"
    print_times "$WORK/lines"
) | diff "$WORK/expected" - || fail "other times"
