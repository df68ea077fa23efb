# `bide top`, with a program that is played (top/server.c): what is printed, each warning, which
# socket is taken, answers that are none, the page, and the screen (top/terminal.c).
set -eu

. "$SRC/tests/harness/driver-cases"

# Without the sanitizers these two begin faster.
"$CC" -O1 -fno-sanitize=all -o server "$SRC/tests/driver/top/server.c"
"$CC" -O1 -fno-sanitize=all -o terminal "$SRC/tests/driver/top/terminal.c"
unset BIDE_CONSOLE NO_COLOR
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=1" # the tool runs for long here

servers=
background=
stop_all()
{
    for number in $servers $background; do
        kill "$number" 2>/dev/null || true
    done
}
trap stop_all EXIT

# serve SOCKET|FOLDER FILE: plays programs in the background; their process is $server.
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
        [ "$tries" -lt 3000 ] || fail "never: $*"
        sleep 0.02
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

# answer NS RUNTIMES: a line.
answer()
{
    echo "{\"version\":1,\"pid\":123,\"program\":\"shop\",\"now_ns\":$1,
        \"later\":{\"a\":[1,-2.5e3,true,null,\"x\\\"\"]},\"runtimes\":[$2]}" | tr -d '\n'
    echo
}

# task ID STATE POLLS MEMBERS: MEMBERS are further ones, each with a comma before it. Its age is
# $age seconds; it has none if that is empty.
task()
{
    echo "{\"id\":\"$1\",\"kind\":\"task\",\"function\":\"serve\",\"file\":\"src/shop.c\",
        \"line\":12,\"state\":\"$2\",\"polls\":$3 ${age:+,\"age_ns\":${age}000000000}${4-}}"
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
    answer "${1}000000000" "$(runtime "$workers" "$tasks")"
}

# once: the warnings about what is in the file answers go to the file warnings, and what they are
# about to the file told, a line each.
once()
{
    serve sock answers
    silent bide top --once --every=10 ./sock
    sed '1,/^warnings:$/d' out >warnings
    sed 's/^\([a-z ]*\): \([a-z]* [0-9a-f]*\).*/\1: \2/; s/ $//' warnings | sort >told
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
cat >>answers <<'END'
{"version":1,"pid":1,"program":"a\u0007 end","now_ns":5,"runtimes":[]}
END
echo '@close' >>answers
serve sock answers
silent bide top --json --once ./sock
head -n 1 answers | cmp - out || fail "the answer: $(cat out)"
refused bide top --json --every=10 ./sock
head -n 2 answers | cmp - out || fail "the answers: $(cat out)"
has err "'./sock': the program has ended"
end

begin "--json: what a terminal could obey"
# says TEXT WANT: a name in an answer, and how it is printed; each %s of `line` is replaced.
line='{"version":1,"pid":1,"program":"%s","now_ns":5,"runtimes":[]}\n'
says_json()
{
    printf "$line" "$(printf "$1")" >>answers
    printf "$line" "$2" >>want
}
says_json 'a\302\2332Jb\303\251' "a\\u009b2Jb$(printf '\303\251')"
says_json 'a\302\233\302\251b' "a\\u009b$(printf '\302\251')b"
says_json '\302\251\302\233' "$(printf '\302\251')\\u009b"
says_json 'a\302' 'a\ufffd'
says_json '\302\302\233\302' '\ufffd\u009b\ufffd'
says_json 'a\177\342\200\256b\342\201\246' 'a\u007f\u202eb\u2066'
says_json '\363\240\200\201\360\237\230\200' "\\udb40\\udc01$(printf '\360\237\230\200')"
says_json '\355\240\200\300\200\377' '\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd'
says_json '\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D' '\"\\\/\b\f\n\r\t\u00e9\uD83D'
says_json '\\q' '\u005cq'
LC_ALL=C awk -v line="$line" 'BEGIN { # bytes as they come; the names end with a letter
    srand(7)
    for (i = 0; i < 60; i++) {
        name = ""
        for (k = rand() * 30; k > 0; k--)
            name = name sprintf("%c", (rand() < 0.5 ? 192 : 128) + int(rand() * 64))
        printf line, name "x"
    }
}' >>answers
echo '@close' >>answers
serve sock answers
refused bide top --json --every=10 ./sock
head -n "$(wc -l <want)" out | diff -u want - || fail "escapes"
[ "$(wc -l <out)" = $(($(wc -l <answers) - 1)) ] || fail "$(wc -l <out) answers"
iconv -f UTF-8 -t UTF-8 out >same || fail "no UTF-8: $(od -c out)"
! LC_ALL=C grep -q "$(printf '\302[\200-\237]')" out || fail "controls: $(od -c out)"
{ cat out; echo @close; } >answers # what was printed is an answer that needs no change
mv out before
serve again answers
refused bide top --json --every=10 ./again
cmp before out || fail "changed"
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
has err "no program listens in 'empty'"
has err 'BIDE_CONSOLE=/some/folder ./program'
refused bide top nothing
has err "there is no 'nothing'"
refused bide top answers
has err "'answers' is neither a socket nor a folder"
serve folder/102.bide answers
for place in folder folder/ folder/102.bide; do
    silent bide top --once --every=10 $place
    has out '^shop, pid 123'
