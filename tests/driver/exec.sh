# A file without async words: bide's process becomes the compiler (exec), with the user's words and
# the path to bide's headers; no other process reads the file.
set -eu

. "$SRC/tests/harness/driver-cases"

cat >src/spy <<'END'
#!/bin/sh
echo $$ >pid
for word; do echo "$word"; done >words
cat >input
exit 3
END
chmod +x src/spy

# Runs bide in the process that the shell starts, so that its number is known.
spied()
{
    status=0
    sh -c 'echo $$ >begun; exec "$@"' - bide cc ./spy "$@" >out 2>err || status=$?
    [ "$status" = 3 ] || fail "$what: exit status $status: $(cat err)"
    [ "$(cat pid)" = "$(cat begun)" ] || fail "$what: another process ran the compiler"
}

begin "a plain file"
spied -O2 -c plain.c -o "plain file.o" </dev/null
printf '%s\n' -O2 -c plain.c -o "plain file.o" >want
head -n 5 words | cmp -s want - || fail "$what: $(cat words)"
has_not words __BIDE__
end

begin "standard input, which was read for the scan"
cp plain.c in
spied -x c -c - <in
cmp in input || fail "$what: the compiler gets a different text"
end

begin "standard input that comes slowly through a pipe"
{
    head -n 2 plain.c
    sleep 0.1
    tail -n +3 plain.c
} | spied -x c -c -
cmp plain.c input || fail "$what: the compiler gets a different text"
end

begin "no input, another language"
spied -c file.S other.f90 </dev/null
end

begin "only objects: bide stays, to add a hint to what the linker says"
try bide cc ./spy a.o b.o -o prog </dev/null
[ "$status" = 3 ] || fail "$what: exit status $status: $(cat err)"
head -n 4 words | tr '\n' ' ' | grep -q 'a\.o b\.o -o prog' || fail "$what: $(cat words)"
end

begin "a question"
spied -c hello.c --version </dev/null
spied -### hello.c </dev/null
has words hello.c
end

begin "words that only look like ours"
cat >near.c <<'END'
/* An asynchronous thing; awaiting is deferred. */
int asynchronous, awaited, deferred, abide_with_me;
END
spied -c near.c </dev/null
end
