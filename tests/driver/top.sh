# `bide top`, with a program that is played (top/server.c): what is printed, each warning, which
# socket is taken, answers that are none, the page, and the screen (top/terminal.c).
set -eu

. "$SRC/tests/harness/driver-cases"

"$CC" -O1 -o server "$SRC/tests/driver/top/server.c"
"$CC" -O1 -o terminal "$SRC/tests/driver/top/terminal.c"
unset BIDE_CONSOLE NO_COLOR

servers=
background=
stop_all()
{
    for number in $servers $background; do
        kill "$number" 2>/dev/null || true
    done
}
trap stop_all EXIT

# serve SOCKET FILE: plays a program in the background; its process is $server.
serve()
{
    server=$("$WORK/server" "$1" "$2")
    servers="$servers $server"
}

# until_ok COMMAND...: waits until it succeeds.
until_ok()
{
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "never: $*"
        sleep 0.1
    done
}

# runtime WORKERS TASKS: a runtime of an answer.
runtime()
{
    echo "{\"flavour\":\"multi_thread\",\"alive\":3,\"made\":9,\"descriptors\":4,\"waits\":2,
        \"timers\":5,\"blocking\":{\"threads\":2,\"idle\":1,\"queued\":0},
        \"workers\":[$1],\"tasks\":[$2]}"
}

worker()
{
    echo "{\"number\":$1,\"busy_ns\":$2,\"polls\":$3,\"steals\":7,\"queued\":1,\"timers\":2,
        \"answers\":true}"
}

# answer SECONDS RUNTIMES: a line.
answer()
{
    echo "{\"version\":1,\"pid\":123,\"program\":\"shop\",\"now_ns\":${1}000000000,
        \"later\":{\"a\":[1,-2.5e3,true,null,\"x\\\"\"]},\"runtimes\":[$2]}" | tr -d '\n'
    echo
}

# task ID STATE POLLS MEMBERS: MEMBERS are further ones, each with a comma before it.
task()
{
    echo "{\"id\":\"$1\",\"kind\":\"task\",\"function\":\"serve\",\"file\":\"src/shop.c\",
        \"line\":12,\"state\":\"$2\",\"age_ns\":${age}000000000,\"polls\":$3 ${4-}}"
}

shop()
{
    age=$1
    workers="$(worker 0 $((500000000 * $1)) $((1000 * $1))), $(worker 1 0 0)"
    tasks="$(task 7f01 waits $((100 * $1)) ",\"name\":\"busy bee\",\"busy_ns\":$((250000000 * $1)),
        \"yields\":$1,\"at\":[{\"indent\":0,\"text\":\"bide_mutex_lock\",\"file\":\"lock.c\",
        \"line\":3},{\"indent\":2,\"text\":\"pay\",\"file\":\"src/pay.c\",\"line\":20},
        {\"indent\":4,\"text\":\"branch 0:\"}],\"for\":{\"what\":\"mutex\",\"object\":\"aa\",
        \"task\":\"7f02\",\"place\":\"pay.c:9\",\"granted\":false}"),
        $(task 7f02 waits 5 ",\"on\":\"descriptor 5\",\"busy_ns\":900"),
        $(task 7f03 waits 5 ",\"name\":null,\"at\":[{\"indent\":0,\"text\":\"timer\"}],
        \"for\":{\"what\":\"mutex\",\"object\":\"aa\",\"task\":\"7f02\"}"),
        $(task 7f04 waits 6 ",\"for\":{\"what\":\"semaphore\",\"object\":\"bb\",
        \"thread\":77}")"
    answer "$1" "$(runtime "$workers" "$tasks")"
}

# once: the warnings about what is in the file answers go to the file warnings.
once()
{
    serve sock answers
    silent bide top --once --every=10 ./sock
    sed '1,/^warnings:$/d' out >warnings
    kill "$server"
    rm sock
}

