# examples/grep: the converted program finds what the plain one finds, in a tree with all that may
# be there: binary files, long lines, links, what cannot be read. The order is another one, unless
# it is asked for.
set -eu

mkdir -p tree/sub/deep tree/empty
printf 'one\ntwo needle\nthree\n' >tree/plain
printf 'needle' >tree/no_newline
printf 'needle\nneedle needle\n\n\nneedle' >tree/sub/many
printf 'a\0b needle\n' >tree/binary
printf 'nothing\n' >tree/nothing
: >tree/zero
# Lines longer than a piece; one that lies across two; a zero byte only in a later piece.
awk 'BEGIN { for (i = 0; i < 40000; i++) printf "long"; print "needle"; print "after needle" }' \
    >tree/sub/long
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%s\n", i % 997 ? i : i " needle" }' \
    >tree/sub/pieces
{
    awk 'BEGIN { for (i = 0; i < 30000; i++) print "abc" }'
    printf 'needle\n\0needle\n'
} >tree/sub/late
i=0
while [ $i -lt 300 ]; do
    echo "needle $i" >"tree/sub/deep/$i"
    i=$((i + 1))
done
ln -s plain tree/link
ln -s .. tree/sub/circle
ln -s nowhere tree/dangling
mkfifo tree/fifo
printf 'needle\n' >"tree/a name:with 1:blanks"

# both STATUS ARGUMENT...: both programs, with and without --sort
both() {
    want=$1
    shift
    for program in grep grep_plain; do
        for sort in '' --sort; do
            status=0
            # shellcheck disable=SC2086
            "$EXAMPLES/$program" $sort "$@" >"$program$sort.out" 2>"$program$sort.err" || status=$?
            [ $status = "$want" ] || fail "$program $sort $*: exit status $status, not $want"
        done
    done
    cmp grep--sort.out grep_plain--sort.out || fail "$*: sorted, they print something else"
    for program in grep grep_plain; do
        sort $program.out >sorted
        sort grep_plain--sort.out | cmp - sorted || fail "$program $*: not the same lines"
        sort $program.err >sorted
        sort grep_plain--sort.err | sed 's/^grep_plain/grep/' | cmp - sorted ||
            fail "$program $*: not the same errors"
    done
}

both 0 needle tree
[ -s grep.out ] || fail "nothing was found"
# GNU's grep names the same lines, but for binary files, of which it says so elsewhere.
command grep -rnF --binary-files=without-match needle tree | sort >theirs
command grep -v 'binary file matches$' grep.out | sort >ours
command grep -v '^tree/sub/late:' ours | diff theirs - >&2 || fail "other lines than grep -rnF"
command grep -qx 'tree/binary: binary file matches' grep.out || fail "the binary file"
both 0 '' tree/plain
both 0 needle tree/plain
both 1 'no such text' tree
both 1 needle tree/empty
both 1 needle tree/fifo
both 2 needle nowhere
command grep -qx 'grep: nowhere: No such file or directory' grep.err || fail "the message"
for program in grep grep_plain; do
    status=0
    "$EXAMPLES/$program" 2>/dev/null || status=$?
    [ $status = 2 ] || fail "$program without arguments"
done

# A folder and a file that cannot be read, for whom that is so.
mkdir tree/closed
echo needle >tree/closed/in
echo needle >tree/unreadable
chmod 0 tree/closed tree/unreadable
if [ "$(id -u)" != 0 ]; then
    both 2 needle tree
    command grep -qx 'grep: tree/closed: Permission denied' grep.err || fail "the folder"
    command grep -qx 'grep: tree/unreadable: Permission denied' grep.err || fail "the file"
fi
chmod 755 tree/closed tree/unreadable
