# desktop: the counter of the GLib loop ticks during the download, and Ctrl-C ends it; the program's
# own part is plain C. In the long tier also the window, on a display in memory.

[ -x "$EXAMPLES/desktop" ] || skip "built without GLib (libglib2.0-dev)"

"$EXAMPLES/desktop" >out || fail "exit status $?: $(cat out)"
# The loop may still tick once before it ends.
tail -n 2 out | grep -qx 'downloaded 50 bytes during [0-9]* ticks' || fail "$(cat out)"
[ "$(grep -c '^tick' out)" -ge 3 ] || fail "it does not tick meanwhile: $(cat out)"

if "$EXAMPLES/desktop" one two >out 2>&1; then fail "an argument is ignored: $(cat out)"; fi
grep -qx 'usage: desktop \[URL\]' out || fail "$(cat out)"
"$EXAMPLES/desktop" http://127.0.0.1:1/ >out || fail "exit status $? without a server"
grep -q '^no download: ' out || fail "without a server: $(cat out)"

# interrupt: Ctrl-C at the first tick. Returns 1 if the download was faster.
interrupt()
{
    "$EXAMPLES/desktop" >out &
    desktop=$!
    until grep -q '^tick 1$' out; do
        kill -0 "$desktop" 2>/dev/null || break
        sleep 0.02
    done
    kill -INT "$desktop" 2>/dev/null || :
    wait "$desktop" || fail "exit status $? after Ctrl-C: $(cat out)"
    ! grep -q '^downloaded' out
}
interrupt || interrupt || interrupt || fail "Ctrl-C comes too late, three times: $(cat out)"
grep -qx 'cancelled' out || fail "after Ctrl-C: $(cat out)"

[ -n "$FULL" ] || exit 0
[ -x "$EXAMPLES/desktop-window" ] || skip "built without GTK 3 (libgtk-3-dev)"
command -v Xvfb >/dev/null || skip "there is no Xvfb (xvfb)"

mkfifo number
Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp 3>number >xvfb 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || :' EXIT
read -r DISPLAY <number || fail "Xvfb does not start: $(cat xvfb)"
DISPLAY=:$DISPLAY
# What the font library keeps for ever is no leak of ours.
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
NO_AT_BRIDGE=1 GTK_A11Y=none
export DISPLAY ASAN_OPTIONS NO_AT_BRIDGE GTK_A11Y
timeout 60 "$EXAMPLES/desktop-window" --once >out 2>err || fail "exit status $?: $(cat out err)"
grep -qx 'the window is there' out || fail "$(cat out)"
grep -qx 'it says: downloaded 50 bytes' out || fail "$(cat out)"
[ "$(sed -n 's/^it counts to //p' out)" -ge 3 ] || fail "it does not count meanwhile: $(cat out)"
timeout 60 "$EXAMPLES/desktop-window" --once http://127.0.0.1:1/ >out 2>err ||
    fail "exit status $? without a server: $(cat out err)"
grep -q '^it says: no download: ' out || fail "without a server: $(cat out)"
