# `bide trace view`: the page that is drawn of a timeline, of one that was cut off, and of what is
# none.
set -eu

. "$SRC/tests/harness/driver-cases"
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=1" # it may read large files

timeline()
{
    # A record is a line; here its "args" are on one of their own.
    sed '/^{"ph"/{N;s/\n "args"/"args"/}' >out.json <<'END'
{"traceEvents":[
{"ph":"b","name":"request <1>","cat":"http","ts":100.250,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"INFO","span":"0xa","path":"/x"}},
{"ph":"b","name":"query","cat":"db","ts":101.000,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"INFO","span":"0xb","parent":"0xa"}},
{"ph":"n","name":"slow \u00e9\"","cat":"db","ts":102.000,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"ERROR","span":"0xb"}},
{"ph":"b","name":"other","cat":"db","ts":102.500,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"INFO","span":"0xc","parent":"0xa"}},
{"ph":"e","name":"query","cat":"db","ts":103.000,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"INFO","span":"0xb","busy_us":0.500,"idle_us":1.500,"sql":"a & b"}},
{"ph":"e","name":"other","cat":"db","ts":104.000,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"INFO","span":"0xc","busy_us":1.500,"idle_us":0.000}},
{"ph":"e","name":"request <1>","cat":"http","ts":110.250,"pid":1,"tid":7,"id":"0xa",
 "args":{"level":"INFO","span":"0xa","busy_us":2.000,"idle_us":8.000,"status":200}}
]}
END
}

begin "a page"
timeline
silent bide trace view out.json
[ ! -s out ] || fail "$(cat out)"
has out.html '3 spans, 1 events, 10 us'
has out.html '<g data-b="0" data-l="10000" data-p="0.2000" data-n="request &lt;1&gt;"><title>'
has out.html '^10 us, polled 2 us$'
has out.html '<g data-b="750" data-l="2000" data-p="0.2500" data-n="query">'
has out.html '^sql = a &amp; b</title><rect y="20" '
has out.html '<g data-b="2250" data-l="1500" data-p="1.0000" data-n="other">'
[ "$(grep -c '<rect y="40" ' out.html)" = 1 ] || fail "what overlaps is in a row of its own"
has out.html '<g data-b="1750" data-l="0"><title>slow .*&quot;$'
has out.html '<path class="bad" d="M-3 20 '
[ "$(grep -c 'src=\|href=\|@import' out.html)" = 0 ] || fail "the page needs another file"
silent bide trace view out.json -o -
cmp out out.html || fail "another page on standard output"
silent bide trace view -o page out.json
cmp page out.html || fail "another page with -o"
end

begin "a timeline that was cut off, and one of another program"
timeline
head -n 4 out.json >cut.json
silent bide trace view cut.json -o cut
has cut '2 spans, 1 events'
has cut ', not ended$'
echo '[{"ph":"X","name":"x","cat":"c","ts":5,"dur":2.5,"args":{"a":{"b":[1,{"c":2}]}}},{}]' >x.json
silent bide trace view x.json -o x
has x '1 spans, 0 events, 2.5 us'
has x '^a = ...</title>'
for size in $(seq 1 37 1300); do
    head -c "$size" out.json >part.json
    bide trace view part.json -o part 2>err || has err 'has no spans'
done
end

begin "mistakes"
timeline
echo '{"traceEvents":[]}' >empty.json
refused bide trace view empty.json
has err "'empty.json' has no spans"
refused bide trace view nothing.json
has err "cannot read 'nothing.json'"
refused bide trace view out.json -o nowhere/page
has err "cannot write 'nowhere/page'"
refused bide trace
has err "'bide trace view' takes a timeline"
refused bide trace view out.json out.json
refused bide trace view -x out.json
end