done
silent env BIDE_CONSOLE=folder bide top --once --every=10
has out '^shop, pid 123'
silent env BIDE_CONSOLE=folder/102.bide bide top --once --every=10
has out '^shop, pid 123'
silent env BIDE_CONSOLE=folder bide top 102 --once --every=10
refused env BIDE_CONSOLE=folder bide top 103 --once
has err "cannot connect to 'folder/103.bide': No such file"
refused env BIDE_CONSOLE=folder/102.bide bide top 102 --once
has err "there is no 102.bide in 'folder/102.bide', which BIDE_CONSOLE names: it is no folder"
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
has err "nobody listens on 'folder/103.bide': the program has ended"
hostile=$(printf 'a\033[2Jb')
mkdir "$hostile"
refused bide top "$hostile"
has err "no program listens in 'a\[2Jb'"
serve "$hostile/20.bide" answers
serve "$hostile/21.bide" answers
refused bide top "$hostile"
has err "there are 2 programs in 'a\[2Jb'; name one, as in: bide top a\[2Jb/20.bide"
refused env BIDE_CONSOLE="$hostile" bide top
has err "there are 2 programs in 'a\[2Jb'; name one, as in: bide top 20"
refused env BIDE_CONSOLE="$hostile/20.bide" bide top 5
has err "in 'a\[2Jb/20.bide', which"
deep=.
for i in 1 2 3 4 5 6 7 8; do
    deep=$deep/a_folder_with_a_long_name
