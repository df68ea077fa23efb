# The documents of sockets, files, TLS, HTTP and WebSockets, as docs.sh runs documents.
set -eu
DOCS=
for name in net io tls http client websocket; do
    DOCS="$DOCS
$SRC/docs/$name.md"
done
. "$SRC/tests/docs/docs.sh"
