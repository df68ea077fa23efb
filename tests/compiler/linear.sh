# The front end takes time in proportion to the size of the file, however the file is written. Each
# case here would take minutes if the time grew with the square of the size. The size of messages
# is in proportion to their number: a long line is not printed whole.
#
# With sanitizers the front end is many times slower. So the time is that of PLAIN, if it is set: a
# tree that was built without them, with twice the size. Then the sanitizers get the same cases at
# an eighth of the size.
set -eu

# repeat COUNT TEXT: prints TEXT COUNT times, with the number of the repetition for each @.
repeat()
{
    awk -v n="$1" -v eighths="$eighths" -v text="$2" 'BEGIN {
        for (i = 0; i < n * eighths / 8; i++) {
            one = text
            gsub(/@/, i, one)
            printf "%s", one
        }
    }'
}

# body COUNT TEXT: prints a function that repeats TEXT.
body()
{
    echo '#include <bide/bide.h>'
    echo '#define P(x) ((x) * 2 + 1)'
    echo 'async int g(int n);'
    printf 'async int f(int n) { '
    repeat "$1" "$2"
    echo 'return await g(n); }'
}

# is_quick NAME STATUS BYTES: text.c is translated in time, with at most BYTES of messages.
is_quick()
{
    status=0
    (ulimit -t $limit_s && exec "$tool" emit text.c -o out.c) >said 2>&1 || status=$?
    [ "$status" = "$2" ] || fail "$1: exit status $status: $(head -c 1000 said)"
    bytes=$(wc -c <said)
    most=$(($3 * (eighths < 8 ? 8 : eighths) / 8))
    [ "$bytes" -le $most ] || fail "$1: $bytes bytes of messages"
}

# chain COUNT BEGIN TEXT END: a function with BEGIN, then TEXT COUNT times, then END.
chain()
{
    body 0 ''
    printf 'async int h(int n) { await g(1); %s' "$2"
    repeat "$1" "$3"
    echo "$4 return n; }"
}

messages()
{
    body 1000 'await 1;' >text.c
    is_quick 'errors on one line' 1 400000
    body 1000 'g(P(P(@)));' >text.c
    is_quick 'fix-its on one line' 1 500000
    body 1000 'await u@();' >text.c
    is_quick 'undeclared names' 1 400000
    body 500 'g(n);} async int f@(int n) {' >text.c
    is_quick 'errors in functions on one line' 1 300000
    awk 'BEGIN { printf "#include <bide/bide.h>\nasync int f(int n) { const char *s = \""
        for (i = 0; i < 20000; i++) printf "a text that goes on and on, and has no end at all "
        print "\"; await 1; return s[n]; }" }' >text.c
    is_quick 'a line of 1 MB' 1 2000
}

large_functions()
{
    body 1500 'bide_task(int) t@ = bide_spawn(g(n)); n += await bide_task_wait(t@);' >text.c
    is_quick 'tasks' 0 0
    body 3000 'bide_future(int) v@ = bide_lazy(g(n)); n += await bide_get(v@);' >text.c
    is_quick 'futures' 0 0
    body 1000 '{ bide_defer { n--; } if (n == @) return 1; await g(1); }' >text.c
    is_quick 'ways out of scopes' 0 0
    body 1000 '{ int a = n, b[4]; b[0] = a; n += await g(b[0]); n += a + b[0]; }' >text.c
    is_quick 'names of blocks' 0 0
    body 12000 'L@: if (n == @) goto L@;' >text.c
    is_quick 'labels' 0 0
    {
        body 1 'await g(0);'
        echo 'async int k(int n) { static void *t[] = {'
        repeat 1500 '&&L@,'
        echo '};'
        repeat 1500 'L@: n += @; goto *t[n];'
        echo 'await g(1); return n; }'
    } >text.c
    is_quick 'computed gotos' 0 0
    body 8000 'n += await g(n);' >text.c
    is_quick 'awaits' 0 0
    body 1500 '{ int a[2]; await bide_join(a[0] = g(1), a[1] = g(2)); }' >text.c
    is_quick 'branches' 0 0
    {
        body 1 'await g(0);'
        printf 'async int h(int n) {'
        repeat 12000 'int a@ = n;'
        printf 'await g(1);'
        repeat 12000 'n += a@;'
        echo 'return n; }'
    } >text.c
    is_quick 'locals that live over an await' 0 0
}

long_chains()
{
    chain 2400 'n = await g(1)' ' + n' ';' >text.c
    is_quick 'a chain of operators' 0 0
    chain 2400 'n = await g(1)' ' && n' ';' >text.c
    is_quick 'a chain of conditions' 0 0
    chain 2400 ';' 'if (n == @) await g(@); else ' 'n = 1;' >text.c
    is_quick 'a chain of else-ifs' 0 0
    # As long as the front end takes them: what is not linear shows there.
    count=4800
    [ $eighths -le 16 ] || count=2400
    body 0 '' >text.c
    for k in 1 2; do # more take memory, and on a fresh machine the first use of that takes seconds
        printf 'async int h%s(int n) { n = await g(1)' $k
        repeat $count ', n += await g(@)'
        echo '; return n; }'
    done >>text.c
    is_quick 'chains of commas' 0 0
}

# More than the front end takes, whatever the size of the others.
too_long_chains()
{
    eighths=8
    chain 11000 'n = await g(1)' ' + n' ';' >text.c
    is_quick 'too long a chain of operators' 1 800
    chain 11000 ';' 'if (n == @) n = @; else ' 'n = 1;' >text.c
    is_quick 'too long a chain of else-ifs' 1 800
    chain 501 ';' '{' "$(repeat 501 '}')" >text.c
    is_quick 'too many blocks inside each other' 1 2000 # clang has a limit of its own
}

# try TOOL EIGHTHS SLOWER
try()
{
    tool=$1 eighths=$2 limit_s=$(($2 * $3 / 2))
    messages
    large_functions
    long_chains
    too_long_chains
}

eighths=8
[ -z "$LONG" ] || eighths=32
if [ -n "$SANITIZE" ] && [ -n "${PLAIN-}" ]; then
    try "$PLAIN/bin/bide" 16 1
    try "$BIDE" 1 $((8 * ${BIDE_TEST_SLOW:-1}))
else
    try "$BIDE" $eighths "${BIDE_TEST_SLOW:-1}"
fi
