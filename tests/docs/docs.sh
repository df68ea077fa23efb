# Runs the documents. In README.md and docs/*.md a block that opens with "```c NAME" is written to
# the file NAME, and a block that opens with "```console" is run: each line that begins with "$ " is
# a command, the lines after it are what it must print (stdout and stderr together). Blocks of one
# document share a folder, in the order in which they stand. "```sh" is shown only.
set -eu
work=$WORK
PATH=$(dirname "$BIDE"):$PATH
export PATH
failed=0
ran=0
limit=$((60 * ${BIDE_TEST_SLOW:-1})) # seconds

# Splits a document into numbered steps: NNN.file (first line the name), NNN.console.
split() {
    awk -v dir="$2" '
        /^```/ && inside { inside = 0; close(out); next }
        /^```c [^ ]+$/ {
            inside = 1; out = sprintf("%s/%03d.file", dir, ++n); print $2 > out; next
        }
        /^```console$/ {
            inside = 1; out = sprintf("%s/%03d.console", dir, ++n); printf "" > out; next
        }
        /^```/ { inside = 1; out = "/dev/null"; next }
        inside { print > out }
    ' "$1"
}

# One console step: splits it at its commands, runs each, compares.
console() {
    awk -v dir="$2" '
        /^\$ / { out = sprintf("%s/%03d.out", dir, ++n); cmd = sprintf("%s/%03d.cmd", dir, n)
                 print substr($0, 3) > cmd; close(cmd); printf "" > out; next }
        n { print > out }
    ' "$1"
    for cmd in "$2"/*.cmd; do
        want=${cmd%.cmd}.out
        (cd "$3" && timeout "$limit" sh "$cmd") >"$2/got" 2>&1 </dev/null || true
        ran=$((ran + 1))
        if ! diff -u "$want" "$2/got" >"$2/diff"; then
            printf '%s: "%s" prints something else (- document, + now):\n' "$4" "$(cat "$cmd")"
            cat "$2/diff"
            failed=$((failed + 1))
        fi
    done
}

for doc in "$SRC"/README.md "$SRC"/docs/*.md; do
    name=$(basename "$doc" .md)
    steps=$work/$name.steps
    home=$work/$name
    mkdir -p "$steps" "$home"
    split "$doc" "$steps"
    for step in "$steps"/*.file "$steps"/*.console; do
        [ ! -e "$step" ] || basename "$step"
    done | sort >"$steps/order"
    while read -r step; do
        case $step in
        *.file) tail -n +2 "$steps/$step" >"$home/$(head -n 1 "$steps/$step")" ;;
        *.console)
            mkdir "$steps/$step.d"
            console "$steps/$step" "$steps/$step.d" "$home" "${doc#"$SRC"/}" ;;
        esac
    done < "$steps/order"
done
[ "$ran" -gt 0 ] || fail "found no command"
[ "$failed" -eq 0 ] || fail "$failed of $ran commands"
