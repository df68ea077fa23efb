# Runs the documents. In README.md, docs/*.md and tests/README.md a block that opens with "```c
# NAME" (or "```diff NAME") is written to the file NAME, and a block that opens with "```console" is
# run: each line that begins with "$ " is a command, the lines after it are what it must print
# (stdout and stderr together). The blocks of a document share a folder, and are used in their
# order. A block "```sh" is only shown. A C file that no command names is compiled, and must compile
# silently; so every block of C has a name. A command that asks pkg-config for a library which is
# not there is left out. DOCS names the documents. Some have tests of their own: guide.sh and
# network.sh, to run beside this one; and deploy.sh, since its programs are linked statically, which
# sanitizers do not allow.
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
        /^```(c|diff) [^ ]+$/ {
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
        module=$(sed -n 's/.*pkg-config [-a-z ]*--libs \([a-z0-9.+-]*\).*/\1/p' "$cmd")
        [ -z "$module" ] || pkg-config --exists "$module" || continue
        (cd "$3" && timeout "$limit" sh "$cmd") >"$2/got" 2>&1 </dev/null || true
        ran=$((ran + 1))
        if ! diff -u "$want" "$2/got" >"$2/diff"; then
            printf '%s: "%s" prints something else (- document, + now):\n' "$4" "$(cat "$cmd")"
            cat "$2/diff"
            failed=$((failed + 1))
        fi
    done
}

# Compiles the C files of the document $1 (its steps are $2, its folder $3) that no command names.
compile_rest() {
    for step in "$2"/*.file; do
        [ -e "$step" ] || continue
        file=$(head -n 1 "$step")
        case $file in *.c) ;; *) continue ;; esac
        ! grep -qw -- "${file%.c}" "$2"/*.console 2>/dev/null || continue
        ran=$((ran + 1))
        tail -n +2 "$step" >"$3/$file"
        (cd "$3" && bide cc "$CC" -Wall -Wextra -c "$file" -o "$file.o") >"$2/got" 2>&1 || true
        if [ -s "$2/got" ]; then
            echo "$1: $file:"
            cat "$2/got"
            failed=$((failed + 1))
        fi
    done
}

# tree FOLDER: makes a source tree of the files that tests/README.md names, with this build as
# build/asan.
tree()
{
    mkdir -p "$1/build" "$1/tests/compiler/run/expressions"
    ln -s "$CMAKE_TREE" "$1/build/asan"
    ln -s "$SRC/tests/harness" "$SRC/tests/smith" "$1/tests"
    ln -s "$SRC/tests/compiler/run/step.h" "$1/tests/compiler/run"
}

elsewhere='/\(deploy\|guide\|language\|net\|io\|tls\|http\|client\|websocket\)\.md$'
docs=${DOCS-$(ls "$SRC"/README.md "$SRC"/docs/*.md "$SRC"/tests/README.md | grep -v "$elsewhere")}
# The library for servers is built only where what it needs is there.
[ -e "$EXAMPLES/http_service" ] || docs=$(echo "$docs" | grep -v '/\(http\|client\)\.md$' || :)
tree "$work/tests-README"
for doc in $docs; do
    name=$(echo "${doc#"$SRC"/}" | sed 's,^docs/,,; s,\.md$,,' | tr / -)
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
    compile_rest "${doc#"$SRC"/}" "$steps" "$home"
    if grep -n '^```c$' "$doc"; then
        echo "${doc#"$SRC"/}: a block of C without the name of a file"
        failed=$((failed + 1))
    fi
done
[ "$ran" -gt 0 ] || fail "found no command"
[ "$failed" -eq 0 ] || fail "$failed of $ran commands"
