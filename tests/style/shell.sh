# The shell scripts parse in dash, the plainest of shells.
set -eu
command -v dash >/dev/null || skip "no dash"
cd "$SRC"
for file in x tests/harness/run-sh tests/*/*.sh tools/*; do
    [ -f "$file" ] || continue
    head -n 1 "$file" | grep -q '^#!/bin/sh\|^# ' || continue
    dash -n "$file" || fail "$file"
done
