# `bide help`, `bide COMMAND --help` and the version go to standard output; the exit status tells
# whether that could be written. The manual page has all commands and options.
set -eu
plain

. "$SRC/tests/harness/driver-cases"
page=$SRC/docs/man/bide.1

begin "help of each command"
for command in cc run emit size gdb new trace top; do
    ok bide $command --help
    [ ! -s err ] || fail "$command: $(cat err)"
    head -n 1 out | grep -q "^bide $command " || fail "$command: $(cat out)"
    cp out one
    ok bide help $command
    cmp out one || fail "bide help $command"
    grep -q "^.It Cm $command " "$page" || fail "the manual page lacks $command"
    ok bide help
    has out "^  bide $command "
done
refused bide help nothing
refused bide nothing --help
has err "there is no command 'nothing'; see: bide help"
refused bide hello.c
has err "did you mean 'bide run hello.c'?"
refused bide x86_64-linux-gnu-gcc -c hello.c
has err "did you mean 'bide cc x86_64-linux-gnu-gcc'?"
refused bide cc hello.c -o hello
has err "needs a compiler before 'hello.c', as in: bide cc gcc hello.c"
ok bide cc --help
has out '^  -Wbide-leak-on-cancel '
has_not out '^  bide emit'
ok bide cc "$CC" --help # the compiler's
has_not out 'bide cc CC'
silent bide run hello.c --help # the program's
end

begin "text that cannot be written is a failure"
for words in help --help -h --version version 'help cc' 'cc --help' 'run --help' 'emit --help' \
    'size --help' 'gdb --help' 'new --help' 'trace --help' 'top --help' 'emit hello.c' \
    'size hello.c' 'size --json hello.c' 'size --tsv hello.c' 'run hello.c'; do
    status=0
    bide $words >/dev/full 2>err || status=$?
    case $words in
    run*) ;; # the program does not report it
    *) has err '[^ ]*: error: cannot write .*standard output' ;;
    esac
    [ "$words" = 'run hello.c' ] || [ "$status" = 1 ] || fail "$status of $words"
    case $words in run*) continue ;; esac
    status=0
    bide $words >&- 2>err || status=$?
    [ "$status" = 1 ] || fail "$status of $words with a closed output"
done
end

begin "the manual page"
ok bide help
cp out help
for command in cc run emit size gdb new trace top; do
    ok bide $command --help
    cat out >>help
done
tr -s ' ,|[]()`;:' '\n' <help | sed -n 's/^--*\([a-zA-Z][-a-z0-9]*[=]*\).*/\1/p' | sort -u >options
[ "$(wc -l <options)" -ge 17 ] || fail "only these options: $(cat options)"
while read -r option; do
    case $option in
    O* | g | x | help | Wno-NAME | Wno-* | Werror*) continue ;;
    esac
    grep -q "^\.It Fl -*${option%=}" "$page" || fail "the manual page lacks -$option"
done <options
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$page" >out || fail "$(cat out)"
fi
if command -v groff >/dev/null; then
    groff -ww -z -mdoc -Tutf8 "$page" >out 2>&1 || fail "$(cat out)"
    [ ! -s out ] || fail "$(cat out)"
fi
end
