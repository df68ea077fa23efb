# bide/websocket.h against others, in the long tier: node-ws as client and as server, with and
# without compression, and Chromium as client.
[ -n "${FULL:-}" ] || skip "only in the long tier"
modules=/usr/share/nodejs
command -v node >/dev/null && [ -e "$modules/ws/package.json" ] || skip "there is no node-ws"
libraries=${LIBRARIES:--lbide-websocket -lbide-http-server -lbide-tls}

cat >both.c <<'END'
#include <bide/bide.h>
#include <bide/http_server.h>
#include <bide/websocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bide_websocket_options options = {.message_max = 8 << 20, .deflate.on = true};

static async int echo(bide_http_exchange *x)
{
    bide_websocket *ws;
    bide_websocket_message m;
    if (strcmp(bide_http_path(x), "/wait") == 0) { /* what keeps a page loading */
        await bide_sleep(BIDE_S(3));
        return bide_http_reply_status(x, 204);
    }
    int rc = await bide_websocket_accept(x, &options, &ws);
    if (rc <= 0)
        return rc;
    defer { bide_websocket_free(ws); }
    while ((rc = await bide_websocket_recv(ws, &m)) > 0)
        if ((rc = await bide_websocket_send(ws, m.kind, m.data, m.size)) < 0)
            break;
    printf("%d %u %s\n", rc, bide_websocket_end_code(ws), bide_websocket_end_reason(ws));
    fflush(stdout);
    return rc;
}

static async int serve(void)
{
    bide_http_server *server;
    int rc = bide_http_server_new(bide_ref(echo), NULL, &server);
    if (rc < 0)
        return rc;
    defer { bide_http_server_free(server); }
    if ((rc = bide_http_server_listen(server, "127.0.0.1", 0)) < 0)
        return rc;
    printf("port %d\n", bide_http_server_port(server));
    fflush(stdout);
    return await bide_http_server_run(server, NULL);
}

/* Sends messages of all sizes and expects them back. */
static async int ask(const char *url)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 300000};
    static char data[300000];
    bide_websocket *ws;
    bide_websocket_message m;
    bide_websocket_failure why = {0};
    options.failure = &why;
    int rc = await bide_websocket_connect(url, &options, &ws);
    if (rc < 0) {
        printf("%s\n", why.text);
        return rc;
    }
    defer { bide_websocket_free(ws); }
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + i * i % 23);
    for (size_t i = 0; i < 16 && rc >= 0; i++) {
        bide_websocket_kind kind = i % 2 ? BIDE_WEBSOCKET_BINARY : BIDE_WEBSOCKET_TEXT;
        rc = await bide_websocket_send(ws, kind, data, sizes[i / 2]);
        if (rc == 0)
            rc = await bide_websocket_ping(ws, "x", 1);
        if (rc == 0)
            rc = await bide_websocket_recv(ws, &m);
        if (rc == 1 && (m.kind != kind || m.size != sizes[i / 2] ||
                        memcmp(m.data, data, m.size) != 0))
            return 1;
    }
    if (rc < 0)
        return rc;
    rc = await bide_websocket_close(ws, 4321, "so long");
    printf("compressed %d, end %u\n", bide_websocket_is_compressed(ws),
           bide_websocket_end_code(ws));
    return rc;
}

async int main(int argc, char **argv)
{
    options.deflate.on = argc < 3;
    return argc > 1 && *argv[1] != '\0' ? await ask(argv[1]) : await serve();
}
END
# shellcheck disable=SC2086
"$BIDE" cc "$CC" ${CFLAGS:-} both.c -I"$SRC/include" -L"$BUILD/lib" $libraries \
    -Wl,-rpath,"$BUILD/lib" -o both || fail "it does not compile"

# ---- node as the client ----