begin "--once"
shop 4 >answers
shop 6 >>answers
serve sock answers
silent bide top --once ./sock
sed ':a;N;$!ba;s/(idle\n/(idle/' >want <<'END'
shop, pid 123, seen for 2.00s: tasks 4, warnings 0
runtime 0, multi_thread: alive 3, made 9, descriptors 4, waits 2, timers 5, blocking threads 2 (idle
 1, queued 0)
  worker 0: busy 50.0%, polls/s 1000, steals 7, queued 1, timers 2
  worker 1: busy 0.0%, polls/s 0, steals 7, queued 1, timers 2

!  ID    STATE  NAME        AGE   BUSY  BUSY%  POLLS  POLLS/S  YIELDS  FUNCTION  PLACE
   7f01  waits  busy bee  6.00s  1.50s  25.0%    600      100       6  serve     pay.c:20 pay
   7f02  waits            6.00s  900ns   0.0%      5        0       0  serve     descriptor 5
   7f03  waits            6.00s    0ns   0.0%      5        0       0  serve     timer
   7f04  waits            6.00s    0ns   0.0%      6        0       0  serve

objects that tasks wait for:
WAITERS  WHAT       OBJECT  HOLDER                          PLACE
      2  mutex      aa      task 7f02 (serve at shop.c:12)  pay.c:9
      1  semaphore  bb      thread 77

warnings:
none
END
diff -u want out || fail "the tables"
silent bide top ./sock # no terminal: the same
diff -u want out || fail "the tables without --once"
silent bide top --once --every=250 ./sock
diff -u want out || fail "the tables with --every"
end

begin "--json"
shop 4 >answers
printf '%s\n' '{"version":1,"pid":1,"program":"a\u0007 end","now_ns":5,"runtimes":[]}' >>answers
echo '@close' >>answers
serve sock answers
silent bide top --json --once ./sock
head -n 1 answers | cmp - out || fail "the answer: $(cat out)"
refused bide top --json --every=10 ./sock
head -n 2 answers | cmp - out || fail "the answers: $(cat out)"
has err "'./sock': it has ended"
printf '{"version":1,"pid":1,"program":"a\302\2332Jb\303\251","now_ns":5,"runtimes":[]}\n' >answers
serve other answers
silent bide top --json --once ./other
printf '{"version":1,"pid":1,"program":"a\\u009b2Jb\303\251","now_ns":5,"runtimes":[]}\n' |
    cmp - out || fail "controls: $(cat out)"
end

dead()
{
    ! nc -zU "$1"
}

begin "which program"
shop 4 >answers
sed 's/"shop"/"other\\u001b[2J"/' answers >others
mkdir folder empty
refused bide top
has err 'BIDE_CONSOLE is not set'
has err 'start the program with BIDE_CONSOLE=/some/folder ./program'
refused bide top empty
has err "no program in 'empty' can be looked at"
has err 'BIDE_CONSOLE=/some/folder ./program'
refused bide top nothing
has err "there is no 'nothing'"
refused bide top answers
has err "'answers' is no socket and no folder"
serve folder/102.bide answers
for place in folder folder/ folder/102.bide; do
    silent bide top --once $place
    has out '^shop, pid 123'
