# The public headers keep the rules of docs/api.md: api.awk reads the declarations, and is itself
# shown a header that breaks each rule. The library names no flavour of runtime, since it works on
# all of them. Every struct of options is in the test that uses them with zeroes.
set -eu

rules="$SRC/tests/style/api.awk"
cd "$SRC"
awk -f "$rules" tests/style/api/bad.h >"$WORK/unsorted" || fail "api.awk"
LC_ALL=C sort -t: -k2n "$WORK/unsorted" >"$WORK/found"
diff tests/style/api/bad.found "$WORK/found" >&2 || fail "what is found in the bad header"

: >"$WORK/bad"
for header in include/bide/*.h; do
    case $header in
    */abi.h | */target.h) ;; # not for users
    *) awk -f "$rules" "$header" >>"$WORK/bad" ;;
    esac
done
[ -s "$WORK/bad" ] && cat "$WORK/bad" >&2 && fail "see docs/api.md"
# A new object that is like the others would be found if these were.
[ "$(cat include/bide/*.h | grep -c '^typedef ')" -ge 40 ] || fail "the headers have too few types"

headers=$(ls include/bide/*.h | grep -v '/runtime\.h\|/lang\.h\|/abi\.h')
# shellcheck disable=SC2086
grep -rniE 'multi_?thread|current_?thread|thread_per_core|flavour' lib extra $headers >&2 &&
    fail "the library names a flavour"

sed -n 's/^} \(bide_[a-z_]*_options\);$/\1/p' include/bide/*.h >"$WORK/options"
[ -s "$WORK/options" ] || fail "found no options"
while read -r options; do
    grep -q "$options" tests/*/zeroes.c tests/*/*_zeroes.c tests/lib/user_tests.sh ||
        fail "none of the tests zeroes.c, *_zeroes.c and user_tests.sh uses $options"
done <"$WORK/options"
