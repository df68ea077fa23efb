# The servers that docs/from-libuv.md and docs/from-rust.md port: the port answers as the page says,
# on one thread and on workers, and so does the original where its library is there. Ctrl-C ends it
# while a client is still connected. (Tokio is compiled for that, so only in the long tier.)
set -eu
command -v nc >/dev/null || skip "there is no nc"

# block DOCUMENT OPENING PATTERN: the block that opens with this line and has a line with PATTERN
block()
{
    awk -v opening="$2" -v pattern="$3" '
        $0 == opening { inside = 1; text = ""; next }
        /^```/ { if (inside && text ~ pattern) { printf "%s", text; found = 1; exit }; inside = 0 }
        inside { text = text $0 "\n" }
        END { exit !found }' "$SRC/docs/$1" || fail "docs/$1 has no $2"
}

# workers FROM TO: the same program on two workers, with a lock where it needs one
workers()
{
    sed 's/^async int main/bide_runtime(multi_thread);\n&/
        s/^static int clients, lines;/static _Atomic int clients, lines;/
        s/^static const char \*answer(/static const char *unlocked(/
        s/^static async int say(/static bide_mutex lock;\n&/
        s/rc = await say(client, answer(line));/bide_locked(\&lock) {\n&\n}/
        s/answer(line)/unlocked(line)/' "$1" >"$2"
    ! cmp -s "$1" "$2" || fail "$2: nothing was changed"
}

until_lines() # N FILE
{
    tries=0
    until [ "$(wc -l <"$2")" -ge "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "no $1 lines in $2: $(cat "$2")"
        sleep 0.05
    done
}

# serves PROGRAM QUESTIONS ANSWERS GOODBYE LAST: what a client gets, what one that stays gets at the
# end, and the server's last line
serves()
{
    : >out
    : >stays
    "$1" >out 2>err &
    server=$!
    silent=
    trap 'kill "$server" $silent 2>/dev/null || :' EXIT
    until_lines 1 out
    port=$(sed -n 's/^listening on port //p' out)
    nc 127.0.0.1 "$port" <silence >stays & # it is there to the end
    silent=$!
    exec 3>silence
    printf "$2" | nc -N 127.0.0.1 "$port" >answers
    printf "$3" | diff - answers || fail "$1: other answers"
    printf "$2" >&3
    until_lines "$(wc -l <answers)" stays
    kill -INT "$server"
    wait "$server" || fail "$1: exit status $? after Ctrl-C: $(cat out err)"
    exec 3>&-
    wait "$silent" || :
    { cat answers && printf "$4"; } | diff - stays || fail "$1: another goodbye"
    [ "$(tail -n 1 out)" = "$5" ] || fail "$1: it ends with: $(cat out)"
    [ ! -s err ] || fail "$1: $(cat err)"
    trap - EXIT
}
mkfifo silence

# ---- libuv ----

sums() # PROGRAM
{
    serves "$1" 'one\ntwo\n' '05397500\n18ba2a00\n' '' 'stopped after 4 lines, 0 clients are left'
}
block from-libuv.md '```c sums.c' main >sums.c
workers sums.c sums_multi.c
"$BIDE" cc "$CC" ${CFLAGS-} sums.c -o sums
"$BIDE" cc "$CC" ${CFLAGS-} sums_multi.c -o sums_multi
sums ./sums
BIDE_WORKERS=2 sums ./sums_multi
if pkg-config --exists libuv; then
    block from-libuv.md '```c uv_sums.c' main >uv_sums.c
    "$CC" ${CFLAGS-} -Wall -Wextra uv_sums.c $(pkg-config --cflags --libs libuv) -o uv_sums
    sums ./uv_sums
fi

# ---- Tokio ----

store() # PROGRAM
{
    serves "$1" 'SET a one two\nGET a\nGET b\nhello\nSET a 2\nGET a\nGET\nSET a\n\n' \
        'OK\none two\nNONE\nWHAT?\nOK\n2\nWHAT?\nWHAT?\nWHAT?\n' 'BYE\n' stopped
}
block from-rust.md '```c mini.c' main >mini.c
workers mini.c mini_multi.c
"$BIDE" cc "$CC" ${CFLAGS-} mini.c -o mini
"$BIDE" cc "$CC" ${CFLAGS-} mini_multi.c -o mini_multi
store ./mini
BIDE_WORKERS=2 store ./mini_multi

[ -n "$FULL" ] && command -v cargo >/dev/null && [ -d /usr/share/cargo/registry/tokio-1* ] || exit 0
mkdir -p rust/src rust/.cargo
block from-rust.md '```rust' 'tokio::main' >rust/src/main.rs
cat >rust/.cargo/config.toml <<'TOML'
[source.crates-io]
replace-with = "here"
[source.here]
directory = "/usr/share/cargo/registry"
TOML
cat >rust/Cargo.toml <<'TOML'
[package]
name = "mini"
version = "0.1.0"
edition = "2021"
[dependencies]
tokio = { version = "1", features = [
    "rt-multi-thread", "macros", "net", "io-util", "sync", "time", "signal"] }
TOML
(cd rust && cargo build --quiet --offline) >log 2>&1 || fail "the original: $(cat log)"
store ./rust/target/debug/mini