done
silent env BIDE_CONSOLE=folder bide top --once
has out '^shop, pid 123'
silent env BIDE_CONSOLE=folder/102.bide bide top --once
has out '^shop, pid 123'
silent env BIDE_CONSOLE=folder bide top 102 --once
refused env BIDE_CONSOLE=folder bide top 103 --once
has err "cannot connect to 'folder/103.bide': No such file"
refused env BIDE_CONSOLE=folder/102.bide bide top 102 --once
has err 'no folder in which to look for 102.bide'
serve folder/20.bide others
serve folder/103.bide answers
kill "$server"
until_ok dead folder/103.bide
touch folder/7.bide folder/x.bide folder/08.bide folder/5.bid
refused bide top folder --once
cat >want <<'END'
PID  PROGRAM
 20  other[2J
102  shop
END
diff -u want out || fail "the list"
has err "there are 2 programs in 'folder'; name one, as in: bide top folder/20.bide"
refused env BIDE_CONSOLE=folder bide top
has err "name one, as in: bide top 20"
refused bide top folder/103.bide
has err "the program of the socket 'folder/103.bide' has ended"
deep=.
for i in 1 2 3 4 5 6 7 8; do
    deep=$deep/a_folder_with_a_long_name
done
mkdir -p "$deep"
(cd "$deep" && "$WORK/server" 9.bide "$WORK/$case_number/answers") >number
servers="$servers $(cat number)"
silent bide top --once "$deep/9.bide"
silent bide top --once "$deep"
end

begin "mistakes on the command line"
for words in '--once --web' '--web --json' --often --every=5 --every= --every=x --every=4000000 \
    --web=65536 --web=-1 --web= 'a b'; do
    refused bide top $words
    [ ! -s out ] || fail "$words: $(cat out)"
done
has err "looks at one program, not at 'a' and 'b'"
end

begin "answers that are none"
shop 4 >good
size=$(wc -c <good)
for at in 1 2 30 100 200 $((size / 2)) $((size - 3)) $((size - 2)); do
    head -c "$at" good
    echo
done >bad
cat >>bad <<'END'

[]
{}
null
{"version":2,"runtimes":[]}
{"version":1,"now_ns":"x","runtimes":[]}
{"version":1,"now_ns":true,"runtimes":[]}
{"version":1,"program":5,"runtimes":[]}
{"version":1,"runtimes":[],}
{"version":1,"runtimes":[]}{}
{"version":1,"runtimes":[]} x
{"version":1,"runtimes":{}}
{"version":1,"runtimes":[1]}
{"version":1,"runtimes":[{"tasks":[{"id":"xyz"}]}]}
{"version":1,"runtimes":[{"tasks":[{"id":"12345678123456781"}]}]}
{"version":1,"runtimes":[{"tasks":[{"id":7}]}]}
{"version":1,"runtimes":[{"tasks":[{"id":""}]}]}
{"version":1,"runtimes":[{"tasks":[{"id":"1","for":{"granted":1}}]}]}
{"version":1,"runtimes":[{"tasks":[{"id":"1","name":"\u12"}]}]}
{"version":1,"x":nothing,"runtimes":[]}
{"version":1,"runtimes":[{"tasks":[{"id":"1","name":"\
END
printf '{"version":1,"program":"a\033[2Jb","runtimes":[]}\n' >>bad
deep=$(printf '%200s' '' | tr ' ' '[')
echo "{\"version\":1,\"x\":$deep$(echo "$deep" | tr '[' ']'),\"runtimes\":[]}" >>bad
while IFS= read -r line; do
    printf '%s\n' "$line" >answers
    serve sock answers
    refused bide top --json --once ./sock
    has err "'./sock': it\(s answer is not what bide top understands\| speaks version [02]\)"
    [ ! -s out ] || fail "$line: $(cat out)"
    kill "$server"
    rm sock
done <bad
deep=$(printf '%60s' '' | tr ' ' '[')
echo "{\"version\":1,\"x\":$deep$(echo "$deep" | tr '[' ']'),\"runtimes\":[]}" >answers
serve sock answers
silent bide top --json --once ./sock
# Numbers that are too large, and ids that occur twice.
tr -d '\n' >answers <<'END'
{"version":1,"now_ns":1e300,"pid":-5,"runtimes":[{"tasks":[{"id":"1",
"polls":99999999999999999999},{"id":"1","age_ns":1.5},{"id":"ffffffffffffffff","for":
{"what":"task","object":"ffffffffffffffff"}}],"workers":[{"number":9223372036854775807}]}]}
END
serve numbers answers
silent bide top --once ./numbers
has out 'worker 9223372036854775807'
end

begin "a program that does not answer as it should"
one_error()
{
    printf '%s\n' "$1" >answers
    serve sock answers
    refused bide top --once ./sock
    has err "$2"
    kill "$server"
    rm sock
}
one_error '{"error":"no runtime\u001b[2J"}' "'./sock': it says: no runtime\[2J"
one_error '@close' "'./sock': it has ended, or has closed"
one_error '@part {"version":1,' 'it has ended in the middle of an answer'
one_error '@twice {"version":1,"runtimes":[]}' 'it speaks without having been asked'
one_error '@first hello' 'it speaks without having been asked\|not what bide top understands'
one_error '@long 257' 'its answer is longer than 256 MiB'
shop 4 >answers
echo '@close' >>answers
serve sock answers
refused bide top --once ./sock
has err 'it has ended'
[ ! -s out ] || fail "printed: $(cat out)"
end

begin "a task that never yields"
age=9
silent_worker='{"number":3,"answers":false,"runs":{"task":"8","name":"x","function":"spin",
    "file":"a.c","line":3,"for_ns":FOR}}'
answer 5 "$(runtime "$(echo "$silent_worker" | sed s/FOR/1500000000/)" '')" >answers
once
has warnings '^never yields: task 8 "x" (spin at a.c:3) has run on worker 3 for 1.50s without an'
[ "$(wc -l <warnings)" = 1 ] || fail "more: $(cat warnings)"
has out '^  worker 3: runs task 8 "x" (spin at a.c:3) for 1.50s; its other tasks are not known$'
answer 5 "$(runtime "$(echo "$silent_worker" | sed s/FOR/900000000/)" '')" >answers
once
has warnings '^none$'
hot()
{
    age=$1
    answer "$1" "$(runtime '' "$(task 9 "$2" "$3" ",\"busy_ns\":$4")")"
}
{ hot 5 runs 10 0; hot 7 runs 11 1990000000; } >answers
once
has warnings '^never yields: task 9 (serve at shop.c:12) has run at each look for 2.00s, .*% of'
{ hot 5 runs 10 0; hot 7 runs 900 1990000000; } >answers # many short polls
once
has warnings '^none$'
{ hot 5 runs 10 0; hot 7 runs 11 1800000000; } >answers
once
has warnings '^none$'
{ hot 5 waits 10 0; hot 7 runs 11 1990000000; } >answers
once
has warnings '^none$'
end

begin "a task that is not polled"
{ hot 5 ready 10 0; hot 6 ready 10 0; } >answers
once
has warnings '^not polled: task 9 (serve at shop.c:12) has been ready for 1.00s, but no worker'
[ "$(wc -l <warnings)" = 1 ] || fail "more: $(cat warnings)"
has out '^!  9 '
{ hot 5 ready 10 0; hot 6 ready 11 0; } >answers
once
has warnings '^none$'
{ hot 5 waits 10 0; hot 6 ready 10 0; } >answers
once
has warnings '^none$'
{ # another task with the same id
    hot 5 ready 10 0
    age=0
    answer 6 "$(runtime '' "$(task 9 ready 10)")"
} >answers
once
has warnings '^none$'
end

begin "a task that asks for its own poll"
asks()
{
    age=$1
    answer "$1" "$(runtime '' "$(task 9 waits "$2" ",\"yields\":$3")")"
}
{ asks 5 1000 1000; asks 6 1100 1051; } >answers
once
has warnings '^asks for its own poll: task 9 .* has asked itself for 51 of its 100 polls; let it'
{ asks 5 1000 1000; asks 6 1100 1050; } >answers
once
has warnings '^none$'
{ asks 5 1000 1000; asks 6 1099 1090; } >answers
once
has warnings '^none$'
age=1
{ # it is younger than the first look
    answer 5 "$(runtime '' '')"
    answer 6 "$(runtime '' "$(task 9 waits 300 ',"yields":200')")"
} >answers
once
has warnings 'has asked itself for 200 of its 300 polls'
end

begin "a lock that was given to a task which is not polled"
given()
{
    age=$1
    answer "$1" "$(runtime '' "$(task 9 waits "$2" ",\"at\":[{\"text\":\"buy\",\"file\":\"b.c\",
        \"line\":4}],\"for\":{\"what\":\"mutex\",\"object\":\"$3\",\"granted\":true}")")"
}
{ given 5 10 aa; given 6 10 aa; } >answers
once
has warnings '^futurelock: task 9 (serve at shop.c:12) at b.c:4 has been given the mutex aa, and h'
has out '^ *1  mutex  aa      task 9 (serve at shop.c:12)$'
{ given 5 10 aa; given 6 11 aa; } >answers
once
has warnings '^none$'
{ given 5 10 aa; given 6 10 bb; } >answers
once
has warnings '^none$'
end

begin "tasks that wait in a circle"
# waits ID WHAT OBJECT HOLDER
waits()
{
    task "$1" waits 5 ",\"for\":{\"what\":\"$2\",\"object\":\"$3\",\"task\":\"$4\"}"
}
age=5
circles="$(waits 1 mutex aa 2), $(waits 2 task 3 3), $(waits 3 mutex bb 1), $(waits 4 mutex aa 2),
    $(waits 5 mutex cc 5)"
{ answer 5 "$(runtime '' "$circles")"; answer 6 "$(runtime '' "$circles")"; } >answers
once
sed 's/; take locks in one order everywhere, .*//; s/, task/,\ntask/g' warnings >got
cat >want <<'END'
circle: task 1 (serve at shop.c:12) waits for the mutex aa of task 2,
task 2 (serve at shop.c:12) waits for task 3,
task 3 (serve at shop.c:12) waits for the mutex bb of task 1
circle: task 5 (serve at shop.c:12) waits for the mutex cc of task 5
END
diff -u want got || fail "circles"
{ # it may only look like one: the two were not seen at the same moment
    answer 5 "$(runtime '' "$(waits 1 mutex aa 2), $(task 2 waits 5)")"
    answer 6 "$(runtime '' "$(waits 1 mutex aa 2), $(waits 2 mutex bb 1)")"
} >answers
once
has warnings '^none$'
tasks=$(seq 3000 | awk '{
    printf "%s{\"id\":\"%x\",\"state\":\"waits\",\"for\":{\"what\":\"mutex\",\"object\":\"f%x\",",
        (NR > 1 ? "," : ""), NR, NR
    printf "\"task\":\"%x\"}}", NR % 3000 + 1 }')
for now in 5 6; do
    printf '{"version":1,"now_ns":%d000000000,"runtimes":[{"tasks":[%s]}]}\n' $now "$tasks"
done >answers
once
[ "$(wc -l <warnings)" = 1 ] || fail "circles: $(cut -c 1-200 warnings)"
has warnings ', and so on, 3000 in all; take locks'
end

begin "a future that nobody polls"
future()
{
    answer "$1" "$(runtime '' "$(task 9 "$2" "$3" ',"kind":"future","name":"late"')")"
}
{ future 5 waits 3; future 6 waits 3; } >answers
once
has warnings '^forgotten future: future 9 "late" (serve at shop.c:12) has begun, and nobody has p'
for states in 'begins begins' 'begins waits'; do
    { future 5 "${states% *}" 3; future 6 "${states#* }" 3; } >answers
    once
    has warnings '^none$'
done
{ future 5 waits 3; future 6 waits 4; } >answers
once
has warnings '^none$'
end

begin "what is not for a terminal"
name='a\u001b[31mb\u0007\u009b2Jc\u202edef\u200b\u0000\ud83d\ude00\ud800é'
age=5
answer 5 "$(runtime '' "$(task 9 waits 5 ",\"name\":\"$name\"")")" >answers
serve sock answers
silent bide top --once ./sock
grep -q 'waits  a\[31mb2Jcdef' out || fail "$(cat out)"
LC_ALL=C tr -d '\n -~' <out >rest
printf '\357\277\275\360\237\230\200\357\277\275\303\251' | cmp - rest || fail "$(od -c rest)"
name=$(printf '%60s' '' | sed 's/ /語/g') # 120 columns
answer 5 "$(runtime '' "$(task 9 waits 5 ",\"name\":\"$name\"")")" >answers
serve wide answers
silent bide top --once ./wide
cut=$(printf '%23s' '' | sed 's/ /語/g')
grep -q "   9   waits  $cut~  5.00s  " out || fail "$(cat out)"
end

big='{"version":1,"pid":5,"program":"big","now_ns":5,"runtimes":[{"tasks":[TASKS]}]}'

begin "100,000 tasks"
echo "@big 100000 $big" >answers
serve sock answers
silent bide top --once --every=10 ./sock
[ "$(grep -c ' shop.c:20 serve$' out)" = 100000 ] || fail "$(head -c 1000 out)"
end

# web: begins to serve what the socket sock says; $url, $port, $web.
web()
{
    bide top --web --every=100 ./sock >url 2>web.err &
    web=$!
    background="$background $web"
    until_ok grep -q . url
    url=$(cat url)
    port=${url##*:}
    port=${port%/}
    until_ok curl -sf "${url}tasks.json"
}

get()
{
    curl -s -o body -w '%{http_code}' "$@"
}

begin "--web"
{ hot 5 ready 10 0; hot 6 ready 10 0; } >answers
serve sock answers
web
case $url in http://127.0.0.1:*/) ;; *) fail "$url" ;; esac
[ "$(get "$url")" = 200 ] || fail "no page"
has body '^<!DOCTYPE html>'
has body '</script></body></html>$'
has_not body 'innerHTML\|src=\|@import\|http'
warned()
{
    curl -sf "${url}tasks.json" | grep -q not.polled
}
until_ok warned
[ "$(get "${url}tasks.json")" = 200 ] || fail "no answer"
sed 's/,"warnings":\[.*\]}$/}/' body >bare
tail -n 1 answers | cmp - bare || fail "not what the program has said: $(cat body)"
has body ',"warnings":\[{"task":"9","kind":"not polled","text":"not polled: task 9 (serve at shop'
curl -s -D head -o body "${url}tasks.json?x"
has head '^HTTP/1.1 200 '
has head '^Content-Type: application/json'
has head '^Content-Security-Policy: default-src .none.'
! grep -i '^Access-Control' head || fail "a CORS header"
for path in x tasks tasks.json/ ../ index.html %2e; do
    [ "$(get --path-as-is "$url$path")" = 404 ] || fail "$path: $(cat body)"
done
for method in POST PUT OPTIONS DELETE; do
    curl -s -X $method -D head -o body "$url"
    has head '^HTTP/1.1 405 '
    has head '^Allow: GET'
done
[ "$(get -I "$url")" = 405 ] || fail "HEAD"
[ "$(get -d "$(printf '%100000s' x)" "$url")" = 405 ] || fail "a body"
for host in "127.0.0.1:$port" "localhost:$port" "[::1]:$port" "LOCALHOST:$port"; do
    [ "$(get -H "Host: $host" "${url}tasks.json")" = 200 ] || fail "Host $host"
done
for host in "evil.example:$port" 127.0.0.1 localhost 127.0.0.1:1 "127.0.0.1.evil.example:$port" \
    "localhost:${port}0" "127.0.0.1:$port, evil"; do
    [ "$(get -H "Host: $host" "${url}tasks.json")" = 403 ] || fail "Host $host: $(cat body)"
done
[ "$(get -H Host: "$url")" = 403 ] || fail "no Host"
[ "$(get -H "X: $(printf '%9000s' x)" "$url")" = 431 ] || fail "a long head"
says_raw()
{
    printf "$1" | nc -N 127.0.0.1 "$port" | head -n 1 | grep -q " $2 " || fail "$1"
}
host="Host: localhost:$port\r\n"
says_raw "GET / HTTP/1.1\r\n$host\r\n" 200
says_raw "GET / HTTP/1.1\r\n$host$host\r\n" 403
says_raw "GET /\r\n$host\r\n" 400
says_raw "GET\r\n$host\r\n" 400
says_raw "GET / FTP/1.1\r\n$host\r\n" 400
refused bide top "--web=$port" ./sock
has err "cannot listen on 127.0.0.1:$port: Address already in use"
kill "$web"
end

begin "--web: clients that are slow"
echo "@big 40000 $big" >answers
serve sock answers
web
mkfifo quiet
curl -s --limit-rate 10000 -o slow "${url}tasks.json" & # it would take minutes
background="$background $!"
until_ok test -s slow
[ "$(get -m 60 "${url}tasks.json")" = 200 ] || fail "a slow client blocks others"
[ "$(wc -c <body)" -gt 5000000 ] || fail "only $(wc -c <body) bytes"
for i in $(seq 40); do # more than are kept
    nc -v 127.0.0.1 "$port" <quiet >/dev/null 2>quiet.$i &
    background="$background $!"
done
exec 3>quiet # they say nothing
for i in $(seq 40); do
    until_ok grep -q succeeded quiet.$i
done
[ "$(get -m 8 "$url")" = 200 ] || fail "clients that say nothing block others"
exec 3>&-
kill "$server"
! wait "$web" || fail "the program has gone, and nothing is said"
has web.err "it has ended"
end

# see FILE OPTIONS...: runs `bide top` on a terminal as the file says.
see()
{
    steps=$1
    shift
    "$WORK/terminal" "$steps" bide top "$@" ./sock 2>said || fail "$(cat said)"
}

begin "the screen"
{ shop 4; shop 5; shop 6; } >answers
serve sock answers
cat >steps <<'END'
see shop, pid 123, seen for 2.00s: tasks 4, warnings 0
see worker 0: busy 50.0%
see tasks 4 of 4, by BUSY%
selected 7f01
key j
selected 7f02
key \e[B
selected 7f03
key k
selected 7f02
key r
see by BUSY%, reversed
selected 7f02
key \r
see task 7f02 (serve at shop.c:12)
see begins with serve (src/shop.c:12)
see waits for descriptor 5
see who waits for it:
see   task 7f01 "busy bee" (serve at shop.c:12), for the mutex aa that it holds
key \e
see tasks 4 of 4
key rk\e[H
selected 7f01
key \r
see waits for the mutex aa, which is held by task 7f02 (serve at shop.c:12), taken at pay.c:9
see where it is, the innermost call first:
see       branch 0:
key \e
see tasks 4 of 4
key o
see objects 2
selected mutex
key j
selected semaphore
key w
see warnings 0
key ?
see quit
key \e
not stop asking
key t
see tasks 4 of 4
key s
see by POLLS
key S
see by BUSY%
key /
key PA
see tasks 1 of 4, with "PA", by BUSY%
not 7f02
key \e
see 7f02
key /zz
see tasks 0 of 4
key \r\e
key /
see show tasks with
key \e
see tasks 4 of 4
key \s
see PAUSED
key \s
not PAUSED
size 10 40
see shop, pid 123, seen for 2.00s: tasks 4
not warnings 0
size 24 100
see warnings 0
key \e[5~\e[6~\e[1~\e[4~\eOA\e[99;99X
see 7f04
key q
end 0
END
see steps --every=50
end

begin "the screen: warnings, and what is not for a terminal"
name='a\u001b[31mb\u0007\u009b2Jc\u202ed'
held()
{
    age=$1
    answer "$1" "$(runtime '' "$(task 9 ready 5 ",\"name\":\"$name\""), $(task a waits 5)")"
}
{ held 5; held 6; } >answers
serve sock answers
cat >steps <<'END'
see warnings 1
see a[31mb2Jcd
key w
selected not polled: task 9 "a[31mb2Jcd" (serve at shop.c:12) has been ready
see than the workers can do
key \r
see state ready, age 6.00s
key q
end 0
END
see steps --every=50
end

begin "the screen: how it ends"
shop 4 >answers
serve sock answers
for number in 1 2 3 15; do
    printf 'see busy bee\nsignal %s\nend %s\n' "$number" $((128 + number)) >steps
    see steps
done
printf '%s\n' 'see busy bee' 'key \c' 'end 130' >steps # Ctrl-C
see steps
printf '%s\n' '@wait go' '@close' >>answers
serve sock2 answers
mv sock2 sock
printf '%s\n' 'see busy bee' 'file go' 'see it has ended, or has closed' 'end 1' >steps
see steps --every=20
echo '{"error":"no more"}' >answers
serve sock3 answers
mv sock3 sock
printf '%s\n' 'see it says: no more' 'end 1' >steps
see steps
end
