# The door script: help, and plain words for what it does not know.
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
