# page_titles: one slow page does not delay the others, a dead one is told, and the first to answer
# wins. In virtual time the figures are exact.

# shellcheck disable=SC2086
{
    $CC $CFLAGS -I"$BUILD/include" -c "$SRC/tests/programs/virtual/virtual.c" -o virtual.o
    "$BIDE" cc "$CC" $CFLAGS -std=c11 -Wall -Wextra -Wconversion \
        "$SRC/examples/page_titles.c" virtual.o -L"$BUILD/lib" -lbide-http -lbide-html \
        -Wl,-rpath,"$BUILD/lib" -o titles-virtual >messages 2>&1 || fail "$(cat messages)"
}
[ ! -s messages ] || fail "$(cat messages)"
cat >expected <<'END_OF_OUTPUT'
HOST/slow: "A slow page", after 600 ms
HOST/quick: "A quick page", after 100 ms
HOST/latin: "Café & co", after 200 ms
HOST/plain: no title: the page has no title
HOST/missing: no title: the answer is 404
DEAD: no title: WHY
6 pages in 600 ms
the first to answer is HOST/quick: "A quick page"
END_OF_OUTPUT

# same FILE: what differs from run to run is replaced.
same()
{
    sed -e 's|http://127.0.0.1:1/: no title: .*onnect.*|DEAD: no title: WHY|' \
        -e 's|http://127.0.0.1:[0-9]*/|HOST/|' "$1"
}

./titles-virtual >out 2>&1 || fail "exit status $?: $(cat out)"
same out | diff expected - || fail "it prints something else"

# In real time all of them take as long as the slowest, not as all together (950 ms).
"$EXAMPLES/page_titles" >out 2>&1 || fail "exit status $? in real time: $(cat out)"
sed 's/ [0-9]* ms/ some ms/' expected >without_times
same out | sed 's/ [0-9]* ms/ some ms/' | diff without_times - || fail "it prints something else"

# Pages of others: each error is told, in the order of the list, and the winner is one that answers.
cat >serve.c <<'END'
#include <bide/bide.h>
#include <stdio.h>

static async void answer(bide_stream *s)
{
    char text[2000];
    static const char page[] = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n"
                               "<title>1</title>\r\n";
    if (await bide_stream_read(s, text, sizeof text) > 0)
        (void)await bide_stream_write_all(s, page, sizeof page - 1, NULL);
    bide_stream_close(s);
}

async int main(void)
{
    bide_tcp_listener *l;
    int rc = bide_tcp_listen("127.0.0.1", 0, &l);
    bide_stream *s;
    printf("%d\n", bide_tcp_port(l));
    fflush(stdout);
    while (rc == 0 && (rc = await bide_tcp_accept(l, &s)) == 0)
        await answer(s);
    return rc;
}
END
# shellcheck disable=SC2086
"$BIDE" cc "$CC" $CFLAGS serve.c -L"$BUILD/lib" -Wl,-rpath,"$BUILD/lib" -o serve
./serve >port &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for _ in $(seq 100); do
    [ ! -s port ] || break
    sleep 0.1
done
url="http://127.0.0.1:$(cat port)/"
export no_proxy=127.0.0.1
if "$EXAMPLES/page_titles" http://127.0.0.1:1/ "$url" nonsense://x >out 2>&1; then
    fail "two pages fail, and no error: $(cat out)"
fi
sed -e 's/, after [0-9]* ms//' -e 's/ in [0-9]* ms//' out | cut -d ' ' -f 1-4 >lines
cat >expected <<END_OF_OUTPUT
http://127.0.0.1:1/: no title: Failed
$url: "1"
nonsense://x: no title: the
3 pages
END_OF_OUTPUT
head -n 4 lines | diff expected - || fail "it prints something else: $(cat out)"
grep -qx "the first to answer is $url: \"1\"" out || fail "nobody wins: $(cat out)"
"$EXAMPLES/page_titles" "$url" >out 2>&1 || fail "one page: $(cat out)"