cat >client.js <<'END'
const WebSocket = require('ws');
const [url, deflate] = [process.argv[2], process.argv[3] === '1'];
const ws = new WebSocket(url, {perMessageDeflate: deflate, origin: 'https://a.example'});
const sizes = [0, 1, 125, 126, 127, 65535, 65536, 1000000];
const say = what => { console.log(what); };
let next = 0, pongs = 0;
const make = n => Buffer.from(Array.from({length: n}, (_, i) => 97 + (i * i) % 23));
function send() {
  if (next === sizes.length * 2) {
    // in fragments, with a ping in between
    ws.send('frag', {fin: false}); ws.ping('now'); ws.send('ment', {fin: true});
    return;
  }
  const data = make(sizes[next >> 1]);
  next % 2 ? ws.send(data) : ws.send(data.toString());
}
ws.on('open', send);
ws.on('pong', data => { pongs++; if (data.toString() !== 'now') say('another pong'); });
ws.on('message', (data, binary) => {
  if (next === sizes.length * 2) {
    if (data.toString() !== 'fragment') say('another fragment: ' + data);
    ws.close(4000, 'done');
    return;
  }
  if (!data.equals(make(sizes[next >> 1])) || binary !== (next % 2 === 1)) say('another message');
  next++;
  send();
});
ws.on('close', (code, reason) => {
  say(`code ${code} pongs ${pongs} extensions ${ws.extensions}`);
});
ws.on('error', e => say('error ' + e.message));
END

: >served
./both >served &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    port=$(sed -n 's/^port //p' served)
    [ -z "$port" ] || break
    sleep 0.2
done
[ -n "$port" ] || fail "the server does not listen"
for deflate in 0 1; do
    NODE_PATH=$modules node client.js "ws://127.0.0.1:$port/" $deflate >out 2>&1 ||
        fail "node: $(cat out)"
    extensions=
    [ $deflate = 0 ] || extensions=permessage-deflate
    [ "$(cat out)" = "code 4000 pongs 1 extensions $extensions" ] || fail "node got: $(cat out)"
done
[ "$(grep -c '^0 4000 done$' served)" = 2 ] || fail "we got: $(cat served)"

# ---- Chromium as the client ----

browser=$(command -v chromium || command -v chromium-browser || true)
if [ -n "$browser" ]; then
    cat >page.html <<END
<!DOCTYPE html><title>x</title><div id="out">nothing</div>
<img src="http://127.0.0.1:$port/wait"><script>
const ws = new WebSocket('ws://127.0.0.1:$port/'), sizes = [0, 125, 126, 65536, 1000000];
const out = document.getElementById('out');
let i = 0;
const text = n => 'ä€🐈'.repeat(n).slice(0, n - n % 4);
ws.onopen = () => ws.send(text(sizes[i]));
ws.onmessage = e => {
  if (e.data !== text(sizes[i])) out.textContent = 'another message';
  else if (++i < sizes.length) ws.send(text(sizes[i]));
  else ws.close(4001, 'browser');
};
ws.onclose = e => {
    out.textContent = 'code ' + e.code + ' clean ' + e.wasClean + ' ' + ws.extensions;
};
</script>
END
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/browser" \
        --timeout=8000 --dump-dom "file://$PWD/page.html" >dom 2>browser.err ||
        fail "the browser: $(cat browser.err)"
    grep -q 'code 4001 clean true permessage-deflate' dom || fail "the browser got: $(cat dom)"
    grep -q '^0 4001 browser$' served || fail "we got: $(cat served)"
fi

# ---- node as the server ----

cat >server.js <<'END'
const WebSocket = require('ws');
const wss = new WebSocket.Server({port: 0, host: '127.0.0.1',
                                  perMessageDeflate: {threshold: 0, serverMaxWindowBits: 10}},
  () => console.log('port ' + wss.address().port));
wss.on('connection', ws => {
  ws.on('message', (data, binary) => { ws.ping('you'); ws.send(data, {binary}); });
  ws.on('close', (code, reason) => { console.log(`code ${code} ${reason}`); });
});
END
: >noded
NODE_PATH=$modules node server.js >noded 2>&1 &
node=$!
trap 'kill $server $node 2>/dev/null || true' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    port=$(sed -n 's/^port //p' noded)
    [ -z "$port" ] || break
    sleep 0.2
done
[ -n "$port" ] || fail "node does not listen: $(cat noded)"
./both "ws://127.0.0.1:$port/" >out || fail "exit status $?: $(cat out)"
[ "$(cat out)" = "compressed 1, end 4321" ] || fail "with compression: $(cat out)"
./both "ws://127.0.0.1:$port/" plain >out || fail "exit status $?: $(cat out)"
[ "$(cat out)" = "compressed 0, end 4321" ] || fail "without compression: $(cat out)"
[ "$(grep -c '^code 4321 so long$' noded)" = 2 ] || fail "node got: $(cat noded)"
