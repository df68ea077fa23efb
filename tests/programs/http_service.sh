# http_service, with curl as its client: notes come in and go out as JSON, bad requests are named,
# notes expire, the middleware counts and times, and the service ends in good order: a request under
# way is answered, idle connections are closed, and what was kept is there for the next start. The
# same on several workers. In the long tier wrk asks, too.
set -eu

command -v curl >/dev/null || skip "there is no curl"
[ -x "$EXAMPLES/http_service" ] || skip "http_service was not built"

begin() # PROGRAM
{
    : >log
    : >out
    "$1" 0 notes.db >out 2>log &
    service=$!
    trap 'kill -9 $service 2>/dev/null || :' EXIT # after a failure
    until_has 1 '^http://' out
    url=$(head -n 1 out)
}

end()
{
    kill -TERM "$service"
    wait "$service" || fail "exit status $?: $(cat out log)"
    trap - EXIT
    grep -q '^stopped after [0-9]* requests$' out || fail "$(cat out log)"
}

# ask STATUS BODY CURL-ARGUMENTS...: the answer is this one; BODY is a pattern, or empty
ask()
{
    status=$1 body=$2
    shift 2
    got=$(curl -sS --max-time 20 -o answer -D head -w '%{http_code}' "$@") || fail "curl $*: $?"
    [ "$got" = "$status" ] || fail "curl $*: $got $(cat answer log)"
    if [ -n "$body" ]; then
        grep -qx -e "$body" answer || fail "curl $*: $(cat answer)"
    else
        [ ! -s answer ] || fail "curl $*: $(cat answer)"
    fi
}

json='Content-Type: application/json'

notes()
{
    ask 200 '\[\]' "$url/notes"
    ask 201 '{"id":1}' -H "$json" -d '{"text": "buy milk", "seconds": 3600}' "$url/notes"
    grep -qi '^Location: /notes/1.$' head || fail "$(cat head)"
    ask 201 '{"id":2}' -H "$json" -d '{"text": "\u00fcber \"alles\"\n"}' "$url/notes"
    ask 200 '{"id":1,"text":"buy milk","created":[0-9]*,"expires":[0-9]*}' "$url/notes/1"
    grep -qi '^Content-Type: application/json.$' head || fail "$(cat head)"
    grep -qi '^Server-Timing: ' head || fail "$(cat head)"
    ask 200 '{"id":2,"text":"über \\"alles\\"\\n","created":[0-9]*}' "$url/notes/2"
    ask 200 '\[{"id":2,.*}\]' "$url/notes?after=1"
    ask 200 '\[{"id":1,[^{]*}\]' "$url/notes?limit=1"
    ask 204 '' -X PUT -H "$json" -d '{"text": "buy bread"}' "$url/notes/1"
    ask 200 '.*"text":"buy bread".*' "$url/notes/1"
    ask 204 '' -X DELETE "$url/notes/1"
    ask 404 '.*"status":404.*' "$url/notes/1"
    ask 404 '.*' -X DELETE "$url/notes/1"
    ask 404 '.*' -X PUT -H "$json" -d '{"text": "x"}' "$url/notes/1"
    curl -sS -I "$url/notes/2" >head || fail "HEAD"
    grep -q ' 200' head || fail "$(cat head)"
}

mistakes()
{
    ask 404 '.*' "$url/nothing"
    ask 405 '.*' -X PATCH "$url/notes/2"
    grep -qi '^Allow: .*DELETE' head || fail "$(cat head)"
    ask 400 '.*id.*' "$url/notes/two"
    ask 400 '.*limit.*' "$url/notes?limit=1000"
    ask 400 '.*after.*' "$url/notes?after=x"
    ask 400 '.*line 1, column.*' -H "$json" -d '{"text": }' "$url/notes"
    ask 422 '.*text: it is missing.*' -H "$json" -d '{}' "$url/notes"
    ask 422 '.*text: a text is needed, and this is a whole number.*' -H "$json" -d '{"text": 1}' \
        "$url/notes"
    ask 422 '.*text: it has 1 to 10000 bytes.*' -H "$json" -d '{"text": ""}' "$url/notes"
    ask 422 '.*seconds: .*' -H "$json" -d '{"text": "x", "seconds": -1}' "$url/notes"
    ask 415 '.*' -H 'Content-Type: text/plain' -d '{"text": "x"}' "$url/notes"
    head -c 70000 /dev/zero | tr '\0' x >large
    ask 413 '.*' -H "$json" --data-binary @large "$url/notes"
}

# A note that expires: it is gone, and the job says that it has removed it.
expiry()
{
    ask 201 '.*' -H "$json" -d '{"text": "short", "seconds": 1}' "$url/notes"
    for _ in $(seq 100); do
        ask 200 '{"requests":.*}' "$url/counters"
        ! grep -q '"expired":1}' answer || return 0
        sleep 0.1
    done
    fail "it does not expire: $(cat answer log)"
}

# The request under way ends well; a connection that is kept alive is closed.
good_end()
{
    : >slow
    curl -sS -v --max-time 20 "$url/slow" >slow 2>slow.log &
    client=$!
    until_has 1 '^> GET /slow' slow.log
    ask 200 '.*' "$url/counters" # so the service has the one before it
    kill -TERM "$service"
    wait "$client" || fail "the request under way: $? $(cat slow.log log)"
    grep -qx done slow || fail "$(cat slow slow.log)"
    grep -qi '^< Connection: close' slow.log || fail "it is not told to close: $(cat slow.log)"
    wait "$service" || fail "exit status $?: $(cat out log)"
    trap - EXIT
    grep -q '^stopped after' out || fail "$(cat out log)"
    if curl -sS "$url/notes" >/dev/null 2>&1; then fail "it still listens"; fi
}

begin "$EXAMPLES/http_service"
notes
mistakes
expiry
good_end
grep -q 'GET /notes/1 404' log || fail "the log: $(cat log)"

begin "$EXAMPLES/http_service" # what was kept is there
ask 200 '\[{"id":2,.*}\]' "$url/notes"
end

if "$EXAMPLES/http_service" 70000 >out 2>&1; then fail "70000 is a port"; fi
grep -q '^usage: ' out || fail "$(cat out)"
if "$EXAMPLES/http_service" 0 /no/folder/x >out 2>&1; then fail "a database without a folder"; fi
grep -q '^http_service: ' out || fail "$(cat out)"

rm -f notes.db
libraries='-lbide-http-server -lbide-json -lbide-sqlite'
sed 's/^async int main/bide_runtime(multi_thread);\n&/' "$SRC/examples/http_service/main.c" >main.c
# shellcheck disable=SC2086
"$BIDE" cc "$CC" -std=c11 -Wall -Wextra -I"$SRC/examples/http_service" main.c \
    "$SRC"/examples/http_service/[!m]*.c -o several $libraries >messages 2>&1 ||
    fail "$(cat messages)"
[ ! -s messages ] || fail "$(cat messages)"
export BIDE_WORKERS=2
begin ./several
notes
expiry
end

[ -n "$FULL" ] || exit 0
command -v wrk >/dev/null || skip "there is no wrk"
begin ./several
ask 201 '.*' -H "$json" -d '{"text": "for wrk"}' "$url/notes"
wrk -t 2 -c 64 -d 5 "$url/notes?limit=5" >wrk || fail "wrk: $?"
cat wrk
if grep -q 'Non-2xx\|Socket errors' wrk; then fail "$(cat wrk)"; fi
end