done
mkdir -p "$deep"
(cd "$deep" && "$WORK/server" 9.bide "$WORK/$case_number/answers") >number
servers="$servers $(cat number)"
silent bide top --once --every=10 "$deep/9.bide"
silent bide top --once --every=10 "$deep"
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
null
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
{"version":1,"x":01,"runtimes":[]}
{"version":1,"x":1.,"runtimes":[]}
{"version":1,"x":1e,"runtimes":[]}
{"version":1,"x":-,"runtimes":[]}
{"version":1,"pid":0x10,"runtimes":[]}
{"version":1,"runtimes":[{"tasks":[{"id":"1","name":"\
END
printf '{"version":1,"program":"a%bb","runtimes":[]}\n' '\033[2J' '\r' '\t' >>bad
deep=$(printf '%200s' '' | tr ' ' '[')
echo "{\"version\":1,\"x\":$deep$(echo "$deep" | tr '[' ']'),\"runtimes\":[]}" >>bad
count=$(wc -l <bad)
# After these others that say what is wrong, one with very many runtimes, and one that is right.
{
    cat bad
    echo '{}'
    echo '{"version":2,"runtimes":[]}'
    echo '{"error":"no runtime\u001b[2J"}'
    echo '@close'
    echo '@part {"version":1,'
    echo '@twice {"version":1,"runtimes":[]}'
    echo '@long 257'
    yes '{},' | head -n 1000000 | tr -d '\n' |
        sed 's/^/{"version":1,"runtimes":[/; s/$/{}]}\n/'
    deep=$(printf '%60s' '' | tr ' ' '[')
    echo "{\"version\":1,\"program\":\"right\",\"runtimes\":[],
        \"x\":$deep$(echo "$deep" | tr '[' ']')}" | tr -d '\n'
    echo
} >answers
mkdir all
serve all answers
refused bide top all
{
    echo PROGRAM
    yes '(the answer is none that bide top understands)' | head -n "$count"
    cat <<'END'
(the program speaks version 0 of the protocol, not 1)
(the program speaks version 2 of the protocol, not 1)
(the program says: no runtime[2J)
(the program has ended, or has closed the connection)
(the program has ended in the middle of an answer)
(the program has sent what nobody asked for)
(the answer is longer than 256 MiB)
(the answer has more than a million tasks and workers)
right
END
} >want
sed 's/^ *[A-Z0-9]*  //' out | diff -u want - || fail "what is wrong"
for option in --json --once; do
    refused bide top $option all/3.bide
    has err "^bide: error: 'all/3.bide': the answer is none that bide top understands$"
    [ ! -s out ] || fail "printed: $(cat out)"
done
# Numbers that are too large, and ids that occur twice.
tr -d '\n' >answers <<'END'
{"version":1,"now_ns":1e300,"pid":-5,"runtimes":[{"tasks":[{"id":"1",
"polls":99999999999999999999},{"id":"1","age_ns":1.5},{"id":"ffffffffffffffff","for":
{"what":"task","object":"ffffffffffffffff"}}],"workers":[{"number":9223372036854775807}]}]}
END
serve numbers answers
silent bide top --once --every=10 ./numbers
has out 'worker 9223372036854775807'
echo '@first hello' >answers
serve first answers
refused bide top --once ./first
has err "'./first': the program has sent what nobody asked for\|the answer is none"
{ shop 4; echo '@close'; } >answers
serve ends answers
refused bide top --once --every=10 ./ends
has err "'./ends': the program has ended"
[ ! -s out ] || fail "printed: $(cat out)"
end

# ---- warnings ----
#
# Each case is a runtime, which is in two answers. So all of them are in one look.

first=
second=
# pair WORKERS TASKS WORKERS TASKS: a runtime in the first answer, and in the second one.
pair()
{
    first="$first${first:+,}$(runtime "$1" "$2")"
    second="$second${second:+,}$(runtime "$3" "$4")"
}

# counted POLLS EXACT: a worker.
counted()
{
    echo "{\"number\":0,\"polls\":$1,\"exact\":$2}"
}

# changes ID STATE POLLS MEMBERS STATE POLLS MEMBERS: a task of a worker that counts exactly.
changes()
{
    age=5
    one=$(task "$1" "$2" "$3" "$4")
    age=6
    pair "$(counted 5 true)" "$one" "$(counted 50 true)" "$(task "$1" "$5" "$6" "$7")"
}

# workers ID WORKERS WORKERS: a task that is ready in both answers, and has the same polls.
workers()
{
    age=5
    one=$(task "$1" ready 10)
    age=6
    pair "$2" "$one" "$3" "$(task "$1" ready 10)"
}

# aged ID NS NS: the same, with the age in each answer.
aged()
{
    age=
    pair '' "$(task "$1" ready 10 ",\"age_ns\":$2")" '' "$(task "$1" ready 10 ",\"age_ns\":$3")"
}

not_polled()
{
    changes 101 ready 10 '' ready 10 ''
    workers 102 "$(counted 5 false)" "$(counted 5 false)"
    workers 103 "$(counted 5 true), $(counted 5 false)" "$(counted 6 true), $(counted 5 false)"
    workers 181 "$(counted 5 false)" "$(counted 6 false)"
    workers 182 "$(counted 5 true)" "$(counted 6 false)"
    workers 183 "$(counted 5 false)" "$(counted 6 true)"
    workers 184 '{"number":0,"polls":5}' '{"number":0,"polls":6}'
    workers 185 "$(counted 5 true), $(counted 5 false)" "$(counted 5 true), $(counted 6 false)"
    workers 186 '' "$(counted 5 true)"
    workers 187 '{"number":1,"polls":5}' '{"number":0,"polls":5}'
    changes 188 ready 10 '' ready 11 ''
    changes 189 waits 10 '' ready 10 ''
    changes 18a ready 10 '' waits 10 ''
    aged 104 5000000000 5500000000
    aged 18b 5000000000 5499999999
    aged 18c 5000000000 0
    changes 18d ready 10 ',"busy_ns":5' ready 10 ',"busy_ns":4' # an id that is used again
    changes 18f waits 10 '' waits 9 ''
    age=5
    pair '' "$(task 18e ready 10)" '' ''
    age=6
    pair '' '' '' "$(task 18e ready 10)"
}

futurelocks()
{
    at=',"at":[{"text":"buy","file":"b.c","line":4}]'
    given=$at',"for":{"what":"mutex","object":"ab","granted":true}'
    other=$at',"for":{"what":"mutex","object":"bb","granted":true}'
    waits=',"for":{"what":"mutex","object":"ab","granted":false}'
    changes 201 waits 10 "$given" waits 10 "$given"
    changes 202 waits 10 "$given,\"kind\":\"future\"" waits 10 "$given,\"kind\":\"future\""
    changes 281 waits 10 "$given" waits 11 "$given"
    changes 282 waits 10 "$given" waits 10 "$other"
    changes 283 waits 10 "$waits" waits 10 "$given"
    changes 284 waits 10 "$given" waits 10 "$waits"
}

forgotten()
{
    future=',"kind":"future","name":"late"'
    changes 301 waits 3 "$future" waits 3 "$future"
    changes 381 waits 3 "$future" waits 4 "$future"
    changes 382 begins 3 "$future" waits 3 "$future"
    changes 383 begins 3 "$future" begins 3 "$future"
    changes 384 waits 3 '' waits 3 ''
}

hot()
{
    changes 401 runs 10 '' runs 11 ',"busy_ns":960000000'
    changes 402 runs 10 '' runs 106 ',"busy_ns":960000000'
    changes 403 runs 10 '' runs 10 ',"busy_ns":960000000'
    changes 481 runs 10 '' runs 11 ',"busy_ns":950000000'
    changes 482 runs 10 '' runs 107 ',"busy_ns":960000000'
    changes 483 waits 10 '' runs 11 ',"busy_ns":960000000'
    changes 484 runs 10 '' waits 11 ',"busy_ns":960000000'
}

# busy ID TASK NS: a worker that is in a poll.
busy()
{
    runs='"name":"x","function":"spin","file":"a.c","line":3'
    pair '' '' "{\"number\":3,\"answers\":false,\"runs\":{$2\"for_ns\":$3,$runs}}" ''
}

asks()
{
    changes 501 waits 1000 ',"yields":1000' waits 1100 ',"yields":1051'
    changes 502 waits 1000 ',"yields":9,"busy_ns":7' waits 1100 ',"yields":99,"busy_ns":10000007'
    changes 581 waits 1000 ',"yields":1000' waits 1100 ',"yields":1050'
    changes 582 waits 1000 ',"yields":1000' waits 1099 ',"yields":1090'
    changes 583 waits 1000 ',"yields":9' waits 1100 ',"yields":99,"busy_ns":10000001'
    age=1 # it began after the first answer
    pair '' '' '' "$(task 503 waits 300 ',"yields":200')"
    pair '' '' '' "$(task 584 waits 300 ',"yields":200,"busy_ns":30000001')"
    age=2
    pair '' '' '' "$(task 585 waits 300 ',"yields":200')"
}

# held ID WHAT OBJECT HOLDER: a task that waits in both answers.
held()
{
    changes "$1" waits "5" ",\"for\":{\"what\":\"$2\",\"object\":\"$3\",\"task\":\"$4\"}" \
        waits "${5-5}" ",\"for\":{\"what\":\"$2\",\"object\":\"$3\",\"task\":\"${6-$4}\"}"
}

circles()
{
    held 601 mutex aa 602
    held 602 task 603 603
    held 603 mutex bb 601
    held 604 mutex aa 602
    held 605 mutex cc 605
    for i in 1 2 3 4 5 6 7 8; do # as many as are shown
        held 61$i mutex dd 61$((i % 8 + 1))
    done
    held 681 mutex aa 682 # it may only look like one: one of the two has moved on
    held 682 mutex bb 681 6
    held 683 mutex bb 682 5 683
    given=',"for":{"what":"mutex","object":"aa","task":"684","granted":true}'
    changes 684 waits 5 "$given" waits 5 "$given"
    given=',"for":{"what":"mutex","object":"aa","task":"685"}'
    changes 685 ready 5 "$given" ready 5 "$given"
    changes 686 waits 5 '' waits 5 ',"for":{"what":"mutex","object":"aa","task":"686"}'
    tasks=$(seq 3000 | awk '{
        printf "%s{\"id\":\"%x\",\"state\":\"waits\",", (NR > 1 ? "," : ""), 65536 + NR
        printf "\"for\":{\"what\":\"mutex\",\"object\":\"f%x\",", NR
        printf "\"task\":\"%x\"}", 65536 + NR % 3000 + 1
        printf ",\"age_ns\":AGE000000000}" }')
    pair '' "$(echo "$tasks" | sed 's/AGE/5/g')" '' "$(echo "$tasks" | sed 's/AGE/6/g')"
}

begin "warnings"
not_polled
futurelocks
forgotten
hot
busy 701 '"task":"701",' 1000000000
busy 702 '' 1500000000
busy 781 '"task":"781",' 999999999
age=
pair '' '' '' "$(task 701 runs 3)" # another worker has made it
pair '{"number":4,"answers":false}' '' '{"number":4,"answers":false}' ''
asks
circles
{ answer 5000000000 "$first"; answer 6000000000 "$second"; } >answers
once
cat >want <<'END'
asks for its own poll: task 501
asks for its own poll: task 502
asks for its own poll: task 503
circle: task 10001
circle: task 601
circle: task 605
circle: task 611
forgotten future: future 301
futurelock: future 202
futurelock: task 201
futurelock: task 684
never yields: a
never yields: task 401
never yields: task 402
never yields: task 403
never yields: task 701
not polled: task 101
not polled: task 102
not polled: task 103
not polled: task 104
not polled: task 685
END
diff -u want told || fail "which warnings"
has out '^!  101 '
has out '^   181 '
has out '^!  602 '
has out '^!  701 '
has warnings '^not polled: task 101 (serve at shop.c:12) has been ready for 1.00s, but no worker'
has warnings '^futurelock: task 201 (serve at shop.c:12) at b.c:4 has been given the mutex ab, a'
has out '^ *5  mutex  *ab  *task 283 (serve at shop.c:12)$'
has warnings '^forgotten future: future 301 "late" (serve at shop.c:12) has begun, and nobody has p'
has warnings '^never yields: task 401 (serve at shop.c:12) has run at each look for 1.00s, 96% of'
has warnings '^never yields: task 701 "x" (spin at a.c:3) has run on worker 3 for 1.00s without an'
has warnings '^never yields: a task "x" (spin at a.c:3) has run on worker 3 for 1.50s without an a'
has out '^  worker 3: runs task 701 "x" (spin at a.c:3) for 1.00s; its other tasks are not known$'
has out '^  worker 3: runs a task "x" (spin at a.c:3) for 1.50s; its other tasks are not known$'
has out '^  worker 4: does not answer; its tasks are not known$'
has warnings '^asks for its own poll: task 501 .* has asked itself for 51 of its 100 short polls;'
has warnings '^asks for its own poll: task 503 .* has asked itself for 200 of its 300 short polls;'
has warnings ' f8 of task 10009, and so on, 3000 in all; take locks'
has warnings 'task 618 .* waits for the mutex dd of task 611; take locks'
sed -n '/^circle: task 60/{s/; take locks in one order everywhere, .*//; s/, task/,\ntask/g; p}' \
    warnings >got
cat >want <<'END'
circle: task 601 (serve at shop.c:12) waits for the mutex aa of task 602,
task 602 (serve at shop.c:12) waits for task 603,
task 603 (serve at shop.c:12) waits for the mutex bb of task 601
circle: task 605 (serve at shop.c:12) waits for the mutex cc of task 605
END
diff -u want got || fail "circles"
# A task whose id is used again has no rates yet.
has out '^ *18f  *waits  *6.00s  *0ns  *-  *9  *-  '
has out '^ *18d  *ready  *6.00s  *4ns  *-  *10  *-  '
has out '^!  101  *ready  *6.00s  *0ns  *0.0%  *10  *0  '
# What lasts a second lasts less now.
{ answer 5000000000 "$first"; answer 5999999999 "$second"; } >answers
once
grep -v '^asks\|^circle' told >got
printf '%s\n' 'never yields: a' 'never yields: task 701' | diff -u - got || fail "too early"
end

begin "what is not for a terminal"
name='a\u001b[31mb\u0007\u009b2Jc\u202edef\u200b\u0000\ud83d\ude00\ud800é'
wide=$(printf '%60s' '' | sed 's/ /語/g') # 120 columns
age=5
answer 5 "$(runtime '' "$(task 9 waits 5 ",\"name\":\"$name\""),
    $(task a waits 5 ",\"name\":\"$wide\""),
    $(task b waits 5 ",\"for\":{\"what\":\"mutex\",\"object\":\"aa\",\"task\":\"a\"}")")" >answers
once
line=$(grep '^   9 ' out)
grep -q 'waits  a\[31mb2Jcdef' out || fail "$(cat out)"
echo "$line" | LC_ALL=C tr -d '\n -~' >rest
printf '\357\277\275\360\237\230\200\357\277\275\303\251' | cmp - rest || fail "$(od -c rest)"
cut=$(printf '%23s' '' | sed 's/ /語/g')
grep -q "   a   waits  $cut~  5.00s  " out || fail "$(cat out)"
cut=$(printf '%19s' '' | sed 's/ /語/g')
grep -q "mutex  aa  *task a \"$cut~$" out || fail "$(cat out)"
end

big='{"version":1,"pid":5,"program":"big","now_ns":5,"runtimes":[{"tasks":[TASKS]}]}'

begin "100,000 tasks"
echo "@big 100000 waits $big" >answers
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
for age in 5 6; do
    answer ${age}000000000 "$(runtime '{"number":4,"answers":false}' "$(task 9 ready 10),
        $(task c waits 10 ',"for":{"what":"mutex","object":"aa","task":"c"}')")"
done >answers
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
has body ',"warnings":\[{"task":'
has body '{"task":"c","kind":"circle","text":"circle: task c (serve at shop'
has body '{"task":"9","kind":"not polled","text":"not polled: task 9 (serve at shop'
is_silent()
{
    curl -sf "${url}tasks.json" | grep -q '"warnings":.{"task":null,"kind":"never yields","text"'
}
until_ok is_silent
curl -s -D head -o body "${url}tasks.json?x"
has head '^HTTP/1.1 200 '
has head '^Content-Type: application/json'
has head "^Content-Security-Policy: default-src 'none'; .* img-src data:;"
! grep -i '^Access-Control' head || fail "a CORS header"
for path in x tasks tasks.json/ ../ index.html %2e; do
    [ "$(get --path-as-is "$url$path")" = 404 ] || fail "$path: $(cat body)"
done
for method in POST PUT OPTIONS DELETE; do
    curl -s -X $method -D head -o body "$url"
    has head '^HTTP/1.1 405 '
    has head '^Allow: GET'
done
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
printf "HEAD / HTTP/1.1\r\n$host\r\n" | nc -N 127.0.0.1 "$port" >head
has head '^HTTP/1.1 405 '
[ "$(tail -c 4 head | od -An -c | tr -d ' ')" = '\r\n\r\n' ] || fail "HEAD: $(cat head)"
says_raw "GET / HTTP/1.1\r\n$host\r\n" 200
says_raw "GET / HTTP/1.1\r\n$host$host\r\n" 403
says_raw "GET /\r\n$host\r\n" 400
says_raw "GET\r\n$host\r\n" 400
says_raw "GET / FTP/1.1\r\n$host\r\n" 400
refused bide top "--web=$port" ./sock
has err "cannot listen on 127.0.0.1:$port: Address already in use"
kill "$web"
end

begin "--web: no more descriptors"
shop 4 >answers
serve sock answers
(
    ulimit -n 8
    exec bide top --web --every=100 ./sock
) >url 2>web.err &
web=$!
background="$background $web"
until_ok grep -q . url
port=$(sed 's/.*:\([0-9]*\).*/\1/' url)
mkfifo quiet
clients=
for i in 1 2 3 4 5 6; do # more than have descriptors
    nc 127.0.0.1 "$port" <quiet >/dev/null &
    clients="$clients $!"
done
background="$background $clients"
exec 3>quiet
until_ok [ -e "/proc/$web/fd/7" ]
get -m 30 "http://127.0.0.1:$port/" >code & # it waits until the others go
waits=$!
before=$(cut -d ' ' -f 14,15 "/proc/$web/stat" | tr ' ' '+')
sleep 0.5 # in which the program must not spin
after=$(cut -d ' ' -f 14,15 "/proc/$web/stat" | tr ' ' '+')
[ $(($after - ($before))) -lt 30 ] || fail "$after - ($before) ticks of 50"
kill $clients
wait "$waits"
exec 3>&-
[ "$(cat code)" = 200 ] || fail "not served: $(cat code)"
kill "$web"
end

begin "--web: clients that are slow"
echo "@big 20000 waits $big" >answers
serve sock answers
web
mkfifo quiet
curl -s --limit-rate 10000 -o slow "${url}tasks.json" & # it would take minutes
background="$background $!"
until_ok test -s slow
[ "$(get -m 60 "${url}tasks.json")" = 200 ] || fail "a slow client blocks others"
[ "$(wc -c <body)" -gt 3000000 ] || fail "only $(wc -c <body) bytes"
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
has web.err "the program has ended"
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
not the screen stands still
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
held='"for":{"what":"mutex","object":"aa","task":"a"'
named()
{
    age=$1
    answer "${age}000000000" "$(runtime '{"number":4,"answers":false}' \
        "$(task 9 "$2" 5 ",\"name\":\"$name\""), $(task a waits 5),
        $(task b waits "$1" ",$held,\"granted\":true}"), $(task c waits "$1" ",$held}")")"
}
{ named 4 waits; named 5 ready; named 6 ready; } >answers
serve sock answers
cat >steps <<'END'
see warnings 1
see a[31mb2Jcd
key j
coloured a[31mb2Jcd
key \r
see   task c (serve at shop.c:12), for the mutex aa that it holds
not   task b (serve
key \e
see worker 4: does not answer; its tasks are not known
key w
see warnings 2
see never yields: worker 4 does not answer, and has not for 1.
key jj
selected not polled: task 9 "a[31mb2Jcd" (serve at shop.c:12) has been ready
see than the workers can do
key \r
see state ready, age 6.00s
key q
end 0
END
see steps --every=50
cat >steps <<'END'
see warnings 2
see a[31mb2Jcd
key j
selected waits
key q
end 0
END
NO_COLOR=1 see steps --every=50
end

begin "the screen: a page down, and many lines"
echo "@big 100 waits $big" >answers
serve sock answers
cat >steps <<'END'
see tasks 100 of 100
selected number 000001
key \e[6~
selected number 000013
key \e[6~
selected number 000025
key \e[5~
selected number 000013
key \e[F
selected number 000100
key \e[H
selected number 000001
key \e[5~
selected number 000001
key \e[4~\e[6~
selected number 000100
key \e[1~
selected number 000001
key \eOF
selected number 000100
key \eOH
selected number 000001
key \e[8~
selected number 000100
key \e[7~
selected number 000001
key j\e[B\eOB
selected number 000004
key k\e[A\eOA
selected number 000001
key q
end 0
END
see steps
# Tens of thousands of warnings are made into lines once, not for each key.
many='{"version":1,"pid":5,"program":"big","now_ns":NOW,"runtimes":[{"tasks":[TASKS]}]}'
for now in 1 2000000000; do
    echo "@big 30000 ready $many" | sed "s/NOW/$now/"
done >answers
serve many answers
mv many sock
{
    echo 'see warnings 30000'
    echo 'key \sw'
    echo 'see PAUSED'
    echo 'selected "number 000001"'
    for i in $(seq 20); do
        echo 'key jjjjjjjjjjjjjjjjjjjj'
    done
    echo 'selected "number 000201"' # each of them has two lines
    echo 'key \r'
    echo 'see state ready'
    echo 'key q'
    echo 'end 0'
} >steps
see steps --every=10
end

begin "the screen: signals"
{ shop 4; shop 5; } >answers
serve sock answers
cat >steps <<'END'
see busy bee
signal 19
clear
signal 18
entered 2
see busy bee
key \z
entered 3
clear
see busy bee
key o
see objects 2
size 24 90
key t
see tasks 4 of 4
full
signal 15
gone 143
END
see steps --every=10
cat >job <<'END'
set -m
sh -c '{
    while kill -0 $$ 2>/dev/null; do :; done
    bide top ./sock </dev/tty 2>why
    echo $? >status
} &'
until [ -s status ]; do :; done
exit "$(cat status)"
END
echo 'end 1' >steps # its shell has gone, so that it may not set the terminal
"$WORK/terminal" steps sh job 2>said || fail "$(cat said)"
has why '^bide: error: the terminal cannot be used: Input/output error$'
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
printf '%s\n' 'see busy bee' 'file go' 'see the program has ended, or has closed' 'end 1' >steps
see steps --every=20
rm go
printf '%s\n' 'see busy bee' 'key \s' 'see PAUSED' 'file go' 'key j' 'selected 7f02' 'key \s' \
    'see the program has ended, or has closed' 'end 1' >steps
see steps --every=20
echo '{"error":"no more"}' >answers
serve sock3 answers
mv sock3 sock
printf '%s\n' 'see the program says: no more' 'end 1' >steps
see steps
end
